//! `PUT /apps/{app}/objects/{sha256}`: bytes on their way to a release.
//!
//! They are hashed while they are written to a temporary file, and get their name only when the digest is the one in the
//! address. So the upload area holds nothing but what its names say, and uploading again is harmless.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use futures_util::StreamExt as _;
use protocol::{Digest, Hasher};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt as _;

use super::quota::lying;
use super::{authorise, declared, quota};
use crate::app::App;
use crate::error::ApiError;
use crate::object_name::split_path;
use crate::shared::Shared;
use crate::store::{self, transfer};
use crate::tokens::May;
use crate::{blocking, disk};

/// `PUT` takes an object; `HEAD` says whether it is here already (200 or 404), so that nothing is sent twice.
pub(crate) async fn object(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (app, _) = authorise(&shared, &uri, &headers, May::Publish)?;
    let sha256 = split_path(uri.path())
        .and_then(|(_, rest)| Digest::parse(rest.strip_prefix("objects/")?).ok())
        .ok_or(ApiError::NoDigest)?;
    let there = waits(&shared, &app, &sha256).await?;
    if method != Method::PUT {
        return if there { Ok(StatusCode::OK) } else { Err(ApiError::NoSuchObject) };
    }
    let settings = &shared.config.publish;
    let limit = settings.max_object.get();
    let coming = declared(&headers).unwrap_or(limit);
    if coming > limit {
        return Err(ApiError::TooLong { limit });
    }
    let quota = settings.max_unpublished.get();
    let folder = app.incoming.clone();
    let mut lying = blocking::run(move || lying(&folder)).await.ok_or(ApiError::Bug)??;
    if let Some(commons) = &shared.commons {
        lying = lying.saturating_add(quota::lying_in_bucket(commons, &app.id).await?);
    }
    let room =
        shared.quotas.take(&app.id, lying, coming, quota).ok_or(ApiError::OverQuota { limit: quota })?;
    let temporary = tempfile::Builder::new().prefix(".tmp-").tempfile_in(&app.incoming)?;
    let mut file = tokio::fs::File::from_std(temporary.reopen()?);
    let (mut hasher, mut length) = (Hasher::new(), 0_u64);
    let mut pieces = body.into_data_stream();
    let stall = shared.config.limits.stall_timeout;
    while let Some(piece) = tokio::time::timeout(stall, pieces.next()).await.map_err(|_| ApiError::BodyCut)? {
        let piece = piece.map_err(|_| ApiError::BodyCut)?;
        length += piece.len() as u64;
        if length > coming {
            return Err(ApiError::TooLong { limit: coming });
        }
        hasher.update(&piece);
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    drop(file);
    let found = hasher.finish();
    if found != sha256 {
        return Err(ApiError::WrongDigest { expected: sha256, found });
    }
    deliver(&shared, &app, temporary.into_temp_path(), &sha256).await?;
    drop(room);
    shared.metrics.uploaded_bytes.inc_by(length);
    Ok(if there { StatusCode::OK } else { StatusCode::CREATED })
}

/// Whether an upload waits to be published.
pub(crate) async fn waits(shared: &Shared, app: &App, sha256: &Digest) -> Result<bool, ApiError> {
    Ok(match &shared.commons {
        Some(commons) => commons.bucket.head(&store::incoming(&app.id, sha256)).await?.is_some(),
        None => tokio::fs::try_exists(app.incoming.join(sha256.to_string())).await?,
    })
}

/// Puts a finished file with this SHA-256 where whoever publishes finds it. It lies on the file system of the upload area.
pub(crate) async fn deliver(
    shared: &Shared,
    app: &App,
    file: TempPath,
    sha256: &Digest,
) -> Result<(), ApiError> {
    if let Some(commons) = &shared.commons {
        // Here it was only to be hashed: it waits where every server finds it.
        transfer::upload(&commons.bucket, &file, &store::incoming(&app.id, sha256)).await?;
        return Ok(());
    }
    let place = app.incoming.join(sha256.to_string());
    let kept = blocking::run(move || {
        let open = std::fs::File::options().write(true).open(&file)?;
        disk::persist(NamedTempFile::from_parts(open, file), &place)
    });
    kept.await.ok_or(ApiError::Bug)?.map_err(ApiError::Disk)
}

/// Takes away an upload that nobody waits for any more. One that cannot be taken away goes when it is old.
pub(crate) async fn withdraw(shared: &Shared, app: &App, sha256: &Digest) {
    let gone = match &shared.commons {
        Some(commons) => {
            let gone = commons.bucket.delete(&store::incoming(&app.id, sha256)).await;
            gone.map_err(ApiError::from)
        }
        None => {
            let place = app.incoming.join(sha256.to_string());
            let gone = blocking::run(move || disk::remove(&place)).await;
            gone.map_or(Err(ApiError::Bug), |gone| gone.map_err(ApiError::Disk))
        }
    };
    if let Err(error) = gone {
        tracing::warn!(app = %app.id, %sha256, %error, "an upload that is listed stays for a while");
    }
}
