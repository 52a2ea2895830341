//! One verb on a real [`Place`], with what an update does between check and commit, and nothing else.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use autoupdate::install::{Error, Need, Place, RollBackReason};
use jiff::Timestamp;
use protocol::{AppId, Arch, Artifact, Channel, Digest, Health, Os, Release, Urgency, Version};

/// The bytes come in pieces, as from a network.
const PIECE: usize = 32 << 10;

/// A verb that failed, and where.
#[derive(Debug)]
pub struct Failed {
    /// `open`, `prepare`, `stage`, `activate`, `commit` or `roll-back`.
    pub step: &'static str,
    /// Why.
    pub error: Error,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.step, self.error.fault().code, self.error)
    }
}

impl std::error::Error for Failed {}

fn at(step: &'static str) -> impl Fn(Error) -> Failed {
    move |error| Failed { step, error }
}

/// Opens the place: whatever a dead process left is finished or undone.
///
/// # Errors
/// As [`Place::open`].
pub fn open(program: &Path) -> Result<Place, Failed> {
    Place::open(program).map_err(at("open"))
}

/// Names the installed bytes, if nobody has, and asks whether there is room for an update to `new`.
///
/// # Errors
/// The disk; no room.
pub fn prepare(place: &mut Place, new: &[u8]) -> Result<(), Failed> {
    if place.installed().version.is_none() {
        place.set_version(&version("1.0.0")).map_err(at("prepare"))?;
    }
    let spool = place.installed().path.parent().unwrap_or(Path::new("/")).to_owned();
    let need = Need { stage: new.len() as u64, previous: place.installed().length, spool: (spool, 0) };
    place.preflight(&need).map_err(at("prepare"))
}

/// Stages these bytes as this version.
///
/// # Errors
/// The disk.
pub fn stage(place: &mut Place, new: &[u8], as_version: &str) -> Result<(), Failed> {
    let mut writer = place.begin_stage(&artifact(as_version, new)).map_err(at("stage"))?;
    for piece in new.chunks(PIECE) {
        writer.write_all(piece).map_err(|error| at("stage")(Error::of_write(error)))?;
    }
    place.finish_stage(writer).map_err(at("stage"))?;
    Ok(())
}

/// Puts the stage in place: it is on probation then.
///
/// # Errors
/// As [`Place::activate`].
pub fn activate(place: &mut Place) -> Result<(), Failed> {
    // Always the same time, so that the same step leaves the same bytes in every run.
    let now = Timestamp::from_second(1_700_000_000).unwrap_or_default();
    place.activate(&Health::Confirm(Duration::from_secs(60)), now).map_err(at("activate"))?;
    Ok(())
}

/// Ends the probation well.
///
/// # Errors
/// As [`Place::commit`].
pub fn commit(place: &mut Place) -> Result<(), Failed> {
    place.commit().map_err(at("commit"))?;
    Ok(())
}

/// Stage, activate, commit.
///
/// # Errors
/// Those of each.
pub fn update(place: &mut Place, new: &[u8], as_version: &str) -> Result<(), Failed> {
    stage(place, new, as_version)?;
    activate(place)?;
    commit(place)
}

/// Brings the previous bytes back.
///
/// # Errors
/// As [`Place::roll_back`].
pub fn roll_back(place: &mut Place, why: RollBackReason) -> Result<(), Failed> {
    place.roll_back(why).map_err(at("roll-back"))?;
    Ok(())
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn artifact(as_version: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        path: format!("releases/{as_version}/linux-x86_64/app"),
        length: bytes.len() as u64,
        sha256: Digest::of(bytes),
        release: Release {
            app: AppId::parse("app").unwrap_or_else(|error| panic!("{error}")),
            version: version(as_version),
            channels: vec![Channel::default()],
            os: Os::Linux,
            arch: Arch::X86_64,
            min_os: None,
            urgency: Urgency::Normal,
            notes: std::collections::BTreeMap::new(),
        },
    }
}
