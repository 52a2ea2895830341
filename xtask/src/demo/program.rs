//! The programs of the demo: two real releases of real programs, and our own in two versions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::registry::{self, Registry, Unreachable};
use crate::test::Built;
use crate::workspace::Workspace;

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
        registry: Registry::PyPi {
            project: "ruff",
            platforms: &["manylinux_2_17_x86_64", "manylinux2014_x86_64"],
            ends: ".data/scripts/ruff",
        },
    },
];

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
        fs::create_dir_all(&folder)?;
        println!("  fetching {} {version}", real.registry);
        registry::fetch(&real.registry, version, python, &file)?;
    }
    Ok(Release { version, file })
}
