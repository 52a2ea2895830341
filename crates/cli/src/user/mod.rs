//! What people and support staff do on a machine with enrolled programs.
//!
//! A verb speaks with the engine that runs in the tray, if there is one, over its private socket; otherwise it starts an
//! engine of its own for as long as it takes ([`reach`]). As root it first becomes the person whose program it is, so
//! that nothing is left behind that this person could not change ([`owner`]).

mod act;
mod diagnose;
mod doctor;
mod enrol;
mod forget;
mod history;
#[cfg(unix)]
mod owner;
mod progress;
mod reach;
mod settings;
mod status;
mod why;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use autoupdate::handle::Later;
use protocol::{AppId, Language, Version};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The verbs of people.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Let a program be kept up to date: takes its enrolment file, or the URL of one.
    Enrol(enrol::Enrol),
    /// No longer keep a program up to date. The program itself stays as it is.
    Forget {
        /// The app.
        app: AppId,
    },
    /// Look for updates now, and say what was found.
    Check {
        /// The app; all enrolled ones if none is named.
        app: Option<AppId>,
        /// Also offer what was once undone or skipped here, and what is not this machine's turn yet.
        #[arg(long)]
        force: bool,
    },
    /// Show what is installed and what is going on.
    Status {
        /// The app; all enrolled ones if none is named.
        app: Option<AppId>,
    },
    /// Look for everything that could stop an update here, and change nothing.
    Doctor {
        /// The app; all enrolled ones if none is named.
        app: Option<AppId>,
    },
    /// Put what support needs to see into one archive, without names, passwords and the like.
    Diagnose {
        /// The archive, for example `bundle.zip`; must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show what happened on this machine: updates, what was undone, what did not work.
    History {
        /// The app; all if none is named.
        app: Option<AppId>,
        /// How many of the last events.
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        last: usize,
    },
    /// Update a program now: look, fetch, verify, put in place, see that it lives.
    Apply(act::Apply),
    /// Put the previous version back.
    Rollback {
        /// The app.
        app: AppId,
    },
    /// See whether a program is what it should be, byte by byte, and fetch it anew if it is damaged.
    Repair {
        /// The app.
        app: AppId,
        /// Agree to replace an installed program that belongs to no release we know by the one that is offered.
        #[arg(long)]
        yes: bool,
    },
    /// Let a program stay as it is, until it is released.
    Hold {
        /// The app.
        app: AppId,
    },
    /// Leave a version out; the next one is offered again.
    Skip {
        /// The app.
        app: AppId,
        /// The version; the one that is offered now if none is named.
        version: Option<Version>,
    },
    /// Let a program go on: what was held and skipped is offered again.
    Release {
        /// The app.
        app: AppId,
    },
    /// Show every setting that is in effect, and who set it.
    Settings {
        /// The app; the updater itself and all apps if none is named.
        app: Option<AppId>,
    },
    /// Change a setting in your settings file. Its comments stay.
    Set {
        /// The key, for example `mode`, `quiet_hours`, `metered`, `pin`.
        key: String,
        /// The value, for example `ask` or `22:00-07:00`.
        value: String,
        /// The app; the updater itself, and every app that says nothing else, if none is named.
        #[arg(long)]
        app: Option<AppId>,
    },
    /// Take a line out of your settings file.
    Unset {
        /// The key.
        key: String,
        /// The app.
        #[arg(long)]
        app: Option<AppId>,
    },
    /// Let nothing happen by itself: no check, no download, no restart.
    Pause {
        /// For how long, for example `1day` or `1week`; until `resume` if it is not said.
        #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
        time: Option<Duration>,
    },
    /// Let everything go on after a pause.
    Resume,
    /// Plan the restart of a program for a better time.
    #[command(group = clap::ArgGroup::new("when").required(true).args(["tonight", "at_quit", "drop"]))]
    Plan {
        /// The app.
        app: AppId,
        /// In the small hours of the night that comes.
        #[arg(long)]
        tonight: bool,
        /// When the program is closed.
        #[arg(long)]
        at_quit: bool,
        /// Not at all: you say when.
        #[arg(long)]
        drop: bool,
    },
    /// Say that a program is busy: nothing is fetched for it or put in place by itself meanwhile.
    Busy {
        /// The app.
        app: AppId,
        /// For how long, for example `90min`, at most 12 hours; `0s` ends it.
        #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
        time: Duration,
    },
    /// Say that the new version lives (programs enrolled with `health = { confirm = … }`).
    Confirm {
        /// The app.
        app: AppId,
    },
    /// Show what is new in the version that is offered, as its publisher signed it.
    Notes {
        /// The app.
        app: AppId,
        /// A language that you read, for example `de`; may be given several times, the best first.
        #[arg(long, value_name = "LANGUAGE")]
        language: Vec<Language>,
    },
    /// Say, rule by rule, why the last check came to what it came to.
    Why {
        /// The app.
        app: AppId,
    },
}

