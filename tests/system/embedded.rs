//! Programs with the engine inside: the examples, run as they are built.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use autoupdate::install::Place;
use autoupdate::store::percent_encoded;
use autoupdate_tests::{APP, Answer, Harm, Host, Person, Publisher, Workshop, example, here, program, run};
use jiff::Timestamp;
use protocol::{Digest, Version, object};

/// Publishes bytes as a version of the app that the example says it is.
fn publish(workshop: &Workshop, version: &str, bytes: &[u8]) -> Result<()> {
    std::fs::write(workshop.path("self_update"), bytes)?;
    let platform = here()?.to_string();
    // The program is large and its transfer is not what this is about.
    let add = ["add", "own", "self_update", "--version", version, "--platform", &platform, "--no-twin"];
    workshop.run(&add)?.expect(0)?;
    workshop.run(&["publish", "own", "public"])?.expect(0)?;
    Ok(())
}

#[test]
fn the_example_updates_itself() -> Result<()> {
    let built = example("self_update")?;
    let old = std::fs::read(&built)?;
    // What follows the last segment of an executable is never loaded: other bytes, the same program.
    let new = [&old[..], b"the second version\n"].concat();
    let workshop = Workshop::new(&[])?;
    workshop.run(&["init", "own", "--app", "self-update", "--unencrypted"])?.expect(0)?;
    publish(&workshop, "1.0.0", &old)?;
    let host = Host::serve(&workshop.path("public"))?;
    let person = Person::unenrolled(&[])?;
    // By another program: a file that this one has just written may still be open in a child of another test, and such a
    // file does not start.
    run(Command::new("install").args(["-m", "755"]).args([&built, &person.program()]))?.expect(0)?;
    let root = workshop.path("own/public/metadata/1.root.json");
    let root = root.to_str().context("a temporary path is Unicode")?;
    let start = || run(&mut person.starts(&person.program(), &[&host.url(), root]))?.expect(0);
    let says = |answer: &Answer| answer.out.lines().last().unwrap_or_default().to_owned();

    assert_eq!(says(&start()?), "nothing newer");
    assert_eq!(person.installed()?, old);
    publish(&workshop, "2.0.0", &new)?;
    let mode_and_owner = person.mode_and_owner()?;
    assert_eq!(says(&start()?), "updated to 2.0.0, which runs at the next start");
    assert_eq!((person.installed()?, person.mode_and_owner()?), (new.clone(), mode_and_owner));
    ensure!(Place::open(&person.program())?.probation().is_some(), "it has yet to prove that it lives");

    assert_eq!(says(&start()?), "nothing newer");
    assert_eq!(person.installed()?, new);
    {
        let place = Place::open(&person.program())?;
        ensure!(place.probation().is_none(), "its first start confirmed: {:?}", place.probation());
        assert_eq!(place.installed().floor.as_ref().map(ToString::to_string).as_deref(), Some("2.0.0"));
    }
    // Whatever is wrong with what lies beside it, the program starts; only that it cannot update itself is an error.
    let journal = person.beside().join("journal");
    std::fs::write(&journal, "autoupdate-journal 99\n")?;
    let started = run(&mut person.starts(&person.program(), &[&host.url(), root]))?.expect(1)?;
    ensure!(started.out.starts_with("running "), "{started:?}");
    std::fs::remove_file(journal)?;
    assert_eq!(person.leftovers()?, Vec::<std::path::PathBuf>::new());
    Ok(())
}

/// The example that any TUF test suite can drive, with folders of its own.
struct Client {
    folder: tempfile::TempDir,
    /// Where the host serves the app.
    url: String,
}

impl Client {
    fn run(&self, words: &[&str]) -> Result<Answer> {
        let mut command = Command::new(example("tuf_client")?);
        command.arg("--metadata-dir").arg(self.folder.path().join("metadata"));
        command.arg("--target-dir").arg(self.folder.path().join("targets"));
        command.args(["--metadata-url", &format!("{}metadata", self.url)]);
        command.args(["--target-base-url", &format!("{}targets", self.url)]);
        run(command.args(words))
    }

    /// The metadata that it trusts, by file name.
    fn trusted(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        files(&self.folder.path().join("metadata"))
    }

    /// What it has stored of a target.
    fn target(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.path().join("targets").join(percent_encoded(path))).ok()
    }
}

/// The JSON files of a folder.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, std::fs::read(path)?);
        }
    }
    Ok(found)
}

/// The newest file of each top-level role under its unversioned name: `3.root.json` as `root.json`.
fn newest(served: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut newest = BTreeMap::<String, (u64, Vec<u8>)>::new();
    for (name, bytes) in served {
        let (version, role) = match name.split_once('.') {
            Some((version, role)) if role != "json" => (version.parse().unwrap_or_default(), role),
            _ => (0, name.as_str()),
        };
        let top = ["root.json", "timestamp.json", "snapshot.json", "targets.json"].contains(&role);
        if top && newest.get(role).is_none_or(|(known, _)| *known < version) {
            newest.insert(role.to_owned(), (version, bytes.clone()));
        }
    }
    newest.into_iter().map(|(role, (_, bytes))| (role, bytes)).collect()
}

#[test]
fn the_client_example_trusts_what_is_served_and_nothing_else() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let first = publisher.root()?;
    publisher.rotate_root(2, Timestamp::now())?;
    let host = Host::serve(&publisher.site())?;
    let client = Client { folder: tempfile::tempdir()?, url: format!("{}apps/{APP}/", host.url()) };
    let root = client.folder.path().join("first.json");
    std::fs::write(&root, &first)?;

    client.run(&["init", root.to_str().context("a temporary path is Unicode")?])?.expect(0)?;
    assert_eq!(client.trusted()?, BTreeMap::from([("root.json".to_owned(), first)]));
    assert_eq!(host.take_log(), [], "that was all without a network");

    client.run(&["refresh"])?.expect(0)?;
    let served = newest(&files(&publisher.site().join("apps").join(APP).join("metadata"))?);
    assert_eq!((client.trusted()?, served.len()), (served, 4));

    let (mut paths, platform) = (Vec::new(), here()?);
    for version in ["1.0.0", "2.0.0"] {
        paths.push(object::artifact_path(&Version::parse(version)?, platform, APP)?);
    }
    client.run(&["--target-name", &paths[0], "download"])?.expect(0)?;
    assert_eq!(client.target(&paths[0]), Some(program("1.0.0")));

    let tampered = object::target(&paths[1], &Digest::of(&program("2.0.0")))?;
    for harm in [Harm::Flip { at: 1000, with: 1 }, Harm::Cut { to: 1000 }, Harm::Missing] {
        host.harm_only(&tampered, harm);
        let _seen = host.take_log();
        let refused = client.run(&["--target-name", &paths[1], "download"])?.expect(1)?;
        ensure!(host.take_log().iter().any(|one| one.object == tampered), "{harm:?}: it was asked for");
        ensure!(!refused.err.is_empty() && client.target(&paths[1]).is_none(), "{harm:?}: {refused:?}");
    }
    host.be_honest();
    client.run(&["--target-name", &paths[1], "download"])?.expect(0)?;
    assert_eq!(client.target(&paths[1]), Some(program("2.0.0")));
    Ok(())
}
