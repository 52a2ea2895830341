//! The process that unpacks one asset: `autoupdate-server unpack`, started by the server and by nobody else.
//!
//! What it reads was made by a stranger, so like the makers of patches it limits itself before it reads a byte: memory, processor
//! time, and the bytes that it writes. All streams of a file are read, and nothing may follow them. What it made is told as one
//! line on standard output. It exits with [`USELESS`] for what is longer than it may be, with [`DAMAGED`] for what is not packed as
//! its name says.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::PathBuf;

use clap::ValueEnum as _;
use protocol::{Digest, Hasher};
use serde::{Deserialize, Serialize};

use super::names::Packing;
use crate::patches::maker::{Capped, MakeError, USELESS, limit_this_process};

/// The exit code for an asset that cannot be unpacked.
pub const DAMAGED: u8 = 4;

/// The most memory that unpacking may need for what it has read already, as a power of two: 256 MiB. The best settings of xz
/// need 64 MiB, those of zstd without `--long` 8 MiB.
const WINDOW_LOG: u32 = 28;

/// What to unpack.
#[derive(Debug, Clone, clap::Args)]
pub struct Order {
    /// The asset.
    #[arg(long)]
    pub from: PathBuf,
    /// How it is packed.
    #[arg(long)]
    pub packing: Packing,
    /// The empty file that the artifact is written to.
    #[arg(long)]
    pub out: PathBuf,
    /// The most bytes that the artifact may have.
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
        let packing = self.packing.to_possible_value();
        let packing = packing.map(|value| value.get_name().to_owned()).unwrap_or_default();
        let pairs: [(&str, OsString); 6] = [
            ("--from", self.from.clone().into()),
            ("--packing", packing.into()),
            ("--out", self.out.clone().into()),
            ("--longest", self.longest.to_string().into()),
            ("--memory", self.memory.to_string().into()),
            ("--cpu-seconds", self.cpu_seconds.to_string().into()),
        ];
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.into(), value]);
        std::iter::once("unpack".into()).chain(pairs).collect()
    }
}

/// What was unpacked; one line of JSON on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    /// The length of the artifact in bytes.
    pub length: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

/// Why an asset was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The machine says no.
    #[error(transparent)]
    Machine(#[from] MakeError),
    /// It is not packed as its name says, is cut, or needs more memory than it may.
    #[error("it cannot be unpacked: {0}")]
    Damaged(#[source] io::Error),
    /// It would be too long.
    #[error("it is longer than {longest} bytes")]
    TooLong {
        /// What it may have.
        longest: u64,
    },
}

impl UnpackError {
    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Machine(_) => 1,
            Self::Damaged(_) => DAMAGED,
            Self::TooLong { .. } => USELESS,
        }
    }
}

/// Unpacks what is ordered in this process, which should do nothing else.
///
/// # Errors
/// [`UnpackError`]; what lies at `order.out` is then worth nothing.
pub fn run(order: &Order) -> Result<Unpacked, UnpackError> {
    limit_this_process(order.memory, order.cpu_seconds)?;
    unpack(order)
}

fn unpack(order: &Order) -> Result<Unpacked, UnpackError> {
    let at = |file: &PathBuf| {
        let file = file.clone();
        move |source| UnpackError::Machine(MakeError::Disk { file, source })
    };
    let from = BufReader::with_capacity(256 << 10, File::open(&order.from).map_err(at(&order.from))?);
    let mut out = File::options().write(true).open(&order.out).map_err(at(&order.out))?;
    let mut capped = Capped::new(&mut out, order.longest);
    let mut reader = decoder(order.packing, from).map_err(UnpackError::Damaged)?;
    let (mut piece, mut hasher, mut length) = (vec![0; 256 << 10], Hasher::new(), 0_u64);
    loop {
        let read = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(UnpackError::Damaged(error)),
        };
        let bytes = piece.get(..read).unwrap_or_default();
        if let Err(error) = capped.write_all(bytes) {
            let longest = order.longest;
            return Err(if capped.is_full() {
                UnpackError::TooLong { longest }
            } else {
                at(&order.out)(error)
            });
        }
        hasher.update(bytes);
        length += read as u64;
    }
    out.sync_all().map_err(at(&order.out))?;
    Ok(Unpacked { length, sha256: hasher.finish() })
}

