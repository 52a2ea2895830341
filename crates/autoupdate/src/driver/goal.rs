//! What a command asks of an app.

use crate::handle::{Command, How};
use crate::machine::{Errand, Event, Goal, Reach};
use crate::policy::Asker;

/// What a command asks of an app, if it is one that takes time.
pub(super) fn goal_of(command: &Command) -> Option<(Goal, Event)> {
    let asker = |force| if force { Asker::Insisting } else { Asker::Person };
    let wanted = |goal, reach, how: &How| {
        let errand =
            Errand { asker: asker(how.force), reach, consent: how.consent, full: how.full, repair: false };
        Some((goal, Event::Wanted(errand)))
    };
    match command {
        Command::Check { force, .. } => {
            let how = How { force: *force, ..Default::default() };
            wanted(Goal::Check, Reach::Check, &how)
        }
        Command::Prepare { how, .. } => wanted(Goal::Prepare, Reach::Prepare, how),
        Command::Activate { how, .. } => wanted(Goal::Activate, Reach::Activate, how),
        Command::RollBack { .. } => Some((Goal::RollBack, Event::RollBackWanted)),
        Command::Repair { consent, .. } => {
            let errand = Errand {
                asker: Asker::Person,
                reach: Reach::Check,
                consent: *consent,
                full: false,
                repair: true,
            };
            Some((Goal::Repair, Event::Wanted(errand)))
        }
        Command::Cancel { .. } => Some((Goal::Cancel, Event::CancelWanted)),
        Command::Confirm { .. }
        | Command::Hold { .. }
        | Command::Skip { .. }
        | Command::Release { .. }
        | Command::Why { .. }
        | Command::Notes { .. }
        | Command::Plan { .. }
        | Command::Busy { .. }
        | Command::Pause { .. }
        | Command::Resume
        | Command::Settings
        | Command::Set { .. }
        | Command::History { .. }
        | Command::Examine { .. }
        | Command::Reload => None,
    }
}
