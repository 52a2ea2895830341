//! What makes patches and applies them: ours, and what it is compared with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::measure::{self, Cost, Run};
use crate::corpus::Pair;

/// How often a patch is applied: one time is too short for clocks that tick every few milliseconds.
const APPLIED: usize = 5;

/// A program that makes patches and one that applies them.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    /// What it is called in tables.
    pub(super) name: &'static str,
    /// Release of all that takes part, for the report and for figures that are kept.
    pub(super) version: String,
    pub(super) make: Vec<Step>,
    pub(super) apply: Vec<Step>,
    /// The name of the finished patch, where it is not `patch`.
    pub(super) patch: Option<&'static str>,
}

/// One program with arguments, separated by spaces. `{old}`, `{new}`, `{patch}` and `{result}` are files, `{length}` is the
/// old file's in bytes, `{log}` the power of two that covers both files.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) program: PathBuf,
    pub(super) words: String,
}

/// What making and applying a patch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Figures {
    /// The patch's length in bytes.
    pub(super) patch: u64,
    /// `None` where only the length is known.
    pub(super) costs: Option<Costs>,
}

/// What both halves cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Costs {
    pub(super) make: Cost,
    pub(super) apply: Cost,
}

impl Tool {
    /// Makes the patch of a pair in the folder, applies it, and compares the result byte by byte.
    pub(super) fn measure(&self, pair: &Pair, folder: &Path) -> Result<Figures> {
        self.run(pair, folder, APPLIED).with_context(|| format!("{} on {}", self.name, pair.label))
    }

    /// The same, once, for the length of the patch alone.
    pub(super) fn round_trip(&self, pair: &Pair, folder: &Path) -> Result<u64> {
        let figures = self.run(pair, folder, 1);
        Ok(figures.with_context(|| format!("{} on {}", self.name, pair.label))?.patch)
    }

    fn run(&self, pair: &Pair, folder: &Path, times: usize) -> Result<Figures> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let filled =
            |steps: &[Step]| -> Vec<Run> { steps.iter().map(|step| filled(step, pair, folder)).collect() };
        let make = measure::cost(&filled(&self.make))?;
        let patch = fs::metadata(folder.join(self.patch.unwrap_or("patch"))).context("the patch")?.len();
        let mut applied = Vec::new();
        for _ in 0..times {
            applied.push(measure::cost(&filled(&self.apply))?);
            let result = folder.join("result");
            if !same(&result, &pair.new.file)? {
                bail!("the patch does not give the new file");
            }
            // The next time must not find what it should make.
            fs::remove_file(&result)?;
        }
        Ok(Figures { patch, costs: Some(Costs { make, apply: Cost::mean(&applied) }) })
    }
}

fn filled(step: &Step, pair: &Pair, folder: &Path) -> Run {
    let path = |file: &Path| file.display().to_string();
    let values = [
        ("{old}", path(&pair.old.file)),
        ("{new}", path(&pair.new.file)),
        ("{patch}", path(&folder.join("patch"))),
        ("{result}", path(&folder.join("result"))),
        ("{length}", pair.old.length.to_string()),
        ("{log}", covering(pair.old.length.max(pair.new.length)).to_string()),
    ];
    let fill =
        |word: &str| values.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value));
    Run { program: step.program.clone(), arguments: step.words.split(' ').map(fill).collect() }
}

/// The power of two that is at least so large, and at least zstd's largest without further words.
fn covering(length: u64) -> u32 {
    length.next_power_of_two().trailing_zeros().max(27)
}

fn same(one: &Path, other: &Path) -> Result<bool> {
    let read = |file: &Path| fs::read(file).with_context(|| file.display().to_string());
    Ok(read(one)? == read(other)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Language, Set, Side};

    #[test]
    fn steps_are_filled_word_by_word() {
        let side = |file: &str, length| Side { file: file.into(), length, sha256: "" };
        let pair = Pair {
            label: "x:1-2".into(),
            language: Language::Go,
            set: Set::Adjacent,
            old: side("a folder/old", 7),
            new: side("new", 1 << 28),
        };
        let step =
            Step { program: "p".into(), words: "-B {length} --from={old} --long={log} {patch}".into() };
        let run = filled(&step, &pair, Path::new("w"));
        assert_eq!(run.arguments, ["-B", "7", "--from=a folder/old", "--long=28", "w/patch"]);
    }

    #[test]
    fn the_window_covers_the_file() {
        let check = |length, expected| assert_eq!(covering(length), expected, "{length}");
        check(1, 27);
        check(1 << 27, 27);
        check((1 << 27) + 1, 28);
    }
}
