//! The one error of parsing a noun: what it was meant to be, what stood there, and the rule it breaks.

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {what}: {rule}")]
pub struct Invalid {
    /// The noun that was expected, for example `app id`.
    pub what: &'static str,
    /// What stood there, cut to 80 characters so that an attacker cannot fill a log with it.
    pub value: String,
    /// The rule that is broken, as a whole clause.
    pub rule: &'static str,
}

impl Invalid {
    pub(crate) fn new(what: &'static str, value: &str, rule: &'static str) -> Self {
        Self { what, value: value.chars().take(80).collect(), rule }
    }
}

/// Gives a parsed text noun its string traits: `Display`, `FromStr` through `parse`, serde as a string.
macro_rules! text_noun {
    ($name:ident) => {
        impl std::str::FromStr for $name {
            type Err = crate::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_noun;
