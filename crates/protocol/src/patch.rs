//! Patches as the wire knows them: their format ids and the index of those that exist.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::invalid::{Invalid, text_noun};

/// The longest patch index that is read, in bytes.
pub const MAX_INDEX_BYTES: u64 = 64 << 10;

/// The frozen id of a patch format, for example `bsz1`. Ids are never reused: a changed format is a new id.
/// An id that this program does not know is valid: the index may name formats that are newer than we are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct FormatId(String);

impl FormatId {
    /// Our container with executables re-targeted and all else coded by a model.
    pub const RT1: &'static str = "rt1";
    /// Our container with the `bsdiff` crate's difference in zstd streams.
    pub const BSZ1: &'static str = "bsz1";
    /// The classic format of Colin Percival's bsdiff 4, with bzip2 streams.
    pub const BSDIFF40: &'static str = "bsdiff40";

    /// Parses a format id.
    ///
    /// # Errors
    /// [`Invalid`] unless it is 1 to 16 of `a-z 0-9`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let good = (1..=16).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("patch format", text, "it must be 1 to 16 of a-z and 0-9"))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_noun!(FormatId);

/// One patch that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchEntry {
    /// SHA-256 of the artifact that it starts from.
    pub base: Digest,
    /// Its format.
    pub format: FormatId,
    /// Its length in bytes.
    pub length: u64,
    /// The memory that applying it needs, in bytes.
    pub memory: u64,
}

/// `patches/{artifact sha256}/index.json`: unsigned and untrusted; a lie in it costs a request, never safety.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchIndex {
    /// Format version, 1.
    pub format: u32,
    /// The patches, at most as many as fit into [`MAX_INDEX_BYTES`].
    pub patches: Vec<PatchEntry>,
}

impl PatchIndex {
    /// The format version that this code writes and reads.
    pub const FORMAT: u32 = 1;

    /// An index of these patches.
    #[must_use]
    pub fn new(patches: Vec<PatchEntry>) -> Self {
        Self { format: Self::FORMAT, patches }
    }

    /// Parses an index. Entries that this program does not understand are left out, not fatal.
    ///
    /// # Errors
    /// [`Invalid`] if it is too long, no JSON object of this shape, or of another format version.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        #[derive(Deserialize)]
        struct Loose {
            format: u32,
            patches: Vec<serde_json::Value>,
        }
        let invalid = |value: &str, rule| Invalid::new("patch index", value, rule);
        if bytes.len() as u64 > MAX_INDEX_BYTES {
            return Err(invalid(&bytes.len().to_string(), "it must be at most 65536 bytes long"));
        }
        let loose: Loose = serde_json::from_slice(bytes)
            .map_err(|error| invalid(&error.to_string(), "it must be an index in JSON"))?;
        if loose.format != Self::FORMAT {
            return Err(invalid(&loose.format.to_string(), "only format 1 is known"));
        }
        Ok(Self::new(
            loose.patches.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_survives_entries_from_the_future() {
        let entry = PatchEntry {
            base: Digest::of(b"base"),
            format: FormatId::parse("bsz1").unwrap(),
            length: 5,
            memory: 6,
        };
        let mut json = serde_json::to_value(PatchIndex::new(vec![entry.clone()])).unwrap();
        json["patches"].as_array_mut().unwrap().push(serde_json::json!({ "base": 7, "shape": "new" }));
        assert_eq!(PatchIndex::parse(json.to_string().as_bytes()), Ok(PatchIndex::new(vec![entry])));
    }

    #[test]
    fn the_golden_index_of_format_1_is_read_and_written_alike() {
        let golden = include_str!("../fixtures/v1/patch-index.json").trim_end();
        let index = PatchIndex::parse(golden.as_bytes()).unwrap();
        assert_eq!(index.patches.len(), 2);
        assert_eq!(serde_json::to_string(&index).unwrap(), golden);
    }

    #[test]
    fn long_foreign_and_newer_indexes_are_refused() {
        for bad in [vec![b' '; 65_537], b"[]".to_vec(), br#"{"format":2,"patches":[]}"#.to_vec(), vec![0xff]]
        {
            assert!(PatchIndex::parse(&bad).is_err());
        }
    }
}
