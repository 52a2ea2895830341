//! Trust moves forward only: roots are walked, floors hold, unknown files are asked about.

use anyhow::Result;
use autoupdate_tests::{Host, Person, Publisher, days_ago, program};
use jiff::Timestamp;

const PROBE: &str = r#"{ probe = ["--version"] }"#;

#[test]
fn forty_roots_are_walked_in_one_check() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let first = publisher.root()?;
    publisher.rotate_root(39, Timestamp::now())?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &first, &host.url(), PROBE)?;

    person.run(&["apply", "demo"])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    let log = host.take_log();
    let roots = log.iter().filter(|one| one.object.ends_with(".root.json") && one.status == 200).count();
    assert_eq!(roots, 39, "each of 2 to 40 once");

    person.run(&["check", "demo"])?.expect(0)?;
    let roots =
        host.take_log().iter().filter(|one| one.object.ends_with(".root.json") && one.status == 200).count();
    assert_eq!(roots, 0, "what was walked is kept");
    Ok(())
}

/// An honest signature on an old state of the repository does not bring an old version back.
#[test]
fn an_older_signed_release_is_refused_even_without_any_state() -> Result<()> {
    let publisher = Publisher::at(days_ago(2))?;
    publisher.release("1.0.0", &program("1.0.0"), days_ago(2))?;
    let old_site = tempfile::tempdir()?;
    copy(&publisher.site(), old_site.path())?;
    publisher.release("2.0.0", &program("2.0.0"), days_ago(1))?;

    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    person.run(&["apply", "demo"])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));

    // The same address now gives the old site, which is validly signed and not expired.
    host.move_to(old_site.path());
    let _seen = host.take_log();
    let answer = person.run(&["check", "demo"])?.expect(5)?.json()?;
    assert_eq!(answer["failure"]["code"], "E-META-ROLLBACK", "{answer}");
    let log = host.take_log();
    let timestamp =
        |one: &autoupdate_tests::Served| one.object.ends_with("timestamp.json") && one.status == 200;
    assert!(log.iter().any(timestamp), "the old metadata was there to be taken: {log:?}");

    // Without any state its metadata is believed, and the newest release that it names is the old one.
    person.delete_state()?;
    let answer = person.run(&["apply", "demo"])?;
    assert_eq!(person.installed()?, program("2.0.0"), "{answer:?}");
    assert_ne!(answer.json()?["answer"], "updated", "{answer:?}");
    Ok(())
}

/// Somebody put an old version in place by hand, all state is gone, and the host offers a version in between: the floor
/// beside the program still knows what was good here.
#[test]
fn nothing_below_the_floor_is_offered_even_without_any_state() -> Result<()> {
    let publisher = Publisher::at(days_ago(3))?;
    publisher.release("1.0.0", &program("1.0.0"), days_ago(3))?;
    publisher.release("1.5.0", &program("1.5.0"), days_ago(2))?;
    let old_site = tempfile::tempdir()?;
    copy(&publisher.site(), old_site.path())?;
    publisher.release("2.0.0", &program("2.0.0"), days_ago(1))?;

    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    person.run(&["apply", "demo"])?.expect(0)?;
    std::fs::write(person.program(), program("1.0.0"))?;
    person.delete_state()?;
    host.move_to(old_site.path());

    let answer = person.run(&["apply", "demo"])?.expect(3)?.json()?;
    assert_eq!(answer["answer"], "not-offered", "{answer}");
    assert_eq!(answer["version"], "1.5.0", "{answer}");
    assert_eq!(
        answer["reason"],
        serde_json::json!({ "reason": "below-floor", "floor": "2.0.0" }),
        "{answer}"
    );
    assert_eq!(person.installed()?, program("1.0.0"));

    host.move_to(&publisher.site());
    person.run(&["apply", "demo"])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

#[test]
fn an_unknown_file_is_replaced_in_full_and_only_with_consent() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let mut unknown = program("1.0.0");
    unknown.extend(b"# changed by hand\n");
    let person = Person::with(&unknown, &publisher.root()?, &host.url(), PROBE)?;

    let answer = person.run(&["apply", "demo"])?.expect(4)?.json()?;
    assert_eq!(answer["answer"], "needs-consent", "{answer}");
    assert_eq!(person.installed()?, unknown);
    let answer = person.run(&["apply", "demo", "--yes"])?.expect(0)?.json()?;
    assert_eq!(answer["report"]["patches_fetched"], 0, "{answer}");
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let (path, target) = (entry.as_ref().map(std::fs::DirEntry::path), to);
        let path = path.map_err(|error| anyhow::anyhow!("{error}"))?;
        let target = target.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
