//! The system calls of a verb.
//!
//! strace counts `when=N` for every process and *every call of that name* on its own: "the 3rd `fsync`", never "the 40th
//! call". So a call is a name and a number, taken from a run in which nothing happens to it.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{binary, run};

/// Calls that name or read files. Whatever is called beside these and the next (memory, signals, time) meets no disk.
const LOOKING: &[&str] = &[
    "openat",
    "openat2",
    "open",
    "creat",
    "fstat",
    "newfstatat",
    "statx",
    "stat",
    "lstat",
    "read",
    "pread64",
    "flock",
    "fgetxattr",
    "flistxattr",
    "lseek",
    "readlink",
    "readlinkat",
    "ioctl",
    "close",
    "fstatfs",
    "statfs",
    "faccessat",
    "faccessat2",
    "access",
    "getdents64",
];

/// Calls that change what lies on the disk, or wait for it.
const CHANGING: &[&str] = &[
    "mkdirat",
    "mkdir",
    "linkat",
    "link",
    "symlinkat",
    "unlinkat",
    "unlink",
    "renameat",
    "renameat2",
    "rename",
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "syncfs",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fsetxattr",
    "fremovexattr",
    "fallocate",
    "ftruncate",
    "copy_file_range",
    "sendfile",
];

/// One system call of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Which of that name it is, from 1.
    pub nth: usize,
    /// As strace wrote it.
    text: String,
}

impl Call {
    /// The calls of `install-step WORDS`, from the first to the last that has to do with the place. The work is done.
    ///
    /// # Errors
    /// If it fails.
    pub fn all(words: &[String], without_links: bool) -> Result<Vec<Self>> {
        let file = tempfile::NamedTempFile::new_in(super::fast_folder())?;
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-y", "-o"]).arg(file.path());
        if without_links {
            strace.args(["-e", &Self::no_links()]);
        }
        run(strace.arg("--").arg(binary("install-step")?).args(words))?.expect(0)?;
        let (mut counts, mut calls, mut inside) = (BTreeMap::new(), Vec::new(), false);
        for line in std::fs::read_to_string(file.path())?.lines() {
            let text = line.split_once(' ').map_or(line, |(_, text)| text.trim_start());
            let Some((name, _)) = text.split_once('(') else { continue };
            let nth = counts.entry(name.to_owned()).or_insert(0);
            *nth += 1;
            if text.contains("\"/install-step/") {
                inside = text.contains("begin");
            } else if inside {
                calls.push(Self { name: name.to_owned(), nth: *nth, text: text.to_owned() });
            }
        }
        ensure!(calls.len() > 20, "only {} calls in the trace of {words:?}", calls.len());
        Ok(calls)
    }

    /// For strace: no file gets a second name.
    pub(super) fn no_links() -> String {
        "inject=linkat,link:error=EPERM".to_owned()
    }

    /// Whether it names, reads or writes a file.
    #[must_use]
    pub fn is_about_files(&self) -> bool {
        [LOOKING, CHANGING].iter().any(|names| names.contains(&self.name.as_str()))
    }

    /// Whether it may change what lies on the disk.
    #[must_use]
    pub fn changes_the_disk(&self) -> bool {
        CHANGING.contains(&self.name.as_str()) || self.text.contains("O_CREAT")
    }

    /// Whether it puts other bytes in the program's place.
    #[must_use]
    pub fn replaces_the_program(&self) -> bool {
        self.name.starts_with("rename") && self.text.contains(", \"app\")")
    }

    /// Whether it waits for the disk, and for which file or folder.
    #[must_use]
    pub fn syncs(&self) -> Option<&str> {
        let what = self.text.strip_prefix("fsync(").or_else(|| self.text.strip_prefix("fdatasync("))?;
        let path = what.split_once('<')?.1.split_once('>')?.0;
        path.rsplit('/').next()
    }

    /// For people.
    #[must_use]
    pub fn describe(&self) -> String {
        let text: String = self.text.chars().take(160).collect();
        format!("{} {} `{text}`", self.name, self.nth)
    }
}
