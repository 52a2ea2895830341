//! The system tests: real programs, real folders, real sockets, one binary.
//!
//! A module is a group of `cargo xtask test`, or part of one.

mod damage;
mod floors;
mod kills;
mod static_host;
