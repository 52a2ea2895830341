//! One byte changed on the way, at eight places of every object that an honest run fetches.
//!
//! There are two good outcomes and no third. Metadata and full artifacts: the program stays byte-exact the old one and
//! the error names object and code. Patches: the update takes the next route and says why. Afterwards an honest run
//! always updates.

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{Harm, Host, Noise, Person, Publisher, Served, program};

const PROBE: &str = r#"{ probe = ["--version"] }"#;
const PLACES: usize = 8;

#[test]
fn a_flipped_byte_of_anything_is_harmless_where_there_is_a_patch() -> Result<()> {
    flip_everything(&Publisher::of(&["1.0.0", "2.0.0"])?, "patches/")
}

#[test]
fn a_flipped_byte_of_anything_is_harmless_where_there_is_no_patch() -> Result<()> {
    let publisher = Publisher::new()?;
    for version in ["1.0.0", "2.0.0"] {
        publisher.release(version, &program(version), jiff::Timestamp::now())?;
    }
    flip_everything(&publisher, "targets/releases/")
}

/// `expected` is how the object begins by which the update comes.
fn flip_everything(publisher: &Publisher, expected: &str) -> Result<()> {
    let host = Host::serve(&publisher.site())?;
    let person = || Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE);
    person()?.run(&["apply", "demo"])?.expect(0)?;
    let fetched: Vec<_> = host.take_log().into_iter().filter(|served| served.status == 200).collect();
    ensure!(fetched.len() >= 5, "an honest run fetches more than that: {fetched:?}");
    let comes =
        |served: &Served| served.object.starts_with(expected) && !served.object.ends_with("index.json");
    ensure!(fetched.iter().any(comes), "nothing came by {expected}: {fetched:?}");

    let mut noise = Noise::new(7);
    for served in fetched {
        for _ in 0..PLACES {
            let at = usize::try_from(noise.next() % served.bytes.max(1) as u64)?;
            let with = u8::try_from(noise.next() % 255)? + 1;
            check(publisher, &host, &served.object, Harm::Flip { at, with })
                .with_context(|| format!("{} byte {at} ^ {with:#04x}", served.object))?;
        }
    }
    Ok(())
}

fn check(publisher: &Publisher, host: &Host, object: &str, harm: Harm) -> Result<()> {
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    host.harm_only(object, harm);
    let answer = person.run(&["apply", "demo"])?;
    host.be_honest();
    let said = answer.json()?;
    if object.starts_with("patches/") {
        ensure!(person.installed()? == program("2.0.0"), "not updated: {answer:?}");
        // The index is only a hint: when it is damaged the patch is simply not known. A damaged patch is told.
        let told = said["report"]["fallbacks"].as_array().is_some_and(|list| !list.is_empty());
        ensure!(object.ends_with("index.json") || told, "no reason for the next route: {said}");
    } else {
        ensure!(person.installed()? == program("1.0.0"), "changed: {answer:?}");
        ensure!(answer.code != Some(0), "claimed success: {answer:?}");
        let told = told(&said);
        let (code, name) = match object.strip_prefix("metadata/") {
            // Roles are what people know; a file's name has the version in front.
            Some(file) => ("E-META-", file.trim_end_matches(".json").rsplit('.').next().unwrap_or_default()),
            None if object.contains("/rollout/") => ("E-META-", "rollout"),
            None => ("E-FILE-", object),
        };
        ensure!(told.contains(code), "no code {code}: {said}");
        ensure!(told.contains(name), "does not name {name}: {said}");
    }
    person.run(&["apply", "demo"])?.expect(0)?;
    ensure!(person.installed()? == program("2.0.0"), "the next honest run did not update");
    Ok(())
}

/// Code and text of what went wrong, wherever the answer has it: as an error, as the failure that makes the freshness
/// unknown, or as the reason why nothing is offered while the rollout cannot be verified.
fn told(said: &serde_json::Value) -> String {
    let places = [
        format!("{} {}", said["error"]["code"], said["error"]["message"]),
        format!("{} {}", said["failure"]["code"], said["failure"]["text"]),
        said["reason"]["why"].to_string(),
    ];
    places.join(" ")
}
