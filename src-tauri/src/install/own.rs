//! The app's own enrolment: with it the app keeps itself up to date, by the same engine as every other program.
//!
//! Where updates come from is decided by whoever builds the app, or whoever installs it: an address and the publisher's first
//! root. A build that knows neither does not update itself, and says so.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use autoupdate::store::{self, Folders};
use protocol::{AppId, Channel, Close, Digest, Enrolment, Health, Mode, Pin, Restart, SourceKind, SourceUrl};

use crate::run::OWN_ID;

/// What people call the app.
const NAME: &str = "autoupdate";
/// How long a new version may take until everything stands. It says so itself.
const CONFIRM: Duration = Duration::from_secs(60);
/// The longest root that is read, in bytes.
const MAX_ROOT: u64 = 512 << 10;
/// The longest enrolment that is read, in bytes; the parser has the same limit.
const MAX_ENROLMENT: u64 = 64 << 10;

/// What the build knows: `AUTOUPDATE_OWN_SOURCE`, and the file that `AUTOUPDATE_OWN_ROOT` named. See `build.rs`.
const BUILT_IN: (Option<&str>, &[u8]) =
    (option_env!("AUTOUPDATE_OWN_SOURCE"), include_bytes!(concat!(env!("OUT_DIR"), "/own-root.json")));

/// Where the app's updates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    url: SourceUrl,
    root: Vec<u8>,
}

impl Source {
    /// The one that this build carries.
    ///
    /// # Errors
    /// What it carries is none.
    pub(super) fn built_in() -> Result<Option<Self>> {
        let (Some(url), root) = BUILT_IN else { return Ok(None) };
        if url.is_empty() {
            return Ok(None);
        }
        Self::of(url, root.to_vec()).context("this build carries an update source that is none").map(Some)
    }

    /// The one that a person names.
    ///
    /// # Errors
    /// The address is none that may be used, or the file no root.
    pub(super) fn given(url: &str, root: &Path) -> Result<Self> {
        let read = || {
            let mut bytes = Vec::new();
            File::open(root)?.take(MAX_ROOT + 1).read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        let bytes = read().with_context(|| format!("--root {} cannot be read", root.display()))?;
        Self::of(url, bytes).with_context(|| format!("--source {url} --root {}", root.display()))
    }

    fn of(url: &str, root: Vec<u8>) -> Result<Self> {
        ensure!(root.len() as u64 <= MAX_ROOT, "the root is longer than {MAX_ROOT} bytes");
        let url = SourceUrl::parse(url, false)?;
        let value: Option<serde_json::Value> = serde_json::from_slice(&root).ok();
        let kind = value.as_ref().and_then(|value| value.pointer("/signed/_type"));
        // Whether its signatures hold is the engine's to say, at the first check. This is for wrong files.
        ensure!(
            kind.is_some_and(|kind| kind == "root"),
            "the root is no TUF root; it is the file `metadata/1.root.json` of the repository"
        );
        Ok(Self { url, root })
    }
}

/// Whether the app keeps itself up to date from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Own {
    /// From this source.
    From(SourceUrl),
    /// As the administrator has it, for everybody.
    ByMachine,
    /// No source is known.
    No,
}

/// The enrolment's file.
fn file(folders: &Folders) -> PathBuf {
    folders.user_apps().join(format!("{OWN_ID}.toml"))
}

/// Enrols the program from this source; without one, an enrolment that is there already goes on. What the person has
/// chosen in it stays.
///
/// # Errors
/// It cannot be written; one that is there and still needed cannot be read.
pub(super) fn enrol(folders: &Folders, program: &Path, source: Option<&Source>) -> Result<Own> {
    if folders.machine_apps().join(format!("{OWN_ID}.toml")).exists() {
        return Ok(Own::ByMachine);
    }
    let file = file(folders);
    let before = match (read(&file), source) {
        (Ok(before), _) => before,
        // Anew, then.
        (Err(_), Some(_)) => None,
        (Err(error), None) => {
            return Err(error.context(format!("{} cannot be read; mend it or remove it", file.display())));
        }
    };
    let (mut enrolment, root) = match (before, source) {
        (None, None) => return Ok(Own::No),
        (Some(before), None) => (before, None),
        (before, Some(source)) => (enrolment(before.as_ref(), source)?, Some(&source.root)),
    };
    if let Some(root) = root {
        store::write_atomically(&folders.user_apps().join(&enrolment.anchor.file), root)?;
    }
    enrolment.path = program.to_owned();
    store::write_atomically(&file, enrolment.to_toml()?.as_bytes())?;
    match enrolment.sources.into_iter().next() {
        Some(url) => Ok(Own::From(url)),
        None => Ok(Own::No),
    }
}

fn enrolment(before: Option<&Enrolment>, source: &Source) -> Result<Enrolment> {
    Ok(Enrolment {
        id: AppId::parse(OWN_ID)?,
        name: NAME.to_owned(),
        path: PathBuf::new(),
        sources: vec![source.url.clone()],
        source: SourceKind::Tuf,
        anchor: Pin { file: format!("{OWN_ID}.root.json").into(), sha256: Digest::of(&source.root) },
        channel: before.map_or_else(Channel::default, |before| before.channel.clone()),
        mode: before.map_or_else(Mode::default, |before| before.mode),
        close: Close::Signal,
        restart: Restart::Ours,
        health: Health::Confirm(CONFIRM),
        allow_http: false,
        rights: protocol::Rights::Refuse,
    })
}

