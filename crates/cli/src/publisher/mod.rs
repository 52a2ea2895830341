//! The verbs of a publisher: keys, repositories, releases. One file per verb.

pub(crate) mod add;
pub(crate) mod diff;
pub(crate) mod init;
pub(crate) mod keygen;
pub(crate) mod list;
pub(crate) mod promote;
pub(crate) mod publish;
pub(crate) mod refresh;
pub(crate) mod rollout;
pub(crate) mod root;
pub(crate) mod sign;
pub(crate) mod verify;
pub(crate) mod withdraw;

mod http;
mod options;
mod passphrase;
mod place;
mod report;
