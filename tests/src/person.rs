//! A person with a home, an installed program, and the `autoupdate` command.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use autoupdate::store::Folders;
use protocol::Digest;

use crate::{APP, Answer, binary, run};

/// A person. All their folders lie below one home.
#[derive(Debug)]
pub struct Person {
    home: Home,
}

/// Where a person lives.
#[derive(Debug)]
enum Home {
    /// As long as the value does.
    Here(tempfile::TempDir),
    /// Somebody else made it, and keeps it.
    There(PathBuf),
}

impl Person {
    /// A person who has installed `program` and enrolled it: root from `root`, updates from `source`, `health` as in an
    /// enrolment, for example `{ probe = ["--version"] }`.
    ///
    /// # Errors
    /// If a folder cannot be made or the enrolment is refused.
    pub fn with(program: &[u8], root: &[u8], source: &str, health: &str) -> Result<Self> {
        Self::enrolled(program, root, source, &format!("health = {health}"))
    }

    /// The same, with any further lines in the enrolment.
    ///
    /// # Errors
    /// If a folder cannot be made or the enrolment is refused.
    pub fn enrolled(program: &[u8], root: &[u8], source: &str, lines: &str) -> Result<Self> {
        let person = Self::unenrolled(program)?;
        person.enrol(root, source, lines)?;
        Ok(person)
    }

    /// A person who has installed `program` and enrolled nothing.
    ///
    /// # Errors
    /// If a folder cannot be made.
    pub fn unenrolled(program: &[u8]) -> Result<Self> {
        let person = Self { home: Home::Here(tempfile::tempdir()?) };
        for folder in ["apps", "run", "config", "state", "cache", "data"] {
            std::fs::create_dir(person.home().join(folder))?;
        }
        std::fs::set_permissions(person.home().join("run"), Permissions::from_mode(0o700))?;
        person.install(program)?;
        Ok(person)
    }

    /// A person whose home was made by somebody else, with the folders `run`, `config`, `state`, `cache` and `data` in it.
    #[must_use]
    pub fn living_in(home: &Path) -> Self {
        Self { home: Home::There(home.to_owned()) }
    }

    /// Enrols the installed program, as [`Self::enrolled`] does.
    ///
    /// # Errors
    /// If the enrolment is refused.
    pub fn enrol(&self, root: &[u8], source: &str, lines: &str) -> Result<()> {
        let enrolment = self.home().join("demo.toml");
        std::fs::write(self.home().join("root.json"), root)?;
        let text = format!(
            "id = \"{APP}\"\nname = \"Demo\"\npath = {:?}\nsources = [{source:?}]\n{lines}\n\
             root = {{ file = \"root.json\", sha256 = \"{}\" }}\n",
            self.program(),
            Digest::of(root)
        );
        std::fs::write(&enrolment, text)?;
        let sha256 = Digest::of(root).to_string();
        self.run(&["enrol", path(&enrolment)?, "--root-sha256", &sha256])?.expect(0)?;
        Ok(())
    }

    /// Enrols the installed program with a Lantern server, by the key that signs for it.
    ///
    /// # Errors
    /// If the enrolment is refused.
    pub fn enrol_lantern(&self, key: &[u8], source: &str, lines: &str) -> Result<()> {
        let enrolment = self.lantern_enrolment(key, source, lines)?;
        let sha256 = Digest::of(key).to_string();
        self.run(&["enrol", path(&enrolment)?, "--key-sha256", &sha256])?.expect(0)?;
        Ok(())
    }

