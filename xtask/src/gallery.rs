//! `cargo xtask gallery`: every scene of the window in every language, light and dark, side by side for somebody to look at.
//!
//! The pictures are Chromium's: WebKit draws the app's own window in much the same way, and only Chromium can be told what
//! to do in hundreds of pages a minute. What a machine can see of them fails here; what is ugly or unclear, eyes must see.

use anyhow::Result;

use crate::packages::{self, Purpose};
use crate::window;
use crate::workspace::Workspace;

/// How the gallery is made.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Install missing system packages without a question.
    #[arg(long)]
    yes: bool,
}

/// The verb; whether nothing is cut off, on top of something else, or in another language's figures or direction.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    packages::ensure(&[Purpose::Gallery], options.yes || workspace.ci)?;
    println!("Drawing every scene in every language, light and dark: some minutes");
    let folder = workspace.target.join("gallery");
    let outcome = window::pictures(workspace, &folder)?;
    println!(
        "{} (all pictures), {}",
        folder.join("index.html").display(),
        folder.join("sheet-*.png").display()
    );
    outcome.report(workspace)
}
