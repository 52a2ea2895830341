//! What is believed, and everything that is not.

use super::*;
use crate::testing::version;

#[tokio::test]
async fn an_announcement_is_what_was_signed() {
    for upper in [false, true] {
        let heard = asked(move |request| {
            let said = says();
            let body = if upper {
                Says {
                    checksum: said.checksum.to_uppercase(),
                    signature: said.signature.to_uppercase(),
                    patch_type: String::new(),
                    ..said
                }
                .body()
            } else {
                said.body()
            };
            let signature = sign_answer(&body, request.header(NONCE).unwrap());
            signed(&body, &if upper { signature.to_uppercase() } else { signature })
        });
        let announcement = heard.await.unwrap().announcement.unwrap();
        assert_eq!((&announcement.version, announcement.sha256), (&version("7.4.0"), Digest::of(NEW)));
        let ways = announcement.ways;
        assert_eq!(ways.base, Digest::of(INSTALLED), "a patch is for what was said to be installed");
        let Some(PatchWay::At(patch)) = ways.patch else { panic!("{:?}", ways.patch) };
        assert_eq!(patch.as_url().path(), "/patches/1");
        assert_eq!(ways.full.unwrap().as_url().path(), "/update.bz2");
    }
}

#[tokio::test]
async fn a_no_is_no_announcement_and_proves_nothing() {
    let heard = asked(|_| Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())).await.unwrap();
    assert_eq!(heard.announcement, None);
    let code = refused(|_| Reply::Bytes(answer("417 Expectation Failed", "", b"Expectation Failed"))).await;
    assert_eq!(code, "E-LANTERN-UNSUPPORTED");
}

#[tokio::test]
async fn other_statuses_are_no_answers() {
    for (status, expected) in [
        ("400 Bad Request", "E-NET-STATUS"),
        ("404 Not Found", "E-NET-NOT-FOUND"),
        ("500 Oops", "E-NET-STATUS"),
        ("429 Too Many Requests", "E-NET-BUSY"),
        ("304 Not Modified", "E-NET-PORTAL"),
        ("206 Partial Content", "E-NET-STATUS"),
    ] {
        assert_eq!(refused(move |_| Reply::Bytes(answer(status, "", b"{}"))).await, expected, "{status}");
    }
}

#[tokio::test]
async fn nothing_is_believed_that_is_not_signed_for_this_question() {
    let with = |change: fn(&str, &str) -> Reply| {
        move |request: &Request| change(&says().body(), request.header(NONCE).unwrap())
    };
    type Change = fn(&str, &str) -> Reply;
    let cases: [(&str, Change); 7] = [
        ("no signature", |body, _| Reply::Bytes(answer("200 OK", "", body.as_bytes()))),
        ("a wrong one", |body, _| signed(body, &"ab".repeat(256))),
        ("no digits", |body, nonce| signed(body, &format!("{}zz", &sign_answer(body, nonce)[2..]))),
        ("cut", |body, nonce| signed(body, &sign_answer(body, nonce)[2..])),
        ("of another question", |body, nonce| signed(body, &sign_answer(body, &format!("{nonce}1")))),
        ("of no question", |body, _| signed(body, &sign_answer(body, "0"))),
        ("of another body", |body, nonce| signed(&body.replace("7.4.0", "7.5.0"), &sign_answer(body, nonce))),
    ];
    for (name, change) in cases {
        assert_eq!(refused(with(change)).await, "E-LANTERN-ANSWER-SIGNATURE", "{name}");
    }
}

