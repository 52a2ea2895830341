//! Whether the installed program is what it should be, and what would put it right.
//!
//! Bytes that verified metadata names, or that were verified when they were put in place, are sound. Bytes that neither
//! knows stand where the record remembers a version: then that very version is wanted again, never a newer one, which
//! would be an update that nobody asked for. Rollout, skip and hold say who gets something new, and are not asked. What
//! protects the installation is: the floor, releases that did not live here, and the publisher's recall.

use protocol::{Artifact, Digest, Version};

use super::eligibility::Facts;
use super::{Decided, Offer, Rule, Trace, Verdict, rollout};

/// What becomes of a program that a person wants repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Nothing: it is what it should be.
    Sound,
    /// The recorded version comes again.
    Restore(Box<Offer>),
    /// Nothing says which version it was, or that one is not to be had: what is offered as an update can take its place, if a
    /// person agrees to replace bytes that nobody knows.
    Update,
}

/// What the record beside the program says should be there.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// SHA-256 of the file.
    pub sha256: &'a Digest,
    /// Its version.
    pub version: &'a Version,
}

/// What puts the program right?
#[must_use]
pub fn decide(facts: &Facts<'_>, recorded: Option<Recorded<'_>>) -> Decided<Repair> {
    let trace = |verdict| {
        Trace::new(Rule::Sound, verdict)
            .fact("sha256", facts.installed.sha256)
            .maybe("recorded sha256", recorded.map(|recorded| recorded.sha256))
            .maybe("recorded version", recorded.map(|recorded| recorded.version))
    };
    if facts.installed.version.is_some() {
        return Decided { answer: Repair::Sound, trace: vec![trace(Verdict::Pass)] };
    }
    let stopped = vec![trace(Verdict::Stop)];
    let Some(artifact) = recorded.and_then(|recorded| same(facts, recorded)) else {
        return Decided { answer: Repair::Update, trace: stopped };
    };
    let (may, mut asked) = may_return(artifact, facts);
    let mut trace = stopped;
    trace.append(&mut asked);
    let answer = if may {
        Repair::Restore(Box::new(Offer {
            artifact: artifact.clone(),
            from: None,
            needs_consent: false,
            repair: true,
            ways: None,
        }))
    } else {
        Repair::Update
    };
    Decided { answer, trace }
}

/// The release that was recorded: the same bytes, else what is signed under the same version now.
fn same<'a>(facts: &Facts<'a>, recorded: Recorded<'_>) -> Option<&'a Artifact> {
    let mut ours = facts.artifacts.iter().filter(|artifact| {
        artifact.release.app == *facts.app
            && artifact.release.platform() == facts.platform
            && artifact.release.version == *recorded.version
    });
    let first = ours.clone().next();
    ours.find(|artifact| artifact.sha256 == *recorded.sha256).or(first)
}

fn may_return(artifact: &Artifact, facts: &Facts<'_>) -> (bool, Vec<Trace>) {
    let version = &artifact.release.version;
    let installed = &facts.installed;
    let below = installed.floor.is_some_and(|floor| version < floor);
    let bad = installed.bad.contains(&artifact.sha256);
    let recalled = rollout::is_recalled(facts.control, version);
    let verdict = |stops| if stops { Verdict::Stop } else { Verdict::Pass };
    let trace = vec![
        Trace::new(Rule::Floor, verdict(below)).about(version).maybe("floor", installed.floor),
        Trace::new(Rule::KnownBad, verdict(bad)).about(version),
        Trace::new(Rule::Recall, verdict(recalled)).about(version),
    ];
    (!(below || bad || recalled), trace)
}

#[cfg(test)]
#[path = "tests/repair.rs"]
mod tests;
