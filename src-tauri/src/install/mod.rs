//! `--install` and `--uninstall`: the app in a person's own folders, without an administrator.
//!
//! - The executable lies at a path that never changes, in a folder that is ours alone: updates replace what lies there, and
//!   everything else (the command, the entry in the list of programs, the start at login, the enrolment) names that path.
//! - Whatever is written is whole or not there at all, and written again by the next `--install`, also over a copy that runs.
//! - `--uninstall` removes what `--install` writes, and nothing that means another copy.
//!
//! Layout: [`plan`] what lies where · [`carry`] files into place · [`own`] the app's own enrolment · [`running`] copies that run.

mod carry;
mod own;
mod plan;
mod running;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use autoupdate::store::Folders;

use self::own::{Own, Source};
use self::plan::{Places, What};
use crate::login::Login;
use crate::{entry, here};

/// The name under which the web view keeps its files, as in `tauri.conf.json`.
const IDENTIFIER: &str = "org.autoupdate.tray";

/// An update source that a person names.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its address.
    pub source: String,
    /// The file of its first root.
    pub root: PathBuf,
}

/// Installs this copy below `prefix` (where it lies already, or `~/.local`) and says what was done.
///
/// # Errors
/// What is in the way. What was installed before is still whole.
pub fn install(prefix: Option<&Path>, given: Option<&Given>) -> Result<String> {
    let from = here::program().context("this copy cannot tell where it lies")?;
    ensure!(
        !here::is_packaged(&from),
        "{} belongs to your package manager, which installs and updates it; there is nothing left to install",
        from.display()
    );
    let ground = Ground::of_user(prefix, &from, Make::Yes)?;
    let source = match given {
        Some(given) => Some(Source::given(&given.source, &given.root)?),
        None => Source::built_in()?,
    };
    let done = ground.install(&from, source.as_ref())?;
    running::tell_engine(&ground.folders)?;
    Ok(done.words())
}

/// Removes the copy below `prefix` (where this one lies, or `~/.local`) and says what was done. Settings, history and other
/// programs' enrolments stay, unless `purge`.
///
/// # Errors
/// What is in the way.
pub fn uninstall(prefix: Option<&Path>, purge: bool) -> Result<String> {
    let from = here::program().context("this copy cannot tell where it lies")?;
    let ground = Ground::of_user(prefix, &from, Make::No)?;
    let was_there = ground.uninstall()?;
    running::tell_engine(&ground.folders)?;
    if purge {
        ground.purge()?;
    }
    let prefix = ground.places.prefix.display();
    let mut said = if was_there {
        format!("autoupdate-tray is no longer installed below {prefix}.\n")
    } else {
        format!("Nothing was installed below {prefix}.\n")
    };
    said.push_str(if purge {
        "Settings, history and all enrolments of yours were removed as well.\n"
    } else {
        "Settings, history and the enrolments of other programs were kept.\n"
    });
    Ok(said)
}

/// Whether the prefix is made where it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Yes,
    No,
}

/// Everything that an installation touches.
#[derive(Debug)]
struct Ground {
    places: Places,
    folders: Folders,
    login: Login,
    /// Folders of the web view.
    pages: Vec<PathBuf>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    program: PathBuf,
    link: PathBuf,
    /// One was installed before.
    again: bool,
    own: Own,
    starts_at_login: bool,
    /// A copy runs that was started before.
    runs: bool,
}

impl Ground {
    fn of_user(prefix: Option<&Path>, from: &Path, make: Make) -> Result<Self> {
        ensure!(
            cfg!(all(unix, not(target_os = "macos"))),
            "there is no way to install it for one person on this system yet; put the program where you like and start it"
        );
        ensure!(
            prefix.is_some() || !is_root(),
            "an installation belongs to one person, and this is root: do it as that person, without sudo. \
             If root itself is meant, say where with --prefix DIR"
        );
        let dirs = directories::BaseDirs::new().context("this user has no home folder")?;
        let prefix = match (prefix, Places::of_program(from)) {
            (Some(prefix), _) => std::path::absolute(prefix)?,
            (None, Some(places)) => places.prefix,
            (None, None) => dirs.home_dir().join(".local"),
        };
        if make == Make::Yes {
            fs::create_dir_all(&prefix).with_context(|| format!("{} cannot be made", prefix.display()))?;
        }
        // Without links: what names the program later names it in one way. Where there is no folder, nothing is installed.
        let prefix = prefix.canonicalize().unwrap_or(prefix);
        ensure!(
            !here::is_packaged(&prefix),
            "{} belongs to your package manager; choose a prefix of your own, for example ~/.local",
            prefix.display()
        );
        let pages = [dirs.data_local_dir(), dirs.cache_dir()].map(|folder| folder.join(IDENTIFIER)).to_vec();
        Ok(Self { places: Places { prefix }, folders: Folders::of_user()?, login: Login::of_user(), pages })
    }

