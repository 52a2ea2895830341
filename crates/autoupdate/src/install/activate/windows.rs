//! A running program cannot be replaced or removed here, but it can be moved: so it is moved aside, then the new file is
//! moved in. Between the two moves nothing is in place, and whoever starts the program then finds no file. An updater that dies
//! then leaves it so until the engine next opens the place, which puts `keep` back, or `previous` in a roll back (see
//! [`super::super::recover`]); a program that updates itself, without an engine beside it, has nobody who would. What was moved aside is removed at a later start, when nobody runs it any more.

use std::ffi::OsStr;
use std::fs::File;
use std::io;

use crate::error::Phase;
use crate::install::error::{During as _, Error};
use crate::install::folder::{Facts, Folder, facts_of};
use crate::install::ground::Ground;
use crate::platform::patiently;

/// Names for what was moved aside. More than one, because a process that nobody ends goes on running from such a file, and its
/// name is taken until then.
const ASIDE: [&str; 8] =
    ["aside", "aside.1", "aside.2", "aside.3", "aside.4", "aside.5", "aside.6", "aside.7"];

/// Moves `name` from the private folder over the program.
///
/// # Errors
/// The program is then the one from before, unless the system refused to move it back; the journal knows.
pub(in crate::install) fn exchange(
    ground: &Ground,
    name: &str,
    file: &File,
    facts: &Facts,
    phase: Phase,
) -> Result<(), Error> {
    let (spot, private, path) = (&ground.spot, &ground.private, &ground.spot.path);
    let there = spot.folder.facts(&spot.name).during(phase, "look at", path)?.is_some();
    sweep(private);
    let aside = free_name(private);
    if there {
        patiently(|| spot.folder.rename_name(&spot.name, private, OsStr::new(aside))).during(
            phase,
            "move aside",
            path,
        )?;
    }
    if let Err(error) = patiently(|| private.rename(name, &spot.folder, &spot.name)) {
        if there {
            patiently(|| private.rename(aside, &spot.folder, &spot.name)).during(phase, "move back", path)?;
        }
        return Err(error).during(phase, "replace", path);
    }
    sweep(private);
    let moved = facts_of(file).during(phase, "look at", path)?;
    if moved.length == facts.length { Ok(()) } else { Err(Error::Raced { path: path.clone() }) }
}

/// Removes what was moved aside, if nobody runs it any more.
pub(in crate::install) fn sweep(private: &Folder) {
    for name in ASIDE {
        let _ = private.remove(name);
    }
}

/// Takes a file's name away for good: removes the file, or moves it aside while somebody runs it.
pub(in crate::install) fn discard(private: &Folder, name: &str) -> io::Result<()> {
    match private.remove(name) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            private.rename(name, private, OsStr::new(free_name(private)))
        }
        done => done,
    }
}

/// A file that somebody runs cannot be replaced by a rename either.
pub(in crate::install) fn make_way(private: &Folder, name: &str) -> io::Result<()> {
    discard(private, name)
}

/// A name that is not taken; the last one if all are, for the system to refuse.
fn free_name(private: &Folder) -> &'static str {
    let [.., last] = ASIDE;
    let free = |name: &&str| matches!(private.facts(OsStr::new(name)), Ok(None));
    ASIDE.into_iter().find(free).unwrap_or(last)
}
