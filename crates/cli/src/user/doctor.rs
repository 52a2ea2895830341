//! `autoupdate doctor`: everything that could stop an update here, looked for without updating anything.
//!
//! Of each program: what is installed, whether it could be replaced (the same preflight as before an update), and what its
//! source says to a check by hand. Of the machine: which engine answers, where it keeps its state, and which setting comes
//! from which file.

use std::fmt::Write as _;

use autoupdate::enrolments;
use autoupdate::store::Folders;
use autoupdate::support::{Examined, Setting, Settings};
use autoupdate::view::{Problem, View};
use autoupdate::{Answer, Command};
use protocol::AppId;
use serde::Serialize;

use super::reach::Reach;
use super::{act, enrol, settings, words};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The version of this command, which is that of its engine.
    version: &'static str,
    /// An engine runs in the background and was asked; otherwise one of our own was.
    engine_runs: bool,
    folders: Vec<Folder>,
    /// What is set for the updater itself.
    settings: Vec<Setting>,
    apps: Vec<App>,
    /// Enrolments that cannot be used.
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Folder {
    name: &'static str,
    path: String,
}

#[derive(Debug, Serialize)]
struct App {
    id: AppId,
    #[serde(flatten)]
    examined: Examined,
    /// What its source said.
    check: Answer,
}

/// Examines one program, or all.
pub(crate) fn run(app: Option<&AppId>, output: &Output) -> Result<Exit, Failure> {
    let (report, _) = examine(app, output)?;
    let checks = report.apps.iter().map(|app| act::exit_of(&app.check));
    let ways = report.apps.iter().filter_map(|app| app.examined.in_the_way.as_ref());
    let ways = ways.map(|told| Failure::engine(&told.code, String::new()).exit());
    let wrong = report.problems.iter().map(|_| Exit::PersonNeeded);
    let worst = checks.chain(ways).chain(wrong).max().unwrap_or(Exit::Done);
    output.done(&report, &text(&report));
    Ok(worst)
}

/// What is found, and what the engine shows afterwards.
pub(crate) fn examine(app: Option<&AppId>, output: &Output) -> Result<(Report, View), Failure> {
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    let enrolled = enrolments::load(&folders);
    if let Some(app) = app
        && enrolled.app(app).is_none()
    {
        return Err(enrol::unknown(app));
    }
    let reach = Reach::find()?;
    let settings = match reach.ask(Command::Settings)? {
        Answer::Settings { settings } => settings,
        other => return Err(act::unexpected(&other)),
    };
    let wanted = enrolled.apps.iter().map(|one| &one.enrolment.id);
    let wanted = wanted.filter(|id| app.is_none_or(|app| *id == app));
    let apps = wanted.map(|id| examine_app(id, &reach, output)).collect::<Result<_, _>>()?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        engine_runs: reach.is_running(),
        folders: places(&folders),
        settings: of_updater(settings),
        apps,
        problems: if app.is_none() { enrolled.problems } else { Vec::new() },
    };
    Ok((report, reach.view()?))
}

/// What was set first: that is what people look for.
fn of_updater(settings: Settings) -> Vec<Setting> {
    let (set, unset): (Vec<_>, Vec<_>) = settings.general.into_iter().partition(|one| one.place.is_some());
    set.into_iter().chain(unset).collect()
}

fn examine_app(id: &AppId, reach: &Reach, output: &Output) -> Result<App, Failure> {
    // First: what it finds is examined then.
    let check = reach.command(id, Command::Check { app: id.clone(), force: false }, output)?;
    match reach.ask(Command::Examine { app: id.clone() })? {
        Answer::Examined { examined } => Ok(App { id: id.clone(), examined: *examined, check }),
        other => Err(act::unexpected(&other)),
    }
}

fn places(folders: &Folders) -> Vec<Folder> {
    let Folders { config, state, cache, runtime, machine } = folders;
    let all =
        [("config", config), ("state", state), ("cache", cache), ("runtime", runtime), ("machine", machine)];
    all.map(|(name, path)| Folder { name, path: path.display().to_string() }).into()
}

fn text(report: &Report) -> String {
    let engine =
        if report.engine_runs { "the one that runs answered" } else { "none runs in the background" };
    let mut text = format!("autoupdate {}; engine: {engine}\n", report.version);
    for Folder { name, path } in &report.folders {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  {name:18} {path}");
    }
    for setting in &report.settings {
        let _ = writeln!(text, "{}", settings::line(setting));
    }
    for App { id, examined, check } in &report.apps {
        let _ = writeln!(text, "\n{id} {}", examined.path);
        let installed = examined.installed.as_ref().map_or_else(
            || "cannot be read".to_owned(),
            |found| format!("{}, sha256 {}", words::version(found.version.as_ref()), found.sha256),
        );
        let way = examined.in_the_way.as_ref().map_or_else(
            || "could be replaced".to_owned(),
            |told| format!("could not be replaced: {}", words::of_failure(told)),
        );
        let wishes = match (examined.on_hold, examined.skipped.as_slice()) {
            (true, _) => "on hold",
            (false, [_, ..]) => "some versions are skipped",
            (false, []) => "none",
        };
        let _ = writeln!(text, "  installed          {installed}\n  program            {way}");
        let _ = writeln!(text, "  held and skipped   {wishes}");
        if let Some(key) = &examined.key {
            let _ = writeln!(
                text,
                "  source             lantern: one RSA key (sha256 {key}) decides what is installed; not verified is \
                 whether that is the newest"
            );
        }
        for setting in &examined.settings {
            let _ = writeln!(text, "{}", settings::line(setting));
        }
        let _ = writeln!(text, "  its source says    {}", words::of_answer(check));
    }
    for problem in &report.problems {
        let _ = writeln!(text, "\n{}", words::of_problem(problem));
    }
    text.truncate(text.trim_end().len());
    text
}
