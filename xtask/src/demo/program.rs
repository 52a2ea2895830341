//! The programs of the demo: two real releases of real programs, and our own in two versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::test::Built;
use crate::workspace::Workspace;

/// The longest that one package may take to come.
const FETCH_LIMIT: Duration = Duration::from_secs(5 * 60);

/// A program in two versions, as files on this disk.
pub(super) struct Program {
    /// What the app is called in its repository, and the name of its file.
    pub(super) id: &'static str,
    pub(super) from: Release,
    pub(super) to: Release,
    /// How a new version shows that it lives.
    pub(super) life: Life,
}

/// One published version.
pub(super) struct Release {
    pub(super) version: &'static str,
    pub(super) file: PathBuf,
}

/// What kind of program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// A tool: it answers `--version`.
    Tool,
    /// It keeps running: it is closed, and started again with its arguments.
    Running,
}

/// Where a program's packages are.
enum Registry {
    /// A package of npm, and the executable's path in it.
    Npm { package: &'static str, inside: &'static str },
    /// A project of PyPI with wheels, and how the executable's path in them ends.
    PyPi { project: &'static str, ends: &'static str },
}

struct Real {
    id: &'static str,
    from: &'static str,
    to: &'static str,
    registry: Registry,
}

const REAL: &[Real] = &[
    Real {
        id: "esbuild",
        from: "0.28.1",
        to: "0.28.2",
        registry: Registry::Npm { package: "@esbuild/linux-x64", inside: "package/bin/esbuild" },
    },
    Real {
        id: "ruff",
        from: "0.17.5",
        to: "0.17.6",
        registry: Registry::PyPi { project: "ruff", ends: ".data/scripts/ruff" },
    },
];

/// What prints and unpacks a wheel, which is a zip file.
const UNPACK: &str = "import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[name] = [name for name in wheel.namelist() if name.endswith(sys.argv[2])]
open(sys.argv[3], 'wb').write(wheel.read(name))";

/// All programs that can be had: the real ones from their registries, where they can be reached, then our own.
pub(super) fn all(workspace: &Workspace, built: &Built, python: Option<&Path>) -> Result<Vec<Program>> {
    let cache = workspace.target.join("demo-packages");
    let mut programs = Vec::new();
    for real in REAL {
        let fetch = |version| release(real, version, &cache, python);
        match fetch(real.from).and_then(|from| Ok((from, fetch(real.to)?))) {
            Ok((from, to)) => programs.push(Program { id: real.id, from, to, life: Life::Tool }),
            // Only that there is no way to the registry is no fault of ours.
            Err(error) if error.is::<Unreachable>() => {
                println!("  {}: the registry cannot be reached, going on without it ({error:#})", real.id);
            }
            Err(error) => return Err(error.context(real.id)),
        }
    }
    let (from, to) =
        (ours(built, "demo-program-1", "1.0.0", &cache)?, ours(built, "demo-program-2", "2.0.0", &cache)?);
    programs.push(Program { id: "demo-program", from, to, life: Life::Running });
    Ok(programs)
}

/// Our own program under the name that both its versions have when they are installed.
fn ours(built: &Built, name: &str, version: &'static str, cache: &Path) -> Result<Release> {
    let folder = cache.join(format!("demo-program-{version}"));
    fs::create_dir_all(&folder)?;
    let file = folder.join("demo-program");
    fs::copy(built.program(name)?, &file).with_context(|| file.display().to_string())?;
    Ok(Release { version, file })
}

/// The executable of one release, kept below `target/` for the next demo.
fn release(real: &Real, version: &'static str, cache: &Path, python: Option<&Path>) -> Result<Release> {
    let folder = cache.join(format!("{}-{version}", real.id));
    let file = folder.join(real.id);
    if !file.is_file() {
        // Packages come into a folder of their own, so that a fetch that was cut leaves nothing that looks whole.
        let part = cache.join(format!("{}-{version}.part", real.id));
        let _ = fs::remove_dir_all(&part);
        fs::create_dir_all(&part)?;
        match real.registry {
            Registry::Npm { package, inside } => from_npm(package, version, inside, &part, real.id)?,
            Registry::PyPi { project, ends } => from_pypi(python, project, version, ends, &part, real.id)?,
        }
        let _ = fs::remove_dir_all(&folder);
        fs::rename(&part, &folder)?;
    }
    Ok(Release { version, file })
}

fn from_npm(package: &str, version: &str, inside: &str, folder: &Path, id: &str) -> Result<()> {
    println!("  fetching {package} {version} from npm");
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(["pack", "--loglevel=error", &format!("{package}@{version}")]);
    run(&mut npm)?;
    run(Command::new("tar").arg("xzf").arg(only_file(folder)?).arg("-C").arg(folder))?;
    executable(&folder.join(inside), &folder.join(id))
}

fn from_pypi(
    python: Option<&Path>,
    project: &str,
    version: &str,
    ends: &str,
    folder: &Path,
    id: &str,
) -> Result<()> {
    let python = python.context("this Python cannot make a virtual environment, so there is no pip")?;
    println!("  fetching {project} {version} from PyPI");
    let mut pip = Command::new(python);
    pip.current_dir(folder).args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--no-deps", "--only-binary=:all:", "--python-version", "3.12"]);
    pip.args(["--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64"]);
    pip.arg(format!("{project}=={version}"));
    run(&mut pip)?;
    let unpacked = folder.join("unpacked");
    run(Command::new(python).args(["-c", UNPACK]).arg(only_file(folder)?).arg(ends).arg(&unpacked))?;
    executable(&unpacked, &folder.join(id))
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
struct Unreachable(String);

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
