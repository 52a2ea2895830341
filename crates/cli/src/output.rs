//! Standard output: text for people, or one JSON object for programs.

use std::io::{self, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;

/// Where answers go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// The answer of a command that succeeded. `text` is what a person reads; without its last line break.
    pub(crate) fn done(&self, answer: &impl Serialize, text: &str) -> Exit {
        let line = if self.json {
            serde_json::to_string(answer)
                .unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string())
        } else {
            text.to_owned()
        };
        // Nobody reads any more (`autoupdate list | head -1`): that is their choice, not our failure.
        let _ = writeln!(io::stdout(), "{line}");
        Exit::Done
    }

    /// The answer of a command that failed.
    pub(crate) fn failed(&self, failure: &Failure) -> Exit {
        if self.json {
            let answer = json!({ "error": { "code": failure.code(), "message": failure.to_string() } });
            let _ = writeln!(io::stdout(), "{answer}");
        }
        let _ = writeln!(io::stderr(), "error: {failure} ({})", failure.code());
        failure.exit()
    }

    /// A progress bar of one line on standard error. On anything but a terminal, and for programs, it draws nothing.
    pub(crate) fn bar(&self) -> ProgressBar {
        let target = if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// A word to the person on the way, never to programs.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }
}
