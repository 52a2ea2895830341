//! One rename over the program. The old file lives on under its other name for those who run it.

use std::fs::File;
use std::io;

use crate::error::Phase;
use crate::install::error::{During as _, Error};
use crate::install::folder::{Facts, Folder, facts_of};
use crate::install::ground::Ground;

/// Moves `name` from the private folder over the program. Afterwards the program must be `file`, with the mode and
/// owner of `facts`.
///
/// # Errors
/// [`Error::Raced`] if something else came to be in place; the caller puts the old bytes back.
pub(in crate::install) fn exchange(
    ground: &Ground,
    name: &str,
    file: &File,
    facts: &Facts,
    phase: Phase,
) -> Result<(), Error> {
    let (spot, path) = (&ground.spot, &ground.spot.path);
    ground.private.rename(name, &spot.folder, &spot.name).during(phase, "replace", path)?;
    let there = spot.folder.facts(&spot.name).during(phase, "look at", path)?;
    let moved = facts_of(file).during(phase, "look at", path)?;
    let same = there.is_some_and(|there| there.identity == moved.identity)
        && (moved.mode, moved.uid, moved.gid, moved.length)
            == (facts.mode, facts.uid, facts.gid, facts.length);
    if same { Ok(()) } else { Err(Error::Raced { path: path.clone() }) }
}

/// Nothing is ever left: running programs can be replaced here.
pub(in crate::install) fn sweep(_private: &Folder) {}

/// Takes a file's name away for good. Whoever runs it goes on.
pub(in crate::install) fn discard(private: &Folder, name: &str) -> io::Result<()> {
    private.remove(name)
}

/// One rename replaces whatever has the name.
#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
pub(in crate::install) fn make_way(_private: &Folder, _name: &str) -> io::Result<()> {
    Ok(())
}
