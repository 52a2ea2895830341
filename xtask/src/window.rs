//! The window's page: built before the desktop app, which carries it, and tested by its own tools.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command;
use crate::test::Outcome;
use crate::workspace::Workspace;

/// The longest that one of npm's steps may take.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Whether the desktop app can be built here. Everything else builds without a web view.
pub(crate) fn webview_is_here() -> bool {
    Command::new("pkg-config")
        .args(["--exists", "webkit2gtk-4.1"])
        .status()
        .is_ok_and(|status| status.success())
}

/// Builds the page into `ui/dist`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let ui = workspace.root.join("ui");
    if !command::exists("npm") {
        bail!("no npm: the window's page cannot be built. Install node and npm");
    }
    // npm writes this file last: as long as it is newer than the lock, the packages are those of the lock.
    let age = |name: &str| std::fs::metadata(ui.join(name)).and_then(|file| file.modified()).ok();
    if age("node_modules/.package-lock.json") < age("package-lock.json") {
        step(workspace, &["ci", "--no-audit", "--no-fund"])?;
    }
    step(workspace, &["run", "--silent", "build"])
}

/// Types, then component tests.
pub(crate) fn test(workspace: &Workspace) -> Result<Outcome> {
    build(workspace)?;
    let begun = Instant::now();
    let mut outcome = Outcome::default();
    match step(workspace, &["run", "--silent", "check"]) {
        Ok(()) => outcome.passed += 1,
        Err(error) => outcome.failures.push(format!("{error:#}")),
    }
    let report = workspace.target.join("vitest.json");
    let _old = std::fs::remove_file(&report);
    let file = format!("--outputFile={}", report.display());
    let mut vitest = npm(workspace, &["run", "--silent", "test", "--", "--reporter=json", &file]);
    let ended = command::run_within(&mut vitest, LIMIT)?;
    let text = std::fs::read_to_string(&report).with_context(|| format!("vitest says: {}", ended.text))?;
    let said: Report = serde_json::from_str(&text).context("vitest's report")?;
    outcome.passed += said.passed;
    for test in said.files.iter().flat_map(|file| &file.tests).filter(|test| test.status == "failed") {
        outcome.failures.push(format!("ui {}: {}", test.name, test.messages.join(" ")));
    }
    let well = ended.status.is_some_and(|status| status.success());
    if (!well && outcome.failures.is_empty()) || said.passed + said.failed == 0 {
        outcome.failures.push(format!("vitest died: {}", ended.text));
    }
    outcome.took = begun.elapsed();
    println!(
        "{:<8} {:<40} {:>4} passed {:>3} failed {:>3} skipped {:>7.1} s",
        "ui",
        "window",
        outcome.passed,
        outcome.failures.len(),
        0,
        outcome.took.as_secs_f64()
    );
    Ok(outcome)
}

/// The part of vitest's report that we read.
#[derive(Deserialize)]
struct Report {
    #[serde(rename = "numPassedTests")]
    passed: usize,
    #[serde(rename = "numFailedTests")]
    failed: usize,
    #[serde(rename = "testResults")]
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "assertionResults")]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "fullName")]
    name: String,
    status: String,
    #[serde(rename = "failureMessages", default)]
    messages: Vec<String>,
}

fn step(workspace: &Workspace, words: &[&str]) -> Result<()> {
    let ended = command::run_within(&mut npm(workspace, words), LIMIT)?;
    if ended.status.is_none_or(|status| !status.success()) {
        bail!("npm {} failed: {}", words.join(" "), ended.text);
    }
    Ok(())
}

fn npm(workspace: &Workspace, words: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(workspace.root.join("ui")).args(words);
    npm
}
