//! Publisher, update server and a person, each with their real program: how a release comes, is held back, and goes.

use anyhow::{Result, ensure};
use autoupdate::policy::schedule::Timing;
use autoupdate::view::{AppState, AppView, RollBackWhy};
use autoupdate::{Config, Engine};
use autoupdate_tests::{APP, Person, Server, Workshop, poll_until, program};
use protocol::AppId;
use serde_json::{Value, json};

const PROBE: &str = r#"health = { probe = ["--version"] }"#;

/// A publisher whose first version is out, and the server.
fn stage() -> Result<(Workshop, Server)> {
    let workshop = Workshop::new(&[])?;
    let server = Server::of(&workshop)?;
    workshop.release(&server, "1.0.0", &program("1.0.0"))?;
    Ok((workshop, server))
}

/// A person who has the first version; `lines` are further lines of the enrolment.
fn person(workshop: &Workshop, server: &Server, lines: &str) -> Result<Person> {
    let lines = format!("{PROBE}\n{lines}");
    Person::enrolled(&program("1.0.0"), &workshop.root()?, server.url(), &lines)
}

/// What `autoupdate VERB demo` answers when it ends with `code`.
fn says(person: &Person, verb: &str, code: i32) -> Result<Value> {
    person.run(&[verb, APP])?.expect(code)?.json()
}

#[test]
fn a_release_comes_as_a_patch_that_the_server_made() -> Result<()> {
    let (workshop, server) = stage()?;
    let person = person(&workshop, &server, "")?;
    assert_eq!(says(&person, "check", 0)?["answer"], "up-to-date");
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;

    let report = says(&person, "apply", 0)?["report"].take();
    assert_eq!(person.installed()?, program("2.0.0"));
    assert_eq!(
        (&report["route"]["way"], &report["patches_fetched"]),
        (&json!("patch"), &json!(1)),
        "{report}"
    );
    Ok(())
}

#[test]
fn halt_and_share_hold_a_release_back() -> Result<()> {
    let (workshop, server) = stage()?;
    let person = person(&workshop, &server, "mode = \"automatic\"")?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;

    workshop.rollout(&server, "2.0.0", &["--halt"])?;
    for verb in ["check", "apply"] {
        let answer = says(&person, verb, 3)?;
        assert_eq!(
            (&answer["version"], &answer["reason"]["reason"]),
            (&json!("2.0.0"), &json!("halted")),
            "{answer}"
        );
    }
    let forced = person.run(&["apply", APP, "--force"])?.expect(3)?.json()?;
    assert_eq!(forced["reason"]["reason"], "halted", "nobody gets past a halt: {forced}");

    workshop.rollout(&server, "2.0.0", &["--resume"])?;
    workshop.rollout(&server, "2.0.0", &["--share", "0%"])?;
    let seen = in_the_background(&person)?;
    let AppState::NotOffered { version, reason, .. } = seen.state else { anyhow::bail!("{seen:?}") };
    assert_eq!(version.map(|version| version.to_string()).as_deref(), Some("2.0.0"));
    assert_eq!(serde_json::to_value(&reason)?["reason"], "not-yet");
    assert_eq!(person.installed()?, program("1.0.0"));

    // A person who asks is no percentage.
    assert_eq!(says(&person, "check", 0)?["offer"]["version"], "2.0.0");
    says(&person, "apply", 0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

/// How an engine that runs for this person sees the app after the first check that nobody asked for.
fn in_the_background(person: &Person) -> Result<AppView> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut config = Config::of_user(person.folders())?;
        config.timing = Timing { soon: std::time::Duration::ZERO, ..Timing::default() };
        let handle = Engine::start(config).await?;
        let (app, mut view) = (AppId::parse(APP)?, handle.view());
        let checked = view.wait_for(|view| {
            let app = view.app(&app);
            app.is_some_and(|app| app.last_check.is_some() && is_settled(&app.state))
        });
        let view = tokio::time::timeout(std::time::Duration::from_secs(30), checked).await??.clone();
        handle.shutdown().await;
        view.app(&app).cloned().ok_or_else(|| anyhow::anyhow!("it is gone: {view:?}"))
    })
}

fn is_settled(state: &AppState) -> bool {
    !matches!(state, AppState::Checking { .. } | AppState::RollingBack { .. })
}

