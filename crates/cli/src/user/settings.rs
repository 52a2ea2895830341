//! `autoupdate settings`, `set`, `unset`, `pause`, `resume`, `busy`, `plan`: what is in effect, who said so, and changing it.

use std::time::Duration;

use autoupdate::handle::{Later, Refusal};
use autoupdate::policy::SetBy;
use autoupdate::support::{Setting, Settings};
use autoupdate::{Answer, Command};
use jiff::Timestamp;
use protocol::AppId;

use super::reach::Reach;
use super::{act, enrol};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Every setting as a line, those of the updater first.
pub(crate) fn of_settings(settings: &Settings) -> String {
    let mut lines: Vec<String> = settings.general.iter().map(line).collect();
    for (app, of_app) in &settings.apps {
        lines.push(format!("\n{app}"));
        lines.extend(of_app.iter().map(line));
    }
    lines.join("\n")
}

/// One setting, and where it comes from.
pub(crate) fn line(setting: &Setting) -> String {
    let Setting { key, value, by, place } = setting;
    let place = place.as_deref().map(|place| format!("{place}, ")).unwrap_or_default();
    let who = match by {
        SetBy::Default => "default",
        SetBy::Enrolment => "from its enrolment",
        SetBy::Person => "set by you",
        SetBy::Administrator => "set by your administrator",
    };
    format!("  {key:18} {value:20} ({place}{who})")
}

/// Shows what is in effect.
pub(crate) fn show(app: Option<&AppId>, output: &Output) -> Result<Exit, Failure> {
    let answer = Reach::find()?.ask(Command::Settings)?;
    let Answer::Settings { mut settings } = answer else { return act::told(&answer, output) };
    if let Some(app) = app {
        let Some(own) = settings.apps.remove(app) else { return Err(enrol::unknown(app)) };
        settings = Settings { general: Vec::new(), apps: [(app.clone(), own)].into() };
    }
    let text = of_settings(&settings);
    output.done(&settings, text.trim_start());
    Ok(Exit::Done)
}

/// Changes one in the person's file, or takes its line away.
pub(crate) fn set(
    app: Option<AppId>,
    key: String,
    value: Option<String>,
    output: &Output,
) -> Result<Exit, Failure> {
    let about = app.clone();
    let answer = Reach::find()?.ask(Command::Set { app, key, value })?;
    match (&answer, about) {
        (Answer::Refused { why: Refusal::UnknownApp }, Some(app)) => Err(enrol::unknown(&app)),
        _ => act::told(&answer, output),
    }
}

/// Lets nothing happen by itself for a while, or until it is resumed.
pub(crate) fn pause(time: Option<Duration>, output: &Output) -> Result<Exit, Failure> {
    let until = time.map(|time| Timestamp::now().saturating_add(time).unwrap_or(Timestamp::MAX));
    act::told(&Reach::find()?.ask(Command::Pause { until })?, output)
}

/// Lets everything go on.
pub(crate) fn resume(output: &Output) -> Result<Exit, Failure> {
    act::told(&Reach::find()?.ask(Command::Resume)?, output)
}

/// The program says how long it is busy.
pub(crate) fn busy(app: &AppId, time: Duration, output: &Output) -> Result<Exit, Failure> {
    let until = Timestamp::now().saturating_add(time).unwrap_or(Timestamp::MAX);
    act::about(app, Command::Busy { app: app.clone(), until }, output)
}

/// A better time for the restart.
pub(crate) fn plan(app: &AppId, when: Option<Later>, output: &Output) -> Result<Exit, Failure> {
    act::about(app, Command::Plan { app: app.clone(), when }, output)
}
