//! One check against a server that speaks the update protocol of Lantern's first clients.
//!
//! One question, one answer: the program says what it is, and the server names the version that should replace it. What can be
//! believed, and what cannot:
//!
//! - the answer is signed together with the question's number, so it was made for this question and by whoever holds the one
//!   RSA key that the enrolment pins; it is verified before a byte of it is parsed;
//! - nothing says that the version is the newest, or that there is none: "no" (204) is not signed. So this source never gives
//!   [`trust::Freshness`], and nobody can say "up to date" on its word;
//! - there is no expiry, no second key and no protection against old answers but the floor beside the program.
//!
//! The answer signs SHA-256 and signature of the new program. Its length is signed by nobody: see [`MAX_ARTIFACT_BYTES`].
//!
//! Layout: [`question`](self) makes the question, [`answer`](self) reads the answer, [`key`](self) verifies, this file asks.

mod answer;
mod error;
mod key;
mod question;
#[cfg(test)]
pub(crate) mod tests;

use bytes::Bytes;
use protocol::Enrolment;

pub use answer::{Announcement, PatchWay, Ways};
pub use error::Error;
pub use key::{PublicKey, pinned_key};
pub use question::Question;

use super::FetchedObject;
use crate::fetch::{Client, Post, Posted};
use question::Nonce;

/// The longest answer that is read, in bytes. A real one has some 800.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// The largest artifact that is taken from such a server, in bytes. Its length is signed by nobody, so this alone ends a download
/// that never ends, and a bzip2 stream that unpacks for ever.
pub const MAX_ARTIFACT_BYTES: u64 = 1 << 30;

/// Carries the question's number.
const NONCE: &str = "x-message-nonce";
/// Carries the answer's signature.
const SIGNATURE: &str = "x-message-signature";

/// What a server said.
#[derive(Debug)]
pub struct Heard {
    /// The version that it names; `None` = no update, which is not signed.
    pub announcement: Option<Announcement>,
    /// What answered.
    pub object: FetchedObject,
}

/// Asks the sources of an enrolment, in order, until one gives an answer that verifies, or says that there is no update.
///
/// # Errors
/// The first error that says something about a server's word, else the first one at all.
pub async fn ask(
    client: &Client,
    enrolment: &Enrolment,
    key: &PublicKey,
    question: &Question<'_>,
) -> Result<Heard, super::Error> {
    let mut worst: Option<super::Error> = None;
    for source in &enrolment.sources {
        match ask_one(client, enrolment, source, key, question).await {
            Ok(heard) => return Ok(heard),
            Err(error) => {
                tracing::info!(app = %enrolment.id, %source, %error, code = error.fault().code, "a source failed");
                worst = Some(error.or_one_that_tells_more(worst));
            }
        }
    }
    Err(worst.unwrap_or(super::Error::NoSource))
}

async fn ask_one(
    client: &Client,
    enrolment: &Enrolment,
    source: &protocol::SourceUrl,
    key: &PublicKey,
    question: &Question<'_>,
) -> Result<Heard, super::Error> {
    let name = format!("update/{}", enrolment.id);
    let mut url = source.as_url().clone();
    url.set_path(&format!("{}{name}", source.as_url().path()));
    let nonce = Nonce::draw()?;
    let number = nonce.to_string();
    let post = Post {
        headers: &[("content-type", "application/json"), (NONCE, &number)],
        body: Bytes::from(question.to_json()),
        limit: MAX_ANSWER_BYTES,
        wanted: SIGNATURE,
        known: &[204, 417],
    };
    let posted = client.post(&url, &post).await?;
    let object = FetchedObject { name, bytes: posted.bytes.len() as u64 };
    match posted.status {
        204 => Ok(Heard { announcement: None, object }),
        417 => Err(Error::Unsupported { platform: question.platform }.into()),
        _ => {
            let announcement = verified(&posted, &nonce, key, question, enrolment.allow_http)?;
            Ok(Heard { announcement: Some(announcement), object })
        }
    }
}

/// The announcement in an answer, after its signature over body and number was verified.
fn verified(
    posted: &Posted,
    nonce: &Nonce,
    key: &PublicKey,
    question: &Question<'_>,
    allow_http: bool,
) -> Result<Announcement, Error> {
    let unsigned = |why| Error::AnswerSignature { why };
    let signature = posted.header.as_deref().ok_or(unsigned("it carries no signature"))?;
    let signature =
        key::signature(signature).ok_or(unsigned("its signature is not written in hexadecimal digits"))?;
    let digest = nonce.digest_after(&posted.bytes);
    if !key.verify(&digest, &signature) {
        return Err(unsigned("its signature is not that of the pinned key for this question"));
    }
    let announcement = Announcement::parse(&posted.bytes, question.checksum, allow_http)?;
    // The artifact's signature is over its SHA-256, which the answer names: one that cannot fit is known before any download.
    if key.verify(&announcement.sha256, &announcement.ways.signature) {
        Ok(announcement)
    } else {
        Err(Error::ArtifactSignature { version: announcement.version })
    }
}
