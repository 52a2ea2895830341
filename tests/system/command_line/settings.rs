//! Settings, pauses and plans on the command line, with and without an engine that runs.

use anyhow::{Result, ensure};
use autoupdate_tests::{APP, Host, Person, Publisher, program};
use serde_json::{Value, json};

use super::{PROBE, Running};

fn scene(health: &str) -> Result<(Publisher, Host, Person)> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), health)?;
    Ok((publisher, host, person))
}

/// One setting of the program, as `settings --json` has it.
fn setting(person: &Person, key: &str) -> Result<Value> {
    let all = person.run(&["settings", APP])?.expect(0)?.json()?;
    let of_app = all["apps"][APP].as_array().cloned().unwrap_or_default();
    Ok(of_app.into_iter().find(|one| one["key"] == key).unwrap_or_default())
}

#[test]
fn settings_are_changed_line_by_line_and_know_who_set_them() -> Result<()> {
    let (_publisher, _host, person) = scene(PROBE)?;
    let file = person.folders().config.join("settings.toml");
    std::fs::write(&file, "# mine\nlook = \"dark\" # at night\n")?;
    assert_eq!(setting(&person, "mode")?["by"], "enrolment");
    person.run(&["set", "--app", APP, "mode", "ask"])?.expect(0)?;
    let mode = setting(&person, "mode")?;
    assert_eq!((&mode["value"], &mode["by"]), (&json!("ask"), &json!("person")), "{mode}");
    let text = std::fs::read_to_string(&file)?;
    assert_eq!(text, "# mine\nlook = \"dark\" # at night\n\n[app.demo]\nmode = \"ask\"\n");
    for (wrong, why) in [
        (&["set", "--app", APP, "mode", "sometimes"][..], "it must be \"automatic\""),
        (&["set", "colour", "blue"], "there is no such setting"),
        (&["set", "defer_days", "7"], "only the administrator"),
        (&["set", "pin", "1.0.0"], "set it in its table"),
    ] {
        let refused = person.run(wrong)?.expect(1)?.json()?;
        assert_eq!(refused["error"]["code"], "E-STATE-SETTING", "{wrong:?}: {refused}");
        ensure!(refused["error"]["message"].as_str().is_some_and(|text| text.contains(why)), "{refused}");
    }
    assert_eq!(std::fs::read_to_string(&file)?, text, "nothing wrong is written");
    person.run(&["unset", "--app", APP, "mode"])?.expect(0)?;
    assert_eq!(setting(&person, "mode")?["by"], "enrolment");
    let unknown = person.run(&["set", "--app", "other", "mode", "ask"])?.expect(1)?.json()?;
    assert_eq!(unknown["error"]["code"], "E-STATE-UNKNOWN-APP");
    Ok(())
}

#[test]
fn a_pin_holds_until_it_is_taken_away() -> Result<()> {
    let (_publisher, _host, person) = scene(PROBE)?;
    person.run(&["set", "--app", APP, "pin", "1.0.0"])?.expect(0)?;
    let held = person.run(&["check", APP])?.json()?;
    assert_eq!(held["reason"], json!({ "reason": "pinned", "at": "1.0.0", "by": "person" }), "{held}");
    // Without `--json`: in words, with the rule that decided.
    let why = person.run(&["why", APP])?.expect(0)?;
    ensure!(why.out.contains("\"pin\"") && why.out.contains("turned-off"), "{why:?}");
    person.run(&["unset", "--app", APP, "pin"])?.expect(0)?;
    person.run(&["apply", APP])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

#[test]
fn pauses_and_plans_are_kept_and_told() -> Result<()> {
    let (_publisher, _host, person) = scene(PROBE)?;
    person.run(&["pause", "--for", "1day"])?.expect(0)?;
    let engine = Running::of(&person)?;
    engine.sees("the pause", |view| view.paused.filter(|pause| pause.until.is_some()))?;
    person.run(&["resume"])?.expect(0)?;
    engine.sees("the end of the pause", |view| view.paused.is_none().then_some(()))?;
    // A plan needs an update, and one of three words.
    person.run(&["plan", APP])?.expect(2)?;
    let nothing = person.run(&["plan", "--tonight", APP])?.json()?;
    assert_eq!(nothing["why"], json!({ "why": "nothing-to-plan" }), "{nothing}");
    person.run(&["check", APP])?.expect(0)?;
    person.run(&["plan", "--tonight", APP])?.expect(0)?;
    person.run(&["plan", "--drop", APP])?.expect(0)?;
    person.run(&["busy", APP, "--for", "90min"])?.expect(0)?;
    let unknown = person.run(&["busy", "other", "--for", "1h"])?.expect(1)?.json()?;
    assert_eq!(unknown["error"]["code"], "E-STATE-UNKNOWN-APP");
    Ok(())
}
