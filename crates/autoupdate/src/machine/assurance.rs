//! What there is to prove that what a check found is the newest.

use jiff::Timestamp;
use protocol::Digest;
use trust::Freshness;

use crate::policy::eligibility::Listing;
use crate::policy::{Rule, Trace, Verdict};

/// What there is to prove that what a check found is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assurance {
    /// A verified chain that has not expired: nothing newer is hidden, as far as the publisher's word goes.
    Fresh(Freshness),
    /// The answer of a Lantern server. Where it names a version, the pinned key signed it for this very question; that there is
    /// nothing newer it cannot prove.
    Answered {
        /// When.
        at: Timestamp,
        /// SHA-256 of the pinned key's file.
        key: Digest,
    },
}

impl Assurance {
    /// Whether what was found is all that there is.
    #[must_use]
    pub const fn listing(&self) -> Listing {
        match self {
            Self::Fresh(_) => Listing::All,
            Self::Answered { .. } => Listing::One,
        }
    }

    /// What a source of another kind than usual is, and what it cannot prove, for whoever asks why.
    #[must_use]
    pub fn trace(&self) -> Option<Trace> {
        match self {
            Self::Fresh(_) => None,
            Self::Answered { key, .. } => {
                let told = Trace::new(Rule::Source, Verdict::Pass).fact("source", "lantern").fact("key", key);
                Some(told.fact("not verified", "whether it is the newest"))
            }
        }
    }
}
