//! Putting the stage in place, and taking it back when anything about that fails.
//!
//! The order, and what a death after each step leaves:
//!
//! 1. path, program and stage are checked; nothing has changed;
//! 2. the journal says `activating`; nothing else has changed: undone at the next start;
//! 3. the old bytes get the second name `keep`, or are copied, and are synced: undone;
//!    the program is still the file of 1, as it was then, and this is looked at last: what somebody else puts there later is lost;
//! 4. one rename puts the stage in place: from here on the next start finishes;
//! 5. what is in place must be the very file that was hashed in 1, else the old bytes go back;
//! 6. both folders are synced; if the disk fails there, what it holds is unknown: the old bytes go back, and the journal goes
//!    on to say `activating`, so that the next start looks again;
//! 7. `keep` becomes `previous`;
//! 8. the journal says `activated`: the fresh version is on probation.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use jiff::Timestamp;
use protocol::{Hasher, Health};

#[cfg(unix)]
pub(super) use unix::{discard, exchange, make_way, sweep};
#[cfg(windows)]
pub(super) use windows::{discard, exchange, make_way, sweep};

use super::error::{During as _, Error, synced};
use super::folder::{Facts, KEEP, PREVIOUS, STAGE, copy_attributes, facts_of};
use super::ground::{Ground, Seen};
use super::journal::{Entry, Probation, Progress};
use super::place::Place;
use super::record::Kept;
use crate::error::Phase;

const PHASE: Phase = Phase::Activate;

impl Place {
    /// Puts the stage in place. The fresh version is then on probation until [`Self::commit`] or [`Self::roll_back`].
    ///
    /// # Errors
    /// Whatever it is, the program is then the one from before. Only when the disk refuses even to take a finished
    /// step back, [`Self::probation`] says afterwards that the new bytes are in place.
    pub fn activate(&mut self, health: &Health, now: Timestamp) -> Result<Probation, Error> {
        let staged = match &self.progress {
            Progress::Staged { staged, .. } => staged.clone(),
            Progress::Nothing => return Err(Error::NoStage { path: self.installed().path.clone() }),
            Progress::Activating(_)
            | Progress::Probation(_)
            | Progress::Committing(_)
            | Progress::RollingBack { .. } => {
                return Err(Error::Unfinished { path: self.installed().path.clone() });
            }
        };
        self.ground.spot.check_unmoved(&self.ground.private)?;
        let old = self.base()?;
        let like = facts_of(&old).during(PHASE, "look at", &self.installed().path)?;
        let stage = self.verified_stage(&staged, &like)?;
        let from = self.installed().kept();
        let probation = Probation {
            from: from.clone(),
            to: staged.clone(),
            health: health.clone(),
            since: now,
            starts: Vec::new(),
            confirmed: false,
        };
        let begun = Entry::Activating { from: from.clone(), to: staged, health: health.clone(), at: now };
        let done = (self.journal.append(&self.ground.private, &begun, PHASE))
            .and_then(|()| put_in_place(&self.ground, &old, &like, &from, &stage))
            .and_then(|()| self.journal.append(&self.ground.private, &Entry::Activated, PHASE));
        if let Err(error) = done {
            self.take_back(&probation, &error);
            return Err(error);
        }
        // Facts that a failed look leaves stale only mean that the next look hashes again.
        let (file, before) = stage;
        let facts = facts_of(&file).unwrap_or(before);
        self.progress = self.journal.progress();
        self.adopt(Seen { sha256: probation.to.sha256, facts });
        Ok(probation)
    }

    /// Undoes what of an activation was done. Best effort: the error that led here is the one to tell, and the journal
    /// makes the next start try again.
    fn take_back(&mut self, Probation { from, to, .. }: &Probation, why: &Error) {
        let path = self.installed().path.clone();
        let in_place = self.ground.spot.see(None, PHASE).ok().flatten();
        let ours = match (&in_place, why) {
            // Something came to be in place under our hands.
            (None, _) | (Some(_), Error::Raced { .. }) => true,
            // A third version is somebody's own installation.
            (Some((_, seen)), _) => seen.sha256 == to.sha256,
        };
        if ours && in_place.is_none_or(|(_, seen)| seen.sha256 != from.sha256) {
            let back = (self.ground.put_back(KEEP, from, PHASE))
                .or_else(|_| self.ground.put_back(PREVIOUS, from, PHASE))
                .and_then(|()| self.ground.sync(PHASE));
            if let Err(error) = back {
                tracing::error!(path = %path.display(), %error, "an activation could not be taken back cleanly");
            }
        }
        if matches!(why, Error::Sync { .. }) {
            self.progress = self.journal.progress();
            return;
        }
        if let Err(error) = self.settle(PHASE) {
            tracing::error!(path = %path.display(), %error, "the next start must clean up after an activation");
        }
    }
}

