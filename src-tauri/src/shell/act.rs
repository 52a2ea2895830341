//! What an act means to the engine.

use autoupdate::Command;
use autoupdate::handle::{How, Later};
use autoupdate::policy::Reason;
use autoupdate::view::AppState;
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
pub(super) fn command(app: &AppId, act: Act, state: &AppState) -> Command {
    let app = app.clone();
    match act {
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
        Act::Release if matches!(state, AppState::NotOffered { reason: Reason::Undone, .. }) => {
            Command::Check { app, force: true }
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
    }
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
            let command = serde_json::to_value(command(&app, act, &state)).unwrap();
            assert_eq!(command["command"], expected, "{act:?}");
            command
        };
        check(Act::Check, AppState::Idle, "check");
        check(Act::Install, AppState::Idle, "prepare");
        assert_eq!(check(Act::Replace, AppState::Idle, "prepare")["consent"], true);
        check(Act::Restart, AppState::Idle, "activate");
        assert_eq!(check(Act::Cancel, AppState::Idle, "cancel")["drop"], true);
        assert_eq!(check(Act::Pause, AppState::Idle, "cancel").get("drop"), None);
        check(Act::Resume, AppState::Idle, "prepare");
        check(Act::RollBack, AppState::Idle, "roll-back");
        check(Act::Retry, failed(None), "check");
        check(Act::Retry, failed(Some(version("7.2.0"))), "prepare");
    }
}
