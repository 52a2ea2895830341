//! The update and download server: holds releases, serves them as plain objects, makes patches on demand, takes
//! publications and keeps the online roles fresh.
//!
//! It is trusted with little. What clients install is decided by signatures made elsewhere; this server can delay, and
//! what it serves wrongly is refused. Its rules are therefore about staying up and staying honest:
//!
//! - a request path becomes a typed name or a 404, and only a typed name becomes a path on disk;
//! - every read, queue, cache and wait has a limit that the configuration names;
//! - whoever writes to an app's tree is alone, and the last thing written is the timestamp;
//! - heavy work (patches, compressing) happens in other processes with limits of their own;
//! - a bug in one request is a 500, counted and logged, and nothing else.
//!
//! Layout: `router` is the list of routes; `objects` (with `kept`, the metadata in memory), `publish`, `operations` answer them; `app` and `catalog` are
//! what is known about an app; `store` is a bucket that several servers share; `patches` makes patches, `twins` compresses; `lantern`
//! is what old Lantern clients see; `ingest` takes releases from GitHub; `demand` counts what is asked for, `retention` deletes what is
//! not; `renewal` is the background task; `pieces` sends files; `listen` and `address` guard the door; `config`, `tokens`, `data_lock` and `offline_keys` are
//! what must be right before the door opens.

mod access_log;
mod address;
mod app;
mod blocking;
mod catalog;
mod conditional;
pub mod config;
mod data_lock;
mod demand;
mod disk;
mod error;
mod expiry;
pub mod ingest;
mod kept;
mod lantern;
mod listen;
mod metrics;
mod object_name;
mod objects;
mod offline_keys;
mod old_metadata;
mod operations;
pub mod patches;
mod pieces;
mod publish;
mod renewal;
mod request_id;
pub mod retention;
mod router;
mod server;
mod shared;
mod store;
mod tokens;
pub mod twins;

pub use config::{Config, ConfigError};
pub use data_lock::LockError;
pub use lantern::LanternError;
pub use offline_keys::Found;
pub use server::{Around, Server, StartError, check};
pub use shared::Clock;
pub use store::{OpenError, ProbeError, SeedError, StoreError};
pub use tokens::TokensError;
