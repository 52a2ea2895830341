//! What our patches come to, against bsdiff, HDiffPatch, xdelta3, zstd and Zucchini, on real releases of real programs.
//!
//! Everything runs one after the other, in a process of its own (`measure`). `tool` is what makes and applies patches, `rivals`
//! where the others come from, `kept` their figures from earlier runs; `figures` does the sums, `goals` judges them, `report` and
//! `plot` write them down. `round_trip` goes forward and back on everything, for the bytes alone.

mod figures;
mod goals;
mod kept;
mod measure;
mod ours;
mod plot;
mod report;
mod rivals;
mod round_trip;
mod tool;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::figures::{Measured, Row, Source, of_set};
use self::kept::Kept;
pub(crate) use self::measure::launch;
use self::tool::{Figures, Tool};
use crate::corpus::{self, Pair, Set};
use crate::packages::{self, Purpose};
use crate::workspace::Workspace;

/// How it is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder of the corpus [default: autoupdate/corpus in your cache folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Which pairs of releases. Adjacent ones are judged; `far` is a look.
    #[arg(long, value_enum, default_value_t = Pairs::Adjacent)]
    pairs: Pairs,
    /// Only pairs whose name contains this: a look, which is not kept.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Compare with these alone: a look, which is not kept.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_values_t = rivals::ALL.iter().map(ToString::to_string))]
    rivals: Vec<String>,
    /// Measure rivals anew, also where an earlier run has their figures.
    #[arg(long)]
    fresh: bool,
    /// Formats that we make. The first that is not bsdiff40 is the one that is judged.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_values = ["rt1", "bsdiff40"])]
    formats: Vec<String>,
    /// How much work goes into our patches; without it, what the command line does by itself.
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Another build of our command line: a look, which is not kept.
    #[arg(long, value_name = "PROGRAM")]
    ours: Option<PathBuf>,
    /// Make and apply our patches on all pairs, adjacent and far, forward and back; compare with nobody.
    #[arg(long)]
    round_trip: bool,
    /// Install missing system packages without a question.
    #[arg(long)]
    yes: bool,
}

/// Pairs of releases that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pairs {
    Adjacent,
    Far,
    /// Adjacent and far ones.
    All,
    /// Of programs that nobody tunes to.
    HeldOut,
}

impl Pairs {
    fn sets(self) -> &'static [Set] {
        match self {
            Self::Adjacent => &[Set::Adjacent],
            Self::Far => &[Set::Far],
            Self::All => &[Set::Adjacent, Set::Far],
            Self::HeldOut => &[Set::HeldOut],
        }
    }

    /// Where a whole run is written to, without its extension.
    fn report(self) -> Option<&'static str> {
        match self {
            Self::Adjacent | Self::All => Some("docs/bench/delta"),
            Self::HeldOut => Some("docs/bench/delta-held-out"),
            Self::Far => None,
        }
    }
}

/// What takes part in a run.
struct Bench<'a> {
    options: &'a Options,
    ours: Vec<Tool>,
    rivals: Vec<Tool>,
    /// A folder for patches and what they give.
    work: &'a Path,
}

/// The verb: whether every gate is met, or every round trip exact.
pub(super) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    packages::ensure(&[Purpose::Build, Purpose::Rivals], options.yes || workspace.ci)?;
    let folder = workspace.target.join("bench/delta");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    // Of this run alone: another one may be on its way.
    let work = tempfile::tempdir_in(&folder)?;
    let ours = ours::all(workspace, options, work.path())?;
    let pairs = |sets| corpus::pairs(workspace, options.dir.as_deref(), sets, &options.only);
    if options.round_trip {
        let pairs = pairs(Pairs::All.sets())?;
        return round_trip::main(workspace, &ours, &pairs, work.path(), options.is_whole());
    }
    let pairs = pairs(options.pairs.sets())?;
    let bench = Bench { options, ours, rivals: rivals::all(workspace, &options.rivals), work: work.path() };
    let mut kept = Kept::open(workspace)?;
    let rows: Vec<Row> = pairs.into_iter().map(|pair| bench.row(pair, &mut kept)).collect::<Result<_>>()?;
    bench.finish(workspace, &rows)
}

