//! No console of ours, and a process group of its own.

use std::ffi::OsStr;
use std::os::windows::process::CommandExt as _;
use std::process::Command;

/// `DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP`
const FLAGS: u32 = 0x0000_0008 | 0x0000_0200;

pub(super) fn of_its_own(command: &mut Command, _name: Option<&OsStr>) {
    command.creation_flags(FLAGS);
}
