//! Keys, key files, and the making and renewing of signed repositories.
//!
//! Everything that decides what people's machines will run passes through this crate, so its rules are few and hard:
//!
//! - a private key is a file of its own, 0600, made exclusively, encrypted unless somebody asked otherwise by name;
//!   its bytes are wiped from memory when they are dropped and never reach the public tree;
//! - whatever was signed is read back by `trust`, as a client would read it, before a byte of it is written;
//! - a write is a temporary file, synced, renamed, its folder synced; the timestamp, which makes everything else
//!   visible, comes last;
//! - versions only go forward, also after a restore from a backup;
//! - `now` is an argument, and nothing here knows a network or an async runtime.
//!
//! Layout: `key` and `key_file` hold secrets; `document` and `envelope` are the signed JSON; `disk` and [`Tree`] are
//! the only writers; `online` is what a server does alone; `publication` is what it takes from a publisher;
//! `repository` is the publisher's own folder, `release` and `ceremony` what is done there; `verify` is the client's view.

mod disk;
mod error;
mod key;
mod key_file;
mod online;
mod passphrase;
mod publication;
mod rollout;
mod settings;
mod tree;

pub use error::{Error, Fault};
pub use key::{KeyId, PublicKey, SecretKey};
pub use key_file::KeyFile;
pub use online::{OnlineKeys, Renew, Renewed, due, renew};
pub use passphrase::Passphrase;
pub use publication::{Accepted, MAX_PUBLICATION_BYTES, Publication, accept, missing};
pub use rollout::{RolloutChange, set_rollout};
pub use settings::{Settings, Validity};
pub use tree::Tree;
