//! What the desktop app costs while nothing happens, against an empty app in the tray.
//!
//! Both are built here for release, with the same Tauri, features and profile, and measured one after the other by
//! `tests/src/bin/footprint.rs`, which owns the desktop that they stand on.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::machine;
use crate::command;
use crate::packages::{self, Purpose};
use crate::test::Group;
use crate::window;
use crate::workspace::Workspace;

/// How long the processor's time is counted, and what its goal is for.
const WHOLE: u64 = 300;
/// The goals. Memory in hundredths of the empty app's, time in milliseconds.
const NEVER_OPENED: u64 = 115;
const CLOSED: u64 = 145;
const IDLE: u64 = 100;
/// What draws pages, as far as the kernel keeps its name.
const WEB_PROCESS: &str = "WebKitWebProces";
/// Beside the counted seconds: what a state may take to come about and to stand still.
const SETTLING: Duration = Duration::from_secs(25 * 60);
/// The empty app's own workspace.
const EMPTY: &str = "xtask/bench/empty-tray/Cargo.toml";
/// What is written.
const REPORT: &str = "docs/bench/footprint.md";

/// How it is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Count processor time for so many seconds in each state. Less than 300 is a look: it is not judged, nor kept.
    #[arg(long, value_name = "N", default_value_t = WHOLE, value_parser = clap::value_parser!(u64).range(1..=WHOLE))]
    seconds: u64,
    /// On a display where another app has been before: see the report. It is not kept.
    #[arg(long)]
    used_display: bool,
    /// Install missing system packages without a question.
    #[arg(long)]
    yes: bool,
}

/// What one state costs, as `tests/src/bin/footprint.rs` writes it.
#[derive(Debug, Clone, Deserialize)]
struct Reading {
    state: String,
    pss: u64,
    processes: Vec<(String, u64)>,
    cpu: u64,
    wakes: u64,
}

/// What was promised, what came out, and whether that is enough.
struct Goal {
    promise: String,
    measured: String,
    met: bool,
}

/// The verb: whether every goal is met.
pub(super) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    packages::ensure(&[Purpose::Build, Purpose::Group(Group::Desktop)], options.yes || workspace.ci)?;
    if !window::webview_is_here() {
        bail!("webkit2gtk-4.1 is not installed: the desktop app cannot be built, nor measured");
    }
    let built = build(workspace)?;
    let empty = measure(&built, "empty", options)?;
    let tray = measure(&built, "tray", options)?;
    let [empty] = empty.as_slice() else { bail!("the empty app has one state, but {empty:?}") };
    let goals = judge(empty, &tray, options.seconds)?;
    let report = render(empty, &tray, &goals, options.seconds)?;
    println!("\n{report}");
    if options.seconds == WHOLE && !options.used_display {
        let file = workspace.root.join(REPORT);
        fs::create_dir_all(file.parent().context("the report's folder")?)?;
        fs::write(&file, report).with_context(|| format!("writing {REPORT}"))?;
        println!("written to {REPORT}");
    }
    Ok(goals.iter().all(|goal| goal.met))
}

struct Built {
    empty: PathBuf,
    tray: PathBuf,
    measure: PathBuf,
}

/// Both apps for release, in one folder, so that what they share is compiled once; and who measures them, as tests are built.
fn build(workspace: &Workspace) -> Result<Built> {
    window::build(workspace)?;
    let target = workspace.target.join("bench");
    let release = |words: &[&str]| {
        let mut cargo = workspace.cargo();
        cargo.env("CARGO_TARGET_DIR", &target).args(["build", "--release", "--locked"]).args(words);
        cargo
    };
    let mut measure = workspace.cargo();
    measure.args(["build", "--locked", "--package", "autoupdate-tests", "--bin", "footprint"]);
    for mut cargo in
        [release(&["--package", "autoupdate-tray"]), release(&["--manifest-path", EMPTY]), measure]
    {
        if !command::succeeds(&mut cargo)? {
            bail!("`{}` failed (see above)", command::words(&cargo));
        }
    }
    let program = |name: &str| target.join("release").join(name);
    Ok(Built {
        empty: program("empty-tray"),
        tray: program("autoupdate-tray"),
        measure: workspace.target.join("debug/footprint"),
    })
}

fn measure(built: &Built, kind: &str, options: &Options) -> Result<Vec<Reading>> {
    let seconds = options.seconds;
    let app = if kind == "tray" { &built.tray } else { &built.empty };
    println!("measuring {kind}: {seconds} seconds in each state, after it has come to rest");
    let mut command = Command::new(&built.measure);
    command.arg(kind).arg(app).arg(seconds.to_string());
    command.args(options.used_display.then_some(&built.empty));
    // The desktop of the tests comes up only where the app was built.
    command.env("AUTOUPDATE_BIN_AUTOUPDATE_TRAY", &built.tray);
    let ended = command::run_within(&mut command, 3 * (Duration::from_secs(seconds) + SETTLING))?;
    let last = ended.text.lines().rfind(|line| line.starts_with('['));
    match (ended.status, last) {
        (Some(status), Some(line)) if status.success() => {
            serde_json::from_str(line).with_context(|| format!("what measures {kind} wrote `{line}`"))
        }
        (status, _) => bail!("measuring {kind} failed ({status:?}): {}", ended.text),
    }
}

