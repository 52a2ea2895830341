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
//! Layout: `key`, `key_file`, `keyring`, `passphrase` hold secrets · `document`, `envelope` the signed JSON · `disk`, `tree`
//! the only writers · `batch` what is about to be written, verified by `walk`, the client's view · `complete`, `online`,
//! `rollout`, `ingest` what online keys sign · `publication` what a server takes, `objects` where its bytes lie · `repository`, `draft`,
//! `release`, `edits`, `ceremony`,
//! `settings` what a publisher does · `twin` the compressed form of an artifact.

mod batch;
mod ceremony;
mod complete;
mod disk;
mod document;
mod draft;
mod edits;
mod envelope;
mod error;
mod ingest;
mod key;
mod key_file;
mod keyring;
mod objects;
mod online;
mod passphrase;
mod publication;
mod release;
mod repository;
mod rollout;
mod settings;
mod tree;
mod twin;
mod walk;

pub use ceremony::{
    AcceptedRoot, CeremonyError, DraftSummary, Progress, RoleDifference, RootChange, RootDraft,
};
pub use disk::read_private;
pub use edits::NewRelease;
pub use error::{Error, Fault};
pub use ingest::{Ingested, Ingestion, can_ingest, ingest, ingested};
pub use key::{KeyId, PublicKey, SecretKey};
pub use key_file::KeyFile;
pub use objects::{Objects, OnDisk};
pub use online::{OnlineKeys, Renew, Renewed, due, renew};
pub use passphrase::Passphrase;
pub use publication::{Accepted, MAX_PUBLICATION_BYTES, Publication, accept, accept_from, missing};
pub use release::{Change, EditError, MAX_NOTES_BYTES, MAX_VERSIONS, changes};
pub use repository::{NewKeys, Repository, Signed, Unlock};
pub use rollout::{RolloutChange, all_rollouts, rollout_of, set_rollout};
pub use settings::{Settings, Validity};
pub use tree::{Copied, Tree};
pub use twin::{read_twin, write_twin};
pub use walk::{WalkError, walk};
