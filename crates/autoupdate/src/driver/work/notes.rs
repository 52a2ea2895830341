//! Fetch the notes of an offered version.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::Language;

use super::{Shared, Subject, blocking};
use crate::error::Error;
use crate::source::tuf;

/// The longest notes that are fetched, in bytes. Publishers cannot sign longer ones.
const MAX_BYTES: u64 = 64 << 10;

/// The notes among `notes` (target path by language) that suit `languages` best.
pub(crate) async fn notes(
    shared: &Arc<Shared>,
    subject: &Arc<Subject>,
    notes: &BTreeMap<Language, String>,
    languages: &[Language],
) -> Result<Option<String>, Error> {
    let Some(path) = best(notes, languages) else { return Ok(None) };
    let for_root = Arc::clone(subject);
    let root = blocking(move || for_root.pinned_root()).await?;
    let _walk = subject.walk.lock().await;
    let client = &shared.network().client;
    let (store, enrolment) = (&shared.store, &subject.enrolment);
    let checked = tuf::refresh(client, store, enrolment, &root, shared.crypto, shared.clock.now()).await?;
    let bytes = tuf::listed_target(client, store, enrolment, &checked.verified, path, MAX_BYTES).await?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
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
