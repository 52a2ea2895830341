//! SIGKILL at the entry of every system call of an update, of a roll back, and of the recovery from each state that such
//! a death leaves.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use autoupdate_tests::exhaustive;
use autoupdate_tests::sweep::{Call, Ended, Fault, Scenario, Scene, Snapshot, Sweep};

#[test]
fn at_every_call_and_at_every_call_of_the_recovery() -> Result<()> {
    if super::no_strace("kill-sweep")? {
        return Ok(());
    }
    let mut sweep = Sweep::begin("kill sweep");
    let mut again = Sweep::begin("kill sweep of the recovery");
    for scenario in Scenario::ALL {
        let begin = scenario.prepared()?;
        let states = Mutex::new(BTreeMap::new());
        let calls = calls(&begin, &scenario)?;
        let name = |call: &Call| format!("{}, killed at {}", scenario.name, call.describe());
        sweep.each(&calls, None, name, |call| {
            let scene = Scene::from(&begin, &scenario)?;
            Ended::of(&scenario.words(&scene), scenario.without_links, &[(Fault::Kill, call)])?.died()?;
            let state = Snapshot::of(&scene.apps())?;
            scenario.law(&scene).after_the_next_start()?;
            states.lock().map_err(|_| anyhow::anyhow!("a worker died"))?.insert(state.digest(), state);
            Ok(())
        });
        let states: Vec<Snapshot> = states.into_inner()?.into_values().collect();
        recoveries(&mut again, &states, &scenario)?;
    }
    sweep.end().and(again.end())
}

/// From each different state: a death at every call of the recovery. In the normal run only at calls that may change
/// the disk: a death at any other leaves what the one before it left.
fn recoveries(sweep: &mut Sweep, states: &[Snapshot], scenario: &Scenario) -> Result<()> {
    let mut points = Vec::new();
    let traced = Mutex::new(&mut points);
    let name = |_: &usize| format!("{}, the recovery", scenario.name);
    let numbers: Vec<usize> = (0..states.len()).collect();
    sweep.each(&numbers, None, name, |number| {
        let scene = Scene::from(&states[*number], scenario)?;
        let calls = Call::all(&scene.recover(), scenario.without_links)?;
        let wanted = calls.into_iter().filter(|call| exhaustive() || call.changes_the_disk());
        let wanted = wanted.filter(|call| !scenario.without_links || call.name != "linkat");
        traced
            .lock()
            .map_err(|_| anyhow::anyhow!("a worker died"))?
            .extend(wanted.map(|call| (*number, call)));
        scenario.law(&scene).after_the_next_start()
    });
    let name = |(number, call): &(usize, Call)| {
        format!("{}, state {number}, the recovery killed at {}", scenario.name, call.describe())
    };
    sweep.each(&points, None, name, |(number, call)| {
        let scene = Scene::from(&states[*number], scenario)?;
        Ended::of(&scene.recover(), scenario.without_links, &[(Fault::Kill, call)])?.died()?;
        scenario.law(&scene).after_the_next_start()
    });
    Ok(())
}

fn calls(begin: &Snapshot, scenario: &Scenario) -> Result<Vec<Call>> {
    let scene = Scene::from(begin, scenario)?;
    let mut calls = Call::all(&scenario.words(&scene), scenario.without_links)?;
    scenario.law(&scene).after_the_next_start().context("nothing happened to it")?;
    // Where strace refuses the links it cannot do anything else to them.
    calls.retain(|call| !scenario.without_links || call.name != "linkat");
    Ok(calls)
}
