//! What we promise against each rival, and whether it is kept.

use super::figures::{Row, large, ratio, share, times_smaller};
use super::rivals::{BSDIFF, HDIFFZ, XDELTA, ZSTD, ZUCCHINI};
use super::tool::Costs;

/// Our best format, and BSDIFF40 made by us, as tools.
pub(super) const OURS: &str = "ours";
pub(super) const OURS_BSDIFF40: &str = "ours bsdiff40";

/// Aims against one rival: a size in times smaller, the rest as the largest share of what the rival needs.
struct Aim {
    rival: &'static str,
    smaller: f64,
    /// On every single pair.
    largest: f64,
    make_time: f64,
    make_memory: f64,
    apply_time: f64,
    apply_memory: f64,
}

const AIMS: &[Aim] = &[
    aim(BSDIFF, 2.4, 1.0, [0.5, 1.1, 0.5, 0.3]),
    aim(HDIFFZ, 1.9, 1.0, [3.0, 2.0, 2.5, 3.0]),
    aim(ZSTD, 3.2, 1.0, [0.7, 0.8, 4.0, 0.5]),
    aim(XDELTA, 4.3, 1.0, [2.5, 1.5, 1.2, 0.5]),
    aim(ZUCCHINI, 1.65, 1.01, [0.7, 0.75, 0.8, 0.25]),
];

const fn aim(rival: &'static str, smaller: f64, largest: f64, costs: [f64; 4]) -> Aim {
    let [make_time, make_memory, apply_time, apply_memory] = costs;
    Aim { rival, smaller, largest, make_time, make_memory, apply_time, apply_memory }
}

/// Without these a patch is not good enough.
const SMALLER: &[(&str, f64)] = &[(BSDIFF, 2.2), (HDIFFZ, 1.8), (ZUCCHINI, 1.5)];
/// At most so much of the smallest patch that any rival makes of a pair.
const OF_THE_BEST: f64 = 1.03;
/// At most so much of bsdiff's time for making; of its time and size where the format is its own.
const OF_BSDIFF: f64 = 1.0;
const BSDIFF40_OF_BSDIFF: f64 = 0.35;
/// The most memory for applying any patch to a file of up to 100 MB, in bytes.
const APPLY_MEMORY: u64 = 64 << 20;

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) promise: String,
    pub(super) measured: String,
    /// `None`: it was not measured.
    pub(super) met: Option<bool>,
}

impl Verdict {
    /// As it stands in a table.
    pub(super) fn word(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        }
    }
}

/// The aims against each rival: size, every pair, time and memory of making, time and memory of applying.
pub(super) fn aims(rows: &[&Row]) -> Vec<(&'static str, Vec<Verdict>)> {
    AIMS.iter().map(|aim| (aim.rival, against(rows, aim))).collect()
}

fn against(rows: &[&Row], aim: &Aim) -> Vec<Verdict> {
    let large = large(rows);
    let cost = |most: f64, of: &dyn Fn(&Costs) -> u64| at_most("", share(&large, OURS, aim.rival, of), most);
    let mut apply_time = cost(aim.apply_time, &|costs| costs.apply.user);
    // So short a time is divided between program and kernel by the ticks of a clock; their sum is exact.
    if let Some(whole) = share(&large, OURS, aim.rival, |costs| costs.apply.user + costs.apply.system) {
        apply_time.measured += &format!(" ({} with the kernel's)", times(whole));
    }
    vec![
        at_least("", times_smaller(rows, OURS, aim.rival), aim.smaller),
        on_every_pair("", rows, &[aim.rival], aim.largest),
        cost(aim.make_time, &|costs| costs.make.user),
        cost(aim.make_memory, &|costs| costs.make.rss),
        apply_time,
        cost(aim.apply_memory, &|costs| costs.apply.rss),
    ]
}

/// What must hold.
pub(super) fn gates(rows: &[&Row]) -> Vec<Verdict> {
    let large = large(rows);
    let mut gates: Vec<Verdict> = SMALLER
        .iter()
        .map(|(rival, least)| {
            let promise = format!("patches smaller than {rival}'s, geometric mean: ");
            at_least(&promise, times_smaller(rows, OURS, rival), *least)
        })
        .collect();
    let rivals: Vec<&str> = AIMS.iter().map(|aim| aim.rival).collect();
    let promise = "on every pair, of the best rival's patch: ";
    gates.push(on_every_pair(promise, rows, &rivals, OF_THE_BEST));
    let make = |costs: &Costs| costs.make.user;
    gates.push(at_most("user time of making, of bsdiff's: ", share(&large, OURS, BSDIFF, make), OF_BSDIFF));
    gates.push(apply_memory(rows));
    let size = times_smaller(rows, BSDIFF, OURS_BSDIFF40);
    gates.push(at_most("our BSDIFF40 patches, of bsdiff's, geometric mean: ", size, 1.0));
    let promise = "user time of making BSDIFF40, of bsdiff's: ";
    gates.push(at_most(promise, share(&large, OURS_BSDIFF40, BSDIFF, make), BSDIFF40_OF_BSDIFF));
    gates
}

