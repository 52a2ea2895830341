//! Words for keys: the catalogue `ui/locales/{language}.ftl`, which tray, notifications and window share.
//!
//! The format is Project Fluent's (projectfluent.org). A missing key shows itself as the key: ugly, never silent, and the
//! tests look for it.

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use crate::face::Message;

/// The catalogue of one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("locales", &self.bundle.locales).finish_non_exhaustive()
    }
}

impl Words {
    /// English, which every other language falls back to.
    #[must_use]
    pub fn english() -> Self {
        let source = include_str!("../../ui/locales/en.ftl").to_owned();
        // What can be read is used; the tests refuse a catalogue with mistakes.
        let resource = FluentResource::try_new(source).unwrap_or_else(|(resource, mistakes)| {
            tracing::error!(?mistakes, "the catalogue has mistakes");
            resource
        });
        let locale = "en".parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // Marks around arguments are for mixed directions; menus and notifications show them as boxes in some systems.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// The words of a message.
    #[must_use]
    pub fn say(&self, message: &Message) -> String {
        let pattern = self.bundle.get_message(&message.id).and_then(|found| found.value());
        let Some(pattern) = pattern else {
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
        let said = self.bundle.format_pattern(pattern, Some(&args), &mut mistakes).into_owned();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_no_mistakes() {
        let source = include_str!("../../ui/locales/en.ftl").to_owned();
        assert!(FluentResource::try_new(source).is_ok());
    }

    #[test]
    fn arguments_and_counts_are_filled_in() {
        let words = Words::english();
        let ready = Message::new("one-state-ready").with("name", "Lantern").with("version", "7.2.0");
        assert_eq!(words.say(&ready), "Lantern 7.2.0 is ready");
        let count = |count| words.say(&Message { count: Some(count), ..Message::new("summary-ready") });
        assert_eq!((count(1), count(3)), ("1 update is ready".into(), "3 updates are ready".into()));
        assert_eq!(words.key("no-such-key"), "no-such-key");
    }
}
