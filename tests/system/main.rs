//! The system tests: real programs, real folders, real sockets, one binary.
//!
//! A folder is a group of `cargo xtask test`, a file one subject in it. What lies in no folder is the group `system`.

mod command_line;
mod desktop {
    mod fuzz;
    mod hostile;
    mod install;
    mod kills;
    mod lives;
    mod notices;
    mod own;
    mod panels;
    mod restart;
    mod session;
    mod support;
    mod surroundings;
    mod tray;
    mod window;
}
mod embedded;
mod github;
mod install;
mod interop {
    mod lantern;
    mod openapi;
    mod python_tuf;
    mod static_host;
}
mod lantern;
mod processes;
mod releases;
mod threats {
    mod damage;
    mod floors;
}
