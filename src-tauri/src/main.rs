//! `autoupdate-tray`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::path::PathBuf;
use std::process::ExitCode;

use autoupdate_tray::install::{Given, install, uninstall};
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
    /// Install this copy for the person who runs it: command, entry in the list of programs, start at login, updates of itself.
    #[arg(long, conflicts_with = "background")]
    install: bool,
    /// Remove what --install wrote. Settings and the enrolments of other programs stay.
    #[arg(long, conflicts_with_all = ["background", "install"])]
    uninstall: bool,
    /// Where to install, or what to remove: where this copy is installed already, or ~/.local.
    #[arg(long, value_name = "DIR", conflicts_with = "background")]
    prefix: Option<PathBuf>,
    /// With --install: where the app gets its own updates from, in place of what the build knows.
    #[arg(long, value_name = "URL", requires_all = ["install", "root"])]
    source: Option<String>,
    /// With --source: the first root of that repository, a file; only what its keys have signed is installed.
    #[arg(long, value_name = "FILE", requires = "source")]
    root: Option<PathBuf>,
    /// With --uninstall: remove settings, history and all enrolments of this person as well.
    #[arg(long, requires = "uninstall")]
    purge: bool,
    /// Replace the app that runs with the version that it has ready. It starts this by itself.
    #[arg(long, hide = true)]
    take_over: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let prefix = arguments.prefix.as_deref();
    let done = match &arguments {
        Arguments { install: true, source, root, .. } => {
            let given = source.clone().zip(root.clone()).map(|(source, root)| Given { source, root });
            install(prefix, given.as_ref()).map(|said| print!("{said}"))
        }
        Arguments { uninstall: true, purge, .. } => uninstall(prefix, *purge).map(|said| print!("{said}")),
        Arguments { prefix: Some(_), .. } => {
            Err(anyhow::anyhow!("--prefix needs --install or --uninstall beside it"))
        }
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
