//! Which language the person reads: what the system says, and which of the catalogues there are fits it.
//!
//! The window chooses by the same rule, `choose` in `ui/src/words.ts`; both are held to `ui/locales/choice.json`.

use protocol::Language;

/// Nobody reads more languages than this and minds which.
const MAX_WANTED: usize = 8;

/// Chinese without a script says it by its region, and systems often give no script.
const TRADITIONAL: [&str; 3] = ["hk", "mo", "tw"];

/// The languages that the person wants, the dearest one first, as BCP 47 tags: `zh-TW`. Empty: nobody said.
pub(crate) fn wanted() -> Vec<String> {
    let said = of_environment(|name| std::env::var(name).ok());
    if said.is_empty() { of_system() } else { said }
}

/// As gettext reads them, so that this app speaks like the other ones on the desktop: the first of three variables that
/// says something; the list `LANGUAGE` goes before it, but not before `C`, which asks for no translation.
fn of_environment(get: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let get = |name: &str| get(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(get);
    let Some(own) = locale.as_deref().and_then(tag) else { return Vec::new() };
    let list = get("LANGUAGE").unwrap_or_default();
    list.split(':').filter_map(tag).chain([own]).collect()
}

/// `zh_TW.UTF-8@radical` as `zh-TW`; `None` for what is no language.
fn tag(locale: &str) -> Option<String> {
    let name = locale.split(['.', '@']).next().unwrap_or_default();
    let is_language = !["", "C", "POSIX"].contains(&name);
    is_language.then(|| name.replace('_', "-"))
}

/// Programs that these systems start have no such variables.
#[cfg(any(windows, target_os = "macos"))]
fn of_system() -> Vec<String> {
    sys_locale::get_locales().collect()
}

#[cfg(not(any(windows, target_os = "macos")))]
const fn of_system() -> Vec<String> {
    Vec::new()
}

/// The wanted languages as publishers name those of their notes. What could be no name of theirs is left out.
pub(crate) fn of_notes(wanted: &[String]) -> Vec<Language> {
    wanted.iter().filter_map(|tag| Language::parse(&tag.to_ascii_lowercase()).ok()).take(MAX_WANTED).collect()
}

/// The first of the wanted languages that there is a catalogue for.
pub(crate) fn choose<'a>(wanted: &[String], there: &[&'a str]) -> Option<&'a str> {
    wanted.iter().find_map(|tag| {
        let same = there.iter().find(|name| name.eq_ignore_ascii_case(tag));
        same.or_else(|| there.iter().find(|name| reads(tag, name))).copied()
    })
}

/// Whether who wants one language can read the other: the same one, and not in another script where both say theirs.
fn reads(wanted: &str, there: &str) -> bool {
    let (wanted, there) = (wanted.to_ascii_lowercase(), there.to_ascii_lowercase());
    let primary = |tag: &str| tag.split('-').next().map(str::to_owned);
    let same_script = match (script(&wanted), script(&there)) {
        (Some(mine), Some(other)) => mine == other,
        (None, _) | (_, None) => true,
    };
    primary(&wanted) == primary(&there) && same_script
}

/// How a language is written, of a tag in small letters.
fn script(tag: &str) -> Option<&str> {
    let mut parts = tag.split('-');
    let language = parts.next();
    let is_script = |part: &&str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let Some(said) = parts.clone().find(is_script) {
        return Some(said);
    }
    let traditional = parts.any(|part| TRADITIONAL.contains(&part));
    (language == Some("zh")).then_some(if traditional { "hant" } else { "hans" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tray_and_window_choose_alike() {
        #[derive(serde::Deserialize)]
        struct Choice {
            wanted: Vec<String>,
            there: Vec<String>,
            language: String,
        }
        let table = include_str!("../../ui/locales/choice.json");
        let choices: Vec<Choice> = serde_json::from_str(table).unwrap();
        assert!(choices.len() > 10);
        for Choice { wanted, there, language } in choices {
            let there: Vec<&str> = there.iter().map(String::as_str).collect();
            // Whoever asks for nothing that there is gets English.
            assert_eq!(choose(&wanted, &there).unwrap_or("en"), language, "{wanted:?} of {there:?}");
        }
    }

    #[test]
    fn notes_are_asked_for_by_the_names_that_publishers_give() {
        let wanted = ["zh-Hans-CN", "fa_IR", "ru", "", "en-GB"].map(str::to_owned);
        let names: Vec<_> = of_notes(&wanted).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["zh-hans-cn", "ru", "en-gb"]);
        assert_eq!(of_notes(&vec!["de".to_owned(); 100]).len(), MAX_WANTED);
    }

    #[test]
    fn the_environment_is_read_as_gettext_reads_it() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| {
            let get = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(of_environment(get), expected, "{variables:?}");
        };
        check(&[], &[]);
        check(&[("LANG", "fa_IR.UTF-8")], &["fa-IR"]);
        check(&[("LANG", "ru_RU.UTF-8"), ("LC_MESSAGES", "zh_CN.UTF-8")], &["zh-CN"]);
        check(&[("LANG", "ru_RU.UTF-8"), ("LC_ALL", "fa")], &["fa"]);
        check(&[("LANG", "ru_RU.KOI8-R"), ("LC_ALL", "")], &["ru-RU"]);
        check(&[("LANG", "zh_TW.UTF-8@radical")], &["zh-TW"]);
        check(&[("LANG", "de_DE.UTF-8"), ("LANGUAGE", "zh_TW:ru")], &["zh-TW", "ru", "de-DE"]);
        check(&[("LANG", "C.UTF-8"), ("LANGUAGE", "ru")], &[]);
        check(&[("LC_ALL", "POSIX"), ("LANG", "ru_RU")], &[]);
        check(&[("LANGUAGE", "ru")], &[]);
    }
}
