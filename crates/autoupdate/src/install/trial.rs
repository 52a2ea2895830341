//! What can be known of a stage before it replaces anything: whether the system would start it, and whether it does.
//!
//! A version that does not even start cannot undo itself, and after a power cut nobody may be left who does it in its place. So
//! what must start by itself is started once while it is still beside the program.

use std::ffi::OsStr;

use super::error::{During as _, Error};
use super::folder::{STAGE, facts_of};
use super::place::Place;
use super::probation::{PROBE_TIME, Unhealthy, run_start_probe};
use crate::error::Phase;

const PHASE: Phase = Phase::Activate;

/// How much a stage is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trial {
    /// What its first bytes tell.
    Look,
    /// That it comes as far as [`crate::init`], which it calls first.
    Start,
}

impl Place {
    /// Tries the stage. One that is to blame for its failure is thrown away, and never offered here again.
    ///
    /// # Errors
    /// Outside: there is no stage, it is not what was staged, or the disk. Inside: what is wrong with it.
    pub(crate) fn try_stage(&mut self, trial: Trial) -> Result<Result<(), Unhealthy>, Error> {
        let Some(staged) = self.staged().cloned() else {
            return Err(Error::NoStage { path: self.installed().path.clone() });
        };
        let program = self.base()?;
        let like = facts_of(&program).during(PHASE, "look at", &self.installed().path)?;
        let (stage, _) = self.verified_stage(&staged, &like)?;
        #[cfg(unix)]
        let looked = super::executable::check(&stage, Some(&program)).map_err(Unhealthy::NotStarted);
        // The system's own tables say what it starts; nobody has looked into them yet.
        #[cfg(not(unix))]
        let looked = Ok(());
        drop(stage);
        let tried = looked.and_then(|()| match trial {
            Trial::Look => Ok(()),
            Trial::Start => run_start_probe(&self.ground.private.path().join(OsStr::new(STAGE)), PROBE_TIME),
        });
        if tried.as_ref().is_err_and(Unhealthy::blames_the_version) {
            self.discard_stage()?;
            self.blame(staged.sha256)?;
        }
        Ok(tried)
    }
}
