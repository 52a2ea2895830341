//! Every call of the installer that is about files fails, with each error in turn, once or from then on.

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::exhaustive;
use autoupdate_tests::sweep::{Call, Ended, Fault, Scenario, Scene, Snapshot, Sweep, around_the_exchange};

/// What a call may fail with, once.
const ONCE: [&str; 6] = ["EIO", "EACCES", "EINTR", "ENOSPC", "EROFS", "EDQUOT"];

/// How many of these a call meets that changes nothing: it needs no room.
const LOOKING: usize = 3;

/// What it may fail with from then on. Not EINTR: a call that is always interrupted never comes to an end, and no system has
/// that.
const LASTING: [&str; 3] = ["ENOSPC", "EIO", "EROFS"];

#[test]
fn at_every_call_with_every_error() -> Result<()> {
    if super::no_strace("errno-sweep")? {
        return Ok(());
    }
    let mut sweep = Sweep::begin("errno sweep");
    for scenario in Scenario::ALL {
        let begin = scenario.prepared()?;
        failing(&mut sweep, &begin, &scenario, |scene| scenario.words(scene))?;
        // The recovery from a death just before the program is replaced, and just after.
        if scenario.without_links && !exhaustive() {
            continue; // The recovery makes no links.
        }
        for state in around_the_exchange(&begin, &scenario)? {
            failing(&mut sweep, &state, &scenario, Scene::recover)?;
        }
    }
    sweep.end()
}

fn failing(
    sweep: &mut Sweep,
    begin: &Snapshot,
    scenario: &Scenario,
    words: impl Fn(&Scene) -> Vec<String> + Sync,
) -> Result<()> {
    let calls = Call::all(&words(&Scene::from(begin, scenario)?), scenario.without_links)?;
    let calls = calls.iter().filter(|call| call.is_about_files());
    let points: Vec<(Fault, &Call)> = calls
        .flat_map(|call| {
            let once = ONCE.into_iter().map(Fault::Errno);
            once.chain(LASTING.into_iter().map(Fault::Lasting)).map(move |fault| (fault, call))
        })
        .filter(|(fault, call)| {
            exhaustive() || call.changes_the_disk() || ONCE[..LOOKING].iter().any(is(*fault))
        })
        .collect();
    let name =
        |(fault, call): &(Fault, &Call)| format!("{}, {fault:?} at {}", scenario.name, call.describe());
    sweep.each(&points, None, name, |(fault, call)| {
        let scene = Scene::from(begin, scenario)?;
        let law = scenario.law(&scene);
        let ended = Ended::of(&words(&scene), scenario.without_links, &[(*fault, call)])?;
        let done = ended.did_or_said_why()?;
        let undone = ["open", "prepare", "stage", "activate"].iter().any(|step| ended.said.starts_with(step));
        if undone && matches!(fault, Fault::Errno(_)) && !words(&scene)[0].starts_with("recover") {
            ensure!(scene.holds(scenario.versions[0])?, "the new version is in place after: {}", ended.said);
        }
        law.after_an_error().with_context(|| ended.said.clone())?;
        if done && words(&scene)[0] != "recover" {
            ensure!(scene.holds(scenario.versions[1])?, "it said that it was done, and it was not");
        }
        Ok(())
    });
    Ok(())
}

fn is(fault: Fault) -> impl Fn(&&'static str) -> bool {
    move |error| fault == Fault::Errno(error)
}
