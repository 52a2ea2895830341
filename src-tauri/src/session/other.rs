//! Windows and macOS: nobody is asked to wait, and nothing is heard. What Windows needs stands in `docs/ARCHITECTURE.md`.

use autoupdate::driver::Session;

use crate::shell::Desk;

/// Nobody is asked.
pub(super) fn hold() -> Session {
    Session::Unasked
}

/// Nothing to watch.
pub(crate) async fn watch(_desk: Desk) {}

/// Not known.
pub(crate) async fn ends() -> bool {
    false
}