/// Removes the enrolment and its root, if it means this program.
///
/// # Errors
/// It cannot be removed.
pub(super) fn forget(folders: &Folders, program: &Path) -> Result<()> {
    let file = file(folders);
    // One that cannot be read is somebody's to mend: whether it means this program cannot be told.
    let Ok(Some(enrolment)) = read(&file) else { return Ok(()) };
    if enrolment.path != program {
        return Ok(());
    }
    fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))?;
    let root = folders.user_apps().join(format!("{OWN_ID}.root.json"));
    // Without its enrolment the root means nothing; whether it can be removed too does not matter.
    let _gone = fs::remove_file(root);
    // Only if there is no other enrolment.
    let _empty = fs::remove_dir(folders.user_apps());
    Ok(())
}

fn read(file: &Path) -> Result<Option<Enrolment>> {
    let mut text = String::new();
    match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?.take(MAX_ENROLMENT + 1).read_to_string(&mut text)?,
    };
    match Enrolment::parse(&text, false) {
        Ok(enrolment) if enrolment.id.as_str() == OWN_ID => Ok(Some(enrolment)),
        Ok(enrolment) => bail!("it is the enrolment of {}", enrolment.id),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &[u8] = br#"{"signed":{"_type":"root"},"signatures":[]}"#;

    fn source(url: &str) -> Source {
        Source::of(url, ROOT.to_vec()).unwrap()
    }

    fn own(folders: &Folders) -> Enrolment {
        read(&file(folders)).unwrap().unwrap()
    }

    #[test]
    fn what_is_no_source_is_refused() {
        let check = |url: &str, root: &[u8], expected: &str| {
            let error = format!("{:#}", Source::of(url, root.to_vec()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        };
        check("http://example.org", ROOT, "https");
        check("https://example.org", b"{}", "no TUF root");
        check("https://example.org", b"", "no TUF root");
        check("https://example.org", &vec![b' '; MAX_ROOT as usize + 1], "longer");
    }

    #[test]
    fn the_enrolment_is_one_that_the_engine_uses() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let program = folder.path().join("autoupdate-tray");
        fs::write(&program, "x").unwrap();
        assert_eq!(enrol(&folders, &program, None).unwrap(), Own::No);
        assert!(!folders.config.exists(), "nothing known, nothing written");
        let source = source("https://example.org/a");
        assert_eq!(enrol(&folders, &program, Some(&source)).unwrap(), Own::From(source.url.clone()));
        let all = autoupdate::enrolments::load(&folders);
        assert_eq!(all.problems, []);
        let enrolled = &all.app(&AppId::parse(OWN_ID).unwrap()).unwrap().enrolment;
        assert_eq!((&enrolled.path, &enrolled.health), (&program, &Health::Confirm(CONFIRM)));
        let root = fs::read(folders.user_apps().join(&enrolled.anchor.file)).unwrap();
        assert_eq!(Digest::of(&root), enrolled.anchor.sha256);
    }

    #[test]
    fn what_the_person_chose_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let (old, new) = (Path::new("/home/x/old/app"), Path::new("/home/x/new/app"));
        enrol(&folders, old, Some(&source("https://example.org/a"))).unwrap();
        let mut chosen = own(&folders);
        (chosen.mode, chosen.channel) = (Mode::Ask, Channel::parse("beta").unwrap());
        fs::write(file(&folders), chosen.to_toml().unwrap()).unwrap();

        enrol(&folders, new, None).unwrap();
        assert_eq!(own(&folders), Enrolment { path: new.to_owned(), ..chosen.clone() });
        enrol(&folders, new, Some(&source("https://example.org/b"))).unwrap();
        let now = own(&folders);
        assert_eq!((now.mode, now.channel), (chosen.mode, chosen.channel));
        assert_eq!(now.sources[0].to_string(), source("https://example.org/b").url.to_string());

        fs::write(file(&folders), "id = 7").unwrap();
        let error = format!("{:#}", enrol(&folders, new, None).unwrap_err());
        assert!(error.contains("mend it or remove it"), "{error}");
        enrol(&folders, new, Some(&source("https://example.org/b"))).unwrap();
    }

    #[test]
    fn only_its_own_enrolment_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let program = Path::new("/home/x/app");
        enrol(&folders, program, Some(&source("https://example.org/a"))).unwrap();
        fs::write(folders.user_apps().join("other.toml"), "").unwrap();
        forget(&folders, Path::new("/home/x/another")).unwrap();
        assert!(file(&folders).exists());
        forget(&folders, program).unwrap();
        forget(&folders, program).unwrap();
        let left: Vec<_> =
            fs::read_dir(folders.user_apps()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["other.toml"]);
    }

    #[test]
    fn the_administrators_word_stands() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        fs::create_dir_all(folders.machine_apps()).unwrap();
        fs::write(folders.machine_apps().join("autoupdate-tray.toml"), "").unwrap();
        let answer = enrol(&folders, Path::new("/home/x/app"), Some(&source("https://example.org/a")));
        assert_eq!(answer.unwrap(), Own::ByMachine);
        assert!(!folders.config.exists());
    }
}
