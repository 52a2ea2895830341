//! Reads what a test executable prints.

use std::collections::BTreeSet;

use super::Skip;

/// The reason of a test that another test starts in a process of its own: it runs, so it is no skip.
const RUN_BY: &str = "run by ";

/// In every line that tells how many points a sweep tried.
const FIGURE: &str = " points, failures ";

/// What one executable said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Tests that ended well, those included that only said `SKIP`.
    pub(super) ok: usize,
    /// Names of failed tests.
    pub(super) failed: Vec<String>,
    /// Ignored tests, and those that said `SKIP`.
    pub(super) skips: Vec<Skip>,
    /// Tests that ended well but said `SKIP`: they proved nothing, or not everything.
    hollow: BTreeSet<String>,
    /// How far the sweeps went: lines that are worth showing when all went well, too.
    pub(super) figures: Vec<String>,
    /// The summary line was there: the executable came to its end.
    pub(super) complete: bool,
}

/// The names that `--list --format terse` prints.
pub(super) fn names(list: &str) -> Vec<String> {
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// Reads the output of a run with `--show-output`.
pub(super) fn read(text: &str) -> Said {
    let mut said = Said::default();
    let mut speaker = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("SKIP ") {
            let (name, reason) = rest.split_once(": ").unwrap_or((rest, ""));
            said.skip(name, reason);
            said.hollow.insert(speaker.unwrap_or(name).to_owned());
        } else if line.contains(FIGURE) {
            said.figures.push(line.to_owned());
        } else if let Some(rest) = line.strip_prefix("---- ") {
            speaker = rest.strip_suffix(" stdout ----");
        } else if line.starts_with("test result: ") {
            said.complete = true;
        } else if let Some((name, result)) =
            line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
        {
            if result == "ok" {
                said.ok += 1;
            } else if let Some(reason) = result.strip_prefix("ignored") {
                let reason = reason.trim_start_matches(", ");
                if !reason.starts_with(RUN_BY) {
                    said.skip(name, reason);
                }
            } else if result.starts_with("FAILED") {
                said.failed.push(without_should_panic(name));
            }
        }
    }
    said
}

/// libtest marks such tests in their line.
fn without_should_panic(name: &str) -> String {
    name.strip_suffix(" - should panic").unwrap_or(name).to_owned()
}

impl Said {
    fn skip(&mut self, name: &str, reason: &str) {
        let (name, reason) = (name.trim().to_owned(), reason.trim().to_owned());
        if !self.skips.iter().any(|skip| skip.name == name) {
            self.skips.push(Skip { name, reason });
        }
    }

    /// Tests that passed and ran whole.
    pub(super) fn passed(&self) -> usize {
        self.ok.saturating_sub(self.hollow.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "
running 5 tests
test a::one ... ok
test a::two ... FAILED
test a::three ... ignored, needs a second disk
test a::four ... ok
test a::five - should panic ... ok
test a::six ... ignored, run by a::five with an environment of its own

successes:

---- a::four stdout ----
a sweep: 412 points, failures 0, 1.5 s
SKIP a::four: no tinyproxy on this machine
SKIP a::four with a password: no tinyproxy on this machine

failures:
    a::two

test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn a_whole_run_is_read() {
        let said = read(RUN);
        assert!(said.complete);
        assert_eq!(said.failed, ["a::two"]);
        let skip = |name: &str, reason: &str| Skip { name: name.into(), reason: reason.into() };
        let skips = [
            skip("a::three", "needs a second disk"),
            skip("a::four", "no tinyproxy on this machine"),
            skip("a::four with a password", "no tinyproxy on this machine"),
        ];
        assert_eq!(said.skips, skips);
        assert_eq!(said.figures, ["a sweep: 412 points, failures 0, 1.5 s"]);
        assert_eq!(said.passed(), 2, "one and five; four skipped, twice");
    }

    #[test]
    fn a_run_that_was_cut_is_not_complete() {
        assert!(!read("running 1 test\n").complete);
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(names("a::b: test\nc: benchmark\nd: test\n"), ["a::b", "d"]);
    }
}
