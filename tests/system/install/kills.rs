//! Whatever dies when: the program is the old one or the new one, a next run updates, nothing is left over.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{Host, Noise, Person, Publisher, binary, program};

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
    let mut died = 0;
    for round in 0..100 {
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
    println!("kills: {died} of 100 runs died before their end");
    ensure!(died >= 50, "only {died} runs were killed: the times do not reach into the work");
    Ok(())
}

/// Every record of the journal is followed by a sync: a kill at each sync in turn meets every state on disk.
#[test]
fn a_kill_after_each_journal_record() -> Result<()> {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("SKIP kill-after-each-journal-record: strace is not installed");
        ensure!(std::env::var_os("CI").is_none(), "strace is required in CI");
        return Ok(());
    }
    let (publisher, host) = site()?;
    let mut points = 0;
    loop {
        let person = person(&publisher, &host)?;
        let inject = format!("inject=fsync,fdatasync:signal=SIGKILL:when={}", points + 1);
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", &inject, "-o", "/dev/null", "--"]);
        let inner = person.command(&["apply", "demo"])?;
        traced.arg(binary("autoupdate")?).args(["apply", "demo"]).env_clear();
        traced.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let status = traced.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if status.success() {
            break;
        }
        points += 1;
        ensure!(points < 500, "an update does not sync that often");
        check(&person).with_context(|| format!("killed at sync {points}"))?;
    }
    println!("kills: {points} syncs from check to commit, one kill at each");
    ensure!(points >= 6, "only {points} syncs: the journal is not synced");
    Ok(())
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
    let answer = person.run(&["apply", "demo"])?;
    ensure!(answer.code == Some(0), "the next run failed: {answer:?}");
    ensure!(person.installed()? == program("2.0.0"), "the next run did not update: {answer:?}");
    let left: Vec<_> = person.leftovers()?;
    ensure!(left.is_empty(), "left over: {left:?}");
    Ok(())
}