impl Options {
    /// Whether this run is the one that is written down.
    fn is_whole(&self) -> bool {
        let everybody = rivals::ALL.iter().all(|name| self.rivals.iter().any(|word| word == name));
        everybody && self.only.is_empty() && self.level.is_none() && self.ours.is_none()
    }
}

impl Bench<'_> {
    /// All figures of one pair.
    fn row(&self, pair: Pair, kept: &mut Kept) -> Result<Row> {
        println!("{}", pair.label);
        let mut cells = BTreeMap::new();
        for tool in &self.rivals {
            let earlier = kept.find(tool, &pair).filter(|_| !self.options.fresh).cloned();
            let cell = match earlier {
                Some(entry) => Measured { figures: entry.figures, source: Source::Kept(entry.day) },
                None => {
                    let figures = tool.measure(&pair, self.work)?;
                    kept.keep(tool, &pair, figures)?;
                    Measured { figures, source: Source::Now }
                }
            };
            say(tool.name, &cell);
            cells.insert(tool.name, cell);
        }
        for tool in &self.ours {
            let cell = Measured { figures: tool.measure(&pair, self.work)?, source: Source::Now };
            say(tool.name, &cell);
            cells.insert(tool.name, cell);
        }
        for name in rivals::ALL.iter().filter(|name| self.options.rivals.iter().any(|word| word == *name)) {
            if let Some(patch) = rivals::stated(name, &pair.label) {
                let figures = Figures { patch, costs: None };
                cells.entry(name).or_insert(Measured { figures, source: Source::Stated });
            }
        }
        Ok(Row { pair, cells })
    }

    /// Judges, and writes it down if this was a whole run.
    fn finish(&self, workspace: &Workspace, rows: &[Row]) -> Result<bool> {
        let options = self.options;
        let judged = match options.pairs {
            Pairs::All => of_set(rows, Set::Adjacent),
            Pairs::Adjacent | Pairs::Far | Pairs::HeldOut => rows.iter().collect(),
        };
        let gates = goals::gates(&judged);
        let whole = options.is_whole().then(|| options.pairs.report()).flatten();
        let tools: Vec<&Tool> = self.ours.iter().chain(&self.rivals).collect();
        let picture = whole.map(|path| format!("{}.svg", path.rsplit('/').next().unwrap_or(path)));
        let report = report::render(rows, &judged, &gates, &tools, picture.as_deref())?;
        println!("\n{report}");
        if let Some(path) = whole {
            let write = |extension: &str, text: &str| {
                let file = workspace.root.join(format!("{path}.{extension}"));
                fs::create_dir_all(file.parent().context("the report's folder")?)?;
                fs::write(&file, text).with_context(|| format!("writing {path}.{extension}"))
            };
            write("md", &report)?;
            write("svg", &plot::draw(&judged))?;
            println!("written to {path}.md and {path}.svg");
        }
        // A gate that was not measured is met only where nobody asked for it.
        Ok(gates.iter().all(|gate| gate.met.unwrap_or(whole.is_none())))
    }
}

fn say(name: &str, cell: &Measured) {
    let Some(costs) = cell.figures.costs else { return };
    let seconds = |micros: u64| micros as f64 / 1e6;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "  {name:<14} {:>10} bytes   make {:>7.2} s {:>7.1} MiB   apply {:>6.3} s {:>6.1} MiB{}",
        cell.figures.patch,
        seconds(costs.make.user),
        mib(costs.make.rss),
        seconds(costs.apply.user),
        mib(costs.apply.rss),
        if cell.source == Source::Now { "" } else { "   kept" }
    );
}

/// The tools of these formats must differ in what they are called.
fn check_names(tools: &[Tool]) -> Result<()> {
    for (number, tool) in tools.iter().enumerate() {
        if tools.iter().skip(number + 1).any(|other| other.name == tool.name) {
            bail!("two formats would be called `{}`", tool.name);
        }
    }
    Ok(())
}
