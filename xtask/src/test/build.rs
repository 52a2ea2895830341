//! The one build that everything else uses.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command;
use crate::window;
use crate::workspace::Workspace;

/// Everything that was built.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// Programs by name.
    programs: BTreeMap<String, PathBuf>,
    examples: BTreeMap<String, PathBuf>,
    pub(crate) tests: Vec<Executable>,
}

/// One executable full of tests.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Executable {
    pub(crate) package: String,
    pub(crate) target: String,
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
    /// The package's folder: where cargo would run it.
    pub(crate) folder: PathBuf,
}

/// Where the tests of an executable stand.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Beside the code.
    #[default]
    Unit,
    /// In a package's `tests/` folder.
    Integration,
}

/// The one message of cargo's that we read.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// What to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Libraries, programs, examples and tests of the whole workspace in one run of cargo: one set of features, so
    /// nothing is compiled twice, and the tests drive the very programs that were built with them.
    Everything,
    /// What the demo runs.
    Programs,
}

/// Builds, and says what there is now.
pub(crate) fn build(workspace: &Workspace, what: What) -> Result<Built> {
    let desktop = window::webview_is_here();
    if desktop {
        window::build(workspace)?;
    }
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(match what {
        What::Everything => &["--workspace", "--lib", "--bins", "--examples", "--tests"][..],
        // We are one of the programs, and running.
        What::Programs => &["--workspace", "--exclude", "xtask", "--bins"],
    });
    if !desktop {
        println!("webkit2gtk-4.1 is not installed: everything but the desktop app is built");
        cargo.args(["--exclude", "autoupdate-tray"]);
    }
    cargo.arg("--message-format=json-render-diagnostics");
    if workspace.ci {
        cargo.arg("--locked");
    }
    cargo.stdout(Stdio::piped());
    let mut child = cargo.spawn().with_context(|| format!("starting `{}`", command::words(&cargo)))?;
    let mut built = Built::default();
    let output = child.stdout.take().context("cargo's output")?;
    for line in BufReader::new(output).lines() {
        // Programs that cargo runs may write lines of their own.
        if let Ok(message) = serde_json::from_str::<Message>(&line.context("reading cargo's messages")?) {
            built.take(workspace, message);
        }
    }
    if !child.wait()?.success() {
        bail!("the build failed");
    }
    built.tests.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
    Ok(built)
}

impl Built {
    fn take(&mut self, workspace: &Workspace, message: Message) {
        let (Some(path), Some(target), Some(profile)) = (message.executable, message.target, message.profile)
        else {
            return;
        };
        let is = |kind: &str| target.kind.iter().any(|one| one == kind);
        if message.reason != "compiler-artifact" {
            return;
        }
        if !profile.test {
            let shelf = if is("example") { &mut self.examples } else { &mut self.programs };
            shelf.insert(target.name, path);
            return;
        }
        let Some(package) = workspace.metadata.package(&message.package_id) else { return };
        let folder = package.manifest_path.parent().map_or_else(|| workspace.root.clone(), PathBuf::from);
        let kind = if is("test") { Kind::Integration } else { Kind::Unit };
        let package = package.name.clone();
        self.tests.push(Executable { package, target: target.name, kind, path, folder });
    }

    /// The program of this name.
    pub(crate) fn program(&self, name: &str) -> Result<&PathBuf> {
        self.programs.get(name).with_context(|| format!("the workspace has no program `{name}`"))
    }

    /// What tells the tests where programs and examples are.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let variable = |kind: &str, name: &str| -> OsString {
            format!("AUTOUPDATE_{kind}_{}", name.to_uppercase().replace('-', "_")).into()
        };
        let programs = self.programs.iter().map(|(name, path)| (variable("BIN", name), path.into()));
        let examples = self.examples.iter().map(|(name, path)| (variable("EXAMPLE", name), path.into()));
        programs.chain(examples).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_environment() {
        let mut built = Built::default();
        built.programs.insert("autoupdate-server".into(), "/t/autoupdate-server".into());
        built.examples.insert("self_update".into(), "/t/self_update".into());
        let expected = [
            ("AUTOUPDATE_BIN_AUTOUPDATE_SERVER".into(), "/t/autoupdate-server".into()),
            ("AUTOUPDATE_EXAMPLE_SELF_UPDATE".into(), "/t/self_update".into()),
        ];
        assert_eq!(built.environment(), expected);
        assert!(built.program("autoupdate-server").is_ok() && built.program("other").is_err());
    }
}
