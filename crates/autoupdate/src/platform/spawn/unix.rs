//! A process group of its own: signals of our terminal do not reach it, and it can be ended with its children.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

pub(super) fn of_its_own(command: &mut Command, name: Option<&OsStr>) {
    command.process_group(0);
    if let Some(name) = name {
        command.arg0(name);
    }
}