fn decoder(packing: Packing, from: BufReader<File>) -> io::Result<Box<dyn Read>> {
    Ok(match packing {
        Packing::Plain => Box::new(from),
        Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(from)),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(from)),
        Packing::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(from, true, 1 << (WINDOW_LOG - 10))),
        Packing::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(from)?;
            decoder.window_log_max(WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match packing {
            Packing::Plain => out.extend_from_slice(bytes),
            Packing::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(&mut out, bzip2::Compression::best());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap();
            }
            Packing::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::best());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap();
            }
            // Made by xz 5.4 (`printf 'the bytes of a program' | xz -9`): nothing here can make it.
            Packing::Xz => out.extend_from_slice(include_bytes!("../../fixtures/v1/packed.xz")),
            Packing::Zstd => out = zstd::encode_all(bytes, 3).unwrap(),
        }
        out
    }

    const BYTES: &[u8] = b"the bytes of a program";

    fn unpacked(packing: Packing, packed: &[u8], longest: u64) -> Result<(Unpacked, Vec<u8>), UnpackError> {
        let folder = tempfile::tempdir().unwrap();
        let (from, out) = (folder.path().join("from"), folder.path().join("out"));
        std::fs::write(&from, packed).unwrap();
        std::fs::write(&out, "").unwrap();
        let order = Order { from, packing, out: out.clone(), longest, memory: 0, cpu_seconds: 0 };
        unpack(&order).map(|made| (made, std::fs::read(out).unwrap()))
    }

    #[test]
    fn every_packing_is_unpacked_whole_or_not_at_all() {
        let made = Unpacked { length: BYTES.len() as u64, sha256: Digest::of(BYTES) };
        for packing in Packing::ALL {
            let packed = pack(packing, BYTES);
            assert_eq!(unpacked(packing, &packed, 1000).unwrap(), (made, BYTES.to_vec()), "{packing:?}");
            assert_eq!(unpacked(packing, &packed, made.length).unwrap().0, made, "{packing:?}");
            let long = unpacked(packing, &packed, made.length - 1);
            assert!(matches!(long, Err(UnpackError::TooLong { .. })), "{packing:?}: {long:?}");
            if packing == Packing::Plain {
                continue;
            }
            // As several streams, as `pbzip2`, `pigz` and others write them.
            let twice = unpacked(packing, &[packed.clone(), packed.clone()].concat(), 1000).unwrap();
            assert_eq!(twice.1, [BYTES, BYTES].concat(), "{packing:?}");
            for cut in 1..packed.len() {
                let cut = unpacked(packing, &packed[..cut], 1000);
                assert!(matches!(cut, Err(UnpackError::Damaged(_))), "{packing:?}: {cut:?}");
            }
            let more = unpacked(packing, &[&packed[..], b"and more"].concat(), 1000);
            assert!(matches!(more, Err(UnpackError::Damaged(_))), "{packing:?}: {more:?}");
            let other = unpacked(packing, BYTES, 1000);
            assert!(matches!(other, Err(UnpackError::Damaged(_))), "{packing:?}: {other:?}");
            let empty = unpacked(packing, b"", 1000);
            assert!(!matches!(empty, Ok((Unpacked { length: 1.., .. }, _))), "{packing:?}: {empty:?}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let zeros = vec![0; 8 << 20];
        for packing in [Packing::Bzip2, Packing::Gzip, Packing::Zstd] {
            let packed = pack(packing, &zeros);
            assert!(packed.len() < zeros.len() / 500);
            let bomb = unpacked(packing, &packed, 1 << 20);
            assert!(
                matches!(bomb, Err(UnpackError::TooLong { longest: 0x10_0000 })),
                "{packing:?}: {bomb:?}"
            );
        }
        // One that would need half a gibibyte before its first byte.
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(WINDOW_LOG + 1).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(BYTES).unwrap();
        let hungry = unpacked(Packing::Zstd, &encoder.finish().unwrap(), 1000);
        assert!(matches!(hungry, Err(UnpackError::Damaged(_))), "{hungry:?}");
    }

    #[test]
    fn an_order_survives_the_way_to_the_process() {
        #[derive(clap::Parser)]
        struct Arguments {
            #[command(flatten)]
            order: Order,
        }
        for packing in Packing::ALL {
            let order = Order {
                from: "/a b/from".into(),
                packing,
                out: "/out".into(),
                longest: 5,
                memory: 6,
                cpu_seconds: 7,
            };
            let read = <Arguments as clap::Parser>::try_parse_from(order.arguments()).ok().unwrap().order;
            assert_eq!(format!("{read:?}"), format!("{order:?}"));
        }
    }
}
