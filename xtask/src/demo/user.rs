//! A user's machine in a folder: a home of its own, the installed programs, and the commands a person would type.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::files;
use super::running::Running;
use crate::command;
use crate::sha256;

/// The longest that one update may take, probation included.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// A person at a machine.
pub(super) struct User {
    autoupdate: PathBuf,
    folder: PathBuf,
}

/// What a person must know about an app to enrol it.
pub(super) struct Invitation<'a> {
    pub(super) id: &'a str,
    /// Base URL of the server.
    pub(super) source: &'a str,
    /// The first root, as it came with the program.
    pub(super) root: &'a Path,
    /// How a new version shows that it lives, as it stands in an enrolment.
    pub(super) health: &'a str,
}

/// What the command answers.
#[derive(Debug, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
enum Answer {
    Updated {
        report: Report,
    },
    #[serde(other)]
    Other,
}

/// The part of the command's report that the table shows.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) route: Option<Route>,
    pub(super) bytes_fetched: u64,
    pub(super) full_bytes: u64,
}

/// The way that the bytes came.
#[derive(Debug, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub(super) enum Route {
    Patch { format: String },
    CompressedFull,
    Full,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Patch { format } => write!(f, "patch {format}"),
            Self::CompressedFull => f.write_str("zstd full"),
            Self::Full => f.write_str("full"),
        }
    }
}

/// An update that the command reported.
pub(super) struct Updated {
    pub(super) report: Report,
    pub(super) took: Duration,
    /// The most memory that the command held, in bytes.
    pub(super) peak: u64,
}

impl User {
    /// A machine in this folder, with nothing installed.
    pub(super) fn new(autoupdate: &Path, folder: &Path) -> Result<Self> {
        let user = Self { autoupdate: autoupdate.to_path_buf(), folder: folder.to_path_buf() };
        for part in ["programs", "config", "state", "cache", "data", "run"] {
            files::private_folder(&folder.join(part))?;
        }
        Ok(user)
    }

    /// Where a program is installed.
    pub(super) fn installed(&self, id: &str) -> PathBuf {
        self.folder.join("programs").join(id)
    }

    /// Installs a file as a program, as a package would.
    pub(super) fn install(&self, id: &str, file: &Path) -> Result<()> {
        fs::copy(file, self.installed(id)).with_context(|| format!("installing {}", file.display()))?;
        Ok(())
    }

    /// Writes an enrolment and hands it to the command.
    pub(super) fn enrol(&self, invitation: &Invitation<'_>) -> Result<()> {
        let Invitation { id, source, root, health } = invitation;
        let pin = sha256::of_file(root)?;
        let (path, root) = (quoted(&self.installed(id))?, quoted(root)?);
        let text = format!(
            "id = \"{id}\"\nname = \"{id}\"\npath = {path}\nsources = [\"{source}\"]\n\
             root = {{ file = {root}, sha256 = \"{pin}\" }}\nhealth = {health}\n"
        );
        let file = self.folder.join(format!("{id}.toml"));
        fs::write(&file, text)?;
        let mut enrol = self.autoupdate();
        enrol.arg("enrol").arg(&file).args(["--root-sha256", &pin]);
        command::output(&mut enrol)?;
        Ok(())
    }

    /// Updates a program, and watches how much memory that takes.
    pub(super) fn update(&self, id: &str) -> Result<Updated> {
        let mut apply = self.autoupdate();
        apply.args(["apply", id, "--json"]).stdin(Stdio::null());
        // Into files: a pipe that nobody reads would stop the command.
        let (out, err) = (self.folder.join(format!("{id}.out")), self.folder.join(format!("{id}.err")));
        apply.stdout(File::create(&out)?).stderr(File::create(&err)?);
        let begun = Instant::now();
        let mut child = apply.spawn().with_context(|| format!("starting `{}`", command::words(&apply)))?;
        let mut peak = 0;
        let status = command::wait_until(&mut child, begun + LIMIT, |pid| {
            peak = files::peak_memory(pid).unwrap_or(0).max(peak);
        })?;
        let took = begun.elapsed();
        let (out, err) = (fs::read_to_string(out)?, fs::read_to_string(err)?);
        match status {
            Some(status) if status.success() => {}
            Some(status) => bail!("`{}` ended with {status}: {out}{err}", command::words(&apply)),
            None => {
                child.kill()?;
                child.wait()?;
                bail!("`{}` took too long: {out}{err}", command::words(&apply));
            }
        }
        let report = report(&out).with_context(|| format!("`{}` said: {out}", command::words(&apply)))?;
        Ok(Updated { report, took, peak })
    }

    /// Starts an installed program and waits until it says who it is.
    pub(super) fn start(&self, id: &str, arguments: &[&str]) -> Result<Running> {
        Running::start(&self.installed(id), &self.folder.join(format!("{id}.status")), arguments)
    }

    /// The home folder; all others lie in it.
    pub(super) fn home(&self) -> &Path {
        &self.folder
    }

    fn autoupdate(&self) -> Command {
        self.command(&self.autoupdate)
    }

    /// A program in this person's environment.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("HOME", &self.folder);
        // The demo must not see, or touch, what belongs to the person who runs it.
        for (name, part) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(name, self.folder.join(part));
        }
        command
    }
}

/// The report in the command's answer, which is one JSON object.
fn report(out: &str) -> Result<Report> {
    match serde_json::from_str(out).context("reading the answer")? {
        Answer::Updated { report } => Ok(report),
        Answer::Other => bail!("nothing was updated"),
    }
}

/// A TOML string.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not Unicode", path.display()))?;
    Ok(format!("'{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_update_has_a_report() {
        let updated = r#"{"answer":"updated","report":{"app":"a","from":"1.0.0","to":"2.0.0",
            "route":{"way":"patch","format":"rt1"},"bytes_fetched":10,"full_bytes":1000,"seconds":1}}"#;
        let said = report(updated).unwrap();
        assert_eq!((said.bytes_fetched, said.full_bytes), (10, 1000));
        assert_eq!(said.route.map(|route| route.to_string()).as_deref(), Some("patch rt1"));
        let error = report(r#"{"answer":"up-to-date","valid_until":"2030-01-01T00:00:00Z"}"#).unwrap_err();
        assert_eq!(error.to_string(), "nothing was updated");
    }
}
