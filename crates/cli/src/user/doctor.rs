//! `autoupdate doctor`: everything that could stop an update here, looked for without updating anything.
//!
//! Of each program: what is installed, whether it could be replaced (the same preflight as before an update), and what its
//! source says to a check by hand. Of the machine: which engine answers, where it keeps its state, and which setting comes
//! from which file.

use std::fmt::Write as _;
use std::path::Path;

use autoupdate::enrolments;
use autoupdate::fetch::Proxy;
use autoupdate::install::{Need, Place};
use autoupdate::store::{Folders, Origin, Settings, Sourced, Store};
use autoupdate::view::{Failure as Told, Owner, Problem, View};
use autoupdate::{Answer, Command};
use protocol::{AppId, Digest, Enrolment, Version};
use serde::Serialize;

use super::reach::Reach;
use super::{act, enrol, words};
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
    folders: Vec<Value>,
    settings: Vec<Value>,
    apps: Vec<App>,
    /// Enrolments that cannot be used.
    problems: Vec<Problem>,
}

/// A name, what it stands for, and who said so.
#[derive(Debug, Serialize)]
struct Value {
    name: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

#[derive(Debug, Serialize)]
struct App {
    id: AppId,
    path: String,
    enrolled_by: Owner,
    sources: Vec<String>,
    channel: String,
    on_hold: bool,
    skipped: Vec<Version>,
    installed: Option<Found>,
    /// Why it could not be replaced; `None`: it could.
    in_the_way: Option<Told>,
    /// What its source said.
    check: Answer,
}

#[derive(Debug, Serialize)]
struct Found {
    version: Option<Version>,
    sha256: Digest,
    length: u64,
}

/// Examines one program, or all.
pub(crate) fn run(app: Option<&AppId>, output: &Output) -> Result<Exit, Failure> {
    let (report, _) = examine(app, output)?;
    let checks = report.apps.iter().map(|app| act::exit_of(&app.check));
    let ways = report.apps.iter().filter_map(|app| app.in_the_way.as_ref());
    let ways = ways.map(|told| Failure::engine(&told.code, String::new()).exit());
    let wrong = report.problems.iter().map(|_| Exit::PersonNeeded);
    let worst = checks.chain(ways).chain(wrong).max().unwrap_or(Exit::Done);
    output.done(&report, &text(&report));
    Ok(worst)
}

/// What is found, and what the engine shows afterwards.
pub(crate) fn examine(app: Option<&AppId>, output: &Output) -> Result<(Report, View), Failure> {
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    let store = Store::new(folders.clone());
    let settings = store.settings().map_err(|error| Failure::of(error.fault(), &error))?;
    let enrolled = enrolments::load(&folders);
    if let Some(app) = app
        && enrolled.app(app).is_none()
    {
        return Err(enrol::unknown(app));
    }
    let reach = Reach::find()?;
    let wanted = enrolled.apps.iter().filter(|one| app.is_none_or(|app| one.enrolment.id == *app));
    let mut apps = Vec::new();
    for one in wanted {
        apps.push(examine_app(&one.enrolment, one.owner, &store, &reach, output)?);
    }
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        engine_runs: reach.is_running(),
        folders: places(&folders),
        settings: values(&settings),
        apps,
        problems: if app.is_none() { enrolled.problems } else { Vec::new() },
    };
    Ok((report, reach.view()?))
}

fn examine_app(
    enrolment: &Enrolment,
    owner: Owner,
    store: &Store,
    reach: &Reach,
    output: &Output,
) -> Result<App, Failure> {
    let id = enrolment.id.clone();
    let holds = store.holds();
    let of_store = |error: autoupdate::store::Error| Failure::of(error.fault(), &error);
    // First, because it holds the program's lock for a moment.
    let check = reach.command(&id, Command::Check { app: id.clone(), force: false }, output)?;
    let tried = replaceable(enrolment, &store.folders().spool());
    let found = Place::inspect(&enrolment.path).ok();
    Ok(App {
        path: enrolment.path.display().to_string(),
        enrolled_by: owner,
        sources: enrolment.sources.iter().map(ToString::to_string).collect(),
        channel: enrolment.channel.to_string(),
        on_hold: holds.on_hold(&id).map_err(of_store)?.is_some(),
        skipped: holds.of(&id).map_err(of_store)?.into_iter().map(|hold| hold.version).collect(),
        installed: found.map(|found| Found {
            version: found.version,
            sha256: found.sha256,
            length: found.length,
        }),
        in_the_way: tried.err().map(|error| Told::new(error.fault(), &error)),
        check,
        id,
    })
}

