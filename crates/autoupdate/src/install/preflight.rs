//! Everything that would stop an update later, looked for before any byte is fetched.

use std::fs::File;
use std::path::{Path, PathBuf};

use protocol::Rights;

use super::error::{During as _, Error};
use super::folder::{Room, facts_of, has_capabilities, obstacles, room};
use super::keeper;
use super::place::Place;
use crate::error::Phase;

const PHASE: Phase = Phase::Preflight;

/// Room left over for journal, record and folders, in bytes, and one part in so many of what is written for the file
/// system's own notes.
const MARGIN: (u64, u64) = (1 << 20, 64);

/// Files made during an update, with some to spare.
const FILES: u64 = 16;

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;

/// The space an update needs, in bytes. Margins are added here, not by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// For the stage: the artifact's length.
    pub stage: u64,
    /// For keeping the previous bytes where they cannot be linked: the installed length.
    pub previous: u64,
    /// For the download: the folder (it need not exist yet) and the most bytes that will be in it.
    pub spool: (PathBuf, u64),
}

impl Place {
    /// Looks for everything that would stop the update later, before any byte is fetched.
    ///
    /// # Errors
    /// The first obstacle, with its remedy.
    pub fn preflight(&self, need: &Need) -> Result<(), Error> {
        let (spot, private) = (&self.ground.spot, &self.ground.private);
        let program = self.base()?;
        check_keeper(&spot.path)?;
        check_program(&spot.path, &program, self.rights)?;
        obstacles(&spot.folder, &spot.path, &program)?;
        let folder = spot.folder.path();
        let here = spot.folder.own_facts().during(PHASE, "look at", folder)?;
        if facts_of(&program).during(PHASE, "look at", &spot.path)?.identity.0 != here.identity.0 {
            return Err(Error::Mounted { path: spot.path.clone() });
        }
        let ours = private.room().during(PHASE, "ask for free space in", folder)?;
        if ours.read_only {
            return Err(Error::ReadOnly { path: folder.to_owned() });
        }
        if !spot.folder.is_writable() {
            return Err(Error::NoPermission { path: folder.to_owned() });
        }
        let beside = need.stage.saturating_add(need.previous);
        let (spool, spooled) = &need.spool;
        let spool = existing(spool);
        let theirs = room(spool).during(PHASE, "ask for free space in", spool)?;
        if theirs.device == ours.device {
            return check_room(folder, &ours, beside.saturating_add(*spooled));
        }
        if theirs.read_only {
            return Err(Error::ReadOnly { path: spool.to_owned() });
        }
        check_room(folder, &ours, beside)?;
        check_room(spool, &theirs, *spooled)
    }
}

/// Refuses programs that somebody else keeps.
pub(super) fn check_keeper(path: &Path) -> Result<(), Error> {
    match keeper::keeper(path, &keeper::facts(path)) {
        Some(by) => Err(Error::Kept { path: path.to_owned(), by }),
        None => Ok(()),
    }
}

/// Refuses programs whose rights must not pass to other bytes without the administrator.
pub(super) fn check_program(path: &Path, program: &File, rights: Rights) -> Result<(), Error> {
    match rights {
        Rights::Keep => return Ok(()),
        Rights::Refuse => {}
    }
    if facts_of(program).during(PHASE, "look at", path)?.mode & SET_ID != 0 {
        return Err(Error::SetId { path: path.to_owned() });
    }
    if has_capabilities(program).during(PHASE, "read the capabilities of", path)? {
        return Err(Error::Capabilities { path: path.to_owned() });
    }
    Ok(())
}

fn check_room(path: &Path, room: &Room, bytes: u64) -> Result<(), Error> {
    let (fixed, part) = MARGIN;
    let needed = bytes.saturating_add(fixed).saturating_add(bytes / part);
    if room.bytes < needed {
        return Err(Error::NoSpace { path: path.to_owned(), needed, available: room.bytes });
    }
    match room.files {
        Some(files) if files < FILES => Err(Error::NoInodes { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Free space beside `path`, in bytes, for this user.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    room(existing(path)).ok().map(|room| room.bytes)
}

/// The name of the user whose file it is, where files belong to somebody with a name.
#[must_use]
pub fn owner_name(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).ok()?);
        nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name)
    }
    #[cfg(not(unix))]
    {
        let _unknown = path;
        None
    }
}

/// The nearest folder on the way to `path` that exists.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_counts_margins_and_files() {
        let check = |bytes, files, wanted| {
            let room = Room { device: 0, bytes, files, read_only: false };
            check_room(Path::new("/x"), &room, wanted).map_err(|error| error.fault().code)
        };
        assert_eq!(check(3 << 20, None, 1 << 20), Ok(()));
        assert_eq!(check(2 << 20, None, 1 << 20), Err("E-DISK-FULL"), "the margin must fit too");
        assert_eq!(check(u64::MAX, Some(15), 1), Err("E-DISK-INODES"));
        assert_eq!(check(u64::MAX - 1, Some(16), u64::MAX), Err("E-DISK-FULL"), "no overflow");
    }

    #[test]
    fn the_spool_folder_need_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(&folder.path().join("a/b/c")), folder.path());
    }
}