fn judge(empty: &Reading, tray: &[Reading], seconds: u64) -> Result<Vec<Goal>> {
    let state = |name: &str| {
        tray.iter().find(|reading| reading.state == name).with_context(|| format!("no reading of `{name}`"))
    };
    let (never, closed) = (state("never opened")?, state("closed again")?);
    let memory = |reading: &Reading, most: u64| Goal {
        promise: format!("{}: at most {} of the empty app's memory", reading.state, hundredths(most)),
        measured: hundredths(share(reading, empty)),
        met: reading.pss * 100 <= most * empty.pss,
    };
    let drawing = closed.processes.iter().filter(|(name, _)| name == WEB_PROCESS).count();
    let gone = Goal {
        promise: format!("{}: no {WEB_PROCESS}s left", closed.state),
        measured: drawing.to_string(),
        met: drawing == 0,
    };
    let mut goals = vec![memory(never, NEVER_OPENED), memory(closed, CLOSED), gone];
    if seconds == WHOLE {
        goals.push(Goal {
            promise: format!("{}: at most {IDLE} ms of processor time in {WHOLE} s", never.state),
            measured: format!("{} ms", never.cpu),
            met: never.cpu <= IDLE,
        });
    }
    Ok(goals)
}

/// In hundredths, rounded up: what is written is never better than what is judged.
fn share(reading: &Reading, empty: &Reading) -> u64 {
    (reading.pss * 100).div_ceil(empty.pss.max(1))
}

fn hundredths(count: u64) -> String {
    format!("{}.{:02}", count / 100, count % 100)
}

fn render(empty: &Reading, tray: &[Reading], goals: &[Goal], seconds: u64) -> Result<String> {
    let mut out = format!(
        "# What the desktop app costs while nothing happens\n\n\
         `cargo xtask bench footprint`, {}. Written by this command; do not edit.\n\n\
         | app | state | memory, MiB | of the empty app | processor, ms in {seconds} s | waits | processes, MiB |\n\
         |---|---|--:|--:|--:|--:|---|\n",
        machine::today()?
    );
    let ours = tray.iter().map(|reading| ("autoupdate-tray", reading));
    for (app, reading) in [("empty", empty)].into_iter().chain(ours) {
        let processes: Vec<String> =
            reading.processes.iter().map(|(name, pss)| format!("{name} {}", mebibytes(*pss))).collect();
        writeln!(
            out,
            "| {app} | {} | {} | {} | {} | {} | {} |",
            reading.state,
            mebibytes(reading.pss),
            hundredths(share(reading, empty)),
            reading.cpu,
            reading.wakes,
            processes.join(", ")
        )?;
    }
    out.push_str("\n| goal | measured | |\n|---|--:|---|\n");
    for Goal { promise, measured, met } in goals {
        writeln!(out, "| {promise} | {measured} | {} |", if *met { "met" } else { "**missed**" })?;
    }
    write!(
        out,
        "\n## The machine\n\n{}- WebKitGTK {}, Xvfb, no panel but a `StatusNotifierWatcher`\n\n{COUNTED}",
        machine::kind()?,
        machine::said("pkg-config", &["--modversion", "webkit2gtk-4.1"])?
    )?;
    Ok(out)
}

fn mebibytes(kibibytes: u64) -> String {
    let tenths = (kibibytes * 10).div_ceil(1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}

const COUNTED: &str = "\
## What is counted

- Memory is the proportional set size (`Pss` in `/proc/PID/smaps_rollup`) of the app's process and of all that it started: pages of its own,
  and its share of those that others use too. A look counts only while nobody else on the machine has WebKitGTK, GTK or LLVM in memory.
- Eight looks, half a second apart, must lie within 1 %; then processor time is counted; then memory is looked at once more, and the larger
  of the two is written.
- Processor time is user's and system's of the same processes, in steps of 10 ms; a wait is a thread that gave the processor up
  (`voluntary_ctxt_switches`), so something woke it.
- Both apps are built for release in this run, with the same Tauri, features and profile, and stand one after the other on an Xvfb and a session bus of
  their own, with a home of their own. The empty one (`xtask/bench/empty-tray`) is an icon with a menu.
- Each is the first GTK program on its display. GTK then asks OpenGL what the display can do, which without a graphics card loads Mesa and LLVM, some
  30 MiB; a later program finds the answer on the display. `--used-display --seconds 5` shows what both cost then.
- autoupdate-tray has one program enrolled, with `mode = \"off\"` and nobody at its address: at rest, no network. Its window is
  opened by a second start and closed as the button in its frame does.
";

#[cfg(test)]
#[path = "footprint_tests.rs"]
mod tests;
