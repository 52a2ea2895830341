//! `GET` and `HEAD` of `/patches/{id}`: the patches of old clients, from the same shelf or bucket as all others.

use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use protocol::Digest;

use super::answer::{bare, no_page};
use super::ids::Ends;
use super::in_bucket::{Sight, Wanted};
use super::{Face, MAX_REMEMBERED, lock};
use crate::app::App;
use crate::error::ApiError;
use crate::object_name::{ObjectName, PatchName};
use crate::patches::Key;
use crate::router::Kind;
use crate::shared::Shared;
use crate::{blocking, disk, objects};

/// How long who asks for a patch waits for a store to say what lies there, and for a look into it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Answers with a patch.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut response = if method == Method::GET || method == Method::HEAD {
        let found = get(&shared, &method, &uri, &headers).await;
        found.map_or_else(ApiError::into_response, |found| found.unwrap_or_else(no_page))
    } else {
        let mut response = bare(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    };
    response.extensions_mut().insert(Kind("lantern-patch"));
    response
}

/// None: there is no such patch, or it leads to what is not offered any more.
async fn get(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Response>, ApiError> {
    let id = uri.path().strip_prefix("/patches/").and_then(|id| Digest::parse(id).ok());
    let (Some(face), Some(id)) = (&shared.lantern, id) else { return Ok(None) };
    for key in face.with_id(shared, &id).await? {
        let known = face.names.values().find(|known| known.app.id == key.app);
        let Some(known) = known else { continue };
        let Some(length) = known.offers(face).length(&key.name.artifact) else { continue };
        match face.sight(shared, &known.app, &key, length, PATIENCE).await {
            Sight::Fit => {}
            Sight::Unfit | Sight::Absent => continue,
            Sight::Unknown => return Err(ApiError::TooSlow),
        }
        let name = ObjectName::Patch(key.name);
        if let Some(found) = objects::find(shared, &known.app, &name).await? {
            let modified = found.modified;
            let mut response = objects::reply(found, &name, method, headers).await?;
            if let Some(modified) = modified.and_then(as_date) {
                response.headers_mut().insert(header::LAST_MODIFIED, modified);
            }
            return Ok(Some(response));
        }
    }
    Ok(None)
}

fn as_date(time: std::time::SystemTime) -> Option<HeaderValue> {
    let time = Timestamp::try_from(time).ok()?;
    HeaderValue::try_from(DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()?).ok()
}

impl Face {
    /// The patches that this may mean: more than one where several apps have the same pair.
    async fn with_id(&self, shared: &Shared, id: &Digest) -> Result<Vec<Key>, ApiError> {
        if self.bucket.is_none() {
            return Ok(shared.shelf.with_id(id));
        }
        let mut keys = Vec::new();
        for known in self.names.values() {
            let (known, offers, id) = (Arc::clone(known), known.offers(self), *id);
            let app = known.app.id.clone();
            let ends = blocking::run(move || offers.ends(&id, &known.rules)).await.ok_or(ApiError::Bug)?;
            let Some(Ends { base, artifact }) = ends else { continue };
            let key = Key { app, name: PatchName { artifact, base, format: self.format.clone() } };
            // An app may have several names.
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// How a patch to an artifact of so many bytes stands. Where it lies in a bucket, that is waited for at most so long.
    pub(super) async fn sight(
        &self,
        shared: &Shared,
        app: &App,
        key: &Key,
        length: u64,
        patience: Duration,
    ) -> Sight {
        match &self.bucket {
            Some(bucket) => bucket.see(&Wanted::patch(key, length), patience).await,
            None if !shared.shelf.has(key) => Sight::Absent,
            None => self.looked_into(app, key, length).await,
        }
    }

    /// Whether old clients survive a patch to an artifact of so many bytes: some break off on what ours only refuse. Ours are
    /// fit, but who knows what else was put among them; so each is looked at once.
    async fn looked_into(&self, app: &App, key: &Key, length: u64) -> Sight {
        if let Some(fit) = lock(&self.fit).get(key) {
            return *fit;
        }
        let path = app.tree.folder().join(key.name.as_path());
        let looked = blocking::run(move || {
            let (file, _) = disk::open(&path)?.ok_or(std::io::ErrorKind::NotFound)?;
            Ok::<_, std::io::Error>(delta::check_bsdiff40(BufReader::new(file), length))
        });
        let fit = match looked.await {
            Some(Ok(Ok(()))) => Sight::Fit,
            Some(Ok(Err(error))) => {
                let patch = key.name.as_path();
                tracing::warn!(app = %key.app, patch = %patch.display(), %error, "not given to old Lantern clients");
                Sight::Unfit
            }
            // It was just deleted, or cannot be read: looked at again, if it comes to that.
            Some(Err(_)) | None => return Sight::Absent,
        };
        let mut known = lock(&self.fit);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(key.clone(), fit);
        fit
    }
}
