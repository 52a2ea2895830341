//! `autoupdate patch make`: the patch from one file to another.

use std::io::Write as _;
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
/// `auto` tries more than one format up to this length of the longer file, in bytes. The maker of bsz1 takes a time that
/// grows with the square of the length where a file repeats itself.
const SMALL: u64 = 1 << 20;
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
    /// The format. `auto` makes rt1, and of files up to 1 MiB bsz1 too, and keeps the shorter patch.
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
        let formats = choose(&self.format, base.length().max(new.length()))?;
        let (level, memory) = (self.level.into(), self.memory);
        let threads = self.threads.or_else(|| std::thread::available_parallelism().ok());
        let threads = threads.unwrap_or(NonZeroUsize::MIN);
        let (began, new_length) = (Instant::now(), new.length());

        let watch = Watch::start()?;
        let fresh = place.fresh(Access::Usual)?;
        let (mut file, bar, path) = (fresh.file()?, out.bar(), place.path().to_owned());
        let (format, made) = watch.run(place.path(), move || {
            let (base, new) = (base.bytes()?, new.bytes()?);
            let progress = |progress| show(&bar, progress);
            let options = Options { level, threads, memory, progress: &progress };
            let made = shortest(&formats, &base, &new, &options);
            bar.finish_and_clear();
            let written = made.and_then(|(format, made, patch)| {
                file.write_all(&patch).map_err(delta::Error::WriteOut)?;
                Ok((format, made))
            });
            written.map_err(|why| Failure::patch(&why, &path, advice(&why)))
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

/// The formats to make, of which the shortest patch is kept; `longer` is the length of the longer file.
///
/// What re-targets references wins where there are any. Where there are none, a format without may.
fn choose(wanted: &str, longer: u64) -> Result<Vec<FormatId>, Failure> {
    let formats: &[&str] = match wanted {
        AUTO if longer <= SMALL => &[FormatId::RT1, FormatId::BSZ1],
        AUTO => &[FormatId::RT1],
        wanted => &[wanted],
    };
    formats.iter().map(|format| Ok(FormatId::parse(format)?)).collect()
}

/// Makes a patch in each of the formats and gives the shortest; of those that are as long, the first.
fn shortest(
    formats: &[FormatId],
    base: &[u8],
    new: &[u8],
    options: &Options<'_>,
) -> Result<(FormatId, Made, Vec<u8>), delta::Error> {
    let make = |format: &FormatId| {
        let mut patch = Vec::new();
        let made = delta::make_with(format, base, new, &mut patch, options)?;
        Ok((format.clone(), made, patch))
    };
    let patches: Result<Vec<_>, _> = formats.iter().map(make).collect();
    patches?.into_iter().min_by_key(|(_, made, _)| made.length).ok_or(delta::Error::NoPatch)
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
            assert_eq!(choose(format, 0).unwrap(), [FormatId::parse(format).unwrap()]);
        }
        for longer in [0, SMALL, SMALL + 1, u64::MAX] {
            let chosen = choose(AUTO, longer).unwrap();
            assert!(chosen.iter().all(|format| delta::MAKEABLE.contains(&format.as_str())), "{chosen:?}");
            assert_eq!(chosen.first().unwrap().as_str(), FormatId::RT1);
            assert_eq!(chosen.len() > 1, longer <= SMALL, "{longer}");
        }
    }

    #[test]
    fn of_several_patches_the_shortest_is_kept() {
        let base: Vec<u8> =
            (0..20_000u32).flat_map(|word| word.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let new = [&base[..30_000], b"something new", &base[30_000..]].concat();
        let formats = delta::MAKEABLE.iter().map(|format| FormatId::parse(format).unwrap());
        let formats: Vec<_> = formats.collect();
        let make = |formats: &[FormatId]| shortest(formats, &base, &new, &Options::default()).unwrap();
        let lengths = formats.iter().map(|format| make(std::slice::from_ref(format)).1.length);
        let least = lengths.min().unwrap();
        let (format, made, patch) = make(&formats);
        assert_eq!((made.length, patch.len() as u64), (least, least));
        assert_eq!(delta::info(&*patch).unwrap().format, format);
        // The order of those that are as long is ours.
        let twice = [formats[0].clone(), formats[0].clone()];
        assert_eq!(make(&twice).0, formats[0]);
    }
}
