//! `autoupdate patch make`: the patch from one file to another.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use delta::{Made, Options, Phase, Progress};
use indicatif::{HumanBytes, ProgressBar};
use protocol::FormatId;
use serde_json::json;

use super::fresh::{Access, Place};
use super::interruption::Watch;
use super::size;
use super::source::{Source, all_different};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The word that leaves the format to us.
const AUTO: &str = "auto";
/// From this share of the new file on, in basis points, a patch is hardly worth its name.
const HARDLY_SMALLER: u64 = 8_000;

/// Make the patch that turns BASE into NEW, and prove that it does.
///
/// Both files are read into memory. PATCH gets its name when it is finished and was applied once; until then there is a hidden
/// file beside it, which goes with any error and with Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that the patch starts from.
    base: PathBuf,
    /// The file that it leads to.
    new: PathBuf,
    /// Where the patch is written.
    patch: PathBuf,
    /// The format; `auto` takes the best one.
    #[arg(long, default_value = AUTO, value_parser = PossibleValuesParser::new(formats()))]
    format: String,
    /// How much work goes into it.
    #[arg(long, value_enum, default_value_t = Level::Default)]
    level: Level,
    /// How many threads may work. [default: one for each processor]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,
    /// The most memory to take beside the two files, for example 512MiB. With less, matching is coarser.
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = size::parse)]
    memory: u64,
    /// Replace PATCH if it is there.
    #[arg(long)]
    force: bool,
}

/// [`delta::Level`], as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Little work, for people who wait.
    Fast,
    /// What a server makes.
    Default,
    /// Whatever makes the patch smaller.
    Best,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        all_different(&[("BASE", &self.base), ("NEW", &self.new), ("PATCH", &self.patch)])?;
        let place = Place::new("PATCH", self.patch, self.force)?;
        let (base, new) = (Source::open("BASE", &self.base)?, Source::open("NEW", &self.new)?);
        let format = choose(&self.format)?;
        let (level, memory) = (self.level.into(), self.memory);
        let threads = self.threads.or_else(|| std::thread::available_parallelism().ok());
        let threads = threads.unwrap_or(NonZeroUsize::MIN);
        let (began, new_length) = (Instant::now(), new.length());

        let watch = Watch::start()?;
        let fresh = place.fresh(Access::Usual)?;
        let (file, bar, path, id) = (fresh.file()?, out.bar(), place.path().to_owned(), format.clone());
        let made = watch.run(place.path(), move || {
            let (base, new) = (base.bytes()?, new.bytes()?);
            let progress = |progress| show(&bar, progress);
            let options = Options { level, threads, memory, progress: &progress };
            let made = delta::make_with(&id, &base, &new, file, &options);
            bar.finish_and_clear();
            made.map_err(|why| Failure::patch(&why, &path, advice(&why)))
        })?;
        fresh.keep()?;

        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let share = size::basis_points(made.length, new_length);
        if share.is_some_and(|share| share > HARDLY_SMALLER) {
            out.note("note: the patch is hardly smaller than NEW; NEW itself, compressed, may serve as well");
        }
        let answer = json!({
            "file": place.path(), "format": format, "length": made.length, "new_length": new_length,
            "basis_points": share, "memory": made.memory, "milliseconds": milliseconds,
        });
        let told = text(&format, &made, share, milliseconds);
        Ok(out.done(&answer, &format!("{}: {told}", place.path().display())))
    }
}

/// What `--format` takes.
fn formats() -> impl Iterator<Item = &'static str> {
    [AUTO].into_iter().chain(delta::MAKEABLE.iter().copied())
}

/// The format to make. Here it is decided what the best one is.
fn choose(wanted: &str) -> Result<FormatId, Failure> {
    let best = delta::MAKEABLE.first().copied().unwrap_or_default();
    Ok(FormatId::parse(if wanted == AUTO { best } else { wanted })?)
}

impl From<Level> for delta::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Fast => Self::Fast,
            Level::Default => Self::Default,
            Level::Best => Self::Best,
        }
    }
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_message(match progress.phase {
        Phase::Match => "matching",
        Phase::Write => "writing",
        Phase::Prove => "proving",
    });
    bar.set_length(progress.total);
    bar.set_position(progress.done);
}

fn advice(why: &delta::Error) -> &'static str {
    match why {
        delta::Error::WriteOut(_) => "see whether the disk is full",
        delta::Error::UnknownFormat(_) => "choose another --format",
        _ => "nothing was written; another --format may do, and this is worth a report",
    }
}

fn text(format: &FormatId, made: &Made, share: Option<u64>, milliseconds: u64) -> String {
    let share = share.map(|share| format!(", {} of NEW", size::percent(share))).unwrap_or_default();
    format!(
        "{format}, {} bytes{share}\n{} of memory to apply, made in {}.{:02} s",
        made.length,
        HumanBytes(made.memory),
        milliseconds / 1_000,
        milliseconds % 1_000 / 10
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_that_can_be_made_can_be_chosen() {
        for format in delta::MAKEABLE {
            assert_eq!(choose(format).unwrap().as_str(), *format);
        }
        assert!(delta::MAKEABLE.contains(&choose(AUTO).unwrap().as_str()));
    }
}
