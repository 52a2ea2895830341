//! The server over real sockets: in process where that is enough, as the built program where the process itself matters.

#![cfg(unix)]
#![allow(missing_docs, reason = "test code")]

mod bucket;
mod ceph;
mod github;
mod hostile;
mod ingest;
mod ingest_bucket;
mod ingest_faults;
mod killed;
mod killed_ingest;
mod lantern;
mod outage;
mod patches;
mod pressure;
mod process;
mod publishing;
mod retention;
mod retention_bucket;
mod serving;
mod stage;
mod tap;
mod twins;
mod watching;
