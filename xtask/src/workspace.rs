//! Where the workspace is and what cargo knows about it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command;

/// The workspace that xtask was built from.
pub(crate) struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder; what we make besides lies in it too.
    pub(crate) target: PathBuf,
    /// Packages and how they depend on each other.
    pub(crate) metadata: Metadata,
    /// The environment says `CI=true`: nobody to ask, and unexplained skips fail.
    pub(crate) ci: bool,
}

/// The part of `cargo metadata` that we read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: BTreeSet<String>,
    #[serde(default)]
    target_directory: PathBuf,
    pub(crate) resolve: Resolve,
}

/// One package, ours or not.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) manifest_path: PathBuf,
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependency tables.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// The name it has in our code, where that differs.
    pub(crate) rename: Option<String>,
}

/// Who depends on whom after resolution.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// One resolved package.
#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

/// One resolved dependency of a package.
#[derive(Debug, Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

/// `None` is a normal dependency, else `dev` or `build`.
#[derive(Debug, Deserialize)]
pub(crate) struct EdgeKind {
    pub(crate) kind: Option<String>,
}

impl Workspace {
    /// Asks cargo about the workspace that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().context("xtask lies in no workspace")?.to_path_buf();
        let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        let mut cargo = command::cargo(&root);
        cargo.args(["metadata", "--format-version", "1"]);
        if ci {
            cargo.arg("--locked");
        }
        let text = command::output(&mut cargo)?;
        let metadata: Metadata = serde_json::from_str(&text).context("reading cargo's metadata")?;
        Ok(Self { root, target: metadata.target_directory.clone(), metadata, ci })
    }

    /// A cargo command in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        command::cargo(&self.root)
    }

    /// Every file that git tracks or would track, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let mut git = Command::new("git");
        git.current_dir(&self.root);
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let text = command::output(&mut git)?;
        let mut files: Vec<PathBuf> =
            text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
        files.retain(|file| self.root.join(file).is_file());
        files.sort();
        files.dedup();
        if files.is_empty() {
            bail!("git knows no file below {}", self.root.display());
        }
        Ok(files)
    }
}

impl Metadata {
    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The package with this id.
    pub(crate) fn package(&self, id: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == id)
    }
}
