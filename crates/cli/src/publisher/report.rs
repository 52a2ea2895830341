//! Releases as a person reads them.

use std::fmt::Write as _;

use protocol::{Artifact, Channel};

/// `stable, beta`, or that nobody is offered it.
pub(crate) fn channels(artifact: &Artifact) -> String {
    let names: Vec<&str> = artifact.release.channels.iter().map(Channel::as_str).collect();
    if names.is_empty() { "withdrawn".to_owned() } else { names.join(", ") }
}

/// `1.2.3 linux-x86_64`.
pub(crate) fn name(artifact: &Artifact) -> String {
    format!("{} {}", artifact.release.version, artifact.release.platform())
}

/// One line per artifact, newest version first.
pub(crate) fn table(artifacts: &[Artifact]) -> String {
    let mut sorted: Vec<&Artifact> = artifacts.iter().collect();
    sorted.sort_by(|a, b| b.release.version.cmp(&a.release.version).then_with(|| a.path.cmp(&b.path)));
    let mut text = String::new();
    for artifact in sorted {
        let (version, platform) =
            (artifact.release.version.to_string(), artifact.release.platform().to_string());
        let _ = writeln!(
            text,
            "{version:<16} {platform:<16} {:>12} bytes  {}  {}",
            artifact.length,
            artifact.sha256.short(),
            channels(artifact)
        );
    }
    if text.is_empty() { "no releases".to_owned() } else { text.trim_end().to_owned() }
}
