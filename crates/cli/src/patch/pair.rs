//! A base and a patch, and which of them is to blame when they do not go together.

use std::io::{BufReader, Write};
use std::path::Path;

use delta::{BaseFile, Error, Expected, Identity, Info, Limits};

use super::source::Source;
use crate::failure::Failure;

/// How much of a patch is read at once, in bytes.
const READ_BYTES: usize = 128 << 10;

/// A base, a patch, and what its header says.
#[derive(Debug)]
pub(super) struct Pair {
    base: Source,
    patch: Source,
    info: Info,
}

impl Pair {
    /// Opens both files and reads the patch's header.
    pub(super) fn open(base: &Path, patch: &Path) -> Result<Self, Failure> {
        let (base, patch) = (Source::open("BASE", base)?, Source::open("PATCH", patch)?);
        let info = info(&patch)?;
        Ok(Self { base, patch, info })
    }

    pub(super) fn base(&self) -> &Source {
        &self.base
    }

    pub(super) fn info(&self) -> &Info {
        &self.info
    }

    /// Applies the patch to `out`, which is called `place` for people.
    pub(super) fn apply(
        &self,
        out: impl Write,
        place: &Path,
        expected: &Expected,
        limits: &Limits,
    ) -> Result<(), Failure> {
        let read = Failure::io("read", self.base.path());
        let base = self.base.rewind()?.try_clone().and_then(BaseFile::new).map_err(read)?;
        let patch = BufReader::with_capacity(READ_BYTES, self.patch.rewind()?);
        delta::apply(&self.info.format, &base, patch, out, expected, limits)
            .map_err(|why| self.blame(&why, place))
    }

    /// That the base is another than the patch's header names, if it is.
    pub(super) fn other_base(&self, found: &Identity) -> Option<Failure> {
        let wanted = self.info.base.filter(|wanted| wanted != found)?;
        Some(Failure::Patch {
            code: "E-PATCH-BASE",
            path: self.base.path().to_owned(),
            why: format!(
                "{} is for another base, {}; this one has {}",
                self.name(),
                told(&wanted),
                told(found)
            ),
            advice: "give the file that the patch was made from",
        })
    }

    /// How the patch is called.
    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.patch.path().display()
    }

    /// The failure with the file that it comes from. Almost every error can come of a wrong base, and only hashing it tells.
    fn blame(&self, why: &Error, place: &Path) -> Failure {
        let (base, patch) = (self.base.path(), self.patch.path());
        match why {
            Error::ReadPatch(_) => Failure::patch(why, patch, "see whether the file can be read"),
            Error::ReadBase(_) => Failure::patch(why, base, "it must not change meanwhile"),
            Error::WriteOut(_) => Failure::patch(why, place, "see whether the disk is full"),
            Error::Memory { .. } => Failure::patch(why, patch, "allow more with --memory"),
            Error::OtherArtifact { .. } => Failure::patch(
                why,
                patch,
                "give the patch that leads to it; `patch info` shows where one leads",
            ),
            _ => self.base.identity().map_or_else(
                |unread| unread,
                |found| self.other_base(&found).unwrap_or_else(|| self.blame_patch(why)),
            ),
        }
    }

    /// For when the base is the right one as far as that can be known.
    fn blame_patch(&self, why: &Error) -> Failure {
        let advice = match (why, self.info.base) {
            (Error::UnknownFormat(_) | Error::NoPatch | Error::UnknownContainer(_), _) => NO_PATCH,
            (_, Some(_)) => "the patch is damaged: get it again",
            (_, None) => {
                "the patch is damaged, or for another base or result: its format does not say for which"
            }
        };
        Failure::patch(why, self.patch.path(), advice)
    }
}

const NO_PATCH: &str = "give a patch, or apply it with the version of this command that made it";

/// What the header of a patch says.
pub(super) fn info(patch: &Source) -> Result<Info, Failure> {
    let reader = BufReader::new(patch.rewind()?);
    delta::info(reader).map_err(|why| {
        let advice = match why {
            Error::ReadPatch(_) => "see whether the file can be read",
            Error::Malformed(_) | Error::Truncated => "the patch is damaged, or none: get it again",
            _ => NO_PATCH,
        };
        Failure::patch(&why, patch.path(), advice)
    })
}

/// A file in a sentence.
pub(super) fn told(identity: &Identity) -> String {
    format!("{} bytes, SHA-256 {}", identity.length, identity.sha256)
}
