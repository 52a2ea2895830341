//! `autoupdate-tray`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

use autoupdate_tray::{Open, run, take_over};
use clap::Parser;

/// Keeps the programs on this computer up to date, from the system tray.
///
/// Started without arguments it opens its window; if it runs already, the one that runs does.
#[derive(Debug, Parser)]
#[command(name = "autoupdate-tray", version)]
struct Arguments {
    /// Start in the tray, without a window: for the start at login.
    #[arg(long)]
    background: bool,
    /// Replace the app that runs with the version that it has ready. It starts this by itself.
    #[arg(long, hide = true)]
    take_over: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments {
        Arguments { take_over: true, .. } => take_over(),
        Arguments { background: true, .. } => run(Open::Nothing),
        Arguments { .. } => run(Open::Window),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("autoupdate-tray: {error:#}");
            ExitCode::FAILURE
        }
    }
}
