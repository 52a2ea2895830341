//! The same of our own server, where its operator answers the clients of Lantern's first one.

use std::cell::RefCell;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{
    APP, LANTERN_KEY, LANTERN_PRIVATE_KEY, Noise, Person, Server, Workshop, poll_until, program,
};
use protocol::Digest;
use serde_json::json;

use super::{PROBE, a_program_is_kept_up_to_date, says};

/// A publisher, and a server that answers old clients beside ours.
struct Face {
    workshop: Workshop,
    server: Server,
}

impl Face {
    fn start() -> Result<Self> {
        let workshop = Workshop::new(&[])?;
        let mut server = Server::of(&workshop)?;
        server.write_secret("lantern.pem", LANTERN_PRIVATE_KEY)?;
        // Only what such clients read is made.
        let more = format!(
            "[patches]\nformats = []\n[lantern]\nkey = \"lantern.pem\"\npublic_url = \"{}\"\n[lantern.apps.{APP}]\napp = \"{APP}\"\n",
            server.url()
        );
        server.start_with(&more)?;
        Ok(Self { workshop, server })
    }

    fn release(&self, version: &str, bytes: &[u8]) -> Result<()> {
        self.workshop.release(&self.server, version, bytes)
    }

    /// Waits until there is a patch.
    fn patch(&self, base: &[u8], artifact: &[u8]) -> Result<()> {
        let (base, artifact) = (Digest::of(base), Digest::of(artifact));
        let file = self.server.path(&format!("data/{APP}/patches/{artifact}/{base}.bsdiff40"));
        poll_until("the patch is made", || file.exists().then_some(()))
    }

    /// A person who has a version that was released.
    fn person(&self, key: &[u8], version: &str) -> Result<Person> {
        let person = Person::unenrolled(&program(version))?;
        person.enrol_lantern(key, self.server.url(), PROBE)?;
        Ok(person)
    }
}

/// A program of which nothing is like the one before.
fn another() -> Vec<u8> {
    let mut noise = Noise::new(11);
    let body = (0..12_000).flat_map(|_| noise.next().to_le_bytes());
    b"#!/bin/sh\nif [ \"$1\" = --version ]; then echo 2.0.0; fi\nexit 0\n"
        .iter()
        .copied()
        .chain(body)
        .collect()
}

#[test]
fn a_program_is_kept_up_to_date_by_our_own_server() -> Result<()> {
    let face = Face::start()?;
    let before = RefCell::new(None::<Vec<u8>>);
    a_program_is_kept_up_to_date(face.server.url(), LANTERN_KEY, &|version, bytes| {
        face.release(version, bytes)?;
        before.replace(Some(bytes.to_vec())).map_or(Ok(()), |base| face.patch(&base, bytes))
    })
}

#[test]
fn where_a_patch_is_no_gain_the_whole_comes() -> Result<()> {
    let face = Face::start()?;
    face.release("1.0.0", &program("1.0.0"))?;
    let person = face.person(LANTERN_KEY, "1.0.0")?;
    says(&person, &["check", APP], 0)?;
    face.release("2.0.0", &another())?;
    let report = says(&person, &["apply", APP], 0)?["report"].take();
    assert_eq!((&report["to"], &report["route"]["way"]), (&json!("2.0.0"), &json!("full")), "{report}");
    assert_eq!(report["patches_fetched"], 0, "{report}");
    ensure!(person.installed()? == another(), "byte for byte");
    assert_eq!(says(&person, &["apply", APP], 0)?["answer"], "nothing-newer");
    Ok(())
}

#[test]
fn what_another_key_signed_is_refused() -> Result<()> {
    let face = Face::start()?;
    face.release("1.0.0", &program("1.0.0"))?;
    face.release("2.0.0", &program("2.0.0"))?;
    let other = include_bytes!("../../../crates/server/fixtures/lantern/other-public.pem");
    let person = face.person(other, "1.0.0")?;
    for verb in ["check", "apply"] {
        let answer = says(&person, &[verb, APP], 5)?;
        assert_eq!(answer["failure"]["code"], "E-LANTERN-ANSWER-SIGNATURE", "{answer}");
    }
    ensure!(person.installed()? == program("1.0.0"), "an update of another key is installed");
    assert_eq!(person.leftovers()?, Vec::<std::path::PathBuf>::new());
    Ok(())
}

/// Somebody put an old version in place by hand, and the server takes the newest one back.
#[test]
fn the_floor_holds() -> Result<()> {
    let face = Face::start()?;
    for version in ["1.0.0", "1.5.0", "2.0.0"] {
        face.release(version, &program(version))?;
    }
    let person = face.person(LANTERN_KEY, "1.0.0")?;
    says(&person, &["apply", APP, "--yes"], 0)?;
    ensure!(person.installed()? == program("2.0.0"));
    face.workshop.rollout(&face.server, "2.0.0", &["--halt"])?;
    assert_eq!(says(&person, &["apply", APP], 0)?["answer"], "nothing-newer");

    std::fs::write(person.program(), program("1.0.0")).context("an old version in place")?;
    let answer = says(&person, &["apply", APP, "--yes"], 3)?;
    assert_eq!((&answer["answer"], &answer["version"]), (&json!("not-offered"), &json!("1.5.0")), "{answer}");
    assert_eq!(answer["reason"], json!({ "reason": "below-floor", "floor": "2.0.0" }), "{answer}");
    ensure!(person.installed()? == program("1.0.0"));

    face.workshop.rollout(&face.server, "2.0.0", &["--resume"])?;
    says(&person, &["apply", APP, "--yes"], 0)?;
    ensure!(person.installed()? == program("2.0.0"));
    Ok(())
}
