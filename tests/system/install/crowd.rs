//! Twenty updaters come to one program at once.

use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::sweep::{Scenario, Scene};
use autoupdate_tests::{Answer, Host, Person, Publisher, binary, program};

const CROWD: usize = 20;

/// How often the twenty come while nothing slows the first one: then some come when it has just ended.
const ROUNDS: usize = 5;

#[test]
fn one_wins_and_nineteen_leave_with_the_reason() -> Result<()> {
    if super::no_strace("crowd")? {
        return Ok(());
    }
    let scenario = Scenario::FIRST;
    let begin = scenario.prepared()?;
    let scene = Scene::from(&begin, &scenario)?;
    // Only who has the lock comes to a sync. So slow, it still holds the lock when the last of the others comes.
    let slow =
        ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=200000", "--"];
    let answers = at_once(|| {
        let mut command = Command::new("strace");
        command.args(slow).arg(binary("install-step")?).args(scenario.words(&scene));
        Ok(command)
    })?;
    let locked =
        count(&answers, |answer| answer.code == Some(3) && answer.err.starts_with("open E-LOCK-HELD"));
    ensure!(count(&answers, |answer| answer.code == Some(0)) == 1 && locked == CROWD - 1, "{answers:#?}");
    scenario.law(&scene).after_the_next_start()?;

    let (mut updated, mut late) = (0, 0);
    for _ in 0..ROUNDS {
        let scene = Scene::from(&begin, &scenario)?;
        let answers = at_once(|| {
            let mut command = Command::new(binary("install-step")?);
            command.args(scenario.words(&scene));
            Ok(command)
        })?;
        let locked =
            count(&answers, |answer| answer.code == Some(3) && answer.err.starts_with("open E-LOCK-HELD"));
        let after = count(&answers, |answer| answer.code == Some(4));
        ensure!(count(&answers, |answer| answer.code == Some(0)) == 1, "not one update: {answers:#?}");
        ensure!(1 + locked + after == CROWD, "another end: {answers:#?}");
        (updated, late) = (updated + 1, late + after);
        scenario.law(&scene).after_the_next_start()?;
    }
    println!(
        "crowds of {CROWD}: {updated} updates in {ROUNDS} rounds; {late} came after the end, all others met the lock"
    );
    Ok(())
}

#[test]
fn one_of_twenty_command_lines_updates() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person =
        Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), r#"{ probe = ["--version"] }"#)?;
    let answers = at_once(|| {
        let mut command = person.command(&["apply", "demo"])?;
        command.arg("--json");
        Ok(command)
    })?;
    let updated = count(&answers, |answer| answer.code == Some(0) && answer.out.contains("\"updated\""));
    let busy = count(&answers, |answer| answer.code == Some(6) && answer.err.contains("(E-LOCK-"));
    let after = count(&answers, |answer| answer.code == Some(0) && !answer.out.contains("\"updated\""));
    ensure!(updated == 1 && updated + busy + after == CROWD, "{answers:#?}");
    println!("{CROWD} command lines: 1 updated, {busy} met a lock, {after} found it up to date");
    ensure!(person.installed()? == program("2.0.0"), "nobody updated");
    ensure!(person.leftovers()?.is_empty(), "left over: {:?}", person.leftovers()?);
    Ok(())
}

/// Starts the crowd, and lets all go in one moment: those that read their input to its end wait for that.
fn at_once(command: impl Fn() -> Result<Command>) -> Result<Vec<Answer>> {
    let (input, hold) = std::io::pipe()?;
    let children = (0..CROWD).map(|_| {
        let mut command = command()?;
        command.stdin(input.try_clone()?).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().with_context(|| format!("{command:?}"))
    });
    let children = children.collect::<Result<Vec<Child>>>()?;
    drop(hold);
    let ended = children.into_iter().map(|child| {
        let output = child.wait_with_output()?;
        Ok(Answer {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    });
    ended.collect()
}

fn count(answers: &[Answer], is: impl Fn(&Answer) -> bool) -> usize {
    answers.iter().filter(|answer| is(answer)).count()
}
