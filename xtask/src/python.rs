//! A folder for Python packages below `target/`: the system's Python stays as it is.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::workspace::Workspace;

/// What the interop tests import. Pinned: a peer that changes by itself proves nothing.
const PACKAGES: &[&str] = &["tuf==7.0.1", "securesystemslib[crypto]==1.6.0", "schemathesis==4.32.5"];

/// The interpreter of the folder, made on first use. `None` where this Python cannot make one.
pub(crate) fn interpreter(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let folder = workspace.target.join("python");
    let python = folder.join("bin/python");
    if python.is_file() {
        return Ok(Some(python));
    }
    let Some(system) = command::find("python3") else { return Ok(None) };
    let mut venv = Command::new(system);
    venv.args(["-m", "venv"]).arg(&folder);
    if command::succeeds(&mut venv)? {
        return Ok(Some(python));
    }
    // Half a folder would be taken for a whole one the next time.
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("removing an unfinished Python folder")?;
    }
    Ok(None)
}

/// The interpreter with [`PACKAGES`]. `None`, and a line that says so, where they cannot be had.
pub(crate) fn with_packages(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let Some(python) = interpreter(workspace)? else {
        println!("Python packages: this system's Python makes no virtual environment; going on without.");
        return Ok(None);
    };
    let stamp = workspace.target.join("python/autoupdate-packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(Some(python));
    }
    println!("Python packages (into {}): {}", workspace.target.join("python").display(), PACKAGES.join(", "));
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    if !command::succeeds(&mut pip)? {
        println!("Python packages: pip could not install them; going on without.");
        return Ok(None);
    }
    std::fs::write(stamp, wanted)?;
    Ok(Some(python))
}
