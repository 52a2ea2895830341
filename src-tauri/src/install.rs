//! `--install` and `--uninstall`: the app in one person's folders, without a package manager and without root.
//!
//! Below the prefix, by default `~/.local`:
//!
//! | file | what |
//! |---|---|
//! | `lib/autoupdate/autoupdate-tray` | the app; updates replace this file, and beside it lies what the engine keeps of it |
//! | `bin/autoupdate-tray` | a link to it, for terminals |
//! | `share/applications/autoupdate-tray.desktop` | its entry in menus |
//! | `share/icons/hicolor/{size}/apps/autoupdate-tray.png` | its icon |
//!
//! In the person's configuration: the entry of the session's autostart, and the app's own enrolment with its root, if it is known
//! where its updates come from. Installing again replaces all of it, also while the app runs; uninstalling removes exactly it, and
//! leaves what the person set and enrolled.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use autoupdate::platform::processes;
use autoupdate::store::Folders;
use protocol::{Close, Digest, Enrolment, Health, Mode, RootPin};

use crate::login::{self, Login};
use crate::own::{self, Source};

/// The name of program, link, entry and icon.
const NAME: &str = "autoupdate-tray";
const ICONS: [(&str, &[u8]); 3] = [
    ("32x32", include_bytes!("../../icons/32.png")),
    ("128x128", include_bytes!("../../icons/128.png")),
    ("256x256", include_bytes!("../../icons/256.png")),
];
/// How long a running app may take to end before it is uninstalled.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a new version may take until it confirms that it works: a slow disk, a slow session.
const CONFIRM: Duration = Duration::from_secs(120);

/// Where everything goes.
#[derive(Debug, Clone)]
pub struct Places {
    prefix: PathBuf,
    folders: Folders,
    login: Login,
}

/// One file of the installation.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, PartialEq, Eq)]
enum Content {
    Bytes(Vec<u8>),
    Program,
    Link(PathBuf),
}

