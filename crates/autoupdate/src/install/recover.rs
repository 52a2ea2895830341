//! What to do about what a dead process left: a pure function of the journal and of what is on the disk.
//!
//! The same function ends every step of a living process too: commit and roll back only write their first record and
//! then do what recovery would do. So there is one order of things, and every start repeats it safely.
//!
//! The rules:
//! - the program is only ever replaced by bytes whose digest the journal names;
//! - finish what had already replaced the program, undo what had not;
//! - the last action makes the journal true: dying before it means that the same plan is made again;
//! - afterwards the private folder holds nothing that nobody will use.

use protocol::Digest;

use super::journal::{Entry, Probation, Progress, RollBackReason, Staged};
use super::place::Recovered;
use super::record::{Kept, Record};
use super::roll_back::RolledBack;

/// A file of ours in the private folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none.
    Absent,
    /// There is one; nobody asked for its digest.
    Unread,
    /// There is a plain file of ours with these bytes, and for the stage: with the program's mode and owner.
    Bytes(Digest),
    /// There is something that we did not put there like this.
    Unsafe,
}

/// What is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disk {
    /// The program's digest; `None` if it is missing.
    pub(super) target: Option<Digest>,
    pub(super) stage: Found,
    pub(super) keep: Found,
    pub(super) previous: Found,
    pub(super) record: Option<Record>,
    /// The journal must be written anew before anything is appended.
    pub(super) torn: bool,
}

/// Files that recovery moves and removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Stage,
    Keep,
    Previous,
}

/// One thing to do. Doing it twice is the same as once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Remove a file.
    Remove(Name),
    /// Rename `keep` to `previous`, over what is there.
    KeepBecomesPrevious,
    /// Check that the file has these bytes, and rename it over the program.
    PutBack(Name, Kept),
    /// Wait until both folders are on the disk.
    Sync,
    /// Store the record.
    Record(Box<Record>),
    /// Store the journal.
    Journal(Vec<Entry>),
}

/// What to do, in this order, and what it amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
    pub(super) outcome: Recovered,
}

/// Decides. See the module's documentation.
pub(super) fn recover(progress: &Progress, disk: &Disk) -> Plan {
    match progress {
        Progress::Nothing => at_rest(disk),
        Progress::Staged { staged, base } => with_stage(staged, *base, disk),
        Progress::Activating(probation) => activating(probation, disk),
        Progress::Probation(probation) => on_probation(probation, disk),
        Progress::Committing(probation) => committing(probation, disk),
        Progress::RollingBack { undone, restored, why } => rolling_back(undone, restored, *why, disk),
    }
}

fn at_rest(disk: &Disk) -> Plan {
    let mut steps = Steps::default();
    steps.remove(Name::Stage, disk.stage).remove(Name::Keep, disk.keep);
    let outcome = if steps.0.is_empty() { Recovered::Nothing } else { Recovered::Undone };
    steps.settle_previous(disk);
    if disk.torn {
        steps.0.push(Action::Journal(Vec::new()));
    }
    Plan { actions: steps.0, outcome }
}

fn with_stage(staged: &Staged, base: Digest, disk: &Disk) -> Plan {
    let mut steps = Steps::default();
    steps.remove(Name::Keep, disk.keep).settle_previous(disk);
    // A stage is an update of the bytes it was made for. On others it might be a step back.
    let outcome = match (disk.target == Some(base), disk.stage == Found::Bytes(staged.sha256)) {
        (true, true) => {
            if disk.torn {
                steps.0.push(Action::Journal(vec![Entry::Staged { staged: staged.clone(), base }]));
            }
            return Plan { actions: steps.0, outcome: Recovered::Nothing };
        }
        (true, false) => Recovered::Undone,
        (false, _) => Recovered::Replaced,
    };
    steps.remove(Name::Stage, disk.stage);
    steps.0.push(Action::Journal(Vec::new()));
    Plan { actions: steps.0, outcome }
}

fn activating(probation: &Probation, disk: &Disk) -> Plan {
    let (from, to) = (&probation.from, &probation.to);
    let is_old = |found: Found| found == Found::Bytes(from.sha256);
    let mut steps = Steps::default();
    if disk.target == Some(to.sha256) && to.sha256 != from.sha256 {
        if is_old(disk.keep) {
            steps.0.push(Action::KeepBecomesPrevious);
        } else {
            steps.remove(Name::Keep, disk.keep);
        }
        steps.remove(Name::Stage, disk.stage);
        // The dead process may not have come to sync what it moved.
        steps.0.push(Action::Sync);
        steps.0.push(Action::Journal(Progress::Probation(probation.clone()).entries()));
        return Plan { actions: steps.0, outcome: Recovered::InProbation(probation.clone()) };
    }
    let mut back = disk.target == Some(from.sha256);
    let mut disk = disk.clone();
    if disk.target.is_none() {
        // Only where the system cannot replace a file in one step, or after somebody removed the program.
        let name = if is_old(disk.keep) {
            Some(Name::Keep)
        } else {
            is_old(disk.previous).then_some(Name::Previous)
        };
        if let Some(name) = name {
            steps.0.extend([Action::PutBack(name, from.clone()), Action::Sync]);
            back = true;
            match name {
                Name::Keep => disk.keep = Found::Absent,
                Name::Previous | Name::Stage => disk.previous = Found::Absent,
            }
        }
    }
    steps.remove(Name::Keep, disk.keep);
    if is_old(disk.previous) && !disk.promises(&from.sha256) {
        // `keep` had its lasting name already; what the record promised under that name is gone.
        if let Some(record) = &mut disk.record {
            record.previous = None;
            steps.0.push(Action::Record(Box::new(record.clone())));
        }
    }
    if back && disk.stage == Found::Bytes(to.sha256) {
        let staged = Progress::Staged { staged: to.clone(), base: from.sha256 };
        steps.settle_previous(&disk);
        steps.0.push(Action::Journal(staged.entries()));
    } else {
        steps.remove(Name::Stage, disk.stage).settle_previous(&disk);
        steps.0.push(Action::Journal(Vec::new()));
    }
    Plan { actions: steps.0, outcome: if back { Recovered::Undone } else { Recovered::Replaced } }
}

