//! `autoupdate root`: ceremonies by files, and rotation of keys.

mod assemble;
mod draft;
mod rotate;
mod show;
mod sign;

use std::fmt::Write as _;

use clap::Subcommand;
use signing::{DraftSummary, Progress};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Change which keys are trusted: root ceremonies by files, and rotation of any key.
///
/// `draft` makes a file that says what changes. Every holder of a root key gets a copy, looks at it with `show`, signs it
/// with `sign` on their own machine and sends it back. `assemble` puts the copies together; when enough keys of the old
/// and of the new root have signed, the new root is accepted. Where all keys lie in the repository, `rotate` does it in one
/// step. Run `publish` afterwards.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Draft(draft::Args),
    Sign(sign::Args),
    Show(show::Args),
    Assemble(assemble::Args),
    Rotate(rotate::Args),
}

impl Verb {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Draft(args) => args.run(out),
            Self::Sign(args) => args.run(out),
            Self::Show(args) => args.run(out),
            Self::Assemble(args) => args.run(out),
            Self::Rotate(args) => args.run(out),
        }
    }
}

/// A draft as a holder should read it before signing.
fn text(summary: &DraftSummary) -> String {
    let mut text = format!("root version {}, valid until {}", summary.version, summary.expires);
    for (role, threshold, keys) in &summary.roles {
        let _ = write!(text, "\n  {role}: {threshold} of {}", keys.len());
        for key in keys {
            let _ = write!(text, "\n    {key}");
        }
    }
    if let Some(changes) = &summary.changes {
        let _ = write!(text, "\n{}", if changes.is_empty() { "no role changes" } else { "changes:" });
        for change in changes {
            let (role, before, threshold) = (&change.role, change.threshold_before, change.threshold);
            let _ = write!(text, "\n  {role}: ");
            let _ = match before == threshold {
                true => write!(text, "still {threshold} must sign"),
                false => write!(text, "{threshold} must sign instead of {before}"),
            };
            for (mark, ids) in [("+", &change.added), ("-", &change.removed)] {
                for id in ids {
                    let _ = write!(text, "\n    {mark} {id}");
                }
            }
        }
    }
    let mut signatures = |whose: &str, progress: &Progress| {
        let state = if progress.is_reached() { "enough" } else { "not enough yet" };
        let (signed, threshold) = (progress.signed.len(), progress.threshold);
        let _ = write!(text, "\nsigned by {signed} of {threshold} needed keys of the {whose} root: {state}");
        for key in &progress.signed {
            let _ = write!(text, "\n    {key}");
        }
    };
    signatures("new", &summary.new);
    if let Some(old) = &summary.old {
        signatures("old", old);
    }
    text
}