    /// Whether an installation is here, and whole.
    fn is_whole(&self) -> bool {
        let entry = fs::read_to_string(self.places.entry());
        entry.is_ok_and(|entry| entry::starts(&entry, &self.places.program()))
    }

    fn install(&self, from: &Path, source: Option<&Source>) -> Result<Done> {
        let (places, program) = (&self.places, self.places.program());
        let again = self.is_whole();
        for path in [places.link(), places.entry()] {
            ensure!(
                self.is_free(&path),
                "{} is there already and leads to another program; move it away, then try again",
                path.display()
            );
        }
        let mut pieces = places.pieces()?;
        let last = pieces.pop();
        // No update begins or ends while the program is replaced.
        let still = running::keep_still(places)?;
        let runs = running::is_any(&program);
        for piece in &pieces {
            match &piece.what {
                What::Program if here::is_same(from, &piece.path) => {}
                What::Program => {
                    let mut bytes =
                        File::open(from).with_context(|| format!("{} cannot be read", from.display()))?;
                    carry::file(&piece.path, carry::Mode::Run, &mut bytes)?;
                }
                What::Link(target) => carry::link(&piece.path, target)?,
                What::File(bytes) => carry::file(&piece.path, carry::Mode::Read, &mut bytes.as_slice())?,
            }
        }
        drop(still);
        let own = own::enrol(&self.folders, &program, source)?;
        // Whoever turned it off does not get it back with the next version.
        if !again || self.login.is_on() {
            self.login.set(true, &program).context("the entry for the start at login cannot be written")?;
        }
        if let Some(plan::Piece { path, what: What::File(bytes) }) = last {
            carry::file(&path, carry::Mode::Read, &mut bytes.as_slice())?;
        }
        Ok(Done { program, link: places.link(), again, own, starts_at_login: self.login.is_on(), runs })
    }

    /// Whether nothing lies there, or what an installation of this prefix has put there.
    fn is_free(&self, path: &Path) -> bool {
        if path == self.places.link() {
            return match fs::read_link(path) {
                Ok(target) => target == Places::link_target(),
                Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            };
        }
        !path.exists() || self.is_whole()
    }

    /// Removes what was installed; whether there was anything.
    fn uninstall(&self) -> Result<bool> {
        let (places, program) = (&self.places, self.places.program());
        let was_there = program.exists() || places.private().exists() || self.is_whole();
        running::close_all(&program)?;
        let still = running::keep_still(places)?;
        if self.login.starts(&program) {
            self.login.set(false, &program).context("the entry for the start at login cannot be removed")?;
        }
        own::forget(&self.folders, &program)?;
        // From the last piece to the first: as long as there is anything, the program can be started to remove it.
        for piece in places.pieces()?.into_iter().rev() {
            match piece.what {
                What::Program => {
                    carry::remove_folder(&places.private())?;
                    carry::remove(&piece.path, &places.prefix)?;
                }
                What::Link(_) if !self.is_free(&piece.path) => {}
                What::File(_) if !was_there => {}
                What::File(_) if piece.path == places.entry() && !self.is_free(&piece.path) => {}
                What::Link(_) | What::File(_) => carry::remove(&piece.path, &places.prefix)?,
            }
        }
        drop(still);
        Ok(was_there)
    }

    /// Removes everything that is remembered for this person.
    fn purge(&self) -> Result<()> {
        if running::has_engine(&self.folders)? {
            bail!(
                "another copy of the app is running and needs what --purge removes; quit it, then try again"
            );
        }
        let Folders { config, state, cache, runtime, machine: _ } = &self.folders;
        for folder in [config, state, cache, runtime].into_iter().chain(&self.pages) {
            carry::remove_folder(folder)?;
        }
        Ok(())
    }
}

impl Done {
    fn words(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let how = if self.again { "is installed again as" } else { "is installed as" };
        let mut said = format!("autoupdate-tray {version} {how} {}\n", self.program.display());
        said.push_str(&match &self.own {
            Own::From(url) => format!("It keeps itself up to date from {url}\n"),
            Own::ByMachine => "It is kept up to date as your administrator has it.\n".to_owned(),
            Own::No => "This build carries no update source, so it does not update itself; \
                        --source URL --root FILE name one.\n"
                .to_owned(),
        });
        said.push_str(if self.starts_at_login {
            "It starts when you log in.\n"
        } else {
            "It does not start when you log in, as you had it.\n"
        });
        said.push_str(&if self.runs {
            "A copy from before runs on until it ends: choose Quit in its menu, then start it again.\n"
                .to_owned()
        } else {
            format!("Start it from the list of programs, or as {}\n", self.link.display())
        });
        said
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
