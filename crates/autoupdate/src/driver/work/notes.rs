//! Fetch the notes of a version that is offered or was just put in place, and of those that it leaves out.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::{Artifact, Channel, Language, Release, Version};

use super::{Shared, Subject, blocking};
use crate::error::Error;
use crate::handle::VersionNotes;
use crate::source::tuf;

/// The longest notes that are fetched, in bytes. Publishers cannot sign longer ones.
const MAX_BYTES: u64 = 64 << 10;

/// The most versions between the installed and the offered one whose notes are fetched.
const MAX_EARLIER: usize = 20;

/// What is new in a version, and in those between it and the one `from` before, newest first; in the language that suits best.
pub(crate) async fn notes(
    shared: &Arc<Shared>,
    subject: &Arc<Subject>,
    (from, to): (Option<&Version>, &Version),
    languages: &[Language],
) -> Result<(Option<String>, Vec<VersionNotes>), Error> {
    if !subject.enrolment.source.is_tuf() {
        // Only a repository has some.
        return Ok((None, Vec::new()));
    }
    let for_root = Arc::clone(subject);
    let root = blocking(move || for_root.pinned_root()).await?;
    let _walk = subject.walk.lock().await;
    let client = &shared.network().client;
    let (store, enrolment) = (&shared.store, &subject.enrolment);
    let checked = tuf::refresh(client, store, enrolment, &root, shared.crypto, shared.clock.now()).await?;
    let verified = &checked.verified;
    let text = async |notes: &BTreeMap<Language, String>| {
        let Some(path) = best(notes, languages) else { return Ok(None) };
        let bytes = tuf::listed_target(client, store, enrolment, verified, path, MAX_BYTES).await?;
        Ok::<_, Error>(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let artifacts = verified.artifacts(&enrolment.id, shared.machine);
    let named = artifacts.iter().find(|artifact| artifact.release.version == *to);
    let newest = match named {
        Some(artifact) => text(&artifact.release.notes).await?,
        None => None,
    };
    let mut earlier = Vec::new();
    for release in between(artifacts, from, to, &enrolment.channel) {
        // Those of one version that cannot be had hide no others.
        match text(&release.notes).await {
            Ok(Some(text)) => earlier.push(VersionNotes { version: release.version, text }),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(app = %enrolment.id, version = %release.version, %error, "no notes");
            }
        }
    }
    Ok((newest, earlier))
}

/// The releases between two versions, newest first. After a program that nobody knew there are none.
fn between(
    artifacts: Vec<Artifact>,
    from: Option<&Version>,
    to: &Version,
    channel: &Channel,
) -> Vec<Release> {
    let Some(from) = from else { return Vec::new() };
    let releases = artifacts.into_iter().map(|artifact| artifact.release);
    let mut between: Vec<_> = releases
        .filter(|release| release.channels.contains(channel))
        .filter(|release| release.version > *from && release.version < *to)
        .collect();
    between.sort_by(|left, right| right.version.cmp(&left.version));
    between.truncate(MAX_EARLIER);
    between
}

/// The path of the best language: the first wanted one that exists, a wanted one without its region, English, any.
fn best<'a>(notes: &'a BTreeMap<Language, String>, wanted: &[Language]) -> Option<&'a String> {
    let short = |language: &Language| language.as_str().split('-').next().unwrap_or_default().to_owned();
    let by_short =
        |name: &str| notes.iter().find(|(language, _)| short(language) == name).map(|(_, path)| path);
    (wanted.iter().find_map(|language| notes.get(language).or_else(|| by_short(&short(language)))))
        .or_else(|| by_short("en"))
        .or_else(|| notes.values().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_language_is_taken() {
        let language = |text: &str| Language::parse(text).unwrap();
        let check = |have: &[&str], wanted: &[&str], expected: Option<&str>| {
            let notes = have.iter().map(|one| (language(one), (*one).to_owned())).collect();
            let wanted: Vec<_> = wanted.iter().map(|one| language(one)).collect();
            assert_eq!(best(&notes, &wanted).map(String::as_str), expected, "{have:?} {wanted:?}");
        };
        check(&[], &["en"], None);
        check(&["de", "en"], &["de"], Some("de"));
        check(&["de", "en"], &["fr"], Some("en"));
        check(&["pt-br", "en"], &["pt"], Some("pt-br"));
        check(&["zh", "en"], &["zh-cn"], Some("zh"));
        check(&["de", "fr"], &["ru"], Some("de"));
        check(&["en-gb", "de"], &[], Some("en-gb"));
    }
}
