//! `cargo xtask ci`: the quality gates, then all tests, and how long each took.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::test::{self, Group, Outcome, Skip, What};
use crate::workspace::Workspace;
use crate::{command, tidy, window};

/// What the whole run may take on two cores without anything built before. Each part of the product has its
/// share: the libraries and programs without a window 20, the app 8, the sweeps of installs 6, all there is to see 8, patches 3, the
/// server and its store 8.
const BUDGET: Duration = Duration::from_secs((20 + 8 + 6 + 8 + 3 + 8) * 60);

/// How CI runs.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install missing system packages without a question (CI=true implies it).
    #[arg(long)]
    yes: bool,
}

/// What took how long.
#[derive(Default)]
struct Clock(Vec<(String, Duration)>);

impl Clock {
    fn time<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("== {name}");
        let begun = Instant::now();
        let done = work();
        self.0.push((name.to_owned(), begun.elapsed()));
        done
    }

    fn total(&self) -> Duration {
        self.0.iter().map(|(_, took)| *took).sum()
    }

    fn print(&self) {
        println!("\nminutes per group");
        for (name, took) in &self.0 {
            println!("  {name:<10} {:>5.1}", minutes(*took));
        }
        println!("  {:<10} {:>5.1} of {:.0}", "all", minutes(self.total()), minutes(BUDGET));
    }
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

/// The verb: every gate is tried, so that one run shows everything there is to mend.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut clock = Clock::default();
    let mut all = Outcome::default();
    clock.time("packages", || test::prepare(Group::ALL, options.yes || workspace.ci))?;
    let mut gate = |clock: &mut Clock, name: &str, work: &dyn Fn() -> Result<bool>| -> Result<()> {
        match clock.time(name, work)? {
            true => all.passed += 1,
            false => all.failures.push(format!("gate {name}")),
        }
        Ok(())
    };
    gate(&mut clock, "format", &|| command::succeeds(workspace.cargo().args(["fmt", "--all", "--check"])))?;
    gate(&mut clock, "tidy", &|| tidy::main(workspace))?;
    if window::webview_is_here() {
        clock.time("page", || window::build(workspace))?;
    } else {
        bail!("webkit2gtk-4.1 is not installed, and could not be: the desktop app cannot be checked");
    }
    gate(&mut clock, "clippy", &|| {
        let words = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
        command::succeeds(workspace.cargo().args(words))
    })?;
    gate(&mut clock, "docs", &|| {
        let mut doc = workspace.cargo();
        doc.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet", "--keep-going"]);
        // The layout of a module may link its private parts: it is read in the source as well.
        doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links");
        command::succeeds(&mut doc)
    })?;
    match missing_for_deny() {
        None => gate(&mut clock, "deny", &|| deny(workspace))?,
        Some(reason) => all.skips.push(Skip { name: "gate deny".to_owned(), reason: reason.to_owned() }),
    }
    let built = clock.time("build", || test::build(workspace, What::Everything));
    match built {
        Ok(built) => {
            for group in Group::ALL {
                let work = || test::run_groups(workspace, &built, &[*group], false);
                for (_, outcome) in clock.time(group.name(), work)? {
                    all.add(outcome);
                }
            }
        }
        Err(error) => all.failures.push(format!("{error:#}")),
    }
    clock.print();
    if clock.total() > BUDGET {
        all.failures.push(format!("the budget of {:.0} minutes is exceeded", minutes(BUDGET)));
    }
    all.report(workspace)
}

fn missing_for_deny() -> Option<&'static str> {
    let there = Command::new("cargo-deny").arg("--version").output().is_ok_and(|done| done.status.success());
    (!there).then_some("cargo-deny is not installed on this machine")
}

/// Licences, sources and bans always; known vulnerabilities where the advisory database has been fetched.
fn deny(workspace: &Workspace) -> Result<bool> {
    let mut always = workspace.cargo();
    always.args(["deny", "--offline", "check", "bans", "licenses", "sources"]);
    let good = command::succeeds(&mut always)?;
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    if !home.is_some_and(|home| home.join("advisory-dbs").is_dir()) {
        println!("deny: no advisory database on this machine, known vulnerabilities are not looked up");
        return Ok(good);
    }
    let mut advisories = workspace.cargo();
    advisories.args(["deny", "--offline", "check", "advisories"]);
    Ok(command::succeeds(&mut advisories)? && good)
}