#[test]
fn a_recall_brings_the_previous_version_back() -> Result<()> {
    let (workshop, server) = stage()?;
    let by_itself = person(&workshop, &server, "mode = \"automatic\"")?;
    let by_hand = person(&workshop, &server, "")?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    for person in [&by_itself, &by_hand] {
        says(person, "apply", 0)?;
        assert_eq!(person.installed()?, program("2.0.0"));
    }
    workshop.rollout(&server, "2.0.0", &["--recall"])?;

    let seen = in_the_background(&by_itself)?;
    ensure!(matches!(&seen.state, AppState::RolledBack { why: RollBackWhy::Recalled, .. }), "{seen:?}");
    assert_eq!(by_itself.installed()?, program("1.0.0"));

    // Where nothing is put in place without a person, the person is told.
    let told = says(&by_hand, "check", 3)?;
    assert_eq!(told["reason"]["reason"], "recalled", "{told}");
    assert_eq!(by_hand.installed()?, program("2.0.0"));
    assert_eq!(says(&by_hand, "rollback", 0)?["to"], "1.0.0");

    for person in [&by_itself, &by_hand] {
        let answer = says(person, "apply", 3)?;
        assert_eq!(answer["answer"], "not-offered", "it does not come again: {answer}");
        assert_eq!(person.installed()?, program("1.0.0"));
    }
    // Its successor does.
    workshop.release(&server, "2.0.1", &program("2.0.1"))?;
    for person in [&by_itself, &by_hand] {
        says(person, "apply", 0)?;
        assert_eq!(person.installed()?, program("2.0.1"));
    }
    Ok(())
}

#[test]
fn releases_are_withdrawn_and_promoted() -> Result<()> {
    let (workshop, server) = stage()?;
    let stable = person(&workshop, &server, "")?;
    let beta = person(&workshop, &server, "channel = \"beta\"")?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    workshop.add("3.0.0", &program("3.0.0"), &["--channel", "beta"])?;
    workshop.publish(&server)?;
    assert_eq!(says(&stable, "check", 0)?["offer"]["version"], "2.0.0");
    assert_eq!(says(&beta, "check", 0)?["offer"]["version"], "3.0.0");

    workshop.verb("withdraw", &["--version", "2.0.0"])?;
    workshop.publish(&server)?;
    assert_eq!(says(&stable, "apply", 0)?["answer"], "up-to-date");
    assert_eq!(stable.installed()?, program("1.0.0"));

    workshop.verb("promote", &["--version", "3.0.0", "--to", "stable"])?;
    workshop.publish(&server)?;
    says(&stable, "apply", 0)?;
    assert_eq!(stable.installed()?, program("3.0.0"));
    says(&beta, "apply", 0)?;
    assert_eq!(beta.installed()?, program("3.0.0"));
    Ok(())
}

#[test]
fn a_targets_key_in_reach_keeps_the_server_from_starting() -> Result<()> {
    let (workshop, mut server) = stage()?;
    server.kill()?;
    for place in [format!("keys/{APP}/snapshot-2.pem"), format!("data/{APP}/notes.txt")] {
        let lost = server.path(&place);
        std::fs::copy(workshop.repository().join("keys/targets.pem"), &lost)?;
        let refused = server.try_start()?.expect(1)?;
        ensure!(refused.err.contains(&lost.display().to_string()), "it names the file: {refused:?}");
        ensure!(!refused.out.contains("listening"), "{refused:?}");
        std::fs::remove_file(&lost)?;
    }
    server.start_again()
}

