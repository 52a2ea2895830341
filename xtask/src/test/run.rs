//! Runs the executables that were built.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::build::{Built, Executable};
use super::{Group, Outcome, libtest};
use crate::workspace::Workspace;
use crate::{command, window};

/// The longest that one executable may take for one group.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// What is printed of an executable that died without a list of its failures, in lines.
const LAST_LINES: usize = 200;

/// An executable and the names of its tests by group.
pub(super) struct Part<'a> {
    executable: &'a Executable,
    tests: Vec<(Group, String)>,
}

/// Asks every executable for its tests.
pub(super) fn plan(built: &Built) -> Result<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    for executable in &built.tests {
        let list = command::output(Command::new(&executable.path).args(["--list", "--format", "terse"]))?;
        let names = libtest::names(&list).into_iter();
        let tests = names.map(|name| (Group::of(executable, &name), name)).collect();
        parts.push(Part { executable, tests });
    }
    Ok(parts)
}

/// Runs all tests of one group.
pub(super) fn group(
    plan: &[Part<'_>],
    group: Group,
    environment: &[(OsString, OsString)],
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut empty = true;
    for part in plan {
        let names: Vec<&str> =
            part.tests.iter().filter(|(of, _)| *of == group).map(|(_, name)| name.as_str()).collect();
        if !names.is_empty() {
            empty = false;
            outcome.add(executable(part, &names, group, environment)?);
        }
    }
    if empty {
        // Green without having run anything would be a lie.
        outcome.failures.push(format!("group {} has no test", group.name()));
    }
    Ok(outcome)
}

fn executable(
    part: &Part<'_>,
    names: &[&str],
    group: Group,
    environment: &[(OsString, OsString)],
) -> Result<Outcome> {
    let Executable { package, target, path, folder, .. } = part.executable;
    let label =
        if *package == target.replace('_', "-") { package.clone() } else { format!("{package} {target}") };
    let mut command = Command::new(path);
    command.current_dir(folder).env("CARGO_MANIFEST_DIR", folder).arg("--show-output");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    // By name only where an executable serves several groups: a short list of arguments is easier to repeat.
    if names.len() < part.tests.len() {
        command.arg("--exact").args(names);
    }
    watched(&label, group, &mut command)
}

/// The examples in the documentation: cargo compiles and runs them itself.
pub(super) fn documentation(workspace: &Workspace) -> Result<Outcome> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--doc", "--workspace"]);
    // With all packages of the build, so that they have the features that they were built with: nothing is built twice.
    if !window::webview_is_here() {
        cargo.args(["--exclude", "autoupdate-tray"]);
    }
    watched("examples in the documentation", Group::Unit, &mut cargo)
}

/// Runs something that speaks libtest's language, and says in one line how it went.
fn watched(label: &str, group: Group, command: &mut Command) -> Result<Outcome> {
    let ended = command::run_within(command, LIMIT).with_context(|| label.to_owned())?;
    let said = libtest::read(&ended.text);
    let mut outcome = Outcome { passed: said.passed(), took: ended.took, ..Outcome::default() };
    outcome.failures.extend(said.failed.iter().map(|name| format!("{label} {name}")));
    outcome.skips = said.skips;
    let well = ended.status.is_some_and(|status| status.success());
    if ended.status.is_none() {
        outcome.failures.push(format!("{label}: stopped after {} minutes", LIMIT.as_secs() / 60));
    } else if !said.complete || (!well && outcome.failures.is_empty()) {
        outcome.failures.push(format!("{label}: died before its end"));
    }
    println!(
        "{:<8} {label:<40} {:>4} passed {:>3} failed {:>3} skipped {:>7.1} s",
        group.name(),
        outcome.passed,
        outcome.failures.len(),
        outcome.skips.len(),
        ended.took.as_secs_f64()
    );
    for figure in &said.figures {
        println!("         {figure}");
    }
    if !outcome.failures.is_empty() {
        println!("{}", told(&ended.text));
    }
    Ok(outcome)
}

/// The part of the output that explains failures.
fn told(text: &str) -> &str {
    if let Some(start) = text.find("\nfailures:\n") {
        return text.get(start..).unwrap_or(text);
    }
    let start = text.rmatch_indices('\n').nth(LAST_LINES).map_or(0, |(index, _)| index);
    text.get(start..).unwrap_or(text)
}