    /// Writes such an enrolment, and enrols nothing.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn lantern_enrolment(&self, key: &[u8], source: &str, lines: &str) -> Result<PathBuf> {
        let enrolment = self.home().join("demo.toml");
        std::fs::write(self.home().join("key.pem"), key)?;
        let text = format!(
            "id = \"{APP}\"\nname = \"Demo\"\npath = {:?}\nsources = [{source:?}]\nsource = \"lantern\"\n{lines}\n\
             key = {{ file = \"key.pem\", sha256 = \"{}\" }}\n",
            self.program(),
            Digest::of(key)
        );
        std::fs::write(&enrolment, text)?;
        Ok(enrolment)
    }

    /// Where the program is installed.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.home().join("apps").join(APP)
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        match &self.home {
            Home::Here(folder) => folder.path(),
            Home::There(folder) => folder,
        }
    }

    /// This person's folders, for an engine that runs in the test's own process.
    #[must_use]
    pub fn folders(&self) -> Folders {
        let of = |folder: &str| self.home().join(folder).join("autoupdate");
        Folders {
            config: of("config"),
            state: of("state"),
            cache: of("cache"),
            runtime: of("run"),
            machine: of("machine"),
        }
    }

    /// Installs these bytes by hand, as a setup program would: whatever we kept beside the old ones is gone.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn install(&self, bytes: &[u8]) -> Result<()> {
        let beside = self.beside();
        if beside.exists() {
            std::fs::remove_dir_all(beside)?;
        }
        let fresh = self.home().join("apps/fresh");
        std::fs::write(&fresh, bytes)?;
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o755))?;
        Ok(std::fs::rename(fresh, self.program())?)
    }

    /// Our private folder beside the program.
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        self.home().join("apps").join(format!(".{APP}.autoupdate"))
    }

    /// Forgets all state of the engine, as a person does who deletes folders. What lies beside the program stays.
    ///
    /// # Errors
    /// If a folder cannot be deleted.
    pub fn delete_state(&self) -> Result<()> {
        for folder in ["state", "cache", "data"] {
            std::fs::remove_dir_all(self.home().join(folder))?;
            std::fs::create_dir(self.home().join(folder))?;
        }
        Ok(())
    }

    /// What lies beside the program although nothing is going on: everything but the lock, the record, the one kept
    /// previous version, and a journal that holds nothing.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn leftovers(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for folder in [self.home().join("apps"), self.beside(), self.home().join("cache/autoupdate/spool")] {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                found.push(entry?.path());
            }
        }
        let program = self.program();
        found.retain(|path| {
            let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
            let kept =
                ["lock", "record.json", "previous"].contains(&name) && path.parent() == Some(&self.beside());
            let empty = name == "journal" && std::fs::metadata(path).is_ok_and(|found| found.len() == 0);
            *path != program && *path != self.beside() && !kept && !empty
        });
        Ok(found)
    }

    /// The installed bytes.
    ///
    /// # Errors
    /// If they cannot be read: that would be a broken law.
    pub fn installed(&self) -> Result<Vec<u8>> {
        std::fs::read(self.program()).context("the program is missing")
    }

    /// Permission bits and owner of the program.
    ///
    /// # Errors
    /// If it is missing.
    pub fn mode_and_owner(&self) -> Result<(u32, u32)> {
        let found = std::fs::metadata(self.program()).context("the program is missing")?;
        Ok((found.mode() & 0o7777, found.uid()))
    }

    /// Who this person is: the owner of their home.
    ///
    /// # Errors
    /// If it cannot be looked at.
    pub fn owner(&self) -> Result<u32> {
        Ok(std::fs::metadata(self.home())?.uid())
    }

    /// Makes everything of theirs belong to another user and their group of the same number.
    ///
    /// # Errors
    /// If this process may not do that.
    pub fn give_to(&self, uid: u32) -> Result<()> {
        for path in self.everything()? {
            std::os::unix::fs::lchown(path, Some(uid), Some(uid))?;
        }
        Ok(())
    }

    /// The home folder and everything in it; links are not followed. Programs may be at work there: what goes meanwhile is left out.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn everything(&self) -> Result<Vec<PathBuf>> {
        let mut found = vec![self.home().to_owned()];
        let mut next = 0;
        while let Some(path) = found.get(next).cloned() {
            next += 1;
            let listed = match std::fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => std::fs::read_dir(path),
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            match listed {
                Ok(entries) => {
                    for entry in entries {
                        found.push(entry?.path());
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }

    /// The `autoupdate` command in this person's environment.
    ///
    /// # Errors
    /// If it was not built.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        Ok(self.starts(&binary("autoupdate")?, arguments))
    }

    /// Any program in this person's environment.
    #[must_use]
    pub fn starts(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let home = self.home();
        command
            .args(arguments)
            .env_clear()
            .env("HOME", home)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
        command.env("XDG_CACHE_HOME", home.join("cache")).env("XDG_DATA_HOME", home.join("data"));
        command.env("XDG_RUNTIME_DIR", home.join("run"));
        command
    }

    /// Runs `autoupdate` with these arguments and `--json`.
    ///
    /// # Errors
    /// If it cannot be started or does not end.
    pub fn run(&self, arguments: &[&str]) -> Result<Answer> {
        run(self.command(arguments)?.arg("--json"))
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a temporary path is Unicode")
}
