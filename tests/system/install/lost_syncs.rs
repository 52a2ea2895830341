//! One sync after the other does nothing and says that it has, and then the power is cut: whether each is needed, and
//! whether these tests would see it if it were missing. Nothing in the code is changed for that.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::sweep::{Call, Disk, Ended, Fault, Kind, Scenario, Scene, Sweep, Template};

/// Where a lost sync of a *file* shows: ext4 as usually mounted writes the bytes anyway when it is renamed.
const KINDS: [Kind; 2] = [Kind::Xfs, Kind::Ext4Bare];

/// What a folder of ours is called in the name of a sync.
const FOLDERS: [&str; 2] = [": apps ", ": .app.autoupdate "];

/// Syncs of files whose loss no power cut shows, and why that is no fault. A lost sync of a *folder* never shows: both file
/// systems keep the changes of all folders in one log and in order, so the next sync of anything takes them along.
const UNSEEN: [(&str, &str); 3] = [
    (
        "app 1",
        "the old bytes: here they are on the disk from the start; without that, see the last test of this file",
    ),
    ("journal 2", "`activated`: without it `activating` stands, and the next start comes to the same end"),
    ("journal 3", "`committing`: without it the version is on probation again, and is committed again"),
];

struct Point<'a> {
    template: &'a Template,
    /// The sync that is lost: `stage 1` is the first of the file `stage`.
    lost: String,
    sync: &'a Call,
    /// Where the power is cut. `None`: when all is done.
    end: Option<&'a Call>,
}

#[test]
fn a_lost_sync_of_a_file_is_seen_and_one_of_a_folder_makes_no_liar() -> Result<()> {
    if super::no_strace("lost-syncs")? || super::no_disks("lost-syncs")? {
        return Ok(());
    }
    let mut sweep = Sweep::begin("lost syncs");
    let mut seen: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    for scenario in [Scenario::NEXT, Scenario::COPYING, Scenario::BY_PERSON] {
        let begin = scenario.prepared()?;
        let calls = Call::all(&scenario.words(&Scene::from(&begin, &scenario)?), scenario.without_links)?;
        for kind in KINDS {
            let template = Template::of(kind, &begin, &scenario)?;
            let points = points(&calls, &template);
            let name = |point: &Point| format!("{}, {}, lost: {}", kind.name(), scenario.name, point.lost);
            for (lost, broken) in sweep.each(&points, Some(24), name, |point| play(point, &scenario)) {
                let all = seen.entry((format!("{}: {lost}", scenario.name), kind.name())).or_default();
                all.extend(broken);
            }
        }
    }
    sweep.end()?;
    for ((lost, kind), broken) in &seen {
        let folder = FOLDERS.iter().any(|folder| lost.contains(folder));
        let unseen = UNSEEN.iter().any(|(sync, _)| lost.ends_with(&format!(": {sync}")));
        if folder || unseen {
            ensure!(broken.is_empty(), "{kind}, {lost} is lost: {broken:?}");
        } else {
            ensure!(!broken.is_empty(), "{kind}, {lost} is lost, and no power cut shows it");
        }
    }
    let shown = seen.values().filter(|broken| !broken.is_empty()).count();
    println!("lost syncs: {shown} of {} were seen, all of them of files", seen.len());
    Ok(())
}

/// For each sync: the power is cut whenever something else became lasting after it, and at the end.
fn points<'a>(calls: &'a [Call], template: &'a Template) -> Vec<Point<'a>> {
    let mut points = Vec::new();
    let mut numbers = BTreeMap::new();
    for (at, sync) in calls.iter().enumerate() {
        let Some(file) = sync.syncs() else { continue };
        let number = numbers.entry(file).or_insert(0);
        *number += 1;
        let later =
            calls[at..].windows(2).filter(|pair| pair[0].syncs().is_some() && pair[1].syncs().is_none());
        for end in later.map(|pair| Some(&pair[1])).chain([None]) {
            points.push(Point { template, lost: format!("{file} {number}"), sync, end });
        }
    }
    points
}

/// What the cut broke, if anything.
fn play(point: &Point, scenario: &Scenario) -> Result<(String, Option<String>)> {
    let mut disk = Disk::from(point.template)?;
    let scene = disk.scene();
    let lie = (Fault::Lie, point.sync);
    let kill = point.end.map(|call| (Fault::Kill, call));
    let faults: Vec<_> = [lie].into_iter().chain(kill).collect();
    let ended = Ended::of(&scenario.words(&scene), scenario.without_links, &faults)?;
    match point.end {
        Some(_) => ended.died()?,
        None => drop(ended.did_or_said_why()?),
    }
    disk.cut()?;
    let broken = scenario.law(&scene).after_the_next_start().err();
    Ok((point.lost.clone(), broken.map(|error| format!("{error:#}"))))
}

/// A sync that fails, and says so: what the verb takes back then must not rely on what was never stored.
#[test]
fn a_failed_sync_and_then_a_power_cut() -> Result<()> {
    if super::no_strace("failed-syncs")? || super::no_disks("failed-syncs")? {
        return Ok(());
    }
    let mut sweep = Sweep::begin("failed syncs and power cuts");
    for scenario in Scenario::ALL {
        let begin = scenario.prepared()?;
        let calls = Call::all(&scenario.words(&Scene::from(&begin, &scenario)?), scenario.without_links)?;
        let syncs: Vec<&Call> = calls.iter().filter(|call| call.syncs().is_some()).collect();
        for kind in Kind::ALL {
            let template = Template::of(kind, &begin, &scenario)?;
            let name =
                |call: &&Call| format!("{}, {}, {} fails", kind.name(), scenario.name, call.describe());
            sweep.each(&syncs, None, name, |call| {
                let mut disk = Disk::from(&template)?;
                let scene = disk.scene();
                let fault = (Fault::Errno("EIO"), *call);
                let ended = Ended::of(&scenario.words(&scene), scenario.without_links, &[fault])?;
                ensure!(!ended.did_or_said_why()?, "it did not notice");
                disk.cut()?;
                scenario.law(&scene).after_an_error().with_context(|| ended.said.clone())
            });
        }
    }
    sweep.end()
}

/// A program that was installed a moment ago is not on the disk yet. Once another is in its place, the old bytes that the
/// journal and the record promise must be.
#[test]
fn the_old_bytes_are_kept_although_nobody_had_synced_them() -> Result<()> {
    if super::no_disks("unsynced-old-bytes")? {
        return Ok(());
    }
    let mut sweep = Sweep::begin("unsynced old bytes");
    let scenario = Scenario::FIRST;
    sweep.each(
        &Kind::ALL,
        None,
        |kind| kind.name().to_owned(),
        |kind| {
            let mut disk = Disk::from(&Template::of(*kind, &scenario.prepared()?, &scenario)?)?;
            let scene = disk.scene();
            let fresh = scene.program().with_extension("fresh");
            // Not a copy: xfs would share the bytes that are on the disk already.
            std::fs::write(&fresh, std::fs::read(scene.program())?)?;
            let facts = std::fs::metadata(scene.program())?;
            std::fs::set_permissions(&fresh, facts.permissions())?;
            std::os::unix::fs::chown(&fresh, Some(facts.uid()), Some(facts.gid()))?;
            std::fs::rename(&fresh, scene.program())?;
            ensure!(Ended::of(&scenario.words(&scene), false, &[])?.did_or_said_why()?, "the update failed");
            disk.cut()?;
            scenario.law(&scene).after_the_next_start()
        },
    );
    sweep.end()
}
