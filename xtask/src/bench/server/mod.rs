//! What the server costs: a check against nginx serving the same files, memory and start with a thousand releases.
//!
//! Rules: whoever is compared is measured in the same run, in turns, on the same files; what is compared is processor time per
//! request, as the kernel counted it, so that neither the load's maker nor the number of cores matters.
//!
//! Layout: `stage` is a repository and its thousand releases, `process` a running server and what it costs, `load` who asks as
//! fast as answers come, `pace` who asks now and then, `nginx` the other one, `old_clients` what theirs cost, with their `original` server beside
//! it, and `signature` what of that is RSA, `waiting` what a large patch does to everybody else, `report` what is written and judged.

mod load;
mod nginx;
mod old_clients;
mod original;
mod pace;
mod process;
mod report;
mod signature;
mod stage;
mod waiting;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::load::{Load, Request};
use self::process::Served;
use self::report::{Figures, Many, Pair};
use self::stage::Stage;
use crate::command;
use crate::packages::{self, Purpose};
use crate::workspace::Workspace;

/// What is written.
const REPORT: &str = "docs/bench/server.md";
/// How often each of two is measured, in turns.
const ROUNDS: usize = 5;
/// How long one measurement asks.
const WHOLE: u64 = 5;

/// How it is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ask for so many seconds in each measurement. Other than the default is a look, which is not kept.
    #[arg(long, value_name = "N", default_value_t = WHOLE, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Only say what one signature under the key in this file takes, in microseconds of processor time.
    #[arg(long, value_name = "FILE", hide = true)]
    signature: Option<PathBuf>,
    /// Measure the original server of old clients as well, which `xtask/src/bench/server/original.rs` says how to build.
    #[arg(long, value_name = "PROGRAM")]
    original: Option<PathBuf>,
    /// Install missing system packages without a question.
    #[arg(long)]
    yes: bool,
}

/// The verb: whether every goal is met.
pub(super) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    if let Some(key) = &options.signature {
        println!("{}", signature::measure(key)?);
        return Ok(true);
    }
    packages::ensure(&[Purpose::Build, Purpose::BenchServer], options.yes || workspace.ci)?;
    for program in ["wrk", "nginx"] {
        if !command::exists(program) {
            bail!("{program} is not installed, so nothing can be measured");
        }
    }
    let programs = Programs { original: options.original.clone(), ..build(workspace)? };
    let folder = tempfile::tempdir().context("a folder to measure in")?;
    let stage = Stage::new(&programs.autoupdate, folder.path())?;
    let seconds = Duration::from_secs(options.seconds);
    let checks = checks(&programs, &stage, seconds)?;
    let old_clients = old_clients::measure(workspace, &programs, folder.path(), seconds)?;
    let waits = waiting::measure(&programs, folder.path(), seconds)?;
    stage.add_a_thousand()?;
    let many = with_a_thousand(&programs, &stage, seconds)?;
    let figures = Figures { checks, old_clients, waits, many };
    let report = report::render(&figures)?;
    println!("\n{report}");
    if options.seconds == WHOLE {
        let file = workspace.root.join(REPORT);
        fs::create_dir_all(file.parent().context("the report's folder")?)?;
        fs::write(&file, report).with_context(|| format!("writing {REPORT}"))?;
        println!("written to {REPORT}");
    }
    Ok(figures.goals().iter().all(|goal| goal.met))
}

/// What is measured, as it is released.
struct Programs {
    autoupdate: PathBuf,
    server: PathBuf,
    /// This program, compiled as they are.
    xtask: PathBuf,
    /// The original server, if there is one.
    original: Option<PathBuf>,
}

fn build(workspace: &Workspace) -> Result<Programs> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--locked", "--package", "autoupdate-server"]);
    cargo.args(["--package", "autoupdate-cli", "--package", "xtask"]);
    if !command::succeeds(&mut cargo)? {
        bail!("`{}` failed (see above)", command::words(&cargo));
    }
    let program = |name: &str| workspace.target.join("release").join(name);
    Ok(Programs {
        autoupdate: program("autoupdate"),
        server: program("autoupdate-server"),
        xtask: program("xtask"),
        original: None,
    })
}

/// Every kind of request of a check, from us and from nginx in turns.
fn checks(programs: &Programs, stage: &Stage, seconds: Duration) -> Result<Vec<Pair>> {
    let ours = Served::ours(&programs.server, &stage.configuration()?, stage.folder())?;
    let nginx = nginx::start(stage)?;
    let mut pairs = Vec::new();
    for (what, object, conditional, status) in [
        ("`timestamp.json`, unchanged (304)", "metadata/timestamp.json", true, 304),
        ("`timestamp.json`, whole", "metadata/timestamp.json", false, 200),
        ("the next root, which is not there (404)", "metadata/2.root.json", false, 404),
        ("an artifact of 300 kB, whole", stage.artifact(), false, 200),
    ] {
        println!("{what}");
        let path = format!("/apps/{}/{object}", stage::APP);
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            for (served, costs) in [(&ours, &mut mine), (&nginx, &mut theirs)] {
                let request = if conditional { Request::Unchanged(&path) } else { Request::Get(&path) };
                let load = Load { address: served.address(), request, status, connections: 32 };
                costs.push(served.cost_of(|| load.run(seconds))?);
            }
        }
        pairs.push(Pair { what, ours: median(&mut mine), nginx: median(&mut theirs) });
    }
    Ok(pairs)
}

/// Start and memory with a thousand releases of 100 MB each.
fn with_a_thousand(programs: &Programs, stage: &Stage, seconds: Duration) -> Result<Many> {
    println!("a thousand releases");
    let begun = Instant::now();
    let served = Served::ours(&programs.server, &stage.configuration()?, stage.folder())?;
    served.until_ready()?;
    let start = begun.elapsed();
    let idle = served.memory()?;
    let path = format!("/apps/{}/metadata/timestamp.json", stage::APP);
    let artifact = format!("/apps/{}/{}", stage::APP, stage.large_artifact());
    let mut under_load = 0;
    for (request, status) in
        [(Request::Unchanged(&path), 304), (Request::Get(&path), 200), (Request::Get(&artifact), 200)]
    {
        let load = Load { address: served.address(), request, status, connections: 32 };
        let (_, most) = served.memory_while(|| load.run(seconds))?;
        under_load = under_load.max(most);
    }
    Ok(Many { start, idle, under_load })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
