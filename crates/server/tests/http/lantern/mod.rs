//! Old Lantern clients: their own server's rules and transcripts, against ours. That the real client's code gets along with it
//! is shown in the group `interop`.

mod bucket;
mod origins;
mod patches;
mod rules;
mod start;
mod transcripts;

use std::path::Path;

use protocol::{Artifact, Digest};
use reqwest::{Method, Response, header};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::sha2::Sha256;
use serde_json::{Value, json};

use crate::stage::{APP, Running, Stage};

/// Where transcripts say that the server is.
const PUBLIC: &str = "http://127.0.0.1:9997/";

/// Configuration: the app under its old name, with Lantern's own pins and floors; `more` are further keys.
fn section(stage: &Stage, more: &str) -> String {
    private(&stage.path("lantern.pem"), include_str!("../../../fixtures/lantern/pkcs1.pem"));
    format!(
        "limits.requests_per_second = 0\n[lantern]\nkey = \"lantern.pem\"\npublic_url = \"{PUBLIC}\"\n\
         unnamed = \"lantern\"\n{more}\n[lantern.apps.lantern]\napp = \"{APP}\"\n\
         pins = [{{ os = \"windows\", below = \"6.0.0\", version = \"5.4.1\" }}, \
         {{ os = \"macos\", below = \"15.0.0\", version = \"5.4.1\" }}]\n\
         floors = [{{ os = \"macos\", below = \"3.6.0\" }}]\n[lantern.apps.plain]\napp = \"{APP}\"\n"
    )
}

fn private(file: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Releases several artifacts at once.
async fn publish(stage: &Stage, server: &Running, releases: &[(&str, &str, Vec<u8>)]) -> Vec<Artifact> {
    let tree =
        signing::Tree::open(&stage.path("data").join(APP), &protocol::AppId::parse(APP).unwrap()).unwrap();
    let replaces = tree.newest("targets").unwrap().unwrap_or(0);
    let mut artifacts = Vec::new();
    for (version, platform, content) in releases {
        artifacts.push(stage.release_for(version, platform, content));
        let uploaded = server.upload(content).await;
        assert!(uploaded.is_success(), "{uploaded}");
    }
    let answer = server.hand_over(&stage.publication(replaces)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    artifacts
}

/// What the client of a version on 64-bit Linux sends.
fn question(version: &str, checksum: &str) -> Value {
    json!({
        "version": 1, "app_id": "", "app_version": version, "os_version": "6.1.0", "user_id": "", "checksum": checksum,
        "tags": {"arch": "amd64", "channel": "stable", "os": "linux"}
    })
}

/// The same for another system.
fn question_of(os: &str, arch: &str, version: &str, os_version: &str) -> Value {
    let mut question = question(version, "");
    question["os_version"] = os_version.into();
    question["tags"] = json!({"arch": arch, "channel": "stable", "os": os});
    if os != "android" {
        question["checksum"] = Digest::of(b"unknown").to_string().into();
    }
    question
}

async fn ask(server: &Running, path: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = server.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
    request.header("x-message-nonce", "42").body(body).send().await.unwrap()
}

/// The answer with an update to a question, its signatures verified as clients do; else its status.
async fn update(server: &Running, question: &Value) -> Result<Value, u16> {
    verified(ask(server, "/update/lantern", question.to_string()).await, "42").await
}

async fn verified(answer: Response, nonce: &str) -> Result<Value, u16> {
    let status = answer.status().as_u16();
    if status != 200 {
        assert!(!answer.headers().contains_key("x-message-signature"), "{status}");
        return Err(status);
    }
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let signature = answer.headers()["x-message-signature"].to_str().unwrap().to_owned();
    let body = answer.bytes().await.unwrap();
    verify(&Digest::of(&[&body, nonce.as_bytes()].concat()), &signature);
    let update: Value = serde_json::from_slice(&body).unwrap();
    let text = |key: &str| update[key].as_str().unwrap();
    verify(&Digest::parse(text("checksum")).unwrap(), text("signature"));
    Ok(update)
}

fn verify(digest: &Digest, signature: &str) {
    let key =
        rsa::PublicKey::from_public_key_pem(include_str!("../../../fixtures/lantern/public.pem")).unwrap();
    let bytes =
        (0..signature.len()).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap());
    key.pkcs1v15_verify_prehash::<Sha256>(digest.as_bytes(), &bytes.collect::<Vec<_>>()).unwrap();
}

/// Asks until the answer names a patch; its path.
async fn until_patch(server: &Running, question: &Value) -> String {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    let asking = async {
        loop {
            ticks.tick().await;
            let update = update(server, question).await.unwrap();
            if let Some(path) = update["patch_url"].as_str().unwrap().strip_prefix(PUBLIC) {
                assert_eq!(update["patch_type"], "bsdiff");
                return format!("/{path}");
            }
            assert_eq!(update["patch_type"], "");
        }
    };
    tokio::time::timeout(crate::stage::PATIENCE, asking).await.expect("a patch comes")
}
