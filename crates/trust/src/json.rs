//! A strict look at JSON before anything else reads it.
//!
//! The verifier reads JSON into a tree in which of two equal keys the last one wins; other clients may take the first.
//! A file on which two readers could differ is refused, as is everything canonical JSON cannot express.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{Flaw, LIMITS};

/// Checks that `bytes` are exactly one JSON value: UTF-8 without a byte order mark, at most
/// [`crate::Limits::json_depth`] deep, no key twice in an object, numbers only 64-bit integers.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::Encoding)?;
    if text.starts_with('\u{feff}') {
        return Err(Flaw::Encoding);
    }
    let broken = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = Strict { levels: LIMITS.json_depth, broken: &broken };
    strict.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| match broken.take() {
        Some(Rule::Depth) => Flaw::Depth,
        Some(Rule::DuplicateKey) => Flaw::DuplicateKey,
        Some(Rule::Number) => Flaw::Number,
        None => Flaw::Json { line: error.line(), column: error.column() },
    })
}

/// The rules that JSON itself does not have.
#[derive(Clone, Copy)]
enum Rule {
    Depth,
    DuplicateKey,
    Number,
}

/// One value that may hold `levels` more levels. The parser's errors are texts, so the broken rule is put aside.
#[derive(Clone, Copy)]
struct Strict<'a> {
    levels: usize,
    broken: &'a Cell<Option<Rule>>,
}

impl Strict<'_> {
    fn breaks<E: serde::de::Error>(self, rule: Rule) -> E {
        self.broken.set(Some(rule));
        E::custom("refused")
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(self.breaks(Rule::Depth)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strict JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Err(self.breaks(Rule::Number))
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut seen = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !seen.insert(key) {
                return Err(self.breaks(Rule::DuplicateKey));
            }
            entries.next_value_seed(inner)?;
        }
        Ok(())
    }
}
