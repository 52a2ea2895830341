//! A real program that is kept up to date from a server that speaks the protocol of Lantern's first clients.

mod ours;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{APP, LANTERN_KEY, Lantern, Person, Status, poll_until, run, stripped};
use serde_json::{Value, json};

/// It is closed, started again, and must live a moment.
const ALIVE: &str = r#"health = { alive = "1s" }"#;
const PROBE: &str = r#"health = { probe = ["--version"] }"#;

fn says(person: &Person, words: &[&str], code: i32) -> Result<Value> {
    person.run(words)?.expect(code)?.json()
}

/// What a person reads.
fn reads(person: &Person, words: &[&str]) -> Result<String> {
    Ok(run(&mut person.command(words)?)?.expect(0)?.out)
}

/// The installed program, running, from no terminal. It is killed with this value, whichever version runs then.
struct Running<'a> {
    person: &'a Person,
    child: std::process::Child,
}

impl<'a> Running<'a> {
    fn of(person: &'a Person) -> Result<Self> {
        let status = person.home().join("demo-status");
        let status = status.to_str().context("a temporary path is Unicode")?;
        let mut command = Command::new("setsid");
        command.arg(person.program()).args(["--status", status]).current_dir("/");
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let running = Self { person, child };
        poll_until("the program starts", || running.status().ok())?;
        Ok(running)
    }

    fn status(&self) -> Result<Status> {
        Ok(serde_json::from_slice(&std::fs::read(self.person.home().join("demo-status"))?)?)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if let Ok(status) = self.status() {
            Command::new("kill").args(["-9", &status.pid.to_string()]).stderr(Stdio::null()).status().ok();
        }
    }
}

/// From 1.0.0 to 2.0.0 and on, from whatever server answers at this address under this key, and takes releases like this.
fn a_program_is_kept_up_to_date(
    base: &str,
    key: &[u8],
    release: &dyn Fn(&str, &[u8]) -> Result<()>,
) -> Result<()> {
    let (first, second) = (stripped("demo-program-1")?, stripped("demo-program-2")?);
    release("1.0.0", &first)?;
    let person = Person::unenrolled(&first)?;
    person.enrol_lantern(key, base, ALIVE)?;

    // The server tells what is installed, and nobody says that it is the newest.
    let checked = says(&person, &["check", APP], 0)?;
    assert_eq!(
        (&checked["answer"], &checked["installed"]),
        (&json!("nothing-newer"), &json!("1.0.0")),
        "{checked}"
    );
    let told = reads(&person, &["check", APP])?;
    ensure!(told.contains("cannot prove that it is the newest") && !told.contains("up to date"), "{told}");

    let running = Running::of(&person)?;
    assert_eq!(running.status()?.version, "1.0.0");
    release("2.0.0", &second)?;
    let offer = says(&person, &["check", APP], 0)?["offer"].take();
    assert_eq!((&offer["version"], offer.get("full_bytes")), (&json!("2.0.0"), None), "{offer}");
    let report = says(&person, &["apply", APP], 0)?["report"].take();
    assert_eq!((&report["from"], &report["to"]), (&json!("1.0.0"), &json!("2.0.0")), "{report}");
    assert_eq!(report["route"], json!({ "way": "patch", "format": "bsdiff40" }), "{report}");
    assert_eq!(report["patches_fetched"], 1, "{report}");
    ensure!(report["bytes_fetched"].as_u64() < report["full_bytes"].as_u64(), "{report}");
    ensure!(person.installed()? == second, "byte for byte");
    poll_until("the new version runs where the old one did", || {
        running.status().ok().filter(|status| status.version == "2.0.0")
    })?;
    let version = run(Command::new(person.program()).arg("--version"))?.expect(0)?.out;
    assert_eq!(version.trim(), "demo-program 2.0.0");

    assert_eq!(says(&person, &["rollback", APP], 0)?["to"], "1.0.0");
    assert_eq!(says(&person, &["apply", APP], 3)?["reason"]["reason"], "undone");
    says(&person, &["apply", APP, "--force"], 0)?;
    ensure!(person.installed()? == second);
    assert_eq!(says(&person, &["apply", APP], 0)?["answer"], "nothing-newer");
    assert_eq!(person.leftovers()?, Vec::<std::path::PathBuf>::new());
    Ok(())
}