impl Places {
    /// The places of the person who runs this.
    ///
    /// # Errors
    /// The person has no home; root without a prefix, who would install it for nobody.
    pub fn of_user(prefix: Option<PathBuf>) -> Result<Self> {
        let folders = Folders::of_user()?;
        let prefix = match prefix {
            Some(prefix) => std::path::absolute(&prefix).with_context(|| format!("{}", prefix.display()))?,
            None if std::fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0) => bail!(
                "root would install it for root alone: run it as the person who wants it, or say where with --prefix"
            ),
            None => {
                let dirs = directories::BaseDirs::new()
                    .context("there is no home folder: say where with --prefix")?;
                dirs.home_dir().join(".local")
            }
        };
        Ok(Self { prefix, folders, login: Login::of_user() })
    }

    /// Where the app is, once it is installed.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.prefix.join("lib/autoupdate").join(NAME)
    }

    fn enrolment(&self) -> (PathBuf, PathBuf) {
        let of = |ending: &str| self.folders.user_apps().join(format!("{}.{ending}", own::ID));
        (of("toml"), of("root.json"))
    }

    /// Installs the program `from`. Gives whether it keeps itself up to date from now on.
    ///
    /// # Errors
    /// What could not be written; what was written before stays, and installing again completes it.
    pub fn install(&self, from: &Path, source: Option<&Source>) -> Result<bool> {
        let first = !self.program().exists();
        for item in self.items(source)? {
            item.put(from).with_context(|| format!("{} cannot be written", item.path.display()))?;
        }
        // Whoever turned it off later has decided.
        if first || self.login.is_on() {
            self.login.set(true, &self.program()).context("it cannot be started at login")?;
        }
        Ok(source.is_some())
    }

    /// Removes what [`Self::install`] wrote, after the app was asked to end.
    ///
    /// # Errors
    /// It does not end; a file cannot be removed.
    pub fn uninstall(&self) -> Result<()> {
        self.close()?;
        self.login.set(false, &self.program()).context("its start at login cannot be removed")?;
        let (enrolment, root) = self.enrolment();
        // The enrolment first: nobody must update what is going.
        let mut paths = vec![enrolment, root];
        paths.extend(self.items(None)?.into_iter().map(|item| item.path));
        for path in paths {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
                }
                _ => {}
            }
        }
        let folder = self.prefix.join("lib/autoupdate");
        let beside = folder.join(format!(".{NAME}.autoupdate"));
        match std::fs::remove_dir_all(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", beside.display()));
            }
            _ => {}
        }
        // Not empty: somebody put something of theirs into it.
        let _kept = std::fs::remove_dir(folder);
        Ok(())
    }

    fn close(&self) -> Result<()> {
        let Ok(program) = self.program().canonicalize() else { return Ok(()) };
        let deadline = Instant::now() + PATIENCE;
        for instance in processes::instances(&program)? {
            processes::close(&program, &instance, &Close::Signal, deadline)?;
        }
        Ok(())
    }

    /// Every file, the program first and what refers to it later.
    fn items(&self, source: Option<&Source>) -> Result<Vec<Item>> {
        let program = self.program();
        let link = Path::new("../lib/autoupdate").join(NAME);
        let menu = login::entry(&program, &[], "Categories=System;PackageManager;\n")?;
        let share = self.prefix.join("share");
        let mut items = vec![
            Item { path: program, content: Content::Program },
            Item { path: self.prefix.join("bin").join(NAME), content: Content::Link(link) },
        ];
        for (size, bytes) in ICONS {
            let path = share.join("icons/hicolor").join(size).join("apps").join(format!("{NAME}.png"));
            items.push(Item { path, content: Content::Bytes(bytes.to_vec()) });
        }
        let path = share.join("applications").join(format!("{NAME}.desktop"));
        items.push(Item { path, content: Content::Bytes(menu.into_bytes()) });
        if let Some(source) = source {
            let (enrolment, root) = self.enrolment();
            items.push(Item { path: root.clone(), content: Content::Bytes(source.root.clone()) });
            let text = self.own_enrolment(source, &root)?;
            items.push(Item { path: enrolment, content: Content::Bytes(text.into_bytes()) });
        }
        Ok(items)
    }

    fn own_enrolment(&self, source: &Source, root: &Path) -> Result<String> {
        let enrolment = Enrolment {
            id: protocol::AppId::parse(own::ID)?,
            name: "Updater".to_owned(),
            path: self.program(),
            sources: vec![source.url.clone()],
            source: protocol::SourceKind::Tuf,
            root: RootPin {
                file: root.file_name().map(PathBuf::from).unwrap_or_default(),
                sha256: Digest::of(&source.root),
            },
            channel: protocol::Channel::default(),
            mode: Mode::Download,
            close: Close::Signal,
            restart: protocol::Restart::Ours,
            health: Health::Confirm(CONFIRM),
            allow_http: false,
        };
        Ok(enrolment.to_toml()?)
    }
}

impl Item {
    /// Writes it under a name of its own, then puts it in place: whoever looks sees the old file or the new one.
    fn put(&self, program: &Path) -> Result<()> {
        let folder = self.path.parent().context("a file has a folder")?;
        std::fs::create_dir_all(folder)?;
        let (mode, bytes) = match &self.content {
            Content::Link(target) => {
                let fresh = folder.join(format!(".{NAME}.new"));
                let _old = std::fs::remove_file(&fresh);
                std::os::unix::fs::symlink(target, &fresh)?;
                return Ok(std::fs::rename(fresh, &self.path)?);
            }
            Content::Program if is_same(program, &self.path) => return Ok(()),
            Content::Program => (0o755, std::fs::read(program)?),
            Content::Bytes(bytes) => (0o644, bytes.clone()),
        };
        let mut fresh = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        fresh.write_all(&bytes)?;
        fresh.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
        fresh.as_file().sync_all()?;
        fresh.persist(&self.path)?;
        Ok(())
    }
}

