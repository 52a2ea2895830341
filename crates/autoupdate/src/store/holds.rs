//! What a person wishes: versions that are not wanted, programs that stay as they are, a pause of everything, and plans for a
//! restart.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use protocol::{AppId, Version};
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{Error, atomic};
use crate::policy::deferral::Pause;
use crate::policy::plan::Planned;

const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 256 << 10;
/// Holds per app; older ones go. Nobody skips this many versions and means the first.
const MAX_PER_APP: usize = 32;

/// A version that is not wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The app.
    pub app: AppId,
    /// The version.
    pub version: Version,
    /// Since when.
    pub since: Timestamp,
}

/// A program that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HeldApp {
    app: AppId,
    since: Timestamp,
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    format: u32,
    holds: Vec<Hold>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apps: Vec<HeldApp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause: Option<Pause>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    plans: Vec<PlannedApp>,
}

/// A restart that is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PlannedApp {
    app: AppId,
    #[serde(flatten)]
    plan: Planned,
}

/// What lasts beyond a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// A pause of everything that happens by itself.
    pub pause: Option<Pause>,
    /// Restarts that are planned.
    pub plans: BTreeMap<AppId, Planned>,
}

/// The file of holds.
#[derive(Debug, Clone)]
pub struct Holds {
    path: PathBuf,
}

impl Holds {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The held versions of an app.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn of(&self, app: &AppId) -> Result<Vec<Hold>, Error> {
        Ok(self.look()?.holds.into_iter().filter(|hold| &hold.app == app).collect())
    }

