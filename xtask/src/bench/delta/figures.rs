//! Figures of all tools on all pairs, and what they come to.

use std::collections::BTreeMap;

use super::tool::{Costs, Figures};
use crate::corpus::{Language, Pair, Set};

/// Processor time and memory are judged on pairs whose new file is at least so large, in bytes.
const LARGE: u64 = 20_000_000;

/// One pair, and each tool's figures by its name.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) pair: Pair,
    pub(super) cells: BTreeMap<&'static str, Measured>,
}

/// Figures and where they come from.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) figures: Figures,
    pub(super) source: Source,
}

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Measured in this run.
    Now,
    /// Measured in a run of that day, with the same program, settings and files.
    Kept(String),
    /// Written down from another machine.
    Stated,
}

impl Row {
    /// The length of a tool's patch.
    pub(super) fn patch(&self, tool: &str) -> Option<u64> {
        self.cells.get(tool).map(|cell| cell.figures.patch)
    }

    pub(super) fn costs(&self, tool: &str) -> Option<Costs> {
        self.cells.get(tool)?.figures.costs
    }
}

/// The rows of a set.
pub(super) fn of_set(rows: &[Row], set: Set) -> Vec<&Row> {
    rows.iter().filter(|row| row.pair.set == set).collect()
}

/// The rows of programs of a language.
pub(super) fn of_language<'a>(rows: &[&'a Row], language: Language) -> Vec<&'a Row> {
    rows.iter().copied().filter(|row| row.pair.language == language).collect()
}

/// The rows that processor time and memory are judged on.
pub(super) fn large<'a>(rows: &[&'a Row]) -> Vec<&'a Row> {
    rows.iter().copied().filter(|row| row.pair.new.length >= LARGE).collect()
}

/// How many times smaller `ours` is than `rival`: the geometric mean over the pairs that both made patches for.
pub(super) fn times_smaller(rows: &[&Row], ours: &str, rival: &str) -> Option<f64> {
    let ratios = rows.iter().filter_map(|row| Some(ratio(row.patch(rival)?, row.patch(ours)?)));
    geometric_mean(ratios)
}

/// What `ours` costs as a share of what `rival` costs: the sums over the pairs where both are known.
pub(super) fn share(rows: &[&Row], ours: &str, rival: &str, of: impl Fn(&Costs) -> u64) -> Option<f64> {
    let both: Vec<(u64, u64)> =
        rows.iter().filter_map(|row| Some((of(&row.costs(ours)?), of(&row.costs(rival)?)))).collect();
    let (ours, rival) = both.iter().fold((0, 0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
    (!both.is_empty()).then(|| ratio(ours, rival))
}

/// What a tool costs per byte of the new files.
pub(super) fn per_byte(rows: &[&Row], tool: &str, of: impl Fn(&Costs) -> u64) -> Option<f64> {
    let known: Vec<(u64, u64)> =
        rows.iter().filter_map(|row| Some((of(&row.costs(tool)?), row.pair.new.length))).collect();
    let (cost, bytes) = known.iter().fold((0, 0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
    (!known.is_empty()).then(|| ratio(cost, bytes))
}

pub(super) fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other.max(1) as f64
}

fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for ratio in ratios {
        sum += ratio.ln();
        count += 1;
    }
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::measure::Cost;
    use super::*;
    use crate::corpus::Side;

    /// A row: the length of the new file; and of each tool its name, its patch, and one number for all its costs.
    pub(crate) fn row(length: u64, language: Language, cells: &[(&'static str, u64, u64)]) -> Row {
        let side = |length| Side { file: "f".into(), length, sha256: "" };
        let pair = Pair {
            label: format!("program-{length}:1-2"),
            language,
            set: Set::Adjacent,
            old: side(length),
            new: side(length),
        };
        let cell = |(name, patch, cost): &(&'static str, u64, u64)| {
            let cost = Cost { user: *cost, system: 0, rss: *cost };
            let figures = Figures { patch: *patch, costs: Some(Costs { make: cost, apply: cost }) };
            (*name, Measured { figures, source: Source::Now })
        };
        Row { pair, cells: cells.iter().map(cell).collect() }
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}, not {expected}");
    }

    #[test]
    fn means_are_geometric_and_over_what_both_have() {
        let rows = [
            row(1, Language::Go, &[("a", 10, 1), ("b", 20, 1)]),
            row(2, Language::Native, &[("a", 10, 1), ("b", 80, 1)]),
            row(3, Language::Native, &[("b", 1, 1)]),
        ];
        let all: Vec<&Row> = rows.iter().collect();
        close(times_smaller(&all, "a", "b"), 4.0);
        close(times_smaller(&of_language(&all, Language::Go), "a", "b"), 2.0);
        assert_eq!(times_smaller(&all, "a", "c"), None);
    }

    #[test]
    fn costs_are_sums_over_large_files() {
        let rows = [
            row(LARGE, Language::Go, &[("a", 1, 10), ("b", 1, 100)]),
            row(3 * LARGE, Language::Go, &[("a", 1, 30), ("b", 1, 60)]),
            row(LARGE - 1, Language::Go, &[("a", 1, 1000), ("b", 1, 1)]),
        ];
        let large = large(&rows.iter().collect::<Vec<_>>());
        close(share(&large, "a", "b", |costs| costs.make.user), 0.25);
        close(per_byte(&large, "a", |costs| costs.apply.rss), 40.0 / (4 * LARGE) as f64);
        assert_eq!(share(&large, "a", "c", |costs| costs.make.user), None);
    }
}
