//! Recovery on a model of the disk: a process dies after every single step, recovery dies after every single action,
//! and the next one still brings everything to an end.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use protocol::{Health, Version};

use super::*;

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn old() -> Kept {
    Kept { sha256: digest("old"), length: 3, version: Some(Version::parse("1.0.0").unwrap()) }
}

fn older() -> Kept {
    Kept { sha256: digest("older"), length: 5, version: None }
}

fn new() -> Staged {
    Staged { version: Version::parse("2.0.0").unwrap(), sha256: digest("new"), length: 3 }
}

/// The disk: which bytes lie under which name, and what the journal adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct World {
    target: Option<Digest>,
    stage: Option<Digest>,
    keep: Option<Digest>,
    previous: Option<Digest>,
    record: Option<Record>,
    journal: Vec<Entry>,
    torn: bool,
}

/// What the living process does, one change of the disk each.
#[derive(Debug, Clone)]
enum Step {
    WriteStage,
    Journal(Entry),
    Keep,
    Replace,
    KeepBecomesPrevious,
}

impl World {
    fn before() -> Self {
        let record = Record { version: old().version, previous: Some(older()), ..Record::new(old().sha256) };
        Self {
            target: Some(old().sha256),
            stage: None,
            keep: None,
            previous: Some(older().sha256),
            record: Some(record),
            journal: Vec::new(),
            torn: false,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::WriteStage => self.stage = Some(new().sha256),
            Step::Journal(entry) => self.journal.push(entry.clone()),
            Step::Keep => self.keep = self.target,
            Step::Replace => self.target = self.stage.take(),
            Step::KeepBecomesPrevious => self.previous = self.keep.take(),
        }
    }

    fn progress(&self) -> Progress {
        Progress::of(&self.journal)
    }

    /// As `Ground::look` does.
    fn disk(&self) -> Disk {
        let found = |there: Option<Digest>, expected: Option<Digest>| match (there, expected) {
            (None, _) => Found::Absent,
            (Some(_), None) => Found::Unread,
            (Some(there), Some(expected)) if there == expected => Found::Bytes(there),
            (Some(_), Some(_)) => Found::Unsafe,
        };
        let (stage, old, back) = match self.progress() {
            Progress::Nothing | Progress::Probation(_) | Progress::Committing(_) => (None, None, None),
            Progress::Staged { staged, .. } => (Some(staged.sha256), None, None),
            Progress::Activating(p) => (Some(p.to.sha256), Some(p.from.sha256), Some(p.from.sha256)),
            Progress::RollingBack { restored, .. } => (None, None, Some(restored.sha256)),
        };
        Disk {
            target: self.target,
            stage: found(self.stage, stage),
            keep: found(self.keep, old),
            previous: found(self.previous, back),
            record: self.record.clone(),
            torn: self.torn,
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Remove(name) => *self.file(*name) = None,
            Action::KeepBecomesPrevious => self.previous = self.keep.take(),
            Action::PutBack(name, kept) => {
                let file = self.file(*name).take();
                assert_eq!(file, Some(kept.sha256), "the check before the rename would refuse it");
                self.target = file;
            }
            Action::Sync => {}
            Action::Record(record) => self.record = Some((**record).clone()),
            Action::Journal(entries) => (self.journal, self.torn) = (entries.clone(), false),
        }
    }

    fn file(&mut self, name: Name) -> &mut Option<Digest> {
        match name {
            Name::Stage => &mut self.stage,
            Name::Keep => &mut self.keep,
            Name::Previous => &mut self.previous,
        }
    }

    fn recover(&mut self) -> Recovered {
        let plan = recover(&self.progress(), &self.disk());
        for action in &plan.actions {
            self.act(action);
            self.check_whole(&plan);
        }
        plan.outcome
    }

    fn check_whole(&self, context: &Plan) {
        assert!([Some(old().sha256), Some(new().sha256)].contains(&self.target), "{self:?} {context:?}");
    }

