//! Whatever dies when: the program is the old one or the new one, a next run updates, nothing is left over.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{Host, Noise, Person, Publisher, binary, exhaustive, poll_until, program};

use super::no_strace;

const PROBE: &str = r#"{ probe = ["--version"] }"#;

#[test]
fn a_hundred_kills_at_random_times_from_check_to_commit() -> Result<()> {
    let (publisher, host) = site()?;
    let whole = {
        let person = person(&publisher, &host)?;
        let start = Instant::now();
        person.run(&["apply", "demo"])?.expect(0)?;
        start.elapsed()
    };
    let mut noise = Noise::new(11);
    let (mut died, rounds) = (0, if exhaustive() { 1000 } else { 100 });
    for round in 0..rounds {
        let person = person(&publisher, &host)?;
        let micros = noise.next() % u64::try_from(whole.as_micros())?.max(1);
        let mut child =
            person.command(&["apply", "demo"])?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let end = Instant::now() + Duration::from_micros(micros);
        while Instant::now() < end {
            std::thread::yield_now();
        }
        child.kill()?;
        died += usize::from(child.wait()?.code().is_none());
        check(&person).with_context(|| format!("round {round}, killed after {micros} µs of {whole:?}"))?;
    }
    println!("kills: {died} of {rounds} runs died before their end");
    ensure!(died >= rounds / 2, "only {died} runs were killed: the times do not reach into the work");
    Ok(())
}

/// Each record of the journal in turn is the last thing that an update, or a roll back, does.
#[test]
fn a_kill_after_each_journal_record() -> Result<()> {
    if no_strace("kill-after-each-journal-record")? {
        return Ok(());
    }
    let (publisher, host) = site()?;
    for record in ["staged", "activating", "activated", "committing"] {
        let person = person(&publisher, &host)?;
        kill_after(&person, "apply", record)?;
        check(&person).with_context(|| format!("killed after the record {record}"))?;
    }
    let person = person(&publisher, &host)?;
    person.run(&["apply", "demo"])?.expect(0)?;
    kill_after(&person, "rollback", "rolling-back")?;
    // A roll back that has begun is finished by whoever comes first, and what was undone is not offered again.
    person.run(&["apply", "demo"])?.expect(3)?;
    ensure!(person.installed()? == program("1.0.0"), "the roll back was not finished");
    ensure!(person.leftovers()?.is_empty(), "left over: {:?}", person.leftovers()?);
    Ok(())
}

/// Runs a verb whose every sync of the journal takes half a second longer, and kills it once `record` is the last one.
pub(super) fn kill_after(person: &Person, verb: &str, record: &str) -> Result<()> {
    let (folder, journal) = (person.beside(), person.beside().join("journal"));
    let mut traced =
        strace(person, verb, &["-e", "inject=fsync,fdatasync:delay_exit=500000", "-P"], |traced| {
            traced.arg(&folder).arg("-P").arg(&journal);
        })?;
    let mut child = traced.spawn()?;
    let last = || {
        let text = std::fs::read_to_string(&journal).ok()?;
        let line = text.lines().next_back()?.split_once(' ')?.1;
        serde_json::from_str::<serde_json::Value>(line).ok()?["step"].as_str().map(str::to_owned)
    };
    poll_until(record, || (last().as_deref() == Some(record)).then_some(()))?;
    // strace ends what it traces when it is asked to end; a kill of its own would let it go.
    let traced = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id()))?;
    for pid in traced.split_whitespace() {
        Command::new("kill").args(["-9", pid]).status()?;
    }
    ensure!(child.wait()?.code().is_none(), "{verb} came to its end before it could be killed");
    ensure!(last().as_deref() == Some(record), "killed after {:?} instead of {record}", last());
    Ok(())
}

/// A kill at the first sync of any thread, then at the second of any, and so on: strace counts for each thread on its own, so
/// these are some of the syncs of a whole run, not all. At every call of the installer itself: `kill_sweep.rs`.
#[test]
fn a_kill_at_each_sync() -> Result<()> {
    if no_strace("kill-at-each-sync")? {
        return Ok(());
    }
    let (publisher, host) = site()?;
    let mut points = 0;
    loop {
        let person = person(&publisher, &host)?;
        let inject = format!("inject=fsync,fdatasync:signal=SIGKILL:when={}", points + 1);
        let status = strace(&person, "apply", &["-e", &inject], |_| {})?.status()?;
        if status.success() {
            break;
        }
        ensure!(status.code().is_none(), "it failed by itself: {status}");
        points += 1;
        ensure!(points < 500, "an update does not sync that often");
        check(&person).with_context(|| format!("killed at sync {points}"))?;
    }
    println!("kills: one at each of {points} numbers of a thread's syncs, from check to commit");
    // How many a thread comes to depends on who of the pool was free; that none is missing is the sweeps' to show.
    ensure!(points > 0, "no sync was seen");
    Ok(())
}

/// `autoupdate VERB demo` of this person under strace, which sees its syncs and does what `words` say.
fn strace(person: &Person, verb: &str, words: &[&str], more: impl FnOnce(&mut Command)) -> Result<Command> {
    let inner = person.command(&[verb, "demo"])?;
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]).args(words);
    more(&mut traced);
    traced.arg("--").arg(binary("autoupdate")?).args([verb, "demo"]).env_clear();
    traced.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(traced)
}

fn site() -> Result<(Publisher, Host)> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    Ok((publisher, host))
}

fn person(publisher: &Publisher, host: &Host) -> Result<Person> {
    Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)
}

fn check(person: &Person) -> Result<()> {
    let found = person.installed()?;
    ensure!(
        found == program("1.0.0") || found == program("2.0.0"),
        "neither old nor new: {} bytes",
        found.len()
    );
    let (mode, owner) = person.mode_and_owner()?;
    ensure!((mode, owner) == (0o755, person.owner()?), "mode {mode:o}, owner {owner}");
    ensure!(Command::new(person.program()).status()?.success(), "it does not start");
    let answer = person.run(&["apply", "demo"])?;
    ensure!(answer.code == Some(0), "the next run failed: {answer:?}");
    ensure!(person.installed()? == program("2.0.0"), "the next run did not update: {answer:?}");
    let left: Vec<_> = person.leftovers()?;
    ensure!(left.is_empty(), "left over: {left:?}");
    Ok(())
}