#[test]
fn a_program_is_kept_up_to_date_by_a_server_of_the_old_kind() -> Result<()> {
    let server = Lantern::start()?;
    a_program_is_kept_up_to_date(&server.url(), LANTERN_KEY, &|version, bytes| {
        server.release(version, bytes)
    })?;
    let fetched: Vec<_> = server.take_log().into_iter().filter(|line| line.starts_with("GET")).collect();
    assert_eq!(fetched, ["GET patch", "GET patch"], "never the whole");
    Ok(())
}

#[test]
fn support_is_told_the_source_its_key_and_what_it_cannot_prove() -> Result<()> {
    let server = Lantern::start()?;
    server.release("1.0.0", b"#!/bin/sh\nexit 0\n")?;
    let person = Person::unenrolled(b"#!/bin/sh\nexit 0\n")?;
    person.enrol_lantern(LANTERN_KEY, &server.url(), PROBE)?;
    let key = protocol::Digest::of(LANTERN_KEY).to_string();

    let doctor = says(&person, &["doctor", APP], 0)?;
    assert_eq!((&doctor["apps"][0]["source"], &doctor["apps"][0]["key"]), (&json!("lantern"), &json!(key)));
    let text = reads(&person, &["doctor", APP])?;
    ensure!(text.contains("lantern") && text.contains(&key) && text.contains("not verified"), "{text}");
    let status = reads(&person, &["status", APP])?;
    ensure!(status.contains("Lantern server") && status.contains("that it is the newest is not"), "{status}");
    let why = reads(&person, &["why", APP])?;
    ensure!(why.contains("source: lantern") && why.contains(&key) && why.contains("not verified"), "{why}");
    let bundle = person.home().join("bundle.zip");
    person.run(&["diagnose", "--out", bundle.to_str().context("Unicode")?])?.expect(0)?;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&bundle)?)?;
    let told = std::io::read_to_string(archive.by_name("doctor.json")?)?;
    ensure!(told.contains("\"source\": \"lantern\"") && told.contains(&key), "{told}");
    assert_eq!(says(&person, &["notes", APP], 0)?["text"], Value::Null);

    person.run(&["forget", APP])?.expect(0)?;
    assert_eq!(std::fs::read_dir(person.folders().user_apps())?.count(), 0, "the key goes, too");
    Ok(())
}

#[test]
fn only_the_key_that_was_pinned_is_enrolled() -> Result<()> {
    let person = Person::unenrolled(b"#!/bin/sh\nexit 0\n")?;
    let weak = include_bytes!("../../crates/autoupdate/fixtures/lantern/weak.public.pem");
    let url = "https://update.example.org/";
    let refused = |key: &[u8], change: &dyn Fn(&str) -> String, more: &[&str]| -> Result<(String, String)> {
        let file = person.lantern_enrolment(key, url, "")?;
        std::fs::write(&file, change(&std::fs::read_to_string(&file)?))?;
        let file = file.to_str().context("Unicode")?;
        let error = person.run(&[&["enrol", file], more].concat())?.expect(1)?.json()?["error"].take();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Ok((text("code"), text("message")))
    };
    let same = |text: &str| text.to_owned();
    let sha256 = protocol::Digest::of(LANTERN_KEY).to_string();
    let (code, why) = refused(weak, &same, &[])?;
    ensure!(code == "E-LANTERN-KEY" && why.contains("2048"), "{code}: {why}");
    let (code, _) = refused(LANTERN_KEY, &|text| text.replace(&sha256, &"0".repeat(64)), &[])?;
    assert_eq!(code, "E-LANTERN-KEY-PIN");
    let (code, _) = refused(LANTERN_KEY, &same, &["--key-sha256", &"0".repeat(64)])?;
    assert_eq!(code, "E-LANTERN-KEY-PIN");
    let (code, why) = refused(LANTERN_KEY, &same, &["--root-sha256", &sha256])?;
    ensure!(code == "E-USAGE" && why.contains("--key-sha256"), "{code}: {why}");
    let (code, why) = refused(LANTERN_KEY, &|text| text.replace("key =", "root ="), &[])?;
    ensure!(code == "E-STATE-ENROLMENT" && why.contains("`key` instead"), "{code}: {why}");
    ensure!(!person.folders().user_apps().exists(), "nothing is written");
    Ok(())
}
