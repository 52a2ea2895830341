//! Files that no reader should have to understand. Threat 7.

use serde_json::{Value, json};

use super::*;
use crate::{Flaw, LIMITS};

/// Every role with its finished bytes changed is refused, and so that the description of the error has `needle`.
fn each_role(needle: &str, change: impl Fn(Vec<u8>) -> Vec<u8> + Clone + 'static) {
    for role in ROLES.into_iter().chain(["root"]) {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        if role == "root" {
            repository.next_root(|_| {});
        }
        repository.edit_bytes(role, change.clone());
        let error = client.check(&repository).map(|_| ()).unwrap_err();
        let debug = format!("{error:?}");
        assert!(debug.contains(needle), "{role}: {debug}");
    }
}

/// Replaces the first `from` in the finished text: after signing, so that only the look at the shape comes before the
/// signature's turn.
fn replaced(from: &'static str, to: &str) -> impl Fn(Vec<u8>) -> Vec<u8> + Clone + use<> {
    let to = to.to_owned();
    move |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, &to, 1).into_bytes()
    }
}

#[test]
fn encodings_beyond_plain_utf_8() {
    each_role("Encoding", |bytes| [b"\xef\xbb\xbf", &bytes[..]].concat());
    each_role("Encoding", |bytes| [&bytes[..bytes.len() - 1], b",\"x\":\"\xe9\"}"].concat());
    each_role("Encoding", |bytes| [b"\xff\xfe", &bytes[..]].concat());
    each_role("Json", |bytes| [b"\0", &bytes[..]].concat());
}

#[test]
fn what_is_no_json() {
    for bytes in
        ["", " ", "<html>sign in</html>", "{", "{}{}", "{\"signed\":NaN}", "'", "{\"a\":01}", "{\"a\":+1}"]
    {
        each_role("Json", move |_| bytes.as_bytes().to_vec());
        assert!(matches!(crate::json::check(bytes.as_bytes()), Err(Flaw::Json { .. })), "{bytes}");
    }
    each_role("Json", |bytes| [&bytes[..], b"x"].concat());
    each_role("Json", |bytes| bytes[..bytes.len() - 1].to_vec());
    for bytes in ["null", "[]", "{}", "1", "\"x\"", "{\"signed\":[],\"signatures\":[]}", "{\"signed\":{}}"] {
        each_role("Malformed", move |_| bytes.as_bytes().to_vec());
    }
}

#[test]
fn numbers_that_are_no_integers() {
    for number in ["1e400", "-1e400", "1.0", "1e0", "18446744073709551616", "-9223372036854775809", "-0"] {
        let more = format!("\"signed\":{{\"x\":{number},");
        let change = replaced("\"signed\":{", &more);
        // What the parser itself cannot represent is no JSON to it.
        each_role(if number.ends_with("400") { "Json" } else { "flaw: Number" }, change);
    }
    for number in ["NaN", "Infinity", "-Infinity", "0x1", "1_000"] {
        each_role("Json", replaced("\"version\":", &format!("\"x\":{number},\"version\":")));
    }
}

#[test]
fn versions_out_of_range() {
    for (version, needle) in [
        ("0", "Version"),
        ("9223372036854775808", "Version"),
        ("18446744073709551615", "Version"),
        ("18446744073709551616", "flaw: Number"),
        ("-1", "Shape"),
        ("\"1\"", "Shape"),
        ("null", "Shape"),
        ("true", "Shape"),
    ] {
        // The last one of a file is its own; the ones before it are those of its pins.
        each_role(needle, move |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            let at = text.rfind("\"version\":").unwrap() + "\"version\":".len();
            let end = at + text[at..].find(['}', ',']).unwrap();
            format!("{}{version}{}", &text[..at], &text[end..]).into_bytes()
        });
    }
    let mut repository = Repository::default();
    repository.edit("snapshot", |signed| signed["meta"]["targets.json"]["version"] = json!(0));
    let error = Client::new(&repository).check(&repository).map(|_| ()).unwrap_err();
    assert!(
        matches!(&error, Error::Malformed { role, flaw: Flaw::Version } if role == "snapshot"),
        "{error:?}"
    );
}

#[test]
fn the_same_key_twice() {
    // The verifier would read the last one, which is what was signed: without the look before, all of these verify.
    each_role("DuplicateKey", replaced("\"signed\":{", "\"signed\":{\"version\":99,"));
    each_role("DuplicateKey", replaced("\"signed\":{", "\"signed\":{\"v\\u0065rsion\":99,"));
    each_role("DuplicateKey", replaced("{\"signatures\"", "{\"signatures\":[],\"signatures\""));
    each_role("DuplicateKey", replaced("\"keyid\":", "\"keyid\":\"other\",\"keyid\":"));
}

#[test]
fn fields_that_no_signature_covers() {
    each_role("Unsigned", replaced("{\"signatures\"", "{\"unsigned\":1,\"signatures\""));
    each_role("Unsigned", replaced("{\"signatures\"", "{\"Signed\":{},\"signatures\""));
    each_role("Unsigned", replaced("\"keyid\":", "\"more\":1,\"keyid\":"));
}