fn on_probation(probation: &Probation, disk: &Disk) -> Plan {
    if disk.target != Some(probation.to.sha256) {
        return overtaken(disk, disk.target == Some(probation.from.sha256));
    }
    let mut steps = Steps::default();
    steps.remove(Name::Stage, disk.stage).remove(Name::Keep, disk.keep);
    if disk.torn {
        steps.0.push(Action::Journal(Progress::Probation(probation.clone()).entries()));
    }
    Plan { actions: steps.0, outcome: Recovered::InProbation(probation.clone()) }
}

fn committing(probation: &Probation, disk: &Disk) -> Plan {
    if disk.target != Some(probation.to.sha256) {
        return overtaken(disk, disk.target == Some(probation.from.sha256));
    }
    let mut record = disk.record_or(probation.to.sha256).committed(&probation.from, &probation.to.kept());
    if disk.previous == Found::Absent {
        record.previous = None;
    }
    let mut steps = Steps::default();
    steps.remove(Name::Stage, disk.stage).remove(Name::Keep, disk.keep).record(disk, record);
    steps.0.push(Action::Journal(Vec::new()));
    Plan { actions: steps.0, outcome: Recovered::Finished }
}

fn rolling_back(undone: &Kept, restored: &Kept, why: RollBackReason, disk: &Disk) -> Plan {
    let mut steps = Steps::default();
    let mut previous = disk.previous;
    let mut record = disk.record_or(undone.sha256);
    let outcome = if disk.target == Some(restored.sha256) {
        Some(true)
    } else if disk.target.is_none() || disk.target == Some(undone.sha256) {
        let there = disk.previous == Found::Bytes(restored.sha256);
        if there {
            steps.0.push(Action::PutBack(Name::Previous, restored.clone()));
            previous = Found::Absent;
        }
        Some(there)
    } else {
        None
    };
    let outcome = match outcome {
        Some(true) => {
            // Also when the program was found in place: a dead process may not have come to sync what it moved.
            steps.0.push(Action::Sync);
            record = record.rolled_back(restored);
            if why == RollBackReason::ByPerson {
                record.held.clone_from(&undone.version);
            }
            Recovered::RolledBack(RolledBack { undone: undone.clone(), restored: restored.clone(), why })
        }
        Some(false) => {
            record = record.rolled_back(undone);
            Recovered::CannotRollBack
        }
        None => {
            record.previous = None;
            Recovered::Replaced
        }
    };
    if why == RollBackReason::Bad {
        record = record.with_bad(undone.sha256);
    }
    steps.record(disk, record);
    steps.remove(Name::Previous, previous).remove(Name::Stage, disk.stage).remove(Name::Keep, disk.keep);
    steps.0.push(Action::Journal(Vec::new()));
    Plan { actions: steps.0, outcome }
}

/// Somebody else put other bytes in place of a version on probation. `previous` belongs to that version alone.
fn overtaken(disk: &Disk, is_old: bool) -> Plan {
    let mut steps = Steps::default();
    if let Some(record) = disk.record.clone() {
        steps.record(disk, Record { previous: None, ..record });
    }
    steps.remove(Name::Previous, disk.previous).remove(Name::Stage, disk.stage).remove(Name::Keep, disk.keep);
    steps.0.push(Action::Journal(Vec::new()));
    Plan { actions: steps.0, outcome: if is_old { Recovered::Undone } else { Recovered::Replaced } }
}

impl Disk {
    /// Whether the record says that these bytes are in `previous`.
    fn promises(&self, sha256: &Digest) -> bool {
        let promised = self.record.as_ref().and_then(|record| record.previous.as_ref());
        promised.is_some_and(|kept| kept.sha256 == *sha256)
    }

    fn record_or(&self, sha256: Digest) -> Record {
        self.record.clone().unwrap_or_else(|| Record::new(sha256))
    }
}

#[derive(Default)]
struct Steps(Vec<Action>);

impl Steps {
    fn remove(&mut self, name: Name, found: Found) -> &mut Self {
        if found != Found::Absent {
            self.0.push(Action::Remove(name));
        }
        self
    }

    fn record(&mut self, disk: &Disk, record: Record) -> &mut Self {
        if disk.record.as_ref() != Some(&record) {
            self.0.push(Action::Record(Box::new(record)));
        }
        self
    }

    /// At rest, `previous` is what the record says, or it is not there.
    fn settle_previous(&mut self, disk: &Disk) -> &mut Self {
        match &disk.record {
            Some(record) if record.previous.is_some() => {
                if disk.previous == Found::Absent {
                    self.record(disk, Record { previous: None, ..record.clone() });
                }
                self
            }
            Some(_) | None => self.remove(Name::Previous, disk.previous),
        }
    }
}

#[cfg(test)]
#[path = "recover_tests.rs"]
mod tests;
