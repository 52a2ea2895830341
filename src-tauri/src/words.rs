//! Words for keys: the catalogue `ui/locales/{language}.ftl`, which tray, notifications and window share.
//!
//! - The format is Project Fluent's (projectfluent.org), and every catalogue is part of the program.
//! - A key that a language lacks is taken from English, and one that English lacks shows itself: ugly, never silent. The
//!   tests look for both.
//! - Which language it is says [`crate::language`].

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::face::Message;
use crate::language;

/// Catalogues by language. The window finds those in the folder by itself; the tests compare.
const CATALOGUES: [(&str, &str); 4] = [
    (ENGLISH, include_str!("../../ui/locales/en.ftl")),
    ("fa", include_str!("../../ui/locales/fa.ftl")),
    ("ru", include_str!("../../ui/locales/ru.ftl")),
    ("zh-Hans", include_str!("../../ui/locales/zh-Hans.ftl")),
];
const ENGLISH: &str = "en";

/// The words of one language, and English for what it lacks.
pub struct Words {
    bundles: Vec<FluentBundle<FluentResource>>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locales: Vec<_> = self.bundles.iter().flat_map(|bundle| &bundle.locales).collect();
        f.debug_struct("Words").field("locales", &locales).finish_non_exhaustive()
    }
}

impl Words {
    /// English, which every other language falls back to.
    #[must_use]
    pub fn english() -> Self {
        Self::of(&[])
    }

    /// The person's: the one that they chose, else as far as the system says it.
    #[must_use]
    pub fn of_person(chosen: Option<&str>) -> Self {
        let wanted = chosen.map(ToOwned::to_owned).into_iter().chain(language::wanted());
        Self::of(&wanted.collect::<Vec<_>>())
    }

    /// Of the first of these languages that there is a catalogue for, else English.
    fn of(wanted: &[String]) -> Self {
        let there = CATALOGUES.map(|(name, _)| name);
        let chosen = language::choose(wanted, &there).unwrap_or(ENGLISH);
        let find = |language| CATALOGUES.iter().filter(move |(name, _)| *name == language);
        let own = find(chosen);
        let fallback = find(ENGLISH).filter(|(name, _)| *name != chosen);
        Self { bundles: own.chain(fallback).map(|(name, source)| bundle(name, source)).collect() }
    }

    /// The words of a message.
    #[must_use]
    pub fn say(&self, message: &Message) -> String {
        let found = self.bundles.iter().find_map(|bundle| {
            let pattern = bundle.get_message(&message.id)?.value()?;
            Some((bundle, pattern))
        });
        let Some((bundle, pattern)) = found else {
            tracing::error!(key = message.id, "not in the catalogue");
            return message.id.clone();
        };
        let mut args = FluentArgs::new();
        for (name, value) in &message.args {
            args.set(name.as_str(), value.as_str());
        }
        if let Some(count) = message.count {
            args.set("count", count);
        }
        let mut mistakes = Vec::new();
        let said = bundle.format_pattern(pattern, Some(&args), &mut mistakes).into_owned();
        if !mistakes.is_empty() {
            tracing::error!(key = message.id, ?mistakes, "an argument is missing");
        }
        said
    }

    /// The words of a key without arguments.
    #[must_use]
    pub fn key(&self, id: &str) -> String {
        self.say(&Message::new(id))
    }
}

/// A catalogue with the plural rules of its language.
fn bundle(language: &str, source: &str) -> FluentBundle<FluentResource> {
    // What can be read is used; the tests refuse a catalogue with mistakes.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, mistakes)| {
        tracing::error!(language, ?mistakes, "the catalogue has mistakes");
        resource
    });
    let mut bundle = FluentBundle::new_concurrent(vec![language.parse().unwrap_or_default()]);
    // Marks around arguments are for mixed directions; menus and notifications show them as boxes in some systems.
    bundle.set_use_isolating(false);
    if language == "fa" {
        bundle.set_formatter(Some(persian));
    }
    bundle.add_resource_overriding(resource);
    bundle
}

