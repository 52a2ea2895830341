//! The two ends of a probation: commit and roll back.

use super::journal::{RollBackReason, Staged};
use super::record::Kept;

/// A version proved that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The bytes before, kept for a roll back by hand.
    pub from: Kept,
    /// The bytes now installed.
    pub to: Staged,
}

/// A version was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The bytes that were undone.
    pub undone: Kept,
    /// The bytes now installed.
    pub restored: Kept,
    /// Why.
    pub why: RollBackReason,
}
