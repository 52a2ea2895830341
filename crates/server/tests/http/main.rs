//! The server over real sockets: in process where that is enough, as the built program where the process itself matters.

#![cfg(unix)]
#![allow(missing_docs, reason = "test code")]

mod bucket;
mod ceph;
mod hostile;
mod killed;
mod outage;
mod patches;
mod process;
mod publishing;
mod serving;
mod stage;
mod twins;