impl Verb {
    /// The app that the verb is about, if it names one.
    #[cfg(unix)]
    fn app(&self) -> Option<&AppId> {
        match self {
            Self::Enrol(_) | Self::Diagnose { .. } | Self::Pause { .. } | Self::Resume => None,
            Self::Check { app, .. }
            | Self::Status { app }
            | Self::Doctor { app }
            | Self::Settings { app }
            | Self::Set { app, .. }
            | Self::Unset { app, .. }
            | Self::History { app, .. } => app.as_ref(),
            Self::Apply(apply) => Some(&apply.app),
            Self::Notes { app, .. }
            | Self::Forget { app }
            | Self::Rollback { app }
            | Self::Repair { app, .. }
            | Self::Hold { app }
            | Self::Skip { app, .. }
            | Self::Release { app }
            | Self::Plan { app, .. }
            | Self::Busy { app, .. }
            | Self::Confirm { app }
            | Self::Why { app } => Some(app),
        }
    }

    /// Whose work it is: see [`owner`].
    #[cfg(unix)]
    fn changes(&self) -> owner::Changes {
        match self {
            Self::Enrol(_) | Self::Forget { .. } => owner::Changes::Enrolment,
            Self::Check { .. }
            | Self::Status { .. }
            | Self::Doctor { .. }
            | Self::Diagnose { .. }
            | Self::History { .. }
            | Self::Apply(_)
            | Self::Rollback { .. }
            | Self::Repair { .. }
            | Self::Hold { .. }
            | Self::Skip { .. }
            | Self::Release { .. }
            | Self::Settings { .. }
            | Self::Set { .. }
            | Self::Unset { .. }
            | Self::Pause { .. }
            | Self::Resume
            | Self::Plan { .. }
            | Self::Busy { .. }
            | Self::Confirm { .. }
            | Self::Notes { .. }
            | Self::Why { .. } => owner::Changes::Program,
        }
    }
}

/// Runs a verb to its end.
pub(crate) fn run(verb: Verb, output: &Output) -> Result<Exit, Failure> {
    #[cfg(unix)]
    if !matches!(&verb, Verb::Enrol(enrol) if enrol.machine) {
        owner::become_owner(verb.app(), verb.changes())?;
    }
    match verb {
        Verb::Enrol(enrol) => enrol::run(&enrol, output),
        Verb::Forget { app } => forget::run(&app, output),
        Verb::Check { app, force } => act::check(app, force, output),
        Verb::Status { app } => status::run(app.as_ref(), output),
        Verb::Doctor { app } => doctor::run(app.as_ref(), output),
        Verb::Diagnose { out } => diagnose::run(&out, output),
        Verb::History { app, last } => history::run(app.as_ref(), last, output),
        Verb::Apply(apply) => act::apply(&apply, output),
        Verb::Rollback { app } => act::roll_back(&app, output),
        Verb::Repair { app, yes } => act::repair(&app, yes, output),
        Verb::Hold { app } => act::hold(&app, output),
        Verb::Skip { app, version } => act::skip(&app, version, output),
        Verb::Release { app } => act::release(&app, output),
        Verb::Settings { app } => settings::show(app.as_ref(), output),
        Verb::Set { key, value, app } => settings::set(app, key, Some(value), output),
        Verb::Unset { key, app } => settings::set(app, key, None, output),
        Verb::Pause { time } => settings::pause(time, output),
        Verb::Resume => settings::resume(output),
        Verb::Plan { app, tonight, at_quit, drop: _ } => {
            let later = [(tonight, Later::Tonight), (at_quit, Later::AtQuit)];
            let when = later.into_iter().find_map(|(wanted, later)| wanted.then_some(later));
            settings::plan(&app, when, output)
        }
        Verb::Busy { app, time } => settings::busy(&app, time, output),
        Verb::Confirm { app } => act::confirm(&app, output),
        Verb::Notes { app, language } => act::notes(&app, language, output),
        Verb::Why { app } => act::why(&app, output),
    }
}
