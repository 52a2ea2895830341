//! A computer whose administrator has set something, for the programs that are started on it.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use anyhow::Result;

use crate::run;

/// An `/etc` of its own. Only the programs that are started in it see it; everything but our own folder is the real one.
#[derive(Debug)]
pub struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// A computer with these settings of its administrator.
    ///
    /// # Errors
    /// If its folder cannot be made.
    pub fn with(settings: &str) -> Result<Self> {
        let machine = Self { folder: tempfile::tempdir()? };
        let (ours, old) = (machine.folder.path().join("etc"), machine.folder.path().join("old"));
        fs::create_dir_all(ours.join("autoupdate"))?;
        fs::create_dir(&old)?;
        for entry in fs::read_dir("/etc")? {
            let name = entry?.file_name();
            if name != "autoupdate" {
                symlink(old.join(&name), ours.join(&name))?;
            }
        }
        fs::write(ours.join("autoupdate/settings.toml"), settings)?;
        Ok(machine)
    }

    /// Whether programs can be started on it: only who may mount folders can do that.
    ///
    /// # Errors
    /// Why not.
    pub fn can_start(&self) -> Result<()> {
        run(&mut self.of(&Command::new("true")))?.expect(0).map(drop)
    }

    /// The same command on this computer.
    pub(super) fn of(&self, command: &Command) -> Command {
        let script = r#"mount --bind /etc "$0/old" && mount --bind "$0/etc" /etc && exec "$@""#;
        let mut here = Command::new("unshare");
        here.args(["--mount", "sh", "-c", script]).arg(self.folder.path());
        here.arg(command.get_program()).args(command.get_args());
        here.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        here.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        here
    }
}