/// Counts in Persian figures, as the window has them. Versions are no numbers and stay as they are.
fn persian<M>(value: &FluentValue<'_>, _memory: &M) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let figure = |digit: char| match digit.to_digit(10) {
        Some(value) => char::from_u32(u32::from('۰') + value).unwrap_or(digit),
        None => digit,
    };
    Some(number.as_string().chars().map(figure).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Keys and what each takes.
    fn keys(source: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut found = BTreeMap::<_, BTreeSet<_>>::new();
        let mut key = "";
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|first: char| first.is_ascii_alphabetic()) {
                key = line.split(' ').next().unwrap_or_default();
                assert_eq!(found.insert(key, BTreeSet::new()), None, "{key} twice");
            }
            let args = line.split('$').skip(1).filter_map(|rest| rest.split([' ', '}']).next());
            found.entry(key).or_default().extend(args);
        }
        found.remove("");
        found
    }

    fn counted(words: &Words, id: &str, count: u32) -> String {
        words.say(&Message { count: Some(count), ..Message::new(id) })
    }

    fn words(language: &str) -> Words {
        Words::of(&[language.to_owned()])
    }

    #[test]
    fn arguments_and_counts_are_filled_in() {
        let words = Words::english();
        let ready = Message::new("one-state-ready").with("name", "Lantern").with("version", "7.2.0");
        assert_eq!(words.say(&ready), "Lantern 7.2.0 is ready");
        let count = |count| counted(&words, "summary-ready", count);
        assert_eq!((count(1), count(3)), ("1 update is ready".into(), "3 updates are ready".into()));
        assert_eq!(words.key("no-such-key"), "no-such-key");
    }

    #[test]
    fn every_catalogue_of_the_folder_is_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/locales");
        let files =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let there: BTreeSet<_> =
            files.filter_map(|file| file.strip_suffix(".ftl").map(str::to_owned)).collect();
        assert_eq!(CATALOGUES.map(|(name, _)| name.to_owned()).into_iter().collect::<BTreeSet<_>>(), there);
    }

    #[test]
    fn every_catalogue_says_all_that_english_says() {
        let english = keys(CATALOGUES[0].1);
        for (language, source) in CATALOGUES {
            assert!(FluentResource::try_new(source.to_owned()).is_ok(), "{language}");
            assert_eq!(keys(source), english, "{language}");
            let bundle = bundle(language, source);
            for (key, names) in &english {
                let mut args = FluentArgs::new();
                for name in names.iter().filter(|name| **name != "count") {
                    args.set(*name, "7.2.0");
                }
                if names.contains("count") {
                    args.set("count", 1);
                }
                let mut mistakes = Vec::new();
                let pattern = bundle.get_message(key).unwrap().value().unwrap();
                let said = bundle.format_pattern(pattern, Some(&args), &mut mistakes);
                assert!(mistakes.is_empty() && !said.is_empty(), "{language} {key}: {mistakes:?}");
            }
        }
    }

    #[test]
    fn numbers_have_the_forms_and_figures_of_their_language() {
        let russian = words("ru-RU");
        let said = [1, 2, 5, 21].map(|count| counted(&russian, "summary-available", count));
        let forms = ["1 обновление", "2 обновления", "5 обновлений", "21 обновление"];
        assert_eq!(said, forms.map(|form| format!("Доступно {form}")));
        assert_eq!(counted(&words("fa-IR"), "summary-available", 21), "۲۱ به‌روزرسانی موجود است");
        assert_eq!(counted(&words("zh-CN"), "summary-available", 1), "有 1 个更新可以安装");
    }

    #[test]
    fn versions_stay_as_they_are() {
        let ready = Message::new("state-ready").with("version", "7.2.0");
        assert_eq!(words("fa").say(&ready), "نسخهٔ 7.2.0 آمادهٔ نصب است");
    }

    #[test]
    fn what_a_language_lacks_is_english() {
        let gap = Words {
            bundles: vec![bundle("ru", "menu-open = Открыть"), bundle(ENGLISH, CATALOGUES[0].1)],
        };
        assert_eq!((gap.key("menu-open"), gap.key("menu-quit")), ("Открыть".into(), "Quit".into()));
        for language in ["de-DE", "zh-TW", "tlh"] {
            assert_eq!(words(language).key("menu-quit"), "Quit", "{language}");
        }
    }
}
