//! The client's view: from a pinned root to verified targets, over whatever gives objects by name.
//!
//! It is how everything signed here is checked before it is written, and what `autoupdate verify` does to a folder or a
//! server. What it accepts, `trust` decides alone.

use jiff::Timestamp;
use protocol::object;
use trust::{Crypto, Error as Refused, INGEST, ROLLOUT, ROOT, Stored, TARGETS, Verified, Wanted};

/// Why a walk did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum WalkError<E> {
    /// Reading an object failed.
    #[error(transparent)]
    Read(E),
    /// An object that must be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// An object does not verify.
    #[error("{object}: {why}")]
    Refused {
        /// The object.
        object: String,
        /// Why not.
        #[source]
        why: Refused,
    },
}

/// Walks root, timestamp, snapshot, targets and the delegated `rollout` and `ingest` roles as a client that pinned `root`
/// and stored `stored` would at `now`. `read` gives an object of at most so many bytes, `None` if there is none.
///
/// # Errors
/// See [`WalkError`].
pub fn walk<E>(
    root: &[u8],
    stored: &Stored,
    now: Timestamp,
    mut read: impl FnMut(&str, u64) -> Result<Option<Vec<u8>>, E>,
) -> Result<Verified, WalkError<E>> {
    let mut verified = walk_targets(root, stored, now, &mut read)?;
    for delegation in verified.delegations(TARGETS) {
        let role = delegation.name;
        if ![ROLLOUT, INGEST].contains(&role.as_str()) {
            continue;
        }
        match verified.wanted_delegated(&role).map_err(refused(&role))? {
            None => verified.delegated_stored(TARGETS, &role).map_err(refused(&role))?,
            Some(wanted) => {
                let object = name(&wanted);
                let bytes = read(&object, wanted.limit).map_err(WalkError::Read)?;
                let bytes = bytes.ok_or_else(|| WalkError::Missing(object.clone()))?;
                verified.delegated(TARGETS, &role, &bytes).map_err(refused(&object))?;
            }
        }
    }
    Ok(verified)
}

fn refused<E>(object: &str) -> impl FnOnce(Refused) -> WalkError<E> + use<E> {
    let object = object.to_owned();
    move |why| WalkError::Refused { object, why }
}

/// As [`walk`], up to the top-level targets.
pub(crate) fn walk_targets<E>(
    root: &[u8],
    stored: &Stored,
    now: Timestamp,
    mut read: impl FnMut(&str, u64) -> Result<Option<Vec<u8>>, E>,
) -> Result<Verified, WalkError<E>> {
    let mut must = |wanted: &Wanted| {
        let name = name(wanted);
        let bytes = read(&name, wanted.limit).map_err(WalkError::Read)?;
        Ok((bytes, name))
    };
    let there = |(bytes, name): (Option<Vec<u8>>, String)| match bytes {
        Some(bytes) => Ok((bytes, name)),
        None => Err(WalkError::Missing(name)),
    };
    let crypto = Crypto::ed25519().map_err(refused("the pinned root"))?;
    let mut roots = trust::begin(crypto, root, stored, now).map_err(refused("the pinned root"))?;
    let mut newest = "the pinned root".to_owned();
    while let Some(wanted) = roots.wanted() {
        let (Some(bytes), name) = must(&wanted)? else { break };
        roots.received(&bytes).map_err(refused(&name))?;
        newest = name;
    }
    let timestamp = roots.finish().map_err(refused(&newest))?;
    let (bytes, object) = there(must(&timestamp.wanted())?)?;
    let (snapshot, _) = timestamp.received(&bytes).map_err(refused(&object))?;
    let targets = match snapshot.wanted() {
        None => snapshot.stored().map_err(refused("the stored snapshot"))?,
        Some(wanted) => {
            let (bytes, object) = there(must(&wanted)?)?;
            snapshot.received(&bytes).map_err(refused(&object))?.0
        }
    };
    match targets.wanted() {
        None => targets.stored().map_err(refused("the stored targets")),
        Some(wanted) => {
            let (bytes, object) = there(must(&wanted)?)?;
            Ok(targets.received(&bytes).map_err(refused(&object))?.0)
        }
    }
}

/// The object that is wanted.
fn name(wanted: &Wanted) -> String {
    match wanted.version {
        Some(version) => object::metadata(&wanted.role, version),
        None if wanted.role == ROOT => object::metadata(ROOT, 1),
        None => format!("metadata/{}.json", wanted.role),
    }
}
