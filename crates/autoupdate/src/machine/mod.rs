//! What one app's update is doing, as a pure state machine.
//!
//! [`step()`] takes the state, what happened and the facts, and says the next state and what to do. It knows no clock, no
//! disk and no network. The rules:
//!
//! - every pair of state and event is written out; a pair that means nothing changes nothing;
//! - a variant carries exactly the data that is valid in it;
//! - a sequence without a decision in it is one [`Effect`]; its end comes back as one [`Event`];
//! - a failure in the background puts back what stood there before, a failure of what a person asked for is shown.
//!
//! Layout: [`State`] and [`Rest`] → [`Event`] → [`Effect`] → [`step()`]; [`Memory`] holds what outlives a state; [`show()`] draws the
//! state for the View; [`answer`] tells a waiting person.

mod admit;
mod assurance;
mod decide;
mod effect;
mod event;
mod memory;
mod preparing;
mod show;
mod state;
mod step;

pub use admit::{Goal, News, admit, answer};
pub use assurance::Assurance;
pub use decide::{Who, decide};
pub use effect::{Activation, Effect, Note};
pub use event::{Event, Found, Lately, Opened};
pub use memory::{Draw, Memory, Stopped};
pub use show::{EXPIRED, Frame, Measured, changes_at, offer_view, show};
pub use state::{Cost, Errand, Fresh, Reach, Ready, Rest, Stage, State, Undone};
pub use step::{Facts, step};

#[cfg(test)]
mod tests;
