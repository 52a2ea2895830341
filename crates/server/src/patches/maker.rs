//! The process that makes one patch: `autoupdate-server make-patch`, started by the server and by nobody else.
//!
//! It limits itself before it reads a byte, so a pair of artifacts that would eat all memory or time ends this process and
//! nothing else. It checks both artifacts against their digests, makes the patch, reads it back from the disk, applies it,
//! and only then says on standard output what it made. It exits with [`USELESS`] for a patch that is no gain.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

use protocol::{Digest, FormatId};
use serde::{Deserialize, Serialize};

/// The exit code for a patch or twin that would be longer than it may be.
pub const USELESS: u8 = 3;

/// Address space of this process that is not the maker's to take: the program itself, its libraries and stack, the
/// allocator's reserve. In bytes.
const PROGRAM: u64 = 32 << 20;

/// What to make.
#[derive(Debug, Clone, clap::Args)]
pub struct Order {
    /// The format.
    #[arg(long)]
    pub format: FormatId,
    /// The file that the patch starts from.
    #[arg(long)]
    pub base: PathBuf,
    /// Its SHA-256.
    #[arg(long)]
    pub base_sha256: Digest,
    /// The file that it leads to.
    #[arg(long)]
    pub artifact: PathBuf,
    /// Its SHA-256.
    #[arg(long)]
    pub artifact_sha256: Digest,
    /// The empty file that the patch is written to.
    #[arg(long)]
    pub out: PathBuf,
    /// The most bytes that the patch may have.
    #[arg(long)]
    pub longest: u64,
    /// The address space of this process, in bytes.
    #[arg(long)]
    pub memory: u64,
    /// The processor time of this process, in seconds.
    #[arg(long)]
    pub cpu_seconds: u64,
}

impl Order {
    /// The arguments of the process.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let pairs: [(&str, OsString); 9] = [
            ("--format", self.format.as_str().into()),
            ("--base", self.base.clone().into()),
            ("--base-sha256", self.base_sha256.to_string().into()),
            ("--artifact", self.artifact.clone().into()),
            ("--artifact-sha256", self.artifact_sha256.to_string().into()),
            ("--out", self.out.clone().into()),
            ("--longest", self.longest.to_string().into()),
            ("--memory", self.memory.to_string().into()),
            ("--cpu-seconds", self.cpu_seconds.to_string().into()),
        ];
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.into(), value]);
        std::iter::once("make-patch".into()).chain(pairs).collect()
    }
}

/// What was made; one line of JSON on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The length of the patch in bytes.
    pub length: u64,
    /// The memory that applying it needs, in bytes.
    pub memory: u64,
}

/// Why no patch, or no twin, was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// It would be longer than it may be.
    #[error("it is no gain: longer than {longest} bytes")]
    Useless {
        /// The limit in bytes.
        longest: u64,
    },
    /// This process could not limit itself.
    #[error("the process cannot limit itself: {0}")]
    Unlimited(#[source] io::Error),
    /// A file could not be read or written.
    #[error("{}: {source}", file.display())]
    Disk {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the tree has not the digest in its name, or what was made does not lead to it.
    #[error("{} is damaged: its bytes have not the SHA-256 in its name", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
    },
    /// Making or applying failed.
    #[error(transparent)]
    Delta(#[from] delta::Error),
}

impl MakeError {
    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Useless { .. } => USELESS,
            _ => 1,
        }
    }
}

/// Makes the patch of an order in this process, which should do nothing else.
///
/// # Errors
/// [`MakeError`]; what lies at `order.out` is then worth nothing.
pub fn make(order: &Order) -> Result<Made, MakeError> {
    limit_this_process(order.memory, order.cpu_seconds)?;
    make_with(order, |base, artifact, out| {
        let memory = memory_to_make(order, base.len() as u64 + artifact.len() as u64);
        let options = delta::Options { memory, ..delta::Options::default() };
        delta::make_with(&order.format, base, artifact, out, &options)
    })
}

/// What the maker may take of the address space that was ordered, in bytes, when both files have so many bytes.
fn memory_to_make(order: &Order, files: u64) -> u64 {
    order.memory.saturating_sub(files).saturating_sub(PROGRAM)
}

