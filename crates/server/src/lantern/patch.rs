//! `GET` and `HEAD` of `/patches/{id}`: the patches of old clients, from the same shelf as all others.

use std::io::BufReader;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use protocol::Digest;

use super::answer::{bare, no_page};
use super::{Face, MAX_REMEMBERED, lock};
use crate::app::App;
use crate::error::ApiError;
use crate::object_name::ObjectName;
use crate::patches::Key;
use crate::router::Kind;
use crate::shared::Shared;
use crate::{blocking, disk, objects};

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
    for key in shared.shelf.with_id(&id) {
        let known = face.names.values().find(|known| known.app.id == key.app);
        let Some(known) = known else { continue };
        let Some(length) = known.offers(face).length(&key.name.artifact) else { continue };
        if !face.fits(&known.app, &key, length).await {
            continue;
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
    /// Whether old clients survive a patch to an artifact of so many bytes: some break off on what ours only refuse. Ours are
    /// fit, but who knows what else was put among them; so each is looked at once.
    pub(super) async fn fits(&self, app: &App, key: &Key, length: u64) -> bool {
        if let Some(fit) = lock(&self.fit).get(key) {
            return *fit;
        }
        let path = app.tree.folder().join(key.name.as_path());
        let looked = blocking::run(move || {
            let (file, _) = disk::open(&path)?.ok_or(std::io::ErrorKind::NotFound)?;
            Ok::<_, std::io::Error>(delta::check_bsdiff40(BufReader::new(file), length))
        });
        let fit = match looked.await {
            Some(Ok(Ok(()))) => true,
            Some(Ok(Err(error))) => {
                let patch = key.name.as_path();
                tracing::warn!(app = %key.app, patch = %patch.display(), %error, "not given to old Lantern clients");
                false
            }
            // It was just deleted, or cannot be read: looked at again, if it comes to that.
            Some(Err(_)) | None => return false,
        };
        let mut known = lock(&self.fit);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(key.clone(), fit);
        fit
    }
}
