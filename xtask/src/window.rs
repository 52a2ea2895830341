//! The window's page: built before the desktop app, which carries it, and tested by its own tools.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command;
use crate::test::{Outcome, Skip};
use crate::workspace::Workspace;

/// The longest that one of npm's steps may take.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// The longest that all pictures of the gallery may take: some hundred of them.
const PICTURES: Duration = Duration::from_secs(20 * 60);

/// Why nobody looked at the page in a browser where nobody did.
const NO_BROWSER: &str = "chromium is not installed";

/// Whether the desktop app can be built here. Everything else builds without a web view.
pub(crate) fn webview_is_here() -> bool {
    Command::new("pkg-config")
        .args(["--exists", "webkit2gtk-4.1"])
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether there is a browser that tests can tell what to do.
fn browser_is_here() -> bool {
    command::exists("chromium")
}

/// Builds the page into `ui/dist`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    install(workspace)?;
    step(workspace, &["run", "--silent", "build"])
}

/// The packages that the page is made with.
fn install(workspace: &Workspace) -> Result<()> {
    let ui = workspace.root.join("ui");
    if !command::exists("npm") {
        bail!("no npm: the window's page cannot be built. Install node and npm");
    }
    // npm writes this file last: as long as it is newer than the lock, the packages are those of the lock.
    let age = |name: &str| std::fs::metadata(ui.join(name)).and_then(|file| file.modified()).ok();
    if age("node_modules/.package-lock.json") < age("package-lock.json") {
        step(workspace, &["ci", "--no-audit", "--no-fund"])?;
    }
    Ok(())
}

/// Types and component tests, then every scene in a browser: whether everybody can use it.
pub(crate) fn test(workspace: &Workspace) -> Result<Outcome> {
    build(workspace)?;
    let begun = Instant::now();
    let mut outcome = Outcome::default();
    match step(workspace, &["run", "--silent", "check"]) {
        Ok(()) => outcome.passed += 1,
        Err(error) => outcome.failures.push(format!("{error:#}")),
    }
    outcome.took = begun.elapsed();
    outcome.add(vitest(workspace, &mut npm(workspace, &["run", "--silent", "test", "--"]), LIMIT)?);
    say("window", &outcome);
    let access = if browser_is_here() {
        vitest(workspace, &mut npm(workspace, &["run", "--silent", "shots", "--", "access", "sees"]), LIMIT)?
    } else {
        let skip = Skip { name: "ui access".to_owned(), reason: NO_BROWSER.to_owned() };
        Outcome { skips: vec![skip], ..Outcome::default() }
    };
    say("access", &access);
    outcome.add(access);
    Ok(outcome)
}

/// Every scene as pictures in this folder, and what a machine sees of them.
pub(crate) fn pictures(workspace: &Workspace, folder: &Path) -> Result<Outcome> {
    if !browser_is_here() {
        bail!("{NO_BROWSER}, and nothing else here draws pictures of a page");
    }
    install(workspace)?;
    let mut shots = npm(workspace, &["run", "--silent", "shots", "--", "pictures"]);
    vitest(workspace, shots.env("AUTOUPDATE_GALLERY", folder), PICTURES)
}

/// Runs what ends in vitest, and reads its report.
fn vitest(workspace: &Workspace, npm: &mut Command, limit: Duration) -> Result<Outcome> {
    let report = workspace.target.join("vitest.json");
    let _old = std::fs::remove_file(&report);
    npm.arg("--reporter=json").arg(format!("--outputFile={}", report.display()));
    let ended = command::run_within(npm, limit)?;
    let text = std::fs::read_to_string(&report).with_context(|| format!("vitest says: {}", ended.text))?;
    let said: Report = serde_json::from_str(&text).context("vitest's report")?;
    let mut outcome = Outcome { passed: said.passed, took: ended.took, ..Outcome::default() };
    for test in said.files.iter().flat_map(|file| &file.tests).filter(|test| test.status == "failed") {
        outcome.failures.push(format!("ui {}: {}", test.name, test.messages.join(" ")));
    }
    let before = said.files.iter().map(|file| &file.message).filter(|message| !message.is_empty());
    outcome.failures.extend(before.map(|message| format!("ui: {message}")));
    let well = ended.status.is_some_and(|status| status.success());
    if outcome.failures.is_empty() && (!well || said.passed + said.failed == 0) {
        outcome.failures.push(format!("vitest died: {}", ended.text));
    }
    Ok(outcome)
}

fn say(what: &str, outcome: &Outcome) {
    println!(
        "{:<8} {what:<40} {:>4} passed {:>3} failed {:>3} skipped {:>7.1} s",
        "ui",
        outcome.passed,
        outcome.failures.len(),
        outcome.skips.len(),
        outcome.took.as_secs_f64()
    );
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
    /// What went wrong before any test of it.
    #[serde(default)]
    message: String,
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