/// Steps 3 to 7.
fn put_in_place(
    ground: &Ground,
    old: &File,
    like: &Facts,
    from: &Kept,
    (stage, stage_facts): &(File, Facts),
) -> Result<(), Error> {
    keep_old(ground, old, like, from)?;
    check_still_old(ground, like)?;
    exchange(ground, STAGE, stage, stage_facts, PHASE)?;
    ground.sync(PHASE)?;
    ground.keep_becomes_previous(PHASE)?;
    synced(ground.private.sync(), PHASE, ground.private.path())
}

/// The program is the file that was hashed, and nobody has written to it since. Its change time and its links are other
/// ones now, because it was given a second name.
fn check_still_old(ground: &Ground, like: &Facts) -> Result<(), Error> {
    let path = &ground.spot.path;
    let now = ground.spot.folder.facts(&ground.spot.name).during(PHASE, "look at", path)?;
    let same = |now: &Facts| {
        let written = |facts: &Facts| (facts.identity, facts.length, facts.times[0], facts.times[1]);
        written(now) == written(like) && (now.mode, now.uid, now.gid) == (like.mode, like.uid, like.gid)
    };
    match now {
        Some(now) if same(&now) => Ok(()),
        _ => Err(Error::Changed { path: path.clone() }),
    }
}

/// Gives the old bytes a second name in the private folder, or copies them where that is not possible.
fn keep_old(ground: &Ground, old: &File, like: &Facts, from: &Kept) -> Result<(), Error> {
    let private = &ground.private;
    let path = private.path().join(KEEP);
    discard(private, KEEP).during(PHASE, "remove", &path)?;
    if ground.spot.folder.link(&ground.spot.name, private, KEEP).is_ok() {
        // Its bytes may be as new as a setup program that has just ended, and the disk without them.
        store_old(old, &ground.spot.path)?;
        let linked = private.facts(OsStr::new(KEEP)).during(PHASE, "look at", &path)?;
        // The name may have been given to another file between our look and the link.
        if linked.is_none_or(|facts| facts.identity != like.identity) {
            return Err(Error::Changed { path: ground.spot.path.clone() });
        }
    } else {
        copy_old(ground, old, from, &path)?;
    }
    synced(private.sync(), PHASE, private.path())
}

/// Waits until the old bytes are on the disk.
#[cfg(unix)]
fn store_old(old: &File, path: &Path) -> Result<(), Error> {
    synced(old.sync_all(), PHASE, path)
}

/// Where this wants the right to write, which nobody has to a program that runs.
#[cfg(not(unix))]
fn store_old(_old: &File, _path: &Path) -> Result<(), Error> {
    Ok(())
}

/// Copies the old bytes through the descriptor that was checked, and checks what was copied.
pub(super) fn copy_old(ground: &Ground, old: &File, from: &Kept, path: &Path) -> Result<(), Error> {
    let mut copy = ground.private.create(KEEP).during(PHASE, "write", path)?;
    let mut old_bytes = old.take(from.length);
    rewind(old).during(PHASE, "read", &ground.spot.path)?;
    let (mut hasher, mut piece) = (Hasher::new(), vec![0; 256 << 10]);
    loop {
        let length = match old_bytes.read(&mut piece) {
            Ok(0) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.during(PHASE, "read", &ground.spot.path)?,
        };
        let bytes = piece.get(..length).unwrap_or_default();
        hasher.update(bytes);
        copy.write_all(bytes).during(PHASE, "write", path)?;
    }
    if hasher.finish() != from.sha256 {
        return Err(Error::Changed { path: ground.spot.path.clone() });
    }
    copy_attributes(old, &copy, &ground.spot.path)?;
    synced(copy.sync_all(), PHASE, path)
}

fn rewind(mut file: &File) -> io::Result<()> {
    io::Seek::rewind(&mut file)
}