    /// Nothing lies about that nobody will use, and nothing is missing that is promised.
    fn check_settled(&self) {
        let plan = recover(&self.progress(), &self.disk());
        assert_eq!(plan.actions, [], "a second start finds nothing to do: {self:?}");
        assert_eq!(self.keep, None, "{self:?}");
        let promised =
            self.record.as_ref().and_then(|record| record.previous.as_ref()).map(|kept| kept.sha256);
        match self.progress() {
            Progress::Nothing => {
                assert_eq!((self.stage, self.previous), (None, promised), "{self:?}");
                assert!(self.journal.is_empty());
            }
            Progress::Staged { staged, base } => {
                assert_eq!((self.stage, self.target), (Some(staged.sha256), Some(base)), "{self:?}");
                assert_eq!(self.previous, promised, "{self:?}");
            }
            Progress::Probation(p) => {
                assert_eq!((self.stage, self.target), (None, Some(p.to.sha256)), "{self:?}");
                assert_eq!(self.previous, Some(p.from.sha256), "{self:?}");
            }
            Progress::Activating(_) | Progress::Committing(_) | Progress::RollingBack { .. } => {
                panic!("still in progress: {self:?}")
            }
        }
    }
}

fn health() -> Health {
    Health::Confirm(Duration::from_secs(60))
}

fn activation() -> Vec<Step> {
    let at = Timestamp::from_second(1_700_000_000).unwrap();
    vec![
        Step::WriteStage,
        Step::Journal(Entry::Staged { staged: new(), base: old().sha256 }),
        Step::Journal(Entry::Activating { from: old(), to: new(), health: health(), at }),
        Step::Keep,
        Step::Replace,
        Step::KeepBecomesPrevious,
        Step::Journal(Entry::Activated),
        Step::Journal(Entry::Started { at }),
        Step::Journal(Entry::Confirmed { sha256: new().sha256 }),
    ]
}

fn with(last: Entry) -> Vec<Step> {
    let mut steps = activation();
    steps.push(Step::Journal(last));
    steps
}

fn rolling_back(why: RollBackReason) -> Entry {
    Entry::RollingBack { undone: new().kept(), restored: old(), why }
}

/// Every world that a death can leave: after each step, and with the next record torn.
fn deaths(steps: &[Step]) -> Vec<World> {
    let mut worlds = Vec::new();
    let mut world = World::before();
    for count in 0..=steps.len() {
        if let Some(Step::Journal(_)) = steps.get(count) {
            worlds.push(World { torn: true, ..world.clone() });
        }
        worlds.push(world.clone());
        if let Some(step) = steps.get(count) {
            world.step(step);
        }
    }
    worlds
}

#[test]
fn whatever_dies_when_the_next_start_brings_it_to_an_end() {
    let mut points = 0;
    for steps in [
        with(Entry::Committing),
        with(rolling_back(RollBackReason::Bad)),
        with(rolling_back(RollBackReason::ByPerson)),
    ] {
        for dead in deaths(&steps) {
            let actions = recover(&dead.progress(), &dead.disk()).actions;
            for survived in 0..=actions.len() {
                let mut world = dead.clone();
                actions.iter().take(survived).for_each(|action| world.act(action));
                world.recover();
                world.check_settled();
                points += 1;
            }
        }
    }
    assert!(points > 100, "{points} points");
}

#[test]
fn what_had_replaced_the_program_stays_what_had_not_goes() {
    for dead in deaths(&activation()) {
        let mut world = dead.clone();
        let outcome = world.recover();
        assert_eq!(world.target, dead.target, "{dead:?}");
        let expected = match (dead.progress(), dead.target == Some(new().sha256)) {
            (Progress::Nothing, _) if dead.stage.is_none() => "nothing",
            (Progress::Staged { .. }, _) => "nothing",
            (_, false) => "undone",
            (_, true) => "probation",
        };
        let outcome = match outcome {
            Recovered::Nothing => "nothing",
            Recovered::Undone => "undone",
            Recovered::InProbation(_) => "probation",
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome, expected, "{dead:?}");
    }
}

#[test]
fn a_death_before_the_rename_keeps_the_stage() {
    let mut world = World::before();
    activation().iter().take(4).for_each(|step| world.step(step));
    assert_eq!(world.recover(), Recovered::Undone);
    assert!(matches!(world.progress(), Progress::Staged { .. }));
}

#[test]
fn the_ends_are_written_into_the_record() {
    let end = |last| {
        let mut world = World::before();
        with(last).iter().for_each(|step| world.step(step));
        world.recover();
        (world.target.unwrap(), world.record.unwrap())
    };
    let (target, record) = end(Entry::Committing);
    assert_eq!((target, record.sha256), (new().sha256, new().sha256));
    assert_eq!((record.floor, record.previous), (Some(new().version), Some(old())));
    let (target, record) = end(rolling_back(RollBackReason::Bad));
    assert_eq!((target, record.sha256, record.bad), (old().sha256, old().sha256, vec![new().sha256]));
    assert_eq!((record.floor, record.previous, record.held), (None, None, None));
    let (target, record) = end(rolling_back(RollBackReason::ByPerson));
    assert_eq!((target, record.bad, record.held), (old().sha256, vec![], Some(new().version)));
}

