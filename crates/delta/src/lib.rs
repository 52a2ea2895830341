//! Patches: bytes that turn one artifact into the next.
//!
//! A patch is never trusted. It is only a cheaper way to get bytes whose length and SHA-256 are already fixed by
//! verified metadata, so whatever a patch holds, applying it gives exactly those bytes or an error. The rules:
//!
//! - applying is one pass: the patch is read in order, the base by offset, the result written in order and hashed
//!   while it is written; not one byte more than the expected length is ever written;
//! - the memory that applying needs is known from the header, before any work, and refused above [`Limits`];
//!   no allocation is sized by a number out of a patch that was not checked against a fixed limit;
//! - all arithmetic on numbers out of a patch is checked, every step of a patch makes progress or is counted;
//! - format ids are frozen: what one version of this crate made, every later version applies (`fixtures/`);
//! - no network, no clock, no async; threads only where the maker's options say so.
//!
//! The formats are documented byte by byte in `docs/PATCH-FORMAT.md`.
//!
//! Layout: [`make`], [`apply`] and [`info()`] choose the format; `rt1/`, `bsz1/` and `bsdiff40/` are one format each, a
//! maker and an applier; `container.rs` is the header of our own formats; `image/` reads executables for the maker of
//! `rt1`, `references/` finds what refers to what in them; `matching/` finds what can be had from the base, and
//! `steps.rs` says it as steps; `rebuild.rs` is the only code that writes a result.

mod base;
mod bsdiff40;
mod bsz1;
#[cfg(all(test, target_os = "linux"))]
mod child;
mod container;
mod error;
mod image;
mod info;
mod input;
mod limits;
mod matching;
#[cfg(all(test, target_os = "linux"))]
mod memory_tests;
mod options;
mod process_limits;
#[cfg(test)]
#[path = "../tests/programs/mod.rs"]
mod programs;
mod rebuild;
mod references;
mod rt1;
mod steps;

use std::io::{self, Read, Write};

use protocol::{Digest, FormatId};

use base::Borrowed;
pub use base::{BaseFile, ReadAt};
pub use error::Error;
pub use info::{Identity, Info, StreamInfo};
pub use limits::{Expected, Limits};
pub use options::{Level, Options, Phase, Progress};
pub use process_limits::limit_this_process;

/// The formats that [`apply`] understands, the preferred one first.
pub const APPLICABLE: &[&str] = &[FormatId::RT1, FormatId::BSZ1, FormatId::BSDIFF40];

/// The formats that [`make`] writes, the preferred one first.
pub const MAKEABLE: &[&str] = &[FormatId::RT1, FormatId::BSZ1, FormatId::BSDIFF40];

/// What [`make`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The length of the patch in bytes.
    pub length: u64,
    /// The memory that applying it needs, in bytes.
    pub memory: u64,
}

/// Makes the patch that turns `base` into `artifact` and writes it to `out`.
///
/// The finished patch is applied and its result compared before the first byte goes to `out`: a patch that this
/// function wrote is a patch that works.
///
/// Memory beside the two files is about seven bytes per byte of the larger one, and for `bsz1` about 20; packing takes
/// up to 100 MB. Time is not bounded by anything but the inputs: a program that makes patches for others does it in a
/// child process with [`limit_this_process`].
///
/// # Errors
/// [`Error::UnknownFormat`] for a format that is not in [`MAKEABLE`]; [`Error::Compress`] and [`Error::WriteOut`];
/// any other error means that the finished patch did not give the artifact, which would be a bug here.
pub fn make(format: &FormatId, base: &[u8], artifact: &[u8], out: impl Write) -> Result<Made, Error> {
    make_with(format, base, artifact, out, &Options::default())
}

/// [`make`], with options.
///
/// # Errors
/// As for [`make`].
pub fn make_with(
    format: &FormatId,
    base: &[u8],
    artifact: &[u8],
    mut out: impl Write,
    options: &Options<'_>,
) -> Result<Made, Error> {
    let patch = make_and_prove(format, base, artifact, options)?;
    let memory = info(patch.as_slice())?.memory;
    out.write_all(&patch).and_then(|()| out.flush()).map_err(Error::WriteOut)?;
    Ok(Made { length: patch.len() as u64, memory })
}

fn make_and_prove(
    format: &FormatId,
    base: &[u8],
    artifact: &[u8],
    options: &Options<'_>,
) -> Result<Vec<u8>, Error> {
    let total = artifact.len() as u64;
    let tell = |phase, done| (options.progress)(Progress { phase, done, total });
    tell(Phase::Match, 0);
    let patch = match format.as_str() {
        FormatId::RT1 => rt1::make(base, artifact, options)?,
        FormatId::BSZ1 => bsz1::make(base, artifact)?,
        FormatId::BSDIFF40 => bsdiff40::make(base, artifact, options)?,
        _ => return Err(Error::UnknownFormat(format.clone())),
    };
    tell(Phase::Prove, 0);
    let expected = Expected { length: total, sha256: Digest::of(artifact) };
    apply(format, base, patch.as_slice(), io::sink(), &expected, &Limits { memory: u64::MAX })?;
    tell(Phase::Prove, total);
    Ok(patch)
}

/// Makes sure that a `bsdiff40` patch to an artifact of so many bytes does no harm to old readers that believe what a patch says:
/// its lengths are real, its counts are not negative and add up, and no position lies before the base. Whether it gives
/// the right bytes is not looked at.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_bsdiff40(mut patch: impl Read, artifact_length: u64) -> Result<(), Error> {
    bsdiff40::check(&mut patch, artifact_length)
}

/// Applies a patch: reads `patch` to its end and writes the expected artifact to `out`.
///
/// On success `out` got exactly `expected.length` bytes whose SHA-256 is `expected.sha256`, and was flushed. On an
/// error it got at most `expected.length` bytes, which are worth nothing.
///
/// # Errors
/// See [`Error`]; which of them mean that another route should be taken is the caller's to say, but only
/// [`Error::ReadBase`] and [`Error::WriteOut`] speak of this machine and not of the patch or its transport.
pub fn apply(
    format: &FormatId,
    base: &(impl ReadAt + ?Sized),
    mut patch: impl Read,
    mut out: impl Write,
    expected: &Expected,
    limits: &Limits,
) -> Result<(), Error> {
    // From here on nothing is generic, so that it is compiled, and optimised, in this crate and not in its users.
    let (base, patch, out): (&dyn ReadAt, &mut dyn Read, &mut dyn Write) =
        (&Borrowed(base), &mut patch, &mut out);
    match format.as_str() {
        FormatId::RT1 => rt1::apply(base, patch, out, expected, limits),
        FormatId::BSZ1 => bsz1::apply(base, patch, out, expected, limits),
        FormatId::BSDIFF40 => bsdiff40::apply(base, patch, out, expected, limits),
        _ => Err(Error::UnknownFormat(format.clone())),
    }
}

/// What the header of a patch says about it. Reads the header only, and believes it: nothing here is verified.
///
/// # Errors
/// [`Error::NoPatch`] if it starts with no known magic, otherwise as for [`apply`].
pub fn info(mut patch: impl Read) -> Result<Info, Error> {
    info::read(&mut patch)
}
