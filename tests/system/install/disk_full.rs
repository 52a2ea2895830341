//! The disk is full, but for so many pages or so many files: 0, 1, 2, and so on until an update finds room.

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::sweep::{Ended, Narrow, Scarce, Scenario, Sweep, steps};

/// More than an update takes that copies the old bytes: two programs of 23 pages, journal and record.
const PAGES: u64 = 54;

/// More files, and names of files, than an update makes.
const FILES: usize = 8;

#[test]
fn at_every_write_and_at_every_new_file() -> Result<()> {
    if super::no_strace("disk-full")? || super::no_disks("disk-full")? {
        return Ok(());
    }
    let mut sweep = Sweep::begin("disk full");
    let mut reached = Vec::new();
    for scenario in Scenario::ALL {
        let files = (0..FILES).map(Scarce::Files);
        let points: Vec<Scarce> = (0..PAGES).map(Scarce::Pages).chain(files).collect();
        let name = |left: &Scarce| format!("{}, {left:?} left", scenario.name);
        let done = sweep.each(&points, None, name, |left| Ok((*left, play(&scenario, *left)?)));
        reached.extend(done.into_iter().map(|(left, done)| (scenario.name, left, done)));
    }
    sweep.end()?;
    // The points must reach from "nothing goes" to "all goes".
    for (name, left, done) in reached {
        let enough = [Scarce::Pages(PAGES - 1), Scarce::Files(FILES - 1)].contains(&left);
        // What goes back makes room first: the undone program, or a stage.
        let back = name.starts_with("roll back");
        ensure!(done || !(enough || back), "{name}: {left:?} left is not enough");
        let nothing = [Scarce::Pages(0), Scarce::Files(0)].contains(&left);
        ensure!(!done || !nothing || back, "{name}: {left:?} left is enough");
    }
    Ok(())
}

/// Whether it was done.
fn play(scenario: &Scenario, left: Scarce) -> Result<bool> {
    let narrow = Narrow::with(scenario, left)?;
    let scene = narrow.scene();
    let law = scenario.law(&scene);
    let mut words = scenario.words(&scene);
    if words[0] == "update" {
        words.push("unchecked".to_owned());
    }
    let ended = Ended::of(&words, scenario.without_links, &[])?;
    let done = ended.did_or_said_why()?;
    ensure!(done || ended.said.contains("E-DISK-FULL"), "another reason: {}", ended.said);
    let is_old = scene.holds(scenario.versions[0])?;
    ensure!(
        done || is_old || words[0] == "roll-back" || ended.said.starts_with("commit"),
        "new after: {}",
        ended.said
    );
    // Nor may the next start break anything while there still is no room.
    if let Err(failed) = steps::open(&scene.program()) {
        ensure!(failed.error.fault().code == "E-DISK-FULL", "the next start: {failed}");
    }
    narrow.widen()?;
    law.after_an_error().with_context(|| ended.said.clone())?;
    Ok(done)
}

/// What can be known before, is said before anything is written.
#[test]
fn is_said_before() -> Result<()> {
    if super::no_strace("disk-full-before")? || super::no_disks("disk-full-before")? {
        return Ok(());
    }
    for (left, code) in [(Scarce::Pages(20), "E-DISK-FULL"), (Scarce::Files(5), "E-DISK-INODES")] {
        let narrow = Narrow::with(&Scenario::NEXT, left)?;
        let scene = narrow.scene();
        let ended = Ended::of(&Scenario::NEXT.words(&scene), false, &[])?;
        ensure!(ended.said.starts_with(&format!("prepare {code}")), "{left:?}: {}", ended.said);
        ensure!(scene.holds(Scenario::NEXT.versions[0])?, "the program is another");
    }
    Ok(())
}
