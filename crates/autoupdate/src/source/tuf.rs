//! (being built)
use super::*;
use crate::{fetch::Client, store::Store};
use protocol::{Enrolment, Rollout};
use trust::{Crypto, Verified};
/// What the publisher says about who gets a release when.
#[derive(Debug, Clone)]
pub enum RolloutState {
    /// Nobody holds anything back: there is no rollout delegation.
    Open,
    /// The verified rollout of the channel.
    Rules(Rollout),
    /// There must be a rollout, but none could be verified: nothing may be offered.
    Unverified {
        /// Why, in words.
        why: String,
        /// The stable code.
        code: &'static str,
    },
}
/// What a check brought.
#[derive(Debug)]
pub struct Checked {
    /// The verified chain, with `ingest` loaded where there is one.
    pub verified: Verified,
    /// Who gets a release when.
    pub rollout: RolloutState,
    /// Every object that answered with bytes.
    pub objects: Vec<FetchedObject>,
}
/// Reads the pinned root of an enrolment; `beside` is the folder of the enrolment's file.
pub fn pinned_root(enrolment: &Enrolment, beside: &std::path::Path) -> Result<Vec<u8>, Error> {
    todo!()
}
/// Refreshes
pub async fn refresh(
    client: &Client,
    store: &Store,
    enrolment: &Enrolment,
    pinned_root: &[u8],
    crypto: Crypto,
    now: jiff::Timestamp,
) -> Result<Checked, Error> {
    todo!()
}
