//! The demo program, version 1.0.0.

use std::process::ExitCode;

fn main() -> ExitCode {
    demo_program::run("1.0.0")
}
