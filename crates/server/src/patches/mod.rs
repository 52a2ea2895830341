//! Patches: those that lie on disk, those being made, and those not worth making.
//!
//! Rules (the attack each stops):
//!
//! - only from an artifact that the app holds to one that it offers, same platform (patch storms with invented pairs);
//! - one maker per patch however many ask, a bounded queue with a share of it per address, a bounded number of makers, each a process of its own with
//!   limits of memory and time (a storm on real pairs, a pair that eats memory);
//! - a patch is applied and compared before it gets its name (a poisoned cache);
//! - the least recently used patches leave the disk when the cache is full, but never one that is being sent;
//! - what failed is not tried again at once, what is no gain is remembered: both are a plain 404, so that a client
//!   takes the full artifact without waiting.
//!
//! Layout: [`shelf`] is what lies on disk, with its index files; [`mod@bench`] is the queue and its makers; [`child`] runs one
//! maker process; [`maker`] is that process; [`in_bucket`] is for servers that share their patches.

pub(crate) mod bench;
pub(crate) mod child;
pub(crate) mod in_bucket;
pub mod maker;
pub(crate) mod shelf;

use protocol::AppId;

use crate::object_name::PatchName;

/// A patch of an app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) app: AppId,
    pub(crate) name: PatchName,
}