#[test]
fn nesting_without_end() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for levels in [LIMITS.json_depth, 127, 128, 100_000] {
            let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            let file = format!("{{\"signed\":{deep},\"signatures\":[]}}").into_bytes();
            let found = crate::json::check(&file);
            assert!(matches!(found, Err(Flaw::Depth)), "{open} {levels}: {found:?}");
        }
        let levels = LIMITS.json_depth - 1;
        let deep = format!("{{\"x\":{}1{}}}", open.repeat(levels), close.repeat(levels));
        crate::json::check(deep.as_bytes()).unwrap();
    }
    // Unclosed, so that it is the depth and not the end of the text that stops the reader.
    assert!(matches!(crate::json::check("[".repeat(100_000).as_bytes()), Err(Flaw::Depth)));
    // Whole files: the byte limit of timestamp is even below such a depth.
    each_role("", |_| "[".repeat(100_000).into_bytes());
}

#[test]
fn more_than_the_limits() {
    for (role, limit) in [
        ("timestamp", LIMITS.timestamp_bytes),
        ("snapshot", LIMITS.snapshot_bytes),
        ("targets", LIMITS.targets_bytes),
        ("rollout", LIMITS.delegated_bytes),
    ] {
        let mut repository = Repository::default();
        let limit = usize::try_from(limit).unwrap();
        repository.edit_bytes(role, move |mut bytes| {
            bytes.resize(limit, b' ');
            bytes
        });
        assert_eq!(Client::new(&repository).refusal(&repository), "verified", "{role}");
        repository.edit_bytes(role, move |mut bytes| {
            bytes.resize(limit + 1, b' ');
            bytes
        });
        assert_eq!(Client::new(&repository).refusal(&repository), "E-META-LIMIT", "{role}");
    }
    let mut repository = Repository::default();
    repository.edit_envelope("targets", |file| {
        let more = (0..64).map(|n| json!({ "keyid": format!("k{n}"), "sig": "" }));
        file["signatures"].as_array_mut().unwrap().extend(more);
    });
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-LIMIT");
    // Of each kind as many as allowed, and one more.
    type Fill = fn(&mut Value, usize);
    let fills: [(usize, Fill); 5] = [
        (LIMITS.keys, |signed, count| {
            for n in signed["delegations"]["keys"].as_object().unwrap().len()..count {
                let seed = 100 + u8::try_from(n).unwrap();
                signed["delegations"]["keys"][format!("more-{n}")] = public(&key(seed));
            }
        }),
        (LIMITS.keys, |signed, count| {
            let ids = signed["delegations"]["roles"][0]["keyids"].as_array_mut().unwrap();
            ids.extend((ids.len()..count).map(|n| json!(format!("more-{n}"))));
        }),
        (LIMITS.patterns, |signed, count| {
            let paths = signed["delegations"]["roles"][0]["paths"].as_array_mut().unwrap();
            paths.extend((paths.len()..count).map(|n| json!(format!("rollout/{n}.json"))));
        }),
        (LIMITS.name_bytes, |signed, count| {
            let path = format!("rollout/{}.json", "a".repeat(count - "rollout/.json".len()));
            signed["delegations"]["roles"][0]["paths"].as_array_mut().unwrap().push(json!(path));
        }),
        (LIMITS.name_bytes, |signed, count| {
            signed["delegations"]["keys"]["a".repeat(count)] = public(&key(99));
        }),
    ];
    for (at, (limit, fill)) in fills.into_iter().enumerate() {
        for (count, expected) in [(limit, "verified"), (limit + 1, "E-META-LIMIT")] {
            let mut repository = Repository::default();
            repository.edit("targets", move |signed| fill(signed, count));
            assert_eq!(Client::new(&repository).refusal(&repository), expected, "{at} {count}");
        }
    }
    let mut repository = Repository::default();
    repository.edit("root", |signed| {
        for n in 0..20 {
            signed["roles"][format!("more-{n}")] = signed["roles"]["root"].clone();
        }
    });
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-PINNED-ROOT");
}

#[test]
fn another_major_version_of_the_specification() {
    for (version, fine) in
        [("1.0.31", true), ("1.99.0", true), ("2.0.0", false), ("", false), ("10.0", false)]
    {
        let mut repository = Repository::default();
        repository.edit("targets", move |signed| signed["spec_version"] = json!(version));
        assert_eq!(Client::new(&repository).check(&repository).is_ok(), fine, "{version}");
    }
}

#[test]
fn a_root_without_a_role_and_a_timestamp_without_a_pin() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        repository.next_root(|_| {});
        repository.edit("root", move |signed| {
            signed["roles"].as_object_mut().unwrap().remove(role);
        });
        let error = client.check(&repository).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Malformed { flaw: Flaw::MissingRole, .. }), "{role}: {error:?}");
    }
    let mut repository = Repository::default();
    repository.edit("timestamp", |signed| signed["meta"] = json!({}));
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-MALFORMED");
    let mut repository = Repository::default();
    repository.edit("snapshot", |signed| signed["meta"] = json!({}));
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-NOT-PINNED");
}