#[tokio::test]
async fn a_signed_answer_must_say_something_that_can_be_used() {
    let case = |change: fn(&mut Says)| {
        let mut said = says();
        change(&mut said);
        move |request: &Request| said.answer(request)
    };
    type Change = fn(&mut Says);
    let cases: [(&str, Change, &str); 13] = [
        ("no checksum", |said| said.checksum.clear(), "E-LANTERN-ANSWER"),
        ("a short checksum", |said| said.checksum.truncate(63), "E-LANTERN-ANSWER"),
        ("no signature", |said| said.signature.clear(), "E-LANTERN-ANSWER"),
        ("a signature that is none", |said| said.signature = "xyz".into(), "E-LANTERN-ANSWER"),
        (
            "a signature of other bytes",
            |said| said.signature = hex::encode(sign(&Digest::of(b"other"))),
            "E-LANTERN-SIGNATURE",
        ),
        ("a version with a v", |said| said.version = "v7.9".into(), "E-LANTERN-ANSWER"),
        ("a version that is none", |said| said.version = "latest".into(), "E-LANTERN-ANSWER"),
        ("a version without an order", |said| said.version = "7.9.0+build5".into(), "E-LANTERN-ANSWER"),
        (
            "no way",
            |said| {
                said.url.clear();
                said.patch_url.clear();
            },
            "E-LANTERN-ANSWER",
        ),
        (
            "only a patch of a kind that nobody knows",
            |said| {
                said.url.clear();
                said.patch_type = "foo".into();
            },
            "E-LANTERN-ANSWER",
        ),
        ("plain http", |said| said.url = "http://dl.example.org/update.bz2".into(), "E-LANTERN-URL"),
        ("a file", |said| said.url = "file:///etc/passwd".into(), "E-LANTERN-URL"),
        ("a password", |said| said.url = "https://u:p@dl.example.org/".into(), "E-LANTERN-URL"),
    ];
    for (name, change, expected) in cases {
        assert_eq!(refused(case(change)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused_even_if_it_is_signed() {
    for body in ["null", "[]", "7", "{", "{}", r#"{"version":7}"#, r#"{"version":"7.4.0","version":"7.5.0"}"#]
    {
        let code = refused(move |request| signed(body, &sign_answer(body, request.header(NONCE).unwrap())));
        assert_eq!(code.await, "E-LANTERN-ANSWER", "{body}");
    }
    for (name, body, expected) in [
        ("empty", "", "E-NET-PORTAL"),
        ("a page", "<html>", "E-NET-PORTAL"),
        ("long", &*" ".repeat(70 << 10), "E-NET-TOO-LONG"),
    ] {
        let body = body.to_owned();
        let code = refused(move |request| signed(&body, &sign_answer(&body, request.header(NONCE).unwrap())));
        assert_eq!(code.await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_patch_that_cannot_be_used_leaves_the_rest() {
    type Change = fn(&mut Says);
    let cases: [(Change, &str); 3] = [
        (|said| said.patch_type = "foo".into(), "foo"),
        (|said| said.patch_url = "http://dl.example.org/patches/1".into(), "https"),
        // What the original server gives when its public address lacks the last slash.
        (|said| said.patch_url = "http://127.0.0.1:9989patches/1".into(), "URL"),
    ];
    for (change, says_why) in cases {
        let mut said = says();
        change(&mut said);
        let heard = asked(move |request| said.answer(request)).await.unwrap();
        match heard.announcement.unwrap().ways.patch {
            Some(PatchWay::Unusable { why }) => assert!(why.contains(says_why), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let heard = asked(|request| Says { patch_url: String::new(), ..says() }.answer(request)).await.unwrap();
    assert_eq!(heard.announcement.unwrap().ways.patch, None);
}

#[tokio::test]
async fn plain_http_is_for_the_administrator_to_allow() {
    let said = Says { url: "http://dl.example.org/update.bz2".into(), ..says() };
    assert!(Announcement::parse(said.body().as_bytes(), &Digest::of(INSTALLED), false).is_err());
    assert!(Announcement::parse(said.body().as_bytes(), &Digest::of(INSTALLED), true).is_ok());
}

#[tokio::test]
async fn a_question_is_passed_on_whole_or_not_at_all() {
    let honest = Peer::start(|request| says().answer(request)).await;
    for (status, followed) in [
        ("307 Temporary Redirect", true),
        ("308 Permanent Redirect", true),
        ("302 Found", false),
        ("303 See Other", false),
    ] {
        let to = format!("Location: http://127.0.0.1:{}/update/demo\r\n", honest.port);
        let heard = asked(move |_| Reply::Bytes(answer(status, &to, b""))).await;
        assert_eq!(heard.is_ok(), followed, "{status}");
    }
    assert!(
        honest.requests().iter().all(|request| request.head.starts_with("POST") && !request.body.is_empty())
    );
    let code =
        refused(|_| Reply::Bytes(answer("307 Temporary Redirect", "Location: http://example.org/\r\n", b"")));
    assert_eq!(code.await, "E-NET-REDIRECT", "plain http to elsewhere");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    assert_eq!(refused(|_| Reply::Stall(Vec::new())).await, "E-NET-TIMEOUT");
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 800\r\n\r\n{";
    assert_eq!(refused(|_| Reply::Stall(head.to_vec())).await, "E-NET-SLOW");
    assert_eq!(refused(|_| Reply::Bytes(head.to_vec())).await, "E-NET-BROKEN");
}

#[tokio::test]
async fn another_source_helps_where_one_is_bad() {
    let dead = "http://127.0.0.1:1/".to_owned();
    let liar = Peer::start(|_| signed(&says().body(), "00")).await;
    let honest = Peer::start(|request| says().answer(request)).await;
    let all = [dead.clone(), liar.url("").to_string(), honest.url("").to_string()];
    assert!(ask_at(&all).await.unwrap().announcement.is_some());
    // What says something about a server's word is told before what says something about the way.
    let code = ask_at(&[dead, liar.url("").to_string()]).await.unwrap_err().fault().code;
    assert_eq!(code, "E-LANTERN-ANSWER-SIGNATURE");
}

proptest::proptest! {
    /// Signed by somebody with the key, and still anything.
    #[test]
    fn whatever_an_answer_says_it_is_read_or_refused(
        at in 0..900_usize, byte: u8, cut in 0..1_000_usize, text in "[ -~]{0,40}",
    ) {
        let honest = says().body().into_bytes();
        let mut flipped = honest.clone();
        let at = at % flipped.len();
        flipped[at] = byte;
        let cut = &honest[..cut.min(honest.len() - 1)];
        let with = Says { version: text.clone(), checksum: text.clone(), patch_url: text.clone(), ..says() }.body();
        let base = Digest::of(INSTALLED);
        let _read_or_refused = Announcement::parse(&flipped, &base, false);
        proptest::prop_assert!(Announcement::parse(cut, &base, false).is_err());
        proptest::prop_assert!(Announcement::parse(with.as_bytes(), &base, false).is_err(), "no SHA-256: {text}");
        if let Ok(read) = Announcement::parse(Says { url: text, ..says() }.body().as_bytes(), &base, false) {
            let schemes = read.ways.full.iter().map(|url| url.as_url().scheme().to_owned());
            proptest::prop_assert!(schemes.into_iter().all(|scheme| scheme == "https" || scheme == "http"));
        }
    }
}
