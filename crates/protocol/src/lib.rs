//! The nouns that cross a wire or live in a file.
//!
//! Text and bytes from outside are parsed here, once, into types; everything further in works on the types and
//! never looks at a string again. The rules:
//!
//! - a value that exists is valid: constructors check, fields are private where a bad value could be written;
//! - limits (lengths, counts) are checked while parsing and named in the error;
//! - unknown fields are tolerated in signed metadata, which must be able to grow, and refused in files that a
//!   person writes, where they are spelling mistakes;
//! - no I/O, no clock, no async.
//!
//! Layout: one file per noun. [`object`] holds every address below `/apps/{app}/`.

mod digest;
mod enrolment;
mod id;
mod invalid;
pub mod object;
mod patch;
mod platform;
mod release;
mod rollout;
mod source_url;
mod version;

pub use digest::{Digest, Hasher};
pub use enrolment::{Close, Enrolment, EnrolmentError, Health, Mode, Pin, Restart, Rights, SourceKind};
pub use id::{AppId, Channel, Language};
pub use invalid::Invalid;
pub use patch::{FormatId, MAX_INDEX_BYTES, PatchEntry, PatchIndex};
pub use platform::{Arch, Os, Platform};
pub use release::{Artifact, Release, Urgency};
pub use rollout::{BasisPoints, MAX_ROLLOUT_BYTES, OsPin, ReleaseRollout, Rollout};
pub use source_url::{DownloadUrl, SourceUrl};
pub use version::Version;
