//! Which version is installed.
//!
//! The record beside the program is believed while the file's hash matches it. Otherwise the hash is looked up in verified
//! metadata. Otherwise the version is unknown: somebody else put these bytes there, and only a person may say that
//! they may be replaced.

use protocol::{AppId, Artifact, Digest, Platform, Version};

use super::{Decided, Rule, Trace, Verdict};

/// What [`identify`] looks at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The app.
    pub app: &'a AppId,
    /// This machine.
    pub platform: Platform,
    /// SHA-256 of the installed file.
    pub sha256: &'a Digest,
    /// What the record beside the program says, if it is about these very bytes.
    pub recorded: Option<&'a Version>,
    /// Every artifact that verified metadata names, whatever its channel.
    pub artifacts: &'a [Artifact],
}

/// The installed version, `None` = unknown.
#[must_use]
pub fn identify(facts: &Facts<'_>) -> Decided<Option<Version>> {
    let signed = (facts.artifacts.iter())
        .find(|artifact| {
            artifact.sha256 == *facts.sha256
                && artifact.release.app == *facts.app
                && artifact.release.platform() == facts.platform
        })
        .map(|artifact| &artifact.release.version);
    // What is signed counts more than what stands on the disk: the record is only a cache of it.
    let version = signed.or(facts.recorded).cloned();
    let verdict = if version.is_some() { Verdict::Pass } else { Verdict::Stop };
    let trace = Trace::new(Rule::Identity, verdict)
        .fact("sha256", facts.sha256)
        .maybe("recorded", facts.recorded)
        .maybe("signed", signed);
    Decided { answer: version, trace: vec![trace] }
}

#[cfg(test)]
#[path = "tests/identity.rs"]
mod tests;
