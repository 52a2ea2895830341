//! Verified TUF metadata: from a pinned root to the artifacts that may be installed.
//!
//! This is the room where an update becomes trusted, so it is small, pure and closed: bytes and `now` go in, decisions
//! and the bytes worth keeping come out. It never touches disk, network or clock. The signature, threshold, rollback and
//! pin rules of TUF 1.0 are those of `sigstore_tuf::TrustedMetadataSet`; around it stand our own.
//!
//! Rules:
//!
//! 1. Every file is checked before the verifier sees it: size, strict JSON, counts, versions, keys, delegations
//!    ([`LIMITS`] names each limit and the attack it stops).
//! 2. Signatures are Ed25519, strictly verified; the only way to a verifier is [`Crypto`], which installs the
//!    process-wide provider or refuses.
//! 3. Whatever order TUF demands is a type: [`Roots`] → [`AwaitTimestamp`] → [`AwaitSnapshot`] → [`AwaitTargets`] →
//!    [`Verified`]. A stage that fails is consumed; nothing half-verified is left to use.
//! 4. One fixed `now` from [`begin`] to [`Verified`]. What is used must be unexpired at that `now`, also what was stored
//!    earlier; what is expired is still a floor below which versions never go (TUF specification 5.4.3, 5.5.5).
//! 5. Stored files are re-verified at every start, because the disk is not trusted more than the network. One that does
//!    not verify is dropped with a [`Dropped`] note, never fatal: the pinned root is always a way back. The store belongs
//!    to the user whose programs are updated: whoever writes there can take the floors away, but cannot sign.
//! 6. Every error path ends without a [`Verified`]. There is no "continue anyway".
//!
//! Layout: `crypto` provider and schemes · `limits` · `json` strict scan · `check` what every file must look like ·
//! `stored` plain data in and out · `roots`, `chain` the walk · `verified`, `artifacts` what may be done with it · `error`.

mod artifacts;
mod chain;
mod check;
mod crypto;
mod error;
mod json;
mod limits;
mod roots;
mod stored;
mod verified;

#[cfg(test)]
mod tests;

pub use artifacts::{LeftOut, Misfit};
pub use chain::{AwaitSnapshot, AwaitTargets, AwaitTimestamp};
pub use crypto::Crypto;
pub use error::{Actor, DelegationFlaw, Error, Flaw, KeyFlaw};
pub use limits::{LIMITS, Limits};
pub use roots::{Roots, begin};
pub use stored::{Dropped, Keep, Stored, Wanted};
pub use verified::{Control, Delegation, Freshness, Target, Verified};

/// The name of the top-level role that pins snapshot.
pub const TIMESTAMP: &str = "timestamp";
/// The name of the top-level role that pins the versions of all targets roles.
pub const SNAPSHOT: &str = "snapshot";
/// The name of the trust anchor.
pub const ROOT: &str = "root";
/// The name of the top-level role that lists artifacts.
pub const TARGETS: &str = "targets";
/// The delegated role that may delay or withdraw what `targets` signed: paths `rollout/*.json`.
pub const ROLLOUT: &str = "rollout";
/// The delegated role with an online key that may list artifacts below `releases/*/*/*`.
pub const INGEST: &str = "ingest";
