//! The process that makes one twin: `autoupdate-server make-twin`, started by the server and by nobody else.
//!
//! Like the one that makes a patch it limits itself before it reads a byte, checks the artifact against its digest, decodes what
//! it made and compares, and only then says on standard output what it made. It exits with [`USELESS`] where the twin would not
//! be smaller than its artifact.
//!
//! [`USELESS`]: crate::patches::maker::USELESS

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, Write};
use std::path::PathBuf;

use bzip2::Compression;
use bzip2::bufread::BzDecoder;
use bzip2::write::BzEncoder;
use clap::ValueEnum as _;
use protocol::{Digest, Hasher};
use serde::{Deserialize, Serialize};

use super::Form;
use crate::patches::maker::{Capped, MakeError, limit_this_process};

/// What to make.
#[derive(Debug, Clone, clap::Args)]
pub struct Order {
    /// The artifact.
    #[arg(long)]
    pub artifact: PathBuf,
    /// Its SHA-256.
    #[arg(long)]
    pub artifact_sha256: Digest,
    /// How it is compressed.
    #[arg(long)]
    pub form: Form,
    /// The empty file that the twin is written to.
    #[arg(long)]
    pub out: PathBuf,
    /// The most bytes that the twin may have.
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
        let form = self.form.to_possible_value().map(|value| value.get_name().to_owned());
        let pairs: [(&str, OsString); 7] = [
            ("--artifact", self.artifact.clone().into()),
            ("--artifact-sha256", self.artifact_sha256.to_string().into()),
            ("--form", form.unwrap_or_default().into()),
            ("--out", self.out.clone().into()),
            ("--longest", self.longest.to_string().into()),
            ("--memory", self.memory.to_string().into()),
            ("--cpu-seconds", self.cpu_seconds.to_string().into()),
        ];
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.into(), value]);
        std::iter::once("make-twin".into()).chain(pairs).collect()
    }
}

/// What was made; one line of JSON on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The length of the twin in bytes.
    pub length: u64,
}

/// Makes the twin of an order in this process, which should do nothing else.
///
/// # Errors
/// [`MakeError`]; what lies at `order.out` is then worth nothing.
pub fn make(order: &Order) -> Result<Made, MakeError> {
    limit_this_process(order.memory, order.cpu_seconds)?;
    let at = |file: &PathBuf| {
        let file = file.clone();
        move |source| MakeError::Disk { file, source }
    };
    let artifact = File::open(&order.artifact).map_err(at(&order.artifact))?;
    let length = artifact.metadata().map_err(at(&order.artifact))?.len();
    let mut artifact = Hashed { from: artifact, hasher: Hasher::new() };
    let mut out = File::options().read(true).write(true).open(&order.out).map_err(at(&order.out))?;
    let mut capped = Capped::new(&mut out, order.longest);
    let written = match order.form {
        Form::Zstd => signing::write_twin(&mut artifact, &mut capped, length),
        Form::Bzip2 => write_bzip2(&mut artifact, &mut capped),
    };
    if capped.is_full() {
        return Err(MakeError::Useless { longest: order.longest });
    }
    written.map_err(at(&order.out))?;
    if artifact.hasher.finish() != order.artifact_sha256 {
        return Err(MakeError::Damaged { file: order.artifact.clone() });
    }
    out.sync_all().and_then(|()| out.rewind()).map_err(at(&order.out))?;
    let made = Made { length: out.metadata().map_err(at(&order.out))?.len() };
    let decoded = match order.form {
        Form::Zstd => signing::read_twin(out).and_then(|decoded| digest(decoded, length)),
        Form::Bzip2 => digest(BzDecoder::new(BufReader::new(out)), length),
    };
    if decoded.map_err(at(&order.out))? != order.artifact_sha256 {
        return Err(MakeError::Damaged { file: order.out.clone() });
    }
    Ok(made)
}

fn write_bzip2(artifact: &mut impl Read, out: impl Write) -> io::Result<()> {
    let mut encoder = BzEncoder::new(out, Compression::best());
    io::copy(artifact, &mut encoder)?;
    encoder.finish()?.flush()
}

/// The digest of what a twin decodes to, of a byte more than it should at most.
fn digest(decoded: impl Read, length: u64) -> io::Result<Digest> {
    Ok(Digest::of_reader(decoded.take(length.saturating_add(1)))?.0)
}

/// Hashes what is read.
struct Hashed<R> {
    from: R,
    hasher: Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