/// Whatever `maker` makes, it counts only if it leads to the artifact when it is applied.
fn make_with(
    order: &Order,
    maker: impl FnOnce(&[u8], &[u8], &mut Capped<'_>) -> Result<delta::Made, delta::Error>,
) -> Result<Made, MakeError> {
    let base = whole(&order.base, &order.base_sha256)?;
    let artifact = whole(&order.artifact, &order.artifact_sha256)?;
    let expected = delta::Expected { length: artifact.len() as u64, sha256: order.artifact_sha256 };
    let at_out = |source| MakeError::Disk { file: order.out.clone(), source };
    let mut out = File::options().read(true).write(true).open(&order.out).map_err(at_out)?;
    let mut capped = Capped::new(&mut out, order.longest);
    let result = maker(&base, &artifact, &mut capped);
    if capped.is_full() {
        return Err(MakeError::Useless { longest: order.longest });
    }
    let made = result?;
    drop(artifact);
    out.sync_all().and_then(|()| out.rewind()).map_err(at_out)?;
    let limits = delta::Limits { memory: u64::MAX };
    delta::apply(&order.format, base.as_slice(), &mut out, io::sink(), &expected, &limits)?;
    Ok(Made { length: made.length, memory: made.memory })
}

/// Reads a file of the tree and checks it.
fn whole(file: &Path, sha256: &Digest) -> Result<Vec<u8>, MakeError> {
    let disk = |source| MakeError::Disk { file: file.to_owned(), source };
    let opened = File::open(file).map_err(disk)?;
    let length = opened.metadata().map_err(disk)?.len();
    let mut bytes = Vec::new();
    // Refused here by the limit of this process when it is too much, instead of growing step by step.
    bytes
        .try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|_| disk(io::ErrorKind::OutOfMemory.into()))?;
    (&opened).take(length).read_to_end(&mut bytes).map_err(disk)?;
    if Digest::of(&bytes) == *sha256 { Ok(bytes) } else { Err(MakeError::Damaged { file: file.to_owned() }) }
}

/// Limits this process in memory (bytes) and processor time, lets it give way to whatever answers requests, and end with the
/// server.
pub(crate) fn limit_this_process(memory: u64, cpu_seconds: u64) -> Result<(), MakeError> {
    #[cfg(target_os = "linux")]
    {
        // Both only improve matters: without them the limits still hold.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
        let _ = rustix::process::nice(19);
    }
    delta::limit_this_process(memory, cpu_seconds).map_err(MakeError::Unlimited)
}

/// Writes no more than is left, and remembers that more was wanted.
pub(crate) struct Capped<'a> {
    out: &'a mut File,
    left: u64,
    full: bool,
}

impl<'a> Capped<'a> {
    /// At most `longest` bytes into `out`.
    pub(crate) fn new(out: &'a mut File, longest: u64) -> Self {
        Self { out, left: longest, full: false }
    }

    /// Whether more was wanted than may be written.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }
}

impl Write for Capped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.out.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"the bytes of the version before";
    const ARTIFACT: &[u8] = b"the bytes of the version after!";

    /// Makes a patch that leads to `result`, where one to [`ARTIFACT`] was ordered.
    fn check(result: &[u8], right: bool) {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            file
        };
        for format in delta::MAKEABLE {
            let order = Order {
                format: FormatId::parse(format).unwrap(),
                base: place("base", BASE),
                base_sha256: Digest::of(BASE),
                artifact: place("artifact", ARTIFACT),
                artifact_sha256: Digest::of(ARTIFACT),
                out: place("out", b""),
                longest: 10_000,
                memory: 0,
                cpu_seconds: 0,
            };
            let made = make_with(&order, |base, _, out| delta::make(&order.format, base, result, out));
            assert_eq!(made.is_ok(), right, "{format}: {made:?}");
            assert!(right || matches!(made, Err(MakeError::Delta(_))), "{format}: {made:?}");
        }
    }

    #[test]
    fn a_patch_that_leads_elsewhere_is_not_made() {
        check(ARTIFACT, true);
        check(b"the bytes of the version wrong!", false);
        check(BASE, false);
    }
}
