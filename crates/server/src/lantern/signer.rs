//! Signed answers. The body of an update is made once for all who come from the same version; its signature is made for each
//! client anew, because it covers the client's nonce.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use protocol::{Digest, SourceUrl};

use super::answer::Update;
use super::key::{Key, SignError};
use super::offers::Release;
use super::{MAX_REMEMBERED, address, lock};

/// Who signs, and what was signed before.
pub(super) struct Signer {
    key: Key,
    public_url: SourceUrl,
    /// Signatures of artifacts, by their digest.
    signatures: Mutex<HashMap<Digest, Arc<str>>>,
}

/// A signed answer.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) body: Bytes,
    /// Hexadecimal.
    pub(super) signature: String,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsigned {
    #[error(transparent)]
    Key(#[from] SignError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Signer {
    pub(super) fn new(key: Key, public_url: SourceUrl) -> Self {
        Self { key, public_url, signatures: Mutex::default() }
    }

    /// Tells of a release, and of the patch from a base if there is one. Takes a millisecond of processor time.
    pub(super) fn answer(
        &self,
        release: &Release,
        base: Option<Digest>,
        nonce: i64,
    ) -> Result<Signed, Unsigned> {
        let known = lock(&release.bodies).get(&base).cloned();
        let body = match known {
            Some(body) => body,
            None => {
                let body = self.body(release, base)?;
                lock(&release.bodies).insert(base, body.clone());
                body
            }
        };
        let message = [&*body, nonce.to_string().as_bytes()].concat();
        Ok(Signed { signature: self.key.sign(&message)?, body })
    }

    fn body(&self, release: &Release, base: Option<Digest>) -> Result<Bytes, Unsigned> {
        let sha256 = release.artifact.sha256;
        let patch = base.map(|base| address::of_patch(&self.public_url, &address::patch_id(&base, &sha256)));
        let update = Update {
            initiative: "auto",
            url: &release.address.url,
            patch_url: patch.as_deref().unwrap_or_default(),
            patch_type: if patch.is_some() { "bsdiff" } else { "" },
            version: &release.artifact.release.version,
            checksum: &sha256,
            signature: &self.signature(&sha256)?,
        };
        Ok(update.to_bytes()?.into())
    }

    fn signature(&self, sha256: &Digest) -> Result<Arc<str>, SignError> {
        if let Some(known) = lock(&self.signatures).get(sha256) {
            return Ok(Arc::clone(known));
        }
        let signature: Arc<str> = self.key.sign_digest(sha256)?.into();
        let mut signatures = lock(&self.signatures);
        if signatures.len() >= MAX_REMEMBERED {
            signatures.clear();
        }
        signatures.insert(*sha256, Arc::clone(&signature));
        Ok(signature)
    }
}
