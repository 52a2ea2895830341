//! Checks against a signed repository behind a server that serves it truly, or not.

mod honest;
mod hostile;
pub(crate) mod simulator;
