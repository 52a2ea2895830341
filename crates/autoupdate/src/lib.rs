//! autoupdate
