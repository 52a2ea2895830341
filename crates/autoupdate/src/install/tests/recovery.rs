//! The same deaths as in the model of `recover_tests.rs`, on a real disk: the journal is cut after every record and in
//! the middle of every record, with the files as they were at that time.

use std::path::Path;

use super::*;
use crate::install::{Recovered, RollBackReason};

/// The private folder and the program at some moment.
struct Moment {
    name: String,
    files: Vec<(String, Vec<u8>)>,
    program: Vec<u8>,
}

impl Moment {
    fn of(scene: &Scene, name: &str) -> Self {
        let names = fs::read_dir(scene.private("")).unwrap().map(|entry| entry.unwrap().file_name());
        // The lock says nothing, and where it is a file that is open alone nobody can read it.
        let files = names.map(|name| name.into_string().unwrap()).filter(|name| name != "lock");
        let files = files.map(|name| (name.clone(), fs::read(scene.private(&name)).unwrap()));
        Self { name: name.to_owned(), files: files.collect(), program: scene.bytes() }
    }

    fn journal(&self) -> Vec<u8> {
        self.files
            .iter()
            .find(|(name, _)| name == "journal")
            .map(|(_, bytes)| bytes.clone())
            .unwrap_or_default()
    }

    /// A fresh place that looks like this, with another journal.
    fn restore(&self, journal: &[u8]) -> Scene {
        let scene = Scene::new();
        let put = |path: &Path, bytes: &[u8], mode| {
            fs::write(path, bytes).unwrap();
            set_mode(path, mode);
        };
        put(&scene.program(), &self.program, 0o755);
        fs::create_dir(scene.private("")).unwrap();
        set_mode(&scene.private(""), 0o700);
        for (name, bytes) in self.files.iter().filter(|(name, _)| name != "journal") {
            put(&scene.private(name), bytes, if name.contains('.') { 0o600 } else { 0o755 });
        }
        put(&scene.private("journal"), journal, 0o600);
        scene
    }
}

/// The moments of one update, up to before the commit.
fn moments() -> Vec<Moment> {
    let scene = Scene::new();
    let mut place = scene.open();
    place.set_version(&version("1.0.0")).unwrap();
    let mut moments = vec![Moment::of(&scene, "at rest")];
    stage(&mut place, "2.0.0", NEW);
    moments.push(Moment::of(&scene, "staged"));
    let before = moments.last().unwrap().files.clone();
    place.activate(&confirm_health(), now()).unwrap();
    let after = Moment::of(&scene, "on probation");

    // Between the two, with the records that were there by then.
    let journal = after.journal();
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    let until_activating = lines[..3].concat();
    let between = |name: &str, program: &[u8], files: &[(&str, &[u8])]| {
        let mut all: Vec<_> = before.iter().filter(|(name, _)| name == "record.json").cloned().collect();
        all.push(("journal".to_owned(), until_activating.clone()));
        all.extend(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())));
        Moment { name: name.to_owned(), files: all, program: program.to_vec() }
    };
    moments.push(between("announced", OLD, &[("stage", NEW)]));
    moments.push(between("old bytes kept", OLD, &[("stage", NEW), ("keep", OLD)]));
    moments.push(between("old bytes half copied", OLD, &[("stage", NEW), ("keep", &OLD[..4])]));
    moments.push(between("replaced", NEW, &[("keep", OLD)]));
    moments.push(between("old bytes have their lasting name", NEW, &[("previous", OLD)]));
    moments.push(after);
    moments
}

/// The next update must work, and leave nothing.
fn check_honest_run(scene: &Scene, context: &str) {
    let mut place = scene.open();
    if place.probation().is_some() {
        assert_eq!(scene.bytes(), NEW, "{context}");
        place.roll_back(RollBackReason::Recalled).unwrap_or_else(|error| panic!("{context}: {error}"));
    }
    assert_eq!((scene.bytes(), scene.has_mode(0o755)), (OLD.to_vec(), true), "{context}");
    update(&mut place, "3.0.0", NEWER);
    place.commit().unwrap();
    assert_eq!((scene.bytes(), scene.residue()), (NEWER.to_vec(), vec!["previous".to_owned()]), "{context}");
}

#[test]
fn the_journal_may_end_anywhere() {
    let mut points = 0;
    for moment in moments() {
        let journal = moment.journal();
        let lines = journal.iter().filter(|byte| **byte == b'\n').count();
        let (mut start, mut ends) = (0, Vec::new());
        for (at, _) in journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            ends.extend([start + 1, at, at + 1]);
            start = at + 1;
        }
        // Only the last record can be torn by a death: those before it were on the disk before the next step began.
        for cut in ends.into_iter().skip(3 * lines.saturating_sub(1)).chain([journal.len()]) {
            let context = format!("{}, journal of {cut} bytes", moment.name);
            let scene = moment.restore(&journal[..cut]);
            let place = Place::open(&scene.program()).unwrap_or_else(|error| panic!("{context}: {error}"));
            let now = scene.bytes();
            assert_eq!(now, moment.program, "{context}: recovery itself never replaces a whole program");
            assert!(!scene.residue().contains(&"keep".to_owned()), "{context}: {:?}", scene.residue());
            drop(place);
            assert!(
                matches!(scene.open().recovered(), Recovered::Nothing | Recovered::InProbation(_)),
                "{context}: twice is the same as once"
            );
            if now == NEW && scene.open().probation().is_none() {
                continue; // a journal without `activating` beside new bytes: no death leaves that
            }
            check_honest_run(&scene, &context);
            points += 1;
        }
    }
    assert!(points >= 14, "{points} points");
}

