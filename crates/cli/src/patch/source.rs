//! A file that is read.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use delta::Identity;
use protocol::Digest;

use crate::failure::Failure;

/// A plain file, open for reading. Pipes and devices have no length that one could count on.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    file: File,
    metadata: Metadata,
}

impl Source {
    /// Opens the file that was given as the argument `name`.
    pub(super) fn open(name: &'static str, path: &Path) -> Result<Self, Failure> {
        // Before it is opened, which for a pipe would take as long as nobody writes.
        let metadata = std::fs::metadata(path).map_err(Failure::io("read", path))?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "a folder" } else { "no plain file" };
            return Err(Failure::Option {
                option: name,
                why: format!("{} is {what}; name a file", path.display()),
            });
        }
        let file = File::open(path).map_err(Failure::io("read", path))?;
        let metadata = file.metadata().map_err(Failure::io("read", path))?;
        Ok(Self { path: path.to_owned(), file, metadata })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Its length in bytes, when it was opened.
    pub(super) fn length(&self) -> u64 {
        self.metadata.len()
    }

    /// The file, to be read from its start.
    pub(super) fn rewind(&self) -> Result<&File, Failure> {
        self.rewound().map_err(Failure::io("read", &self.path))
    }

    /// Everything in it.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let read = || {
            let length = usize::try_from(self.length()).map_err(|_| io::ErrorKind::OutOfMemory)?;
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
            self.rewound()?.take(self.length()).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(Failure::io("read", &self.path))
    }

    /// Its length and SHA-256, as it is now.
    pub(super) fn identity(&self) -> Result<Identity, Failure> {
        let read = || Digest::of_reader(self.rewound()?);
        let (sha256, length) = read().map_err(Failure::io("read", &self.path))?;
        Ok(Identity { length, sha256 })
    }

    fn rewound(&self) -> io::Result<&File> {
        let mut file = &self.file;
        file.rewind()?;
        Ok(&self.file)
    }
}

/// Refuses if two arguments are one file: (name of the argument, path), of which only the last may be missing.
pub(super) fn all_different(arguments: &[(&'static str, &Path)]) -> Result<(), Failure> {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for (name, path) in arguments {
        // One that is not there is nobody else, or it is missed when it is opened.
        let Ok(real) = path.canonicalize() else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, seen)| *seen == real) {
            let why = format!("{} is {other}, too; name two files", path.display());
            return Err(Failure::Option { option: name, why });
        }
        seen.push((name, real));
    }
    Ok(())
}
