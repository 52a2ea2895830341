//! What is sent, byte for byte.

use protocol::Channel;

use super::*;
use crate::testing::{linux, version};

#[test]
fn the_body_is_that_of_the_first_clients() {
    // As recorded between the original client and server; the release was that of the machine.
    let recorded = r#"{"version":1,"app_id":"","app_version":"7.1.0","os_version":"6.18.44-fc-v657","user_id":"","checksum":"879c10958d5e3fcebf3896144b24d50311ddbc2833ac24674951317b7139effb","tags":{"arch":"amd64","channel":"stable","os":"linux"}}"#;
    let checksum = Digest::parse("879c10958d5e3fcebf3896144b24d50311ddbc2833ac24674951317b7139effb").unwrap();
    let version = version("7.1.0");
    let question = Question {
        version: Some(&version),
        os_version: "6.18.44-fc-v657",
        checksum: &checksum,
        platform: linux(),
        channel: &Channel::default(),
    };
    let sent = String::from_utf8(question.to_json()).unwrap();
    assert_eq!(sent, recorded);
    assert_eq!(sent.len(), 225);
    let beta = Question { channel: &Channel::parse("beta").unwrap(), ..question };
    assert_eq!(String::from_utf8(beta.to_json()).unwrap(), recorded.replace("stable", "beta"));
    let unknown = Question { version: None, os_version: "", ..question };
    let expected = recorded.replace("7.1.0", "0.0.0").replace("6.18.44-fc-v657", "");
    assert_eq!(String::from_utf8(unknown.to_json()).unwrap(), expected);
    let mac = Question { platform: protocol::Platform::parse("macos-aarch64").unwrap(), ..question };
    let expected = recorded.replace("linux", "darwin").replace("amd64", "arm64");
    assert_eq!(String::from_utf8(mac.to_json()).unwrap(), expected);
}

#[tokio::test]
async fn the_request_is_a_post_to_the_apps_address_with_a_number_of_its_own() {
    let peer = Peer::start(|request| says().answer(request)).await;
    for base in ["", "some/where/"] {
        ask_at(&[peer.url(base).to_string()]).await.unwrap();
    }
    let [first, second] = &peer.requests()[..] else { panic!("two questions") };
    assert!(first.head.starts_with("POST /update/demo HTTP/1.1\r\n"), "{}", first.head);
    assert_eq!(second.target, "/some/where/update/demo");
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("content-length"), Some(first.body.len().to_string().as_str()));
    assert_eq!(first.header("accept-encoding"), Some("identity"));
    assert!(
        first.body.starts_with(br#"{"version":1,"app_id":"","app_version":"7.1.0","os_version":"6.1.0","#)
    );
    let numbers = [first, second].map(|request| request.header(NONCE).unwrap().parse::<i64>().unwrap());
    assert!(numbers[0] != numbers[1] && numbers.iter().all(|number| *number >= 0), "{numbers:?}");
}