#[test]
fn a_death_that_left_no_program_brings_the_old_bytes_back() {
    for kept in ["keep", "previous"] {
        let moments = moments();
        let mut moment = moments.into_iter().find(|moment| moment.name == "old bytes kept").unwrap();
        let keep = moment.files.iter_mut().find(|(name, _)| name == "keep").unwrap();
        kept.clone_into(&mut keep.0);
        let scene = moment.restore(&moment.journal());
        // As after the first of the two moves that Windows needs, where the program lies aside.
        let aside = if cfg!(windows) { scene.private("aside") } else { scene.folder().join("elsewhere") };
        fs::rename(scene.program(), aside).unwrap();
        let place = scene.open();
        assert_eq!((place.recovered(), scene.bytes()), (&Recovered::Undone, OLD.to_vec()), "{kept}");
        assert_eq!(place.staged().map(|staged| staged.sha256), Some(Digest::of(NEW)), "{kept}");
        drop(place);
        check_honest_run(&scene, kept);
    }
}

#[test]
fn an_announced_end_is_completed() {
    use crate::install::journal::{Entry, line};
    let moments = moments();
    let on_probation = moments.last().unwrap();
    let open = |entry: &Entry, finished: fn(&Recovered) -> bool, expected: &[u8]| {
        let journal = [on_probation.journal(), line(entry).into_bytes()].concat();
        let scene = on_probation.restore(&journal);
        let place = scene.open();
        assert!(finished(place.recovered()), "{:?}", place.recovered());
        assert_eq!(scene.bytes(), expected);
        assert!(!scene.private("journal").exists());
        place.installed().clone()
    };
    let installed = open(&Entry::Committing, |did| *did == Recovered::Finished, NEW);
    assert_eq!(installed.floor, Some(version("2.0.0")));

    let old = Place::inspect(&moments[0].restore(b"").program()).unwrap().kept();
    let undone = super::super::Kept {
        sha256: Digest::of(NEW),
        length: NEW.len() as u64,
        version: Some(version("2.0.0")),
    };
    let entry = Entry::RollingBack { undone, restored: old, why: RollBackReason::Bad };
    let installed = open(&entry, |did| matches!(did, Recovered::RolledBack(_)), OLD);
    assert_eq!((installed.bad, installed.version), (vec![Digest::of(NEW)], Some(version("1.0.0"))));
}

#[test]
fn garbage_in_our_files_is_never_fatal() {
    for garbage in [&b""[..], b"\0\0\0\0", b"garbage\n", &[b'x'; 100_000]] {
        let scene = Scene::new();
        let mut place = scene.open();
        update(&mut place, "2.0.0", NEW);
        drop(place);
        fs::write(scene.private("journal"), garbage).unwrap();
        fs::write(scene.private("record.json"), garbage).unwrap();
        for leftover in ["journal.new", "record.json.new", "stage", "keep"] {
            fs::write(scene.private(leftover), garbage).unwrap();
        }
        let mut place = scene.open();
        assert_eq!((scene.bytes(), place.installed().version.clone()), (NEW.to_vec(), None));
        assert_eq!(scene.residue(), Vec::<String>::new(), "nobody knows what `previous` was");
        update(&mut place, "3.0.0", NEWER);
    }
}

#[test]
fn an_unfinished_stage_is_gone_after_the_next_start() {
    let scene = Scene::new();
    let mut place = scene.open();
    let mut writer = place.begin_stage(&artifact("2.0.0", NEW)).unwrap();
    writer.write_all(&NEW[..5]).unwrap();
    let dead = Moment::of(&scene, "half a stage");
    let scene = dead.restore(b"");
    assert_eq!(scene.open().recovered(), &Recovered::Undone);
    assert_eq!(scene.residue(), Vec::<String>::new());
}

#[test]
fn a_program_reinstalled_by_hand_wins() {
    let scene = Scene::new();
    stage(&mut scene.open(), "2.0.0", NEW);
    fs::write(scene.program(), "by hand").unwrap();
    let place = scene.open();
    assert_eq!((place.recovered(), place.staged()), (&Recovered::Replaced, None));
    drop(place);
    assert_eq!((scene.bytes(), scene.residue()), (b"by hand".to_vec(), vec![]));

    let scene = Scene::new();
    update(&mut scene.open(), "2.0.0", NEW);
    fs::write(scene.program(), "by hand").unwrap();
    assert_eq!(scene.open().recovered(), &Recovered::Replaced);
    assert_eq!((scene.bytes(), scene.residue()), (b"by hand".to_vec(), vec![]));
}
