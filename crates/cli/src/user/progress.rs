//! A progress bar on a terminal, drawn from the View like everything else.

use autoupdate::view::{AppState, View};
use indicatif::ProgressBar;
use protocol::AppId;

use crate::output::Output;

/// The line of [`Output::bar`].
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that shows nothing yet.
    pub(crate) fn new(output: &Output) -> Self {
        Self { bar: output.bar() }
    }

    fn say(&self, text: String) {
        self.bar.set_message(text);
    }

    /// Shows what is going on with one program.
    pub(crate) fn show(&self, view: &View, app: &AppId) {
        let Some(app) = view.app(app) else { return };
        match &app.state {
            AppState::Downloading { offer, progress } | AppState::FallingBack { offer, progress, .. } => {
                self.bar.set_message(format!("fetching {} {}", app.name, offer.version));
                if let Some(of) = progress.of {
                    self.bar.set_length(of);
                }
                self.bar.set_position(progress.fetched);
            }
            AppState::Checking { .. } => self.say(format!("looking for an update of {}", app.name)),
            AppState::Verifying { offer } => self.say(format!("verifying {} {}", app.name, offer.version)),
            AppState::WaitingForClose { .. } => self.say(format!("waiting for {} to close", app.name)),
            AppState::Restarting { .. } => self.say(format!("restarting {}", app.name)),
            AppState::Probation { .. } => self.say(format!("seeing that {} lives", app.name)),
            AppState::RollingBack { .. } => self.say(format!("putting {} back", app.name)),
            AppState::Idle
            | AppState::UpToDate { .. }
            | AppState::NothingNewer { .. }
            | AppState::CannotVerify { .. }
            | AppState::NotOffered { .. }
            | AppState::Available { .. }
            | AppState::Deferred { .. }
            | AppState::Ready { .. }
            | AppState::Updated { .. }
            | AppState::RolledBack { .. }
            | AppState::Failed { .. }
            | AppState::Disabled { .. } => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
