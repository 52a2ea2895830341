//! Which patches exist for an artifact. Unsigned and untrusted: a lie costs a request, never safety.

use protocol::{AppId, Digest, MAX_INDEX_BYTES, PatchIndex, SourceUrl, object};

use super::FetchedObject;
use crate::fetch::{Ask, Client, Error, Expect, Small};

/// The index of patches for an artifact, from the first source that has one. `None` if none is known, or if what came
/// cannot be read: then there is no patch, which is never an obstacle.
pub async fn patch_index(
    client: &Client,
    sources: &[SourceUrl],
    app: &AppId,
    artifact: &Digest,
) -> Option<(PatchIndex, FetchedObject)> {
    let name = object::patch_index(artifact);
    for source in sources {
        let ask = Ask { limit: MAX_INDEX_BYTES, expect: Expect::Json, etag: None };
        let found = client.small(&source.object(app, &name), ask).await;
        match found.map(|small| index(&small)) {
            Ok(Some((index, bytes))) => return Some((index, FetchedObject { name, bytes })),
            Ok(None) => {}
            Err(Error::Cancelled) => return None,
            Err(error) => tracing::debug!(%source, %error, "no patch index"),
        }
    }
    None
}

fn index(small: &Small) -> Option<(PatchIndex, u64)> {
    let Small::Body { bytes, .. } = small else { return None };
    match PatchIndex::parse(bytes) {
        Ok(index) => Some((index, bytes.len() as u64)),
        Err(error) => {
            tracing::debug!(%error, "a patch index that cannot be read");
            None
        }
    }
}