/// Whether a version as long as the installed one could take its place.
fn replaceable(enrolment: &Enrolment, spool: &Path) -> Result<(), autoupdate::install::Error> {
    let place = Place::open(&enrolment.path)?.with_rights(enrolment.rights);
    let length = place.installed().length;
    place.preflight(&Need { stage: length, previous: length, spool: (spool.to_owned(), length) })
}

fn places(folders: &Folders) -> Vec<Value> {
    let Folders { config, state, cache, runtime, machine } = folders;
    let all =
        [("config", config), ("state", state), ("cache", cache), ("runtime", runtime), ("machine", machine)];
    all.map(|(name, path)| Value { name, value: path.display().to_string(), from: None }).into()
}

fn values(settings: &Settings) -> Vec<Value> {
    let Settings { proxy, check_every, patch_memory } = settings;
    let route = match &proxy.value {
        Proxy::System => "system".to_owned(),
        Proxy::Off => "off".to_owned(),
        // Never with its password.
        Proxy::Set { url, .. } => url.to_string(),
    };
    vec![
        value("proxy", route, proxy),
        value("check_every", format!("{:#}", span(check_every.value)), check_every),
        value("patch_memory_mib", (patch_memory.value >> 20).to_string(), patch_memory),
    ]
}

/// As people write it in the settings.
fn span(time: std::time::Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(time).unwrap_or(jiff::SignedDuration::MAX)
}

fn value<T>(name: &'static str, value: String, of: &Sourced<T>) -> Value {
    let from = match &of.origin {
        Origin::Default => None,
        Origin::Person { file, line } => Some(format!("{}:{line}", file.display())),
        Origin::Administrator { file, line } => {
            Some(format!("{}:{line}, set by your administrator", file.display()))
        }
    };
    Value { name, value, from }
}

fn text(report: &Report) -> String {
    let engine =
        if report.engine_runs { "the one that runs answered" } else { "none runs in the background" };
    let mut text = format!("autoupdate {}; engine: {engine}\n", report.version);
    for Value { name, value, from } in report.folders.iter().chain(&report.settings) {
        let from = from.as_ref().map(|from| format!(" ({from})")).unwrap_or_default();
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  {name:16} {value}{from}");
    }
    for app in &report.apps {
        let _ = writeln!(text, "\n{} {}", app.id, app.path);
        let installed = app.installed.as_ref().map_or_else(
            || "cannot be read".to_owned(),
            |found| format!("{}, sha256 {}", words::version(found.version.as_ref()), found.sha256),
        );
        let way = app.in_the_way.as_ref().map_or_else(
            || "could be replaced".to_owned(),
            |told| format!("could not be replaced: {}", words::of_failure(told)),
        );
        let wishes = match (app.on_hold, app.skipped.as_slice()) {
            (true, _) => ", on hold",
            (false, [_, ..]) => ", some versions are skipped",
            (false, []) => "",
        };
        let _ = writeln!(text, "  installed        {installed}\n  program          {way}");
        let _ = writeln!(text, "  channel          {}{wishes}", app.channel);
        let _ = writeln!(text, "  source           {}", app.sources.join(", "));
        let _ = writeln!(text, "  says             {}", words::of_answer(&app.check));
    }
    for problem in &report.problems {
        let _ = writeln!(text, "\n{}", words::of_problem(problem));
    }
    text.truncate(text.trim_end().len());
    text
}
