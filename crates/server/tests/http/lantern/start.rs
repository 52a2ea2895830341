//! What is refused before the door opens.

use std::os::unix::fs::PermissionsExt as _;

use super::{private, section};
use crate::stage::Stage;

fn refused(stage: &Stage, text: &str, parts: &[&str]) {
    let error = autoupdate_server::check(&stage.config(text)).expect_err("it is refused").to_string();
    for part in parts {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_start_that_could_not_serve_old_clients_says_why() {
    let stage = Stage::new();
    let text = section(&stage, "");
    autoupdate_server::check(&stage.config(&text)).unwrap();
    let key = stage.path("lantern.pem");
    private(&key, include_str!("../../../fixtures/lantern/pkcs8.pem"));
    autoupdate_server::check(&stage.config(&text)).unwrap();

    refused(
        &stage,
        &text.replacen("app = \"tool\"", "app = \"other\"", 1),
        &["lantern.apps.lantern", "no app other"],
    );
    private(&key, include_str!("../../../fixtures/lantern/short.pem"));
    refused(&stage, &text, &["lantern.key", "1024 bits", "2048"]);
    private(&key, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
    refused(&stage, &text, &["lantern.key", "not encrypted"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&stage, &text, &["lantern.key", "0644"]);
    std::fs::remove_file(&key).unwrap();
    refused(&stage, &text, &["lantern.key", "lantern.pem"]);
}