#[test]
fn clients_go_on_after_the_server_was_killed() -> Result<()> {
    let (workshop, mut server) = stage()?;
    let person = person(&workshop, &server, "")?;
    assert_eq!(says(&person, "check", 0)?["answer"], "up-to-date");
    // It may be at the patch, or at what comes before or after it.
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    server.kill()?;

    let failed = says(&person, "apply", 1)?;
    assert_eq!(failed["error"]["code"], "E-NET-CONNECT", "{failed}");
    assert_eq!(person.installed()?, program("1.0.0"));

    server.start_again()?;
    says(&person, "apply", 0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    // And it takes releases as before.
    workshop.release(&server, "3.0.0", &program("3.0.0"))?;
    says(&person, "apply", 0)?;
    assert_eq!(person.installed()?, program("3.0.0"));
    let left = poll_until("the server clears its scratch folder", || {
        let scratch = std::fs::read_dir(server.path("data/.scratch")).ok()?.count();
        (scratch == 0).then_some(scratch)
    })?;
    assert_eq!(left, 0);
    Ok(())
}

#[test]
fn notes_are_shown_as_they_were_signed() -> Result<()> {
    let (workshop, server) = stage()?;
    let person = person(&workshop, &server, "")?;
    assert_eq!(says(&person, "notes", 0)?["text"], Value::Null, "nothing is offered");
    std::fs::write(workshop.path("en.md"), "- faster\u{202e}\u{7}\n")?;
    std::fs::write(workshop.path("de.md"), "- schneller\n")?;
    workshop.add("2.0.0", &program("2.0.0"), &["--notes", "en=en.md", "--notes", "de=de.md"])?;
    workshop.publish(&server)?;

    assert_eq!(says(&person, "notes", 0)?["text"], "- faster\u{202e}\u{7}\n", "a program gets every byte");
    let german = person.run(&["notes", APP, "--language", "fr", "--language", "de"])?.expect(0)?.json()?;
    assert_eq!(german["text"], "- schneller\n", "{german}");
    let terminal = autoupdate_tests::run(&mut person.command(&["notes", APP])?)?.expect(0)?;
    assert_eq!(terminal.out, "- faster\n", "a terminal is not steered by a publisher");
    Ok(())
}

#[test]
fn what_support_repairs_is_the_signed_program_again() -> Result<()> {
    let (workshop, server) = stage()?;
    let person = person(&workshop, &server, "")?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    says(&person, "apply", 0)?;
    workshop.release(&server, "3.0.0", &program("3.0.0"))?;
    let sound = says(&person, "repair", 0)?;
    ensure!(sound["answer"] == "sound" && sound["signed"] == true, "{sound}");

    for damage in [&b""[..], b"#!/bin/sh\necho damaged\n", &program("2.0.0")[1..]] {
        std::fs::write(person.program(), damage)?;
        let before = person.mode_and_owner()?;
        let repaired = says(&person, "repair", 0)?;
        assert_eq!(repaired["report"]["to"], "2.0.0", "not the newest, the one that was here: {repaired}");
        assert_eq!(repaired["report"]["repaired"], true, "{repaired}");
        assert_eq!((person.installed()?, person.mode_and_owner()?), (program("2.0.0"), before));
    }
    let history = person.run(&["history", APP, "--last", "3"])?.expect(0)?.json()?;
    let told = history.as_array().map(|list| list.iter().filter(|line| line["repaired"] == true).count());
    assert_eq!(told, Some(3), "{history}");
    // What its publisher took back does not come again: then an update is what puts it right, and a person must agree.
    std::fs::write(person.program(), b"damaged")?;
    workshop.rollout(&server, "2.0.0", &["--recall"])?;
    assert_eq!(says(&person, "repair", 4)?["answer"], "needs-consent");
    assert_eq!(person.installed()?, b"damaged");
    person.run(&["repair", APP, "--yes"])?.expect(0)?;
    assert_eq!(person.installed()?, program("3.0.0"));
    Ok(())
}

#[test]
fn what_support_holds_or_skips_waits_until_it_is_released() -> Result<()> {
    let (workshop, server) = stage()?;
    let person = person(&workshop, &server, "")?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    let because = |person: &Person, expected: &str| -> Result<()> {
        let answer = says(person, "apply", 3)?;
        ensure!(answer["reason"]["reason"] == expected, "{answer}");
        Ok(())
    };
    says(&person, "hold", 0)?;
    because(&person, "on-hold")?;
    // Without an engine that runs and remembers, it looks first.
    let why = autoupdate_tests::run(&mut person.command(&["why", APP])?)?.expect(0)?;
    let decided = why.out.lines().find(|line| line.ends_with("this decided")).unwrap_or_default();
    ensure!(decided.starts_with("stop  hold") && decided.contains("2.0.0"), "{why:?}");
    says(&person, "release", 0)?;
    assert_eq!(says(&person, "check", 0)?["offer"]["version"], "2.0.0");

    // Without a version it is the one that is offered.
    says(&person, "skip", 0)?;
    let seen = in_the_background(&person)?;
    ensure!(matches!(seen.state, AppState::NotOffered { .. }), "{seen:?}");
    workshop.release(&server, "3.0.0", &program("3.0.0"))?;
    assert_eq!(says(&person, "check", 0)?["offer"]["version"], "3.0.0", "the next one is another");
    person.run(&["skip", APP, "3.0.0"])?.expect(0)?;
    says(&person, "release", 0)?;
    says(&person, "apply", 0)?;
    assert_eq!(person.installed()?, program("3.0.0"));
    Ok(())
}