    /// Since when an app stays as it is. `None`: it does not.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn on_hold(&self, app: &AppId) -> Result<Option<Timestamp>, Error> {
        Ok(self.look()?.apps.into_iter().find(|held| &held.app == app).map(|held| held.since))
    }

    /// Lets an app stay as it is. Holding it again changes nothing.
    ///
    /// # Errors
    /// [`Error`].
    pub fn hold_app(&self, app: &AppId, since: Timestamp) -> Result<(), Error> {
        let _lock = Lock::of(&self.path)?;
        let mut file = self.load()?;
        if file.apps.iter().any(|held| &held.app == app) {
            return Ok(());
        }
        file.apps.push(HeldApp { app: app.clone(), since });
        self.save(file)
    }

    /// Lets everything of an app go: the hold and every skipped version. Gives whether there was anything.
    ///
    /// # Errors
    /// [`Error`].
    pub fn release_app(&self, app: &AppId) -> Result<bool, Error> {
        let _lock = Lock::of(&self.path)?;
        let mut file = self.load()?;
        let before = file.holds.len() + file.apps.len();
        file.holds.retain(|hold| &hold.app != app);
        file.apps.retain(|held| &held.app != app);
        if file.holds.len() + file.apps.len() == before {
            return Ok(false);
        }
        self.save(file).map(|()| true)
    }

    /// What lasts beyond a check.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn wishes(&self) -> Result<Wishes, Error> {
        let file = self.look()?;
        let plans = file.plans.into_iter().map(|one| (one.app, one.plan)).collect();
        Ok(Wishes { pause: file.pause, plans })
    }

    /// Pauses everything, or lets it go on.
    ///
    /// # Errors
    /// [`Error`].
    pub fn pause(&self, pause: Option<Pause>) -> Result<(), Error> {
        let _lock = Lock::of(&self.path)?;
        let mut file = self.load()?;
        if file.pause == pause {
            return Ok(());
        }
        file.pause = pause;
        self.save(file)
    }

    /// Plans a restart, or drops the plan.
    ///
    /// # Errors
    /// [`Error`].
    pub fn plan(&self, app: &AppId, plan: Option<Planned>) -> Result<(), Error> {
        let _lock = Lock::of(&self.path)?;
        let mut file = self.load()?;
        let before = file.plans.clone();
        file.plans.retain(|one| &one.app != app);
        file.plans.extend(plan.map(|plan| PlannedApp { app: app.clone(), plan }));
        if file.plans == before { Ok(()) } else { self.save(file) }
    }

    /// Holds a version. Holding it again changes nothing.
    ///
    /// # Errors
    /// [`Error`].
    pub fn add(&self, hold: Hold) -> Result<(), Error> {
        let _lock = Lock::of(&self.path)?;
        let mut file = self.load()?;
        let holds = &mut file.holds;
        if holds.iter().any(|old| old.app == hold.app && old.version == hold.version) {
            return Ok(());
        }
        let of_app = holds.iter().filter(|old| old.app == hold.app).count();
        if of_app >= MAX_PER_APP
            && let Some(oldest) = holds.iter().position(|old| old.app == hold.app)
        {
            holds.remove(oldest);
        }
        holds.push(hold);
        self.save(file)
    }

    /// Lets a version go.
    ///
    /// # Errors
    /// [`Error`].
    pub fn remove(&self, app: &AppId, version: &Version) -> Result<(), Error> {
        let _lock = Lock::of(&self.path)?;
        let mut file = self.load()?;
        let before = file.holds.len();
        file.holds.retain(|hold| &hold.app != app || &hold.version != version);
        if file.holds.len() == before { Ok(()) } else { self.save(file) }
    }

    fn look(&self) -> Result<File, Error> {
        match self.read()? {
            Ok(file) => Ok(file),
            // Another process may be mending it at this moment.
            Err(_damage) => {
                let _lock = Lock::of(&self.path)?;
                self.load()
            }
        }
    }

    /// The file; a damaged one is set aside. Only under the lock.
    fn load(&self) -> Result<File, Error> {
        Ok(self.read()?.unwrap_or_else(|damage| {
            atomic::set_aside(&self.path, &damage);
            File::default()
        }))
    }

    /// The file, or what is wrong with it.
    fn read(&self) -> Result<Result<File, String>, Error> {
        let Some(bytes) = atomic::read(&self.path, MAX_BYTES)? else { return Ok(Ok(File::default())) };
        Ok(match serde_json::from_slice::<File>(&bytes) {
            Ok(file) if file.format == FORMAT => Ok(file),
            Ok(_) => Err("another format version".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    fn save(&self, file: File) -> Result<(), Error> {
        let bytes = serde_json::to_vec(&File { format: FORMAT, ..file });
        let bytes = bytes.map_err(|error| Error::write(&self.path, std::io::Error::other(error)))?;
        atomic::write(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn hold(app: &str, minor: usize) -> Hold {
        Hold {
            app: AppId::parse(app).unwrap(),
            version: Version::parse(&format!("1.{minor}.0")).unwrap(),
            since: Timestamp::from_second(1_700_000_000).unwrap(),
        }
    }

    #[test]
    fn holds_are_per_app_kept_once_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let holds = Holds::at(folder.path().join("holds.json"));
        for _ in 0..2 {
            holds.add(hold("one", 1)).unwrap();
        }
        holds.add(hold("two", 1)).unwrap();
        assert_eq!(holds.of(&hold("one", 0).app).unwrap(), [hold("one", 1)]);
        holds.remove(&hold("one", 1).app, &hold("one", 1).version).unwrap();
        assert_eq!(holds.of(&hold("one", 0).app).unwrap(), []);
        for minor in 0..50 {
            holds.add(hold("two", minor)).unwrap();
        }
        let of_two = holds.of(&hold("two", 0).app).unwrap();
        assert_eq!((of_two.len(), of_two.last()), (MAX_PER_APP, Some(&hold("two", 49))));
    }

    #[test]
    fn many_may_hold_at_once_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..6 {
                let holds = Holds::at(folder.path().join("holds.json"));
                scope.spawn(move || {
                    for minor in 0..10 {
                        holds.add(hold(&format!("app{thread}"), minor)).unwrap();
                    }
                    holds.remove(&hold(&format!("app{thread}"), 3).app, &hold("x", 3).version).unwrap();
                });
            }
        });
        let holds = Holds::at(folder.path().join("holds.json"));
        let count = |thread| holds.of(&hold(&format!("app{thread}"), 0).app).unwrap().len();
        assert_eq!([0, 1, 2, 3, 4, 5].map(count), [9; 6]);
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let holds = Holds::at(folder.path().join("holds.json"));
        for bad in [&b"{"[..], b"\xff\xff", br#"{"format":2,"holds":[]}"#, b""] {
            fs::write(&holds.path, bad).unwrap();
            assert_eq!(holds.of(&hold("one", 0).app).unwrap(), []);
            assert!(!holds.path.exists());
        }
    }

    #[test]
    fn the_golden_file_of_format_1_is_read_and_written_alike() {
        let folder = tempfile::tempdir().unwrap();
        let holds = Holds::at(folder.path().join("holds.json"));
        let golden = include_str!("../../fixtures/v1/holds.json").trim();
        fs::write(&holds.path, golden).unwrap();
        assert_eq!(holds.of(&hold("demo", 0).app).unwrap().len(), 1);
        holds.save(holds.load().unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&holds.path).unwrap(), golden);
        // As it is with a program on hold.
        let golden = include_str!("../../fixtures/v1/holds-app.json").trim();
        let app = hold("demo", 0);
        holds.hold_app(&app.app, app.since).unwrap();
        holds.hold_app(&app.app, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(fs::read_to_string(&holds.path).unwrap(), golden);
        assert_eq!(holds.on_hold(&app.app).unwrap(), Some(app.since));
        assert_eq!(holds.on_hold(&hold("other", 0).app).unwrap(), None);
        assert_eq!(
            (holds.release_app(&app.app).unwrap(), holds.release_app(&app.app).unwrap()),
            (true, false)
        );
        assert_eq!((holds.on_hold(&app.app).unwrap(), holds.of(&app.app).unwrap()), (None, vec![]));
        // As it is with a pause and plans.
        let golden = include_str!("../../fixtures/v1/holds-later.json").trim();
        let pause = Pause { since: app.since, until: None };
        holds.pause(Some(pause)).unwrap();
        holds.plan(&app.app, Some(Planned::At { at: app.since })).unwrap();
        holds.plan(&hold("other", 0).app, Some(Planned::AtQuit)).unwrap();
        assert_eq!(fs::read_to_string(&holds.path).unwrap(), golden);
        let wishes = holds.wishes().unwrap();
        assert_eq!((wishes.pause, wishes.plans.len()), (Some(pause), 2));
        holds.pause(None).unwrap();
        holds.plan(&app.app, None).unwrap();
        assert_eq!(holds.wishes().unwrap().plans.len(), 1);
    }
}
