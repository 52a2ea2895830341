//! Checks against a scripted peer that speaks the protocol as the original server does.

mod answers;
mod keys;
mod questions;

use protocol::{Digest, Enrolment, Hasher};
use rsa::Pkcs1v15Sign;
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::Value;

use super::*;
use crate::fetch::tests::peer::{Peer, Reply, Request, answer};

/// The public half of a key that signs for nothing but these tests.
pub(crate) const PUBLIC: &[u8] = include_bytes!("../../../../fixtures/lantern/throw-away.public.pem");

/// Signs bytes with that SHA-256.
pub(crate) fn sign(digest: &Digest) -> Vec<u8> {
    let private = include_str!("../../../../fixtures/lantern/throw-away.private.pem");
    let private = rsa::PrivateKey::from_pkcs8_pem(private).unwrap();
    private.sign(Pkcs1v15Sign::new::<sha2::Sha256>(), digest.as_bytes()).unwrap()
}

/// The signature of an answer's body for a question's number.
pub(crate) fn sign_answer(body: &str, nonce: &str) -> String {
    let mut hasher = Hasher::new();
    hasher.update(body.as_bytes());
    hasher.update(nonce.as_bytes());
    hex::encode(sign(&hasher.finish()))
}

/// What the peer says of a version; the shape is that of the original server.
#[derive(Debug, Clone)]
pub(crate) struct Says {
    pub(crate) version: String,
    pub(crate) url: String,
    pub(crate) patch_url: String,
    pub(crate) patch_type: String,
    pub(crate) checksum: String,
    pub(crate) signature: String,
}

impl Says {
    /// That these bytes are this version, at this address.
    pub(crate) fn of(version: &str, program: &[u8], url: &str) -> Self {
        let sha256 = Digest::of(program);
        Self {
            version: version.to_owned(),
            url: url.to_owned(),
            patch_url: String::new(),
            patch_type: String::new(),
            checksum: sha256.to_string(),
            signature: hex::encode(sign(&sha256)),
        }
    }

    /// With a patch at this address.
    pub(crate) fn with_patch(self, url: &str) -> Self {
        Self { patch_url: url.to_owned(), patch_type: "bsdiff".to_owned(), ..self }
    }

    pub(crate) fn body(&self) -> String {
        let text = |value: &str| Value::from(value).to_string();
        let Self { version, url, patch_url, patch_type, checksum, signature } = self;
        let all = [
            ("initiative", "auto"),
            ("url", url),
            ("patch_url", patch_url),
            ("patch_type", patch_type),
            ("version", version),
            ("checksum", checksum),
            ("signature", signature),
        ];
        let all = all.map(|(key, value)| format!("\"{key}\":{}", text(value)));
        format!("{{{}}}", all.join(","))
    }

    /// The honest answer to a question.
    pub(crate) fn answer(&self, question: &Request) -> Reply {
        let body = self.body();
        let signature = sign_answer(&body, question.header(NONCE).unwrap());
        signed(&body, &signature)
    }
}

/// A 200 with this body under this signature.
pub(crate) fn signed(body: &str, signature: &str) -> Reply {
    let headers = format!("Content-Type: application/json\r\nX-Message-Signature: {signature}\r\n");
    Reply::Bytes(answer("200 OK", &headers, body.as_bytes()))
}

/// An enrolment of app demo with these sources.
pub(crate) fn enrolment(sources: &[String]) -> Enrolment {
    let text = format!(
        "id = \"demo\"\nname = \"Demo\"\npath = \"/opt/demo/demo\"\nsources = {sources:?}\nsource = \"lantern\"\n\
         key = {{ file = \"key.pem\", sha256 = \"{}\" }}\n",
        Digest::of(PUBLIC)
    );
    Enrolment::parse(&text, false).unwrap()
}

/// What is installed in these tests.
const INSTALLED: &[u8] = b"the old program";
/// What the peer has.
const NEW: &[u8] = b"the new program";

fn says() -> Says {
    Says::of("7.4.0", NEW, "https://dl.example.org/update.bz2").with_patch("https://dl.example.org/patches/1")
}

/// Asks a peer that answers like this, as version 7.1.0.
async fn asked(
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Result<Heard, crate::source::Error> {
    let peer = Peer::start(answer).await;
    ask_at(&[peer.url("").to_string()]).await
}

async fn ask_at(sources: &[String]) -> Result<Heard, crate::source::Error> {
    let (version, channel) = (crate::testing::version("7.1.0"), protocol::Channel::default());
    let checksum = Digest::of(INSTALLED);
    let question = Question {
        version: Some(&version),
        os_version: "6.1.0",
        checksum: &checksum,
        platform: crate::testing::linux(),
        channel: &channel,
    };
    let key = PublicKey::parse(PUBLIC).unwrap();
    ask(&crate::fetch::tests::client(), &enrolment(sources), &key, &question).await
}

/// The code of a refusal.
async fn refused(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> &'static str {
    asked(answer).await.unwrap_err().fault().code
}
