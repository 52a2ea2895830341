//! A publisher's desk: a scratch folder in which `autoupdate` is called as a script would.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "test code, and every test file uses some of it")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which commands run.
pub struct Desk(pub TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        desk.private("passphrase", "correct horse battery\n");
        desk
    }

    /// A repository with encrypted keys and one release, not yet published.
    pub fn with_release(init: &[&str]) -> Self {
        let desk = Self::new();
        let words = ["init", "--app", "tool", "repo", "--passphrase-file", "passphrase"];
        desk.done(&[&words, init].concat());
        desk.release("1.0.0");
        desk
    }

    pub fn release(&self, version: &str) {
        fs::write(self.path("tool"), format!("tool {version} ").repeat(500)).unwrap();
        fs::write(self.path("notes.md"), format!("# {version}\n")).unwrap();
        let platform = ["--platform", "linux-x86_64", "--notes", "en=notes.md"];
        self.done(&[&["add", "repo", "tool", "--version", version][..], &platform].concat());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn private(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.set_mode(name, 0o600);
    }

    /// Elsewhere than on Unix a file has the access rights of its folder.
    pub fn set_mode(&self, name: &str, mode: u32) {
        #[cfg(unix)]
        fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        #[cfg(not(unix))]
        let _ = (name, mode);
    }

    pub fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_autoupdate"))
            .current_dir(&self.0)
            .arg("--json")
            .args(words)
            .output()
            .unwrap()
    }

    pub fn done(&self, words: &[&str]) -> Value {
        let run = self.run(words);
        assert!(run.status.success(), "{words:?}: {}", String::from_utf8_lossy(&run.stderr));
        serde_json::from_slice(&run.stdout).unwrap()
    }

    /// What it complained of.
    pub fn fails(&self, words: &[&str], exit: i32, code: &str) -> String {
        let run = self.run(words);
        let complained = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(exit), "{words:?}: {complained}");
        let answer: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(answer["error"]["code"], code, "{words:?}: {complained}");
        assert!(complained.contains(code), "{complained}");
        complained.into_owned()
    }

    pub fn publish(&self) -> Value {
        self.done(&["publish", "repo", "public", "--passphrase-file", "passphrase"])
    }
}
