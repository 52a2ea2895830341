//! The system tests: real programs, real folders, real sockets, one binary.
//!
//! A folder is a group of `cargo xtask test`, a file one subject in it.

mod install {
    mod kills;
}
mod interop {
    mod python_tuf;
    mod static_host;
}
mod server {
    mod server_flow;
}
mod threats {
    mod damage;
    mod floors;
}
