//! From the path in an enrolment to the program itself: links are followed once, here, and only links of people who
//! could change the program anyway.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::error::{During as _, Error};
use super::folder::{Folder, Identity, Kind, check_access, is_immutable, link_owner};
use crate::error::Phase;

/// More links than this are taken for a loop, as the kernel does.
const MAX_LINKS: usize = 40;

/// A program's folder, held open, and its name there.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) folder: Folder,
    pub(super) name: OsString,
    /// The real path.
    pub(super) path: PathBuf,
}

impl Spot {
    /// Finds the program. It may be missing: an update that died may have left it so where systems allow no better.
    pub(super) fn find(path: &Path) -> Result<Self, Error> {
        let real = resolve(path)?;
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(Error::NotAbsolute { path: path.to_owned() });
        };
        let folder = match Folder::open(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Missing { path: path.to_owned() });
            }
            opened => opened.during(Phase::Preflight, "open the folder", folder)?,
        };
        Ok(Self { folder, name: name.to_owned(), path: real })
    }

    /// Whether there is anything where our private folder would be.
    pub(super) fn has_private(&self) -> bool {
        matches!(self.folder.facts(&private_name(&self.name)), Ok(Some(_)))
    }

    /// The private folder beside the program. `None`: there is none and `make` is false.
    pub(super) fn private(&self, make: bool) -> Result<Option<Folder>, Error> {
        let name = private_name(&self.name);
        let path = self.folder.path().join(&name);
        if make {
            match self.folder.make_folder(&name) {
                Ok(()) => super::error::synced(self.folder.sync(), Phase::Preflight, self.folder.path())?,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    // Root may read what it may not write here; a folder of ours may be there already.
                    if self.folder.facts(&name).during(Phase::Preflight, "look at", &path)?.is_none() {
                        if is_immutable(&self.folder) {
                            return Err(Error::Immutable { path: self.folder.path().to_owned() });
                        }
                        return Err(Error::NoPermission { path: self.folder.path().to_owned() });
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
                    return Err(Error::ReadOnly { path: self.folder.path().to_owned() });
                }
                Err(error) => return Err(error).during(Phase::Preflight, "make the folder", &path),
            }
        }
        match self.folder.facts(&name).during(Phase::Preflight, "look at", &path)? {
            None => return Ok(None),
            Some(facts) if facts.kind != Kind::Folder => {
                return Err(Error::UnsafePrivate { path, why: "it is a link or a file" });
            }
            Some(_) => {}
        }
        let private = self.folder.open_folder(&name).during(Phase::Preflight, "open the folder", &path)?;
        self.check_private(&private)?;
        Ok(Some(private))
    }

    fn check_private(&self, private: &Folder) -> Result<(), Error> {
        let path = private.path();
        let facts = private.own_facts().during(Phase::Preflight, "look at", path)?;
        if facts.mode & 0o077 != 0 {
            return Err(Error::UnsafePrivate {
                path: path.to_owned(),
                why: "others may look or write into it",
            });
        }
        if let Err(Error::ForeignFolder { .. }) = check_access(private, None) {
            return Err(Error::UnsafePrivate { path: path.to_owned(), why: "it belongs to another user" });
        }
        let here = self.folder.own_facts().during(Phase::Preflight, "look at", self.folder.path())?;
        if facts.identity.0 != here.identity.0 {
            return Err(Error::Mounted { path: path.to_owned() });
        }
        Ok(())
    }

    /// The path must still lead into the held folders, or what we put there would not be what people start.
    pub(super) fn check_unmoved(&self, private: &Folder) -> Result<(), Error> {
        let phase = Phase::Activate;
        let moved = || Error::Moved { path: self.folder.path().to_owned() };
        let held = self.folder.own_facts().during(phase, "look at", self.folder.path())?.identity;
        let now = Folder::open(self.folder.path()).map_err(|_| moved())?;
        let now = now.own_facts().during(phase, "look at", self.folder.path())?.identity;
        let held_private = private.own_facts().during(phase, "look at", private.path())?.identity;
        let private_now: Option<Identity> = (self.folder.facts(&private_name(&self.name)))
            .during(phase, "look at", private.path())?
            .map(|facts| facts.identity);
        if held == now && private_now == Some(held_private) { Ok(()) } else { Err(moved()) }
    }
}

/// `.{name}.autoupdate`
fn private_name(program: &OsStr) -> OsString {
    let mut name = OsString::from(".");
    name.push(program);
    name.push(".autoupdate");
    name
}

/// Where the previous bytes of the program at `path` are kept, if any are. For comparing, not for opening.
pub(crate) fn previous_path(path: &Path) -> Option<PathBuf> {
    let name = private_name(path.file_name()?);
    Some(path.with_file_name(name).join(super::folder::PREVIOUS))
}

/// The path without links. Every link on the way must belong to us or to the administrator.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    if !path.is_absolute() || path.file_name().is_none() {
        return Err(Error::NotAbsolute { path: path.to_owned() });
    }
    let mut todo = parts(path);
    let mut done = PathBuf::new();
    let mut links = 0;
    while let Some(part) = todo.pop() {
        match part {
            Part::Start(start) => done = start,
            Part::Up => {
                done.pop();
            }
            Part::Name(name) => {
                let next = done.join(name);
                let meta = match std::fs::symlink_metadata(&next) {
                    Ok(meta) => meta,
                    // The last part may be missing: see `Spot::find`.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound && todo.is_empty() => {
                        return Ok(next);
                    }
                    Err(error)
                        if matches!(
                            error.kind(),
                            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                        ) =>
                    {
                        return Err(Error::Missing { path: path.to_owned() });
                    }
                    Err(error) => return Err(error).during(Phase::Preflight, "look at", &next),
                };
                if !meta.is_symlink() {
                    done = next;
                    continue;
                }
                if let Some(owner) = link_owner(&meta) {
                    return Err(Error::ForeignLink { link: next, owner });
                }
                links += 1;
                if links > MAX_LINKS {
                    return Err(Error::LinkLoop { path: path.to_owned() });
                }
                let to = std::fs::read_link(&next).during(Phase::Preflight, "read the link", &next)?;
                todo.extend(parts(&to));
            }
        }
    }
    Ok(done)
}

enum Part {
    /// The root, with the drive where there are drives.
    Start(PathBuf),
    Up,
    Name(OsString),
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Prefix(_) | Component::RootDir => start.push(part),
            Component::CurDir => {}
            Component::ParentDir => parts.push(Part::Up),
            Component::Normal(name) => parts.push(Part::Name(name.to_owned())),
        }
    }
    if !start.as_os_str().is_empty() {
        parts.insert(0, Part::Start(start));
    }
    parts.reverse();
    parts
}
