//! The power is cut at every step that changes the disk, at once and after the file system wrote its log by itself, on
//! real file systems.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use autoupdate_tests::sweep::{
    Call, Disk, Ended, Fault, Kind, Scenario, Scene, Snapshot, Sweep, Template, XfsInterval,
    around_the_exchange,
};
use autoupdate_tests::{exhaustive, poll_until};

/// The disks that are in flight together. Most of them only wait.
const AT_ONCE: usize = 40;

/// How long a disk that is cut late goes on by itself. A second is the interval; a busy machine is later than that.
const LATE: Duration = Duration::from_secs(4);

/// How often a late cut is tried again, each time later, if the log had not been written by then.
const TRIES: u32 = 3;

struct Point<'a> {
    kind: Kind,
    template: &'a Template,
    /// `None`: when all is done.
    call: Option<&'a Call>,
    late: bool,
}

#[test]
fn at_every_step_on_every_file_system() -> Result<()> {
    if super::no_strace("power-cut")? || super::no_disks("power-cut")? {
        return Ok(());
    }
    let _interval = XfsInterval::shorten()?;
    let mut sweep = Sweep::begin("power cuts");
    let mut again = Sweep::begin("power cuts of the recovery");
    for scenario in Scenario::ALL {
        let begin = scenario.prepared()?;
        cuts(&mut sweep, &begin, &scenario, |scene| scenario.words(scene))?;
        // A death just before the program is replaced, and one just after; then the power is cut in the recovery.
        let often = [Scenario::NEXT.name, Scenario::BY_PERSON.name].contains(&scenario.name);
        if often || exhaustive() {
            for state in around_the_exchange(&begin, &scenario)? {
                cuts(&mut again, &state, &scenario, Scene::recover)?;
            }
        }
    }
    sweep.end().and(again.end())
}

fn cuts(
    sweep: &mut Sweep,
    begin: &Snapshot,
    scenario: &Scenario,
    words: impl Fn(&Scene) -> Vec<String> + Sync,
) -> Result<()> {
    let calls = Call::all(&words(&Scene::from(begin, scenario)?), scenario.without_links)?;
    let calls = calls.iter().filter(|call| call.changes_the_disk());
    let calls: Vec<_> = calls.filter(|call| !scenario.without_links || call.name != "linkat").collect();
    let templates = Kind::ALL
        .into_iter()
        .map(|kind| Ok((kind, Template::of(kind, begin, scenario)?)))
        .collect::<Result<Vec<_>>>()?;
    let mut points = Vec::new();
    for (kind, template) in &templates {
        let ends = calls.iter().map(|call| Some(*call)).chain([None]);
        points.extend(
            ends.flat_map(|call| [true, false].map(|late| Point { kind: *kind, template, call, late })),
        );
    }
    // Those that wait come first: the others fill the time.
    points.sort_by_key(|point| !point.late);
    let name = |point: &Point| {
        let when =
            point.call.map_or("when all was done".to_owned(), |call| format!("at {}", call.describe()));
        let late = if point.late { ", late" } else { "" };
        format!("{}, {}, cut {when}{late}", point.kind.name(), scenario.name)
    };
    sweep.each(&points, Some(AT_ONCE), name, |point| cut(point, scenario, &words));
    Ok(())
}

fn cut(point: &Point, scenario: &Scenario, words: impl Fn(&Scene) -> Vec<String>) -> Result<()> {
    for number in 1..=TRIES {
        let mut disk = Disk::from(point.template)?;
        let scene = disk.scene();
        match point.call {
            Some(call) => {
                Ended::of(&words(&scene), scenario.without_links, &[(Fault::Kill, call)])?.died()?;
            }
            None => drop(Ended::of(&words(&scene), scenario.without_links, &[])?.did_or_said_why()?),
        }
        let marker = disk.place().join("marker");
        if point.late {
            std::fs::write(&marker, "")?;
            let end = Instant::now() + LATE * number;
            poll_until("the file system's own interval", || (Instant::now() >= end).then_some(()))?;
        }
        disk.cut()?;
        // Nobody synced it: if it is there, the file system wrote its log by itself.
        if point.late && !marker.exists() {
            continue;
        }
        return scenario.law(&scene).after_the_next_start();
    }
    bail!("the file system did not write its log within {:?}", LATE * TRIES)
}
