//! Installations in a folder of the test's own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

struct World {
    home: tempfile::TempDir,
    ground: Ground,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().canonicalize().unwrap();
        let ground = Ground {
            places: Places { prefix: path.join(".local") },
            folders: Folders::below(&path.join("autoupdate")),
            login: Login::below(&path.join("config")),
            pages: vec![path.join("pages")],
        };
        Self { home, ground }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.ground.places.prefix.parent().unwrap().join(name)
    }

    /// An executable to install, of these bytes.
    fn copy(&self, bytes: &str) -> PathBuf {
        let path = self.path("download");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn install(&self, bytes: &str, source: Option<&Source>) -> Result<Done> {
        self.ground.install(&self.copy(bytes), source)
    }

    /// All files and links below home, with their contents.
    fn everything(&self) -> BTreeMap<String, Vec<u8>> {
        fn look(folder: &Path, home: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(home).unwrap().to_str().unwrap().to_owned();
                let meta = fs::symlink_metadata(&path).unwrap();
                if meta.is_symlink() {
                    found.insert(name, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
                } else if meta.is_dir() {
                    found.insert(name + "/", Vec::new());
                    look(&path, home, found);
                } else {
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        let mut found = BTreeMap::new();
        look(self.home.path(), self.home.path(), &mut found);
        found
    }
}

fn source() -> Source {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), r#"{"signed":{"_type":"root"},"signatures":[]}"#).unwrap();
    Source::given("https://example.org/updates", file.path()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn everything_is_put_in_place_and_removed_again() {
    let world = World::new();
    world.copy("1");
    fs::create_dir_all(world.path("autoupdate/config/apps.d")).unwrap();
    fs::write(world.path("autoupdate/config/apps.d/other.toml"), "").unwrap();
    fs::create_dir_all(world.path(".local/bin")).unwrap();
    fs::write(world.path(".local/bin/mine"), "").unwrap();
    fs::create_dir_all(world.path("config/autostart")).unwrap();
    let before = world.everything();
    let done = world.install("1", Some(&source())).unwrap();
    assert!(!done.again && done.starts_at_login && !done.runs, "{done:?}");
    assert!(matches!(done.own, Own::From(_)), "{done:?}");

    let places = &world.ground.places;
    assert_eq!(fs::read(places.program()).unwrap(), b"1");
    assert_eq!(places.link().canonicalize().unwrap(), places.program());
    let modes = places.pieces().unwrap().iter().map(|piece| mode(&piece.path)).collect::<Vec<_>>();
    assert_eq!(modes, [0o755, 0o755, 0o644, 0o644, 0o644, 0o644]);
    let entry = fs::read_to_string(places.entry()).unwrap();
    assert!(entry::starts(&entry, &places.program()), "{entry}");
    assert!(world.ground.login.starts(&places.program()));

    // What the engine keeps beside the program.
    fs::create_dir(places.private()).unwrap();
    fs::set_permissions(places.private(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(places.private().join("previous"), "0").unwrap();
    assert!(world.ground.uninstall().unwrap());
    assert_eq!(world.everything(), before);
    assert!(!world.ground.uninstall().unwrap(), "nothing is left");
}

#[test]
fn installing_again_replaces_everything_and_keeps_what_was_chosen() {
    let world = World::new();
    world.install("1", Some(&source())).unwrap();
    let whole = world.everything();
    world.ground.login.set(false, Path::new("/x")).unwrap();
    fs::write(world.ground.places.entry(), fs::read(world.ground.places.entry()).unwrap()).unwrap();
    // One that died.
    fs::write(world.path(".local/lib/autoupdate/.autoupdate-tray.x.new"), "half").unwrap();
    let done = world.install("2", None).unwrap();
    assert!(done.again && !done.starts_at_login && matches!(done.own, Own::From(_)), "{done:?}");
    let mut expected = whole.clone();
    expected.remove("config/autostart/autoupdate-tray.desktop");
    for name in ["download", ".local/lib/autoupdate/autoupdate-tray"] {
        expected.insert(name.to_owned(), b"2".to_vec());
    }
    assert_eq!(world.everything(), expected);

    // From where it lies: what else is missing comes back.
    fs::remove_file(world.ground.places.link()).unwrap();
    let program = world.ground.places.program();
    world.ground.install(&program, None).unwrap();
    assert_eq!(world.everything(), expected);
}

#[test]
fn what_was_not_finished_is_a_first_installation() {
    let world = World::new();
    world.install("1", None).unwrap();
    world.ground.login.set(false, Path::new("/x")).unwrap();
    fs::remove_file(world.ground.places.entry()).unwrap();
    let done = world.install("1", None).unwrap();
    assert!(!done.again && done.starts_at_login, "{done:?}");
}

#[test]
fn what_belongs_to_others_stays() {
    let world = World::new();
    fs::create_dir_all(world.path(".local/bin")).unwrap();
    fs::write(world.path(".local/bin/autoupdate-tray"), "a copy that somebody put here").unwrap();
    let error = world.install("1", None).unwrap_err().to_string();
    assert!(error.contains("bin/autoupdate-tray is there already"), "{error}");
    assert!(!world.path(".local/lib").exists());
    fs::remove_file(world.path(".local/bin/autoupdate-tray")).unwrap();

    // Another copy, which starts at login and updates itself.
    let other = Path::new("/home/x/elsewhere/autoupdate-tray");
    world.install("1", Some(&source())).unwrap();
    world.ground.login.set(true, other).unwrap();
    own::enrol(&world.ground.folders, other, Some(&source())).unwrap();
    world.ground.uninstall().unwrap();
    assert!(world.ground.login.starts(other));
    assert!(world.path("autoupdate/config/apps.d/autoupdate-tray.toml").exists());
    assert!(!world.path(".local/lib").exists());
}

#[test]
fn a_program_that_is_being_updated_is_left_alone() {
    let world = World::new();
    world.install("1", None).unwrap();
    let program = world.ground.places.program();
    let place = autoupdate::install::Place::open(&program).unwrap();
    for error in [world.install("2", None).unwrap_err(), world.ground.uninstall().unwrap_err()] {
        assert!(error.to_string().contains("updated just now"), "{error:#}");
    }
    assert_eq!(fs::read(&program).unwrap(), b"1");
    drop(place);
    world.install("2", None).unwrap();
    assert_eq!(fs::read(&program).unwrap(), b"2");
}

#[test]
fn purge_removes_what_is_remembered() {
    let world = World::new();
    for folder in ["autoupdate/config/apps.d", "autoupdate/state", "pages/x"] {
        fs::create_dir_all(world.path(folder)).unwrap();
    }
    world.ground.purge().unwrap();
    assert_eq!(world.everything().keys().collect::<Vec<_>>(), ["autoupdate/"]);
}

#[test]
fn it_says_what_it_did() {
    let done = Done {
        program: "/p".into(),
        link: "/l".into(),
        again: false,
        own: Own::No,
        starts_at_login: true,
        runs: false,
    };
    let words = done.words();
    assert!(words.contains("does not update itself") && words.contains("or as /l"), "{words}");
    let words = Done { again: true, runs: true, starts_at_login: false, own: Own::ByMachine, ..done }.words();
    assert!(words.contains("installed again") && words.contains("Quit in its menu"), "{words}");
}
