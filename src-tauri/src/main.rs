//! `autoupdate-tray`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::path::PathBuf;
use std::process::ExitCode;

#[cfg(all(unix, not(target_os = "macos")))]
use anyhow::Context as _;
use anyhow::{Result, bail};
#[cfg(all(unix, not(target_os = "macos")))]
use autoupdate_tray::install::Places;
use autoupdate_tray::{Open, own, run, take_over};
use clap::Parser;
#[cfg(all(unix, not(target_os = "macos")))]
use protocol::SourceUrl;

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
    /// Install this program for you, without root: in menus, at login, and kept up to date by itself.
    #[arg(long, conflicts_with_all = ["background", "take_over"])]
    install: bool,
    /// End it, and remove what --install wrote. What you set and enrolled stays.
    #[arg(long, conflicts_with_all = ["install", "background", "take_over"])]
    uninstall: bool,
    /// Where to install, or from where to uninstall; ~/.local if it is not said.
    #[arg(long, value_name = "FOLDER")]
    prefix: Option<PathBuf>,
    /// Where the app's own updates come from, if it was not built with that.
    #[arg(long, value_name = "URL", requires_all = ["install", "root"])]
    source: Option<String>,
    /// The root (JSON) that signs the app's own updates: the file from its publisher.
    #[arg(long, value_name = "FILE", requires = "source")]
    root: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments {
        Arguments { take_over: true, .. } => take_over(),
        Arguments { install: true, .. } => install(&arguments),
        Arguments { uninstall: true, .. } => uninstall(&arguments),
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

#[cfg(all(unix, not(target_os = "macos")))]
fn install(arguments: &Arguments) -> Result<()> {
    let program = std::env::current_exe()?;
    if own::is_packaged(&program) {
        bail!("{} came in a package and is installed already", program.display());
    }
    let places = Places::of_user(arguments.prefix.clone())?;
    let source = match (&arguments.source, &arguments.root) {
        (Some(url), Some(root)) => Some(own::Source {
            url: SourceUrl::parse(url, false)?,
            root: std::fs::read(root).with_context(|| format!("{} cannot be read", root.display()))?,
        }),
        _ => own::built_in(),
    };
    let updates = places.install(&program, source.as_ref())?;
    println!("{} is installed, and starts when you log in", places.program().display());
    if !updates {
        println!(
            "It does not update itself: it was not built with a source of updates, and none was named with --source"
        );
    }
    Ok(())
}

#[cfg(all(unix, not(target_os = "macos")))]
fn uninstall(arguments: &Arguments) -> Result<()> {
    let places = Places::of_user(arguments.prefix.clone())?;
    places.uninstall()?;
    println!("{} is removed; what you set and enrolled is still there", places.program().display());
    Ok(())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn install(_: &Arguments) -> Result<()> {
    bail!("on this system the app is installed by its installer")
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn uninstall(_: &Arguments) -> Result<()> {
    bail!("on this system the app is removed by its installer")
}
