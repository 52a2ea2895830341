//! What an app is asked without changing anything, beside whatever runs.

use std::sync::Arc;

use protocol::{Language, Version};
use tokio::sync::oneshot;

use super::app::{App, tell};
use super::work;
use crate::fetch::Proxy;
use crate::handle::Answer;
use crate::machine::{Rest, State};
use crate::policy::{Trace, deferral};
use crate::support::Setting;

impl App {
    /// Every rule that was asked, and whether people can be told anything now. The last one that says stop decided.
    fn asked_rules(&self) -> Vec<Trace> {
        let told = deferral::notify(&self.outside.surroundings, self.is_quiet(self.now()));
        [&[told], self.memory.trace.as_slice(), &self.memory.gates].concat()
    }

    /// Gets the notes of the version that is offered, or was just put in place, beside whatever runs.
    pub(super) fn notes(&self, languages: Vec<Language>, reply: oneshot::Sender<Answer>) {
        let Some((from, to)) = self.news() else {
            return tell(reply, Answer::Notes { text: None, earlier: Vec::new() });
        };
        let (shared, subject) = (Arc::clone(&self.around.shared), Arc::clone(&self.subject));
        drop(tokio::spawn(async move {
            let answer = match work::notes(&shared, &subject, (from.as_ref(), &to), &languages).await {
                Ok((text, earlier)) => Answer::Notes { text, earlier },
                Err(error) => Answer::Failed { failure: work::failure(&error) },
            };
            tell(reply, answer);
        }));
    }

    /// The versions that people want to know the difference of.
    fn news(&self) -> Option<(Option<Version>, Version)> {
        match &self.state {
            State::Resting(Rest::Updated(report)) => Some((report.from.clone(), report.to.clone())),
            state => state.offer().map(|offer| (offer.from.clone(), offer.version().clone())),
        }
    }

    /// How the last decision came about.
    pub(super) fn why(&self) -> Answer {
        Answer::Why { trace: self.asked_rules() }
    }

    /// What support looks at, beside whatever runs.
    pub(super) fn examine(&self, proxy: Proxy, settings: Vec<Setting>, reply: oneshot::Sender<Answer>) {
        let (shared, subject) = (Arc::clone(&self.around.shared), Arc::clone(&self.subject));
        let (owner, memory, trace) = (self.enrolled.owner, self.memory.clone(), self.asked_rules());
        drop(tokio::spawn(async move {
            let answer = match work::examine(shared, subject, (owner, proxy), (memory, trace), settings).await
            {
                Ok(examined) => Answer::Examined { examined: Box::new(examined) },
                Err(error) => Answer::Failed { failure: work::failure(&error) },
            };
            tell(reply, answer);
        }));
    }
}
