//! The verbs that change something: each is one command to the engine, and its answer.

use autoupdate::handle::{Answer, Command, How, Refusal};
use autoupdate::view::RollBackWhy;
use protocol::{AppId, Language, Version};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::user::reach::Reach;
use crate::user::{enrol, words};

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    /// The app.
    pub(crate) app: AppId,
    /// Also take what was once undone or skipped here, and what is not this machine's turn yet.
    #[arg(long)]
    force: bool,
    /// Agree to replace an installed program that belongs to no release we know.
    #[arg(long)]
    yes: bool,
    /// Use no patch: fetch the whole artifact.
    #[arg(long)]
    full: bool,
}

/// Updates a program.
pub(crate) fn apply(args: &Apply, output: &Output) -> Result<Exit, Failure> {
    let how = How { force: args.force, consent: args.yes, full: args.full };
    one(Command::Activate { app: args.app.clone(), how }, &args.app, output)
}

/// Looks for updates of one program, or of all.
pub(crate) fn check(app: Option<AppId>, force: bool, output: &Output) -> Result<Exit, Failure> {
    if let Some(app) = app {
        return one(Command::Check { app: app.clone(), force }, &app, output);
    }
    let reach = Reach::find()?;
    let apps: Vec<AppId> = reach.view()?.apps.into_iter().map(|app| app.id).collect();
    let mut answers = serde_json::Map::new();
    let mut lines = Vec::new();
    let mut worst = Exit::Done;
    for app in apps {
        let answer = reach.command(&app, Command::Check { app: app.clone(), force }, output)?;
        lines.push(format!("{app}: {}", words::of_answer(&answer)));
        worst = worst.max(exit_of(&answer));
        answers.insert(app.to_string(), serde_json::to_value(&answer).unwrap_or_default());
    }
    output.done(&answers, &lines.join("\n"));
    Ok(worst)
}

/// Puts the previous version back.
pub(crate) fn roll_back(app: &AppId, output: &Output) -> Result<Exit, Failure> {
    one(Command::RollBack { app: app.clone() }, app, output)
}

/// Sees whether a program is what it should be, and puts it right if it is not.
pub(crate) fn repair(app: &AppId, consent: bool, output: &Output) -> Result<Exit, Failure> {
    one(Command::Repair { app: app.clone(), consent }, app, output)
}

/// Lets a program stay as it is.
pub(crate) fn hold(app: &AppId, output: &Output) -> Result<Exit, Failure> {
    one(Command::Hold { app: app.clone() }, app, output)
}

/// Leaves a version out.
pub(crate) fn skip(app: &AppId, version: Option<Version>, output: &Output) -> Result<Exit, Failure> {
    let reach = Reach::find()?;
    let version = match version {
        Some(version) => version,
        None => match reach.command(app, Command::Check { app: app.clone(), force: false }, output)? {
            Answer::Offered { offer } | Answer::Ready { offer } => offer.version,
            // Nothing to leave out, for a reason.
            other => return tell(app, &other, output),
        },
    };
    tell(app, &reach.command(app, Command::Skip { app: app.clone(), version }, output)?, output)
}

/// Lets a program go on.
pub(crate) fn release(app: &AppId, output: &Output) -> Result<Exit, Failure> {
    one(Command::Release { app: app.clone() }, app, output)
}

/// Says that the new version lives.
pub(crate) fn confirm(app: &AppId, output: &Output) -> Result<Exit, Failure> {
    one(Command::Confirm { app: app.clone() }, app, output)
}

/// Shows what is new. What is offered is only known after a check.
pub(crate) fn notes(app: &AppId, languages: Vec<Language>, output: &Output) -> Result<Exit, Failure> {
    let reach = checked(app, output)?;
    tell(app, &reach.command(app, Command::Notes { app: app.clone(), languages }, output)?, output)
}

/// Tells the rules of the last check.
pub(crate) fn why(app: &AppId, output: &Output) -> Result<Exit, Failure> {
    let reach = checked(app, output)?;
    tell(app, &reach.command(app, Command::Why { app: app.clone() }, output)?, output)
}

/// An engine that has checked the app. One that has not yet does it now.
fn checked(app: &AppId, output: &Output) -> Result<Reach, Failure> {
    let reach = Reach::find()?;
    if reach.view()?.app(app).is_some_and(|app| app.last_check.is_none()) {
        reach.command(app, Command::Check { app: app.clone(), force: false }, output)?;
    }
    Ok(reach)
}

/// One command about an app that is answered at once.
pub(crate) fn about(app: &AppId, command: Command, output: &Output) -> Result<Exit, Failure> {
    tell(app, &Reach::find()?.ask(command)?, output)
}

fn one(command: Command, app: &AppId, output: &Output) -> Result<Exit, Failure> {
    tell(app, &Reach::find()?.command(app, command, output)?, output)
}

fn tell(app: &AppId, answer: &Answer, output: &Output) -> Result<Exit, Failure> {
    match answer {
        Answer::Refused { why: Refusal::UnknownApp } => Err(enrol::unknown(app)),
        answer => told(answer, output),
    }
}

/// Tells an answer that is about no app, or about one that there is.
pub(crate) fn told(answer: &Answer, output: &Output) -> Result<Exit, Failure> {
    if let Answer::Failed { failure } = answer {
        return Err(Failure::engine(&failure.code, failure.text.clone()));
    }
    output.done(answer, &words::of_answer(answer));
    Ok(exit_of(answer))
}

/// An answer to another question than was asked: an engine of another version.
pub(crate) fn unexpected(answer: &Answer) -> Failure {
    match answer {
        Answer::Failed { failure } => Failure::engine(&failure.code, failure.text.clone()),
        other => Failure::engine("E-RUN-ANSWER", words::of_answer(other)),
    }
}

/// What a script is told about an answer.
pub(crate) fn exit_of(answer: &Answer) -> Exit {
    match answer {
        Answer::UpToDate { .. }
        | Answer::NothingNewer { .. }
        | Answer::Sound { .. }
        | Answer::Offered { .. }
        | Answer::Ready { .. }
        | Answer::Updated { .. }
        | Answer::Done
        | Answer::Notes { .. }
        | Answer::Settings { .. }
        | Answer::History { .. }
        | Answer::Examined { .. }
        | Answer::Why { .. } => Exit::Done,
        Answer::RolledBack { why: RollBackWhy::Unhealthy { .. } | RollBackWhy::Unproven { .. }, .. } => {
            Exit::Failed
        }
        Answer::RolledBack { .. } => Exit::Done,
        Answer::NotOffered { .. } => Exit::NotOffered,
        Answer::NeedsConsent { .. } | Answer::StillRunning { .. } => Exit::PersonNeeded,
        Answer::CannotVerify { .. } => Exit::CannotVerify,
        Answer::Failed { failure } => Failure::engine(&failure.code, String::new()).exit(),
        Answer::Refused { why: Refusal::Busy { .. } } => Exit::Busy,
        Answer::Cancelled | Answer::Refused { .. } => Exit::Failed,
    }
}
