//! Which old artifacts are deleted.

use std::time::Duration;

use serde::Deserialize;

use super::values::span;

/// Which old artifacts are deleted: those that nothing lists, that are old, and that nobody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// So many of the newest versions of each platform stay in any case. 0 = nothing is ever deleted.
    pub versions: usize,
    /// An older one stays while somebody has asked for a patch from it within this time.
    #[serde(deserialize_with = "span")]
    pub asked: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { versions: 0, asked: Duration::from_secs(90 * 86_400) }
    }
}
