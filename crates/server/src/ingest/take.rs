//! From an asset on GitHub to the bytes of an artifact: fetched, its signature verified, unpacked, hashed. Nothing is signed here.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};
use protocol::Digest;
use tempfile::{NamedTempFile, TempPath};

use super::download::{FetchError, Fetched, Way};
use super::names::Packing;
use super::plan::Wanted;
use super::state::Reason;
use super::unpack::{DAMAGED, Order, Unpacked};
use crate::blocking;
use crate::config::Patches;
use crate::patches::child::{self, ChildError};

/// The longest signature, in bytes.
const MAX_SIGNATURE: u64 = 16 << 10;

/// Why an asset was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeError {
    /// The asset is to blame: it is not tried again as it is.
    #[error("{why}")]
    Refused { reason: Reason, why: String },
    /// Another attempt may go well.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The process that unpacks did not work.
    #[error("unpacking: {0}")]
    Unpacking(#[source] ChildError),
    #[error("the disk refused: {0}")]
    Disk(#[from] std::io::Error),
    #[error("the server is stopping")]
    Stopping,
}

impl TakeError {
    /// As a label of a metric.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Refused { reason, .. } => reason.label(),
            Self::Fetch(error) => error.label(),
            Self::Unpacking(_) => "unpacking",
            Self::Disk(_) | Self::Stopping => "disk",
        }
    }
}

/// An asset that may be signed.
pub(crate) struct Ready {
    pub(crate) wanted: Wanted,
    /// The bytes of the artifact, deleted if nobody moves them.
    pub(crate) file: TempPath,
    pub(crate) sha256: Digest,
    pub(crate) length: u64,
    /// SHA-256 of the asset.
    pub(crate) digest: Digest,
}

/// What taking needs.
pub(crate) struct Hands<'a> {
    pub(crate) way: Way<'a>,
    /// This program, which is also the one that unpacks.
    pub(crate) program: &'a Path,
    /// The limits of the process that unpacks.
    pub(crate) limits: &'a Patches,
    pub(crate) max_unpacked: u64,
    pub(crate) publisher: Option<&'a PublicKey>,
}

impl Hands<'_> {
    /// Takes one asset.
    pub(crate) async fn take(&self, wanted: Wanted) -> Result<Ready, TakeError> {
        // The small file first: without it the large one is not wanted.
        let signature = match self.publisher {
            Some(key) => Some((key.clone(), self.signature(&wanted).await?)),
            None => None,
        };
        let Fetched { file, sha256: digest } = self.way.fetch(&wanted.asset).await?;
        if let Some((key, signature)) = signature {
            let path = file.path().to_owned();
            let verified = blocking::run(move || verify(&key, &signature, &path));
            verified.await.ok_or(TakeError::Stopping)??;
        }
        let (file, Unpacked { length, sha256 }) = self.unpacked(file, digest, &wanted).await?;
        if length == 0 {
            let why = format!("{} is empty when it is unpacked", wanted.asset.name);
            return Err(TakeError::Refused { reason: Reason::Empty, why });
        }
        let path = file.into_temp_path();
        let kept = path.to_path_buf();
        blocking::run(move || public(&kept)).await.ok_or(TakeError::Stopping)??;
        Ok(Ready { wanted, file: path, sha256, length, digest })
    }

    /// The signature that is demanded.
    async fn signature(&self, wanted: &Wanted) -> Result<Vec<u8>, TakeError> {
        let refused = |reason, why| Err(TakeError::Refused { reason, why });
        let Some(asset) = &wanted.signature else {
            return refused(Reason::Unsigned, format!("{} has no signature", wanted.asset.name));
        };
        if asset.size > MAX_SIGNATURE {
            let why = format!("{} is longer than {MAX_SIGNATURE} bytes, so it is no signature", asset.name);
            return refused(Reason::BadSignature, why);
        }
        let fetched = self.way.fetch(asset).await?;
        Ok(tokio::fs::read(fetched.file.path()).await?)
    }

    async fn unpacked(
        &self,
        asset: NamedTempFile,
        digest: Digest,
        wanted: &Wanted,
    ) -> Result<(NamedTempFile, Unpacked), TakeError> {
        let refused = |reason, why| Err(TakeError::Refused { reason, why });
        let (name, limit) = (&wanted.asset.name, self.max_unpacked);
        let too_large = || {
            refused(Reason::TooLarge, format!("{name} is longer than the {limit} bytes of `max_unpacked`"))
        };
        if wanted.packing == Packing::Plain {
            let length = wanted.asset.size;
            return if length > limit {
                too_large()
            } else {
                Ok((asset, Unpacked { length, sha256: digest }))
            };
        }
        let out = tempfile::Builder::new().prefix("unpacked-").tempfile_in(self.way.scratch)?;
        let order = Order {
            from: asset.path().to_owned(),
            packing: wanted.packing,
            out: out.path().to_owned(),
            longest: limit,
            memory: self.limits.memory.get(),
            cpu_seconds: self.limits.cpu.as_secs(),
        };
        match child::run::<Unpacked>(self.program, &order.arguments(), self.limits.deadline).await {
            Ok(unpacked) => Ok((out, unpacked)),
            Err(ChildError::Useless) => too_large(),
            Err(ChildError::Failed { status, text }) if status.code() == Some(i32::from(DAMAGED)) => {
                refused(Reason::Damaged, format!("{name}: {text}"))
            }
            Err(error) => Err(TakeError::Unpacking(error)),
        }
    }
}

/// Verifies the publisher's signature of a file. Blocks.
fn verify(key: &PublicKey, signature: &[u8], file: &PathBuf) -> Result<(), TakeError> {
    let refused = |why: String| TakeError::Refused { reason: Reason::BadSignature, why };
    let bad = |error: minisign_verify::Error| refused(format!("its minisign signature: {error}"));
    let text = std::str::from_utf8(signature).map_err(|_| refused("its signature is no text".to_owned()))?;
    let signature = Signature::decode(text).map_err(bad)?;
    // In pieces, which the signatures of minisign from before 0.6 do not allow: those are refused here.
    let mut verifier = key.verify_stream(&signature).map_err(bad)?;
    let (mut file, mut piece) = (File::open(file)?, vec![0; 256 << 10]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return verifier.finalize().map_err(bad),
            Ok(read) => verifier.update(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes a file readable by all, as everything in a tree is, and puts its bytes on the disk. Blocks.
fn public(path: &Path) -> std::io::Result<()> {
    let file = File::open(path)?;
    crate::disk::readable(&file)?;
    file.sync_all()
}