fn apply_memory(rows: &[&Row]) -> Verdict {
    let most = rows.iter().filter_map(|row| row.costs(OURS)).map(|costs| costs.apply.rss).max();
    Verdict {
        promise: format!("memory of applying: at most {} MiB", APPLY_MEMORY >> 20),
        measured: most.map_or("-".into(), |most| format!("{:.1} MiB", ratio(most, 1 << 20))),
        met: most.map(|most| most <= APPLY_MEMORY),
    }
}

/// How the worst pair stands to the best of the rivals.
fn on_every_pair(promise: &str, rows: &[&Row], rivals: &[&str], most: f64) -> Verdict {
    let best = |row: &Row| rivals.iter().filter_map(|rival| row.patch(rival)).min();
    let worst = rows
        .iter()
        .filter_map(|row| Some((ratio(row.patch(OURS)?, best(row)?), row.pair.label.as_str())))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let mut verdict = at_most(promise, worst.map(|(share, _)| share), most);
    if let Some((_, label)) = worst {
        verdict.measured += &format!(" ({label})");
    }
    verdict
}

fn at_most(promise: &str, found: Option<f64>, most: f64) -> Verdict {
    Verdict {
        promise: format!("{promise}≤ {most}×"),
        measured: found.map_or("-".into(), times),
        met: found.map(|found| found <= most),
    }
}

fn at_least(promise: &str, found: Option<f64>, least: f64) -> Verdict {
    Verdict {
        promise: format!("{promise}≥ {least}×"),
        measured: found.map_or("-".into(), times),
        met: found.map(|found| found >= least),
    }
}

fn times(ratio: f64) -> String {
    format!("{ratio:.3}×")
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::row;
    use super::*;
    use crate::corpus::Language::{Go, Native};

    const MB: u64 = 1_000_000;

    fn met(verdicts: &[Verdict]) -> Vec<Option<bool>> {
        verdicts.iter().map(|verdict| verdict.met).collect()
    }

    #[test]
    fn aims_are_met_up_to_their_last_unit() {
        let check = |ours: (u64, u64), expected: [bool; 6]| {
            let row = row(30 * MB, Native, &[(OURS, ours.0, ours.1), (BSDIFF, 240, 1000)]);
            let all = aims(&[&row]);
            let (rival, verdicts) = all.first().unwrap();
            assert_eq!((*rival, met(verdicts)), (BSDIFF, expected.map(Some).to_vec()), "{verdicts:?}");
        };
        check((100, 300), [true; 6]);
        check((101, 301), [false, true, true, true, true, false]);
        check((241, 1101), [false; 6]);
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let row = row(30 * MB, Go, &[(OURS, 100, 1)]);
        assert!(gates(&[&row]).iter().filter(|gate| gate.met.is_none()).count() == 7);
        assert!(aims(&[&row]).iter().all(|(_, verdicts)| met(verdicts) == [None; 6]));
    }

    #[test]
    fn the_worst_pair_is_named() {
        let rows = [
            row(1, Go, &[(OURS, 103, 1), (BSDIFF, 300, 1), (ZUCCHINI, 100, 1)]),
            row(2, Go, &[(OURS, 100, 1), (BSDIFF, 300, 1)]),
        ];
        let rows: Vec<&Row> = rows.iter().collect();
        let found = on_every_pair("", &rows, &[BSDIFF, ZUCCHINI], OF_THE_BEST);
        assert_eq!((found.met, found.measured.as_str()), (Some(true), "1.030× (program-1:1-2)"));
        assert_eq!(on_every_pair("", &rows, &[ZUCCHINI], 1.02).met, Some(false));
    }

    #[test]
    fn memory_of_applying_is_judged_in_bytes_and_on_every_pair() {
        let check = |bytes: u64, expected: bool| {
            let (small, large) = (row(1, Go, &[(OURS, 1, 1)]), row(9, Go, &[(OURS, 1, bytes)]));
            assert_eq!(apply_memory(&[&small, &large]).met, Some(expected), "{bytes}");
        };
        check(64 << 20, true);
        check((64 << 20) + 1, false);
    }
}
