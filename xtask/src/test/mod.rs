//! `cargo xtask test`: everything is built once in one profile, then run group by group.
//!
//! - One `cargo build` makes libraries, programs, examples and tests together, so that nothing is compiled twice.
//! - The tests find what was built through the environment: `AUTOUPDATE_BIN_{NAME}` for every program,
//!   `AUTOUPDATE_EXAMPLE_{NAME}` for every example (upper case, `-` becomes `_`), for instance
//!   `AUTOUPDATE_BIN_AUTOUPDATE_SERVER`. `AUTOUPDATE_PYTHON` is an interpreter that can import python-tuf,
//!   `AUTOUPDATE_EXHAUSTIVE=1` asks for the long form of a test.
//! - A test that cannot run here prints `SKIP name: reason` and returns. With `CI=true` a skip that
//!   `tests/allowed-skips.txt` does not name is a failure.

mod build;
mod group;
mod libtest;
mod run;
mod skips;

use std::time::Duration;

use anyhow::{Result, bail};

pub(crate) use self::group::Group;
use crate::packages::{self, Purpose};
use crate::workspace::Workspace;
use crate::{command, python, window};

pub(crate) use self::build::{Built, What, build};
pub(crate) use self::skips::Allowed;

/// Why the desktop app is left out where it is.
const NO_WEBVIEW: &str = "webkit2gtk-4.1 is not installed, so the desktop app is not built";

/// What to test.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Groups to run; all if none is named.
    #[arg(value_name = "GROUP")]
    groups: Vec<Group>,
    /// Install missing system packages without a question.
    #[arg(long)]
    yes: bool,
    /// The long form of the tests that have one.
    #[arg(long)]
    exhaustive: bool,
}

/// What happened in one group, or in all of them.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    /// One line each: which test, or what went wrong around the tests.
    pub(crate) failures: Vec<String>,
    pub(crate) skips: Vec<Skip>,
    pub(crate) took: Duration,
}

/// A test that could not run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl Outcome {
    /// Adds another outcome to this one.
    pub(crate) fn add(&mut self, other: Outcome) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
        self.took += other.took;
    }

    /// The line that every test run ends with.
    pub(crate) fn last_line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failures.len(), self.skips.len())
    }

    /// Prints every skip and failure, then the last line; whether nothing failed.
    pub(crate) fn report(mut self, workspace: &Workspace) -> Result<bool> {
        if workspace.ci {
            let allowed = Allowed::read(&workspace.root)?;
            self.failures.extend(self.skips.iter().filter(|skip| !allowed.contains(skip)).map(|skip| {
                format!("{}: skipped, and {} does not say that it may be", skip.name, skips::FILE)
            }));
        }
        for skip in &self.skips {
            println!("SKIP {}: {}", skip.name, skip.reason);
        }
        for failure in &self.failures {
            println!("FAIL {failure}");
        }
        println!("{}", self.last_line());
        Ok(self.failures.is_empty())
    }
}

/// The verb.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    let groups = if options.groups.is_empty() { Group::ALL } else { &options.groups };
    prepare(groups, options.yes || workspace.ci)?;
    let built = build(workspace, What::Everything)?;
    let mut all = Outcome::default();
    for (_, outcome) in run_groups(workspace, &built, groups, options.exhaustive)? {
        all.add(outcome);
    }
    all.report(workspace)
}

/// Installs what these groups need of the system.
pub(crate) fn prepare(groups: &[Group], yes: bool) -> Result<()> {
    let mut purposes = vec![Purpose::Build];
    purposes.extend(groups.iter().copied().map(Purpose::Group));
    packages::ensure(&purposes, yes)?;
    if !command::exists("cc") {
        bail!("no C compiler: nothing can be linked. Install gcc");
    }
    Ok(())
}

/// Runs the groups in their order.
pub(crate) fn run_groups(
    workspace: &Workspace,
    built: &Built,
    groups: &[Group],
    exhaustive: bool,
) -> Result<Vec<(Group, Outcome)>> {
    let mut environment = built.environment();
    if exhaustive {
        environment.push(("AUTOUPDATE_EXHAUSTIVE".into(), "1".into()));
    }
    if groups.contains(&Group::Interop)
        && let Some(python) = python::with_packages(workspace)?
    {
        environment.push(("AUTOUPDATE_PYTHON".into(), python.into()));
    }
    let plan = run::plan(built)?;
    let mut outcomes = Vec::new();
    for group in groups {
        let mut outcome = match group {
            Group::Ui => window::test(workspace)?,
            Group::Desktop if !window::webview_is_here() => Outcome {
                skips: vec![Skip { name: "group desktop".to_owned(), reason: NO_WEBVIEW.to_owned() }],
                ..Outcome::default()
            },
            Group::Unit
            | Group::System
            | Group::Desktop
            | Group::Install
            | Group::Threats
            | Group::Server
            | Group::Interop
            | Group::Delta => run::group(&plan, *group, &environment)?,
        };
        if *group == Group::Unit {
            outcome.add(run::documentation(workspace)?);
        }
        outcomes.push((*group, outcome));
    }
    Ok(outcomes)
}
