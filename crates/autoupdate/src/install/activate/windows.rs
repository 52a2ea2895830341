//! A running program cannot be replaced or removed here, but it can be moved: so it is moved aside, then the new file is
//! moved in. Between the two moves nothing is in place; a start that finds it so puts `keep` back (see
//! [`super::super::recover`]). What was moved aside is removed at a later start, when nobody runs it any more.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::time::Duration;

use crate::error::Phase;
use crate::install::error::{During as _, Error};
use crate::install::folder::{Facts, Folder, facts_of};
use crate::install::ground::Ground;

/// What was moved aside.
const ASIDE: &str = "aside";

/// How often a move is tried again while a virus scanner or an indexer has the file open; each wait is twice the last.
const TRIES: u32 = 7;

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
    if there {
        sweep(private);
        patiently(|| spot.folder.rename_name(&spot.name, private, OsStr::new(ASIDE))).during(
            phase,
            "move aside",
            path,
        )?;
    }
    if let Err(error) = patiently(|| private.rename(name, &spot.folder, &spot.name)) {
        if there {
            patiently(|| private.rename(ASIDE, &spot.folder, &spot.name)).during(phase, "move back", path)?;
        }
        return Err(error).during(phase, "replace", path);
    }
    sweep(private);
    let moved = facts_of(file).during(phase, "look at", path)?;
    if moved.length == facts.length { Ok(()) } else { Err(Error::Raced { path: path.clone() }) }
}

/// Removes what was moved aside, if nobody runs it any more.
pub(in crate::install) fn sweep(private: &Folder) {
    let _ = private.remove(ASIDE);
}

fn patiently(mut call: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut wait = Duration::from_millis(20);
    for _ in 1..TRIES {
        match call() {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ResourceBusy) =>
            {
                std::thread::sleep(wait);
                wait *= 2;
            }
            done => return done,
        }
    }
    call()
}
