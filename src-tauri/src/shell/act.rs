//! What an act means to the engine.

use autoupdate::Command;
use autoupdate::handle::{How, Later};
use autoupdate::policy::Reason;
use autoupdate::view::{AppState, RollBackWhy};
use protocol::{AppId, Version};

use crate::face::Act;

/// The version that is offered.
fn offered(state: &AppState) -> Option<Version> {
    match state {
        AppState::Available { offer, .. }
        | AppState::Deferred { offer, .. }
        | AppState::Ready { offer, .. } => Some(offer.version.clone()),
        _ => None,
    }
}

/// What an act means to the engine.
pub(super) fn commands(app: &AppId, act: Act, state: &AppState) -> Vec<Command> {
    let app = app.clone();
    vec![match act {
        Act::Check => Command::Check { app, force: false },
        Act::Install => Command::Prepare { app, how: How::default() },
        Act::Replace => Command::Prepare { app, how: How { consent: true, ..How::default() } },
        Act::Restart => Command::Activate { app, how: How::default() },
        Act::Cancel => Command::Cancel { app, drop: true },
        Act::Pause => Command::Cancel { app, drop: false },
        Act::Resume => Command::Prepare { app, how: How::default() },
        Act::RollBack => Command::RollBack { app },
        Act::Tonight => Command::Plan { app, when: Some(Later::Tonight) },
        Act::AtQuit => Command::Plan { app, when: Some(Later::AtQuit) },
        Act::Postpone => Command::Plan { app, when: None },
        Act::Skip => match offered(state) {
            Some(version) => Command::Skip { app, version },
            None => Command::Check { app, force: false },
        },
        Act::Hold => Command::Hold { app },
        // What was undone is in the program's own record: only who insists gets it again.
        Act::Release if is_undone(state) => {
            return vec![Command::Release { app: app.clone() }, Command::Check { app, force: true }];
        }
        Act::Release => Command::Release { app },
        Act::Force => Command::Check { app, force: true },
        Act::Full => Command::Prepare { app, how: How { full: true, ..How::default() } },
        Act::Repair => Command::Repair { app, consent: false },
        // What failed on the way to a version is tried again all the way, a check is a check.
        Act::Retry => match state {
            AppState::Failed { version: Some(_), .. } => Command::Prepare { app, how: How::default() },
            _ => Command::Check { app, force: false },
        },
    }]
}

/// Whether a person undid what would be offered.
const fn is_undone(state: &AppState) -> bool {
    matches!(
        state,
        AppState::NotOffered { reason: Reason::Undone, .. }
            | AppState::RolledBack { why: RollBackWhy::ByPerson, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::version;
    use autoupdate::error::{Actor, Phase};
    use autoupdate::view::Failure;

    #[test]
    fn acts_are_commands_of_the_engine() {
        let app = AppId::parse("demo").unwrap();
        let failure = Failure {
            code: "E-NET-DNS".into(),
            phase: Phase::Fetch,
            actor: Actor::Network,
            retry: true,
            text: String::new(),
        };
        let failed = |version| AppState::Failed { failure: failure.clone(), version, again_at: None };
        let check = |act, state: AppState, expected: &str| {
            let commands = serde_json::to_value(commands(&app, act, &state)).unwrap();
            let words: Vec<_> =
                commands.as_array().unwrap().iter().map(|one| one["command"].as_str().unwrap()).collect();
            assert_eq!(words.join(" "), expected, "{act:?}");
            commands[0].clone()
        };
        check(Act::Check, AppState::Idle, "check");
        check(Act::Install, AppState::Idle, "prepare");
        assert_eq!(check(Act::Replace, AppState::Idle, "prepare")["consent"], true);
        check(Act::Restart, AppState::Idle, "activate");
        assert_eq!(check(Act::Cancel, AppState::Idle, "cancel")["drop"], true);
        assert_eq!(check(Act::Pause, AppState::Idle, "cancel").get("drop"), None);
        check(Act::Resume, AppState::Idle, "prepare");
        check(Act::RollBack, AppState::Idle, "roll-back");
        check(Act::Release, AppState::Idle, "release");
        let undone = AppState::RolledBack { from: None, to: None, why: RollBackWhy::ByPerson };
        check(Act::Release, undone, "release check");
        check(Act::Retry, failed(None), "check");
        check(Act::Retry, failed(Some(version("7.2.0"))), "prepare");
    }
}
