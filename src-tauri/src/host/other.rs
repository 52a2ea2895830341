//! Windows and macOS always show icons.

use crate::shell::Desk;

/// Nothing to watch.
pub(crate) async fn watch(_desk: Desk) {}