/// Whether both names mean the same file.
fn is_same(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::SourceUrl;

    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn places(&self) -> Places {
            let folders = Folders::below(&self.0.path().join("person"));
            let login = Login::at(self.0.path().join("config/autostart"));
            Places { prefix: self.0.path().join("local"), folders, login }
        }

        /// Every file and link below, with its mode.
        fn files(&self) -> BTreeMap<String, u32> {
            fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, u32>) {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    let about = path.symlink_metadata().unwrap();
                    if about.is_dir() {
                        walk(root, &path, found);
                    } else {
                        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                        found.insert(name, about.mode() & 0o777);
                    }
                }
            }
            let mut found = BTreeMap::new();
            walk(self.0.path(), self.0.path(), &mut found);
            found
        }
    }

    fn source() -> Source {
        let url = SourceUrl::parse("https://updates.example.org/", false).unwrap();
        Source { url, root: b"{\"a\":\"root\"}".to_vec() }
    }

    #[test]
    fn it_is_installed_again_and_removed_without_a_trace() {
        let home = Home(tempfile::tempdir().unwrap());
        let places = home.places();
        let built = home.0.path().join("built");
        std::fs::write(&built, "version 1").unwrap();
        let others = places.folders.user_apps().join("other.toml");
        std::fs::create_dir_all(others.parent().unwrap()).unwrap();
        std::fs::write(&others, "the person's own").unwrap();
        let before = home.files();

        assert!(places.install(&built, Some(&source())).unwrap());
        let installed = home.files();
        assert_eq!(installed["local/lib/autoupdate/autoupdate-tray"], 0o755);
        assert_eq!(std::fs::read(home.0.path().join("local/bin/autoupdate-tray")).unwrap(), b"version 1");
        assert_eq!(installed["local/share/icons/hicolor/128x128/apps/autoupdate-tray.png"], 0o644);
        let menu = home.0.path().join("local/share/applications/autoupdate-tray.desktop");
        let menu = std::fs::read_to_string(menu).unwrap();
        assert!(menu.contains("\nExec=\"") && menu.contains("\nCategories="), "{menu}");
        assert!(!menu.contains("--background"), "whoever clicks it wants to see it: {menu}");
        let autostart =
            std::fs::read_to_string(home.0.path().join("config/autostart/autoupdate-tray.desktop"));
        assert!(autostart.unwrap().contains("lib/autoupdate/autoupdate-tray\" --background\n"));
        let enrolments = autoupdate::enrolments::load(&places.folders);
        let own = enrolments.app(&protocol::AppId::parse(own::ID).unwrap()).unwrap();
        assert_eq!((&own.enrolment.path, own.enrolment.mode), (&places.program(), Mode::Download));

        std::fs::write(&built, "version 2").unwrap();
        places.install(&built, Some(&source())).unwrap();
        assert_eq!(std::fs::read(places.program()).unwrap(), b"version 2");
        assert_eq!(home.files(), installed, "nothing more, and nothing half");
        // From its own place, as a person may do to mend an entry that was deleted.
        places.install(&places.program(), Some(&source())).unwrap();
        assert_eq!(home.files(), installed);

        let beside = places.program().with_file_name(".autoupdate-tray.autoupdate");
        std::fs::create_dir(&beside).unwrap();
        std::fs::write(beside.join("previous"), "version 1").unwrap();
        places.uninstall().unwrap();
        assert_eq!(home.files(), before);
        assert!(!home.0.path().join("local/lib/autoupdate").exists());
        places.uninstall().unwrap();
    }

    #[test]
    fn without_a_source_it_does_not_enrol_itself() {
        let home = Home(tempfile::tempdir().unwrap());
        let built = home.0.path().join("built");
        std::fs::write(&built, "version 1").unwrap();
        assert!(!home.places().install(&built, None).unwrap());
        assert!(autoupdate::enrolments::load(&home.places().folders).apps.is_empty());
    }
}
