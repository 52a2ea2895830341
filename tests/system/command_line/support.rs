//! What support looks at: the doctor, and the bundle that a person sends.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Result, ensure};
use autoupdate_tests::{APP, Answer, Host, Person, Publisher, program, run};
use serde_json::{Value, json};

use super::{PROBE, Running, open};

#[test]
fn the_doctor_says_what_is_in_the_way_and_changes_nothing() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    let healthy = person.run(&["doctor"])?.expect(0)?.json()?;
    let app = &healthy["apps"][0];
    assert_eq!((&app["id"], &app["in_the_way"]), (&json!(APP), &Value::Null), "{healthy}");
    assert_eq!(app["check"]["offer"]["version"], "2.0.0", "{healthy}");
    assert_eq!((&healthy["engine_runs"], &healthy["problems"]), (&json!(false), &json!([])), "{healthy}");
    assert_eq!(person.installed()?, program("1.0.0"));

    // Asked of the engine that runs, while a program cannot be replaced and a file cannot be read.
    let folders = person.folders();
    std::fs::write(folders.config.join("settings.toml"), "\nproxy = \"http://me:secret@127.0.0.1:9\"\n")?;
    std::fs::write(folders.user_apps().join("broken.toml"), "id = 7")?;
    open(&person.program(), 0o4755)?;
    let _engine = Running::of(&person)?;
    let ill = person.run(&["doctor"])?;
    ensure!(!ill.out.contains("secret"), "{ill:?}");
    let ill = ill.json()?;
    assert_eq!(
        (&ill["engine_runs"], ill["problems"].as_array().map(Vec::len)),
        (&json!(true), Some(1)),
        "{ill}"
    );
    assert_eq!(ill["apps"][0]["in_the_way"]["code"], "E-FILE-SETID", "{ill}");
    let first = &ill["settings"][0];
    let place = first["place"].as_str().unwrap_or_default();
    ensure!(first["key"] == "proxy" && place.ends_with("settings.toml:2"), "{ill}");
    assert_eq!(person.run(&["doctor", "other"])?.expect(1)?.json()?["error"]["code"], "E-STATE-UNKNOWN-APP");
    assert_eq!(person.installed()?, program("1.0.0"));
    Ok(())
}

#[test]
fn a_bundle_for_support_has_everything_but_what_is_nobodys_business() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    person.run(&["apply", APP])?.expect(0)?;
    let folders = person.folders();
    let proxy = "\nproxy = \"http://me:secret@127.0.0.1:9\"\nno_proxy = \"127.0.0.1\"\n";
    std::fs::write(folders.config.join("settings.toml"), proxy)?;
    std::fs::create_dir_all(folders.state.join("log"))?;
    let log = format!("looked at {} for Adelheid\n", person.program().display());
    std::fs::write(folders.state.join("log/autoupdate-tray.2026-01-01.log"), log)?;

    let bundle = person.home().join("bundle.zip");
    let diagnose = || -> Result<Answer> {
        let mut command = person.command(&["--json", "diagnose", "--out"])?;
        run(command.arg(&bundle).env("USER", "Adelheid"))
    };
    diagnose()?.expect(0)?;
    let mut archive = zip::ZipArchive::new(File::open(&bundle)?)?;
    let mut held = std::collections::BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text)?;
        held.insert(file.name()?.into_owned(), text);
    }
    let names: Vec<&str> = held.keys().map(String::as_str).collect();
    let log = "log/autoupdate-tray.2026-01-01.log";
    let (settings, enrolment) = ("config/person/settings.toml", "config/person/apps.d/demo.toml");
    assert_eq!(names, [enrolment, settings, "doctor.json", "history.json", log, "view.json"]);
    assert_eq!(held[log], "looked at ~/apps/demo for ***\n");
    ensure!(held[settings].contains("http://***@127.0.0.1:9"), "{}", held[settings]);
    ensure!(held["history.json"].contains("2.0.0"), "{}", held["history.json"]);
    let home = person.home().display().to_string();
    for (name, text) in &held {
        ensure!(
            !["secret", "Adelheid", home.as_str()].iter().any(|word| text.contains(word)),
            "{name}: {text}"
        );
    }
    assert_eq!(std::fs::metadata(&bundle)?.mode() & 0o777, 0o600);
    // What is there is not overwritten.
    diagnose()?.expect(1)?;
    Ok(())
}