#[test]
fn without_a_way_to_replace_in_one_step_the_old_bytes_come_back() {
    // Where a running program must be moved aside first, a death may leave its place empty.
    let mut world = World::before();
    activation().iter().take(4).for_each(|step| world.step(step));
    world.target = None;
    assert_eq!(world.recover(), Recovered::Undone);
    assert_eq!(world.target, Some(old().sha256));
    world.check_settled();

    let mut world = World::before();
    with(rolling_back(RollBackReason::Bad)).iter().for_each(|step| world.step(step));
    world.target = None;
    assert!(matches!(world.recover(), Recovered::RolledBack(_)));
    world.check_settled();
}

#[test]
fn bytes_from_elsewhere_void_what_was_in_progress() {
    for mut world in deaths(&with(rolling_back(RollBackReason::Bad))) {
        world.target = Some(digest("from elsewhere"));
        let plan = recover(&world.progress(), &world.disk());
        plan.actions.iter().for_each(|action| world.act(action));
        assert_eq!(world.target, Some(digest("from elsewhere")), "{plan:?}");
        world.check_settled();
        assert!(matches!(world.progress(), Progress::Nothing));
    }
}

#[test]
fn damaged_previous_bytes_are_never_put_back() {
    let mut world = World::before();
    with(rolling_back(RollBackReason::Bad)).iter().for_each(|step| world.step(step));
    world.previous = Some(digest("damaged"));
    assert_eq!(world.recover(), Recovered::CannotRollBack);
    assert_eq!((world.target, world.previous), (Some(new().sha256), None));
    assert_eq!(world.record.clone().unwrap().bad, [new().sha256]);
    world.check_settled();
}

fn any_file() -> impl Strategy<Value = Option<Digest>> {
    proptest::sample::select(vec![
        None,
        Some(digest("old")),
        Some(digest("new")),
        Some(digest("older")),
        Some(digest("damaged")),
    ])
}

prop_compose! {
    /// Any disk under any journal, also such as no death could leave.
    fn any_world()(
        target in any_file(),
        stage in any_file(),
        keep in any_file(),
        previous in any_file(),
        with_record in any::<bool>(),
        torn in any::<bool>(),
        picks in proptest::collection::vec(0..13_usize, 0..16),
    ) -> World {
        let mut all = with(Entry::Committing);
        all.push(Step::Journal(rolling_back(RollBackReason::Bad)));
        all.push(Step::Journal(rolling_back(RollBackReason::Recalled)));
        all.push(Step::Journal(Entry::RollingBack { undone: old(), restored: older(), why: RollBackReason::ByPerson }));
        let entries = picks.iter().filter_map(|pick| match all.get(*pick) {
            Some(Step::Journal(entry)) => Some(entry.clone()),
            _ => None,
        });
        let record = World::before().record.filter(|_| with_record);
        World { target, stage, keep, previous, record, journal: entries.collect(), torn }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_disk_comes_to_rest_and_the_program_is_never_lost(world in any_world()) {
        let mut after = world.clone();
        let plan = recover(&world.progress(), &world.disk());
        for action in &plan.actions {
            after.act(action);
            prop_assert!(after.target.is_some() || world.target.is_none(), "{:?}", plan);
        }
        let again = recover(&after.progress(), &after.disk());
        prop_assert_eq!(&again.actions, &vec![], "{:?}", plan);
        prop_assert_eq!(after.keep, None);
        // The program is only replaced by bytes that the journal names as the old ones.
        if after.target != world.target {
            let named = match world.progress() {
                Progress::Activating(p) => Some(p.from.sha256),
                Progress::RollingBack { restored, .. } => Some(restored.sha256),
                _ => None,
            };
            prop_assert_eq!(after.target, named);
        }
    }

    #[test]
    fn a_recovery_that_dies_is_finished_by_the_next(world in any_world(), cut in 0..12_usize) {
        let mut straight = world.clone();
        let plan = recover(&world.progress(), &world.disk());
        plan.actions.iter().for_each(|action| straight.act(action));
        let mut broken = world.clone();
        plan.actions.iter().take(cut).for_each(|action| broken.act(action));
        let rest = recover(&broken.progress(), &broken.disk());
        rest.actions.iter().for_each(|action| broken.act(action));
        prop_assert_eq!(broken, straight);
    }
}
