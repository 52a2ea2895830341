//! Any byte of any file, changed at random: never verified, never a panic; and stored, never a brick.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use super::repository::Files;
use super::*;
use crate::json;

/// All files of one repository with two roots, and a client that pins the first.
fn files() -> (Files, Vec<u8>) {
    static SIGNED: LazyLock<(Files, Vec<u8>)> = LazyLock::new(|| {
        let mut repository = Repository::default();
        let pinned = repository.file("1.root.json");
        repository.next_root(|repository| repository.party("root").keys = vec![key(11), key(12)]);
        (repository.files(), pinned)
    });
    SIGNED.clone()
}

/// The roles whose files pass, each given on its own to the stage that expects it after honest ones.
fn walk(files: &Files, pinned: &[u8], stored: &Stored) -> Result<Verified, Error> {
    let get = |name: &str| files.get(name).cloned().unwrap_or_default();
    let mut roots = begin(crypto(), pinned, stored, noon())?;
    if roots.wanted().is_some_and(|wanted| wanted.version == Some(2)) {
        roots.received(&get("2.root.json"))?;
    }
    let (stage, _) = roots.finish()?.received(&get("timestamp.json"))?;
    let (stage, _) = stage.received(&get("1.snapshot.json"))?;
    let (mut verified, _) = stage.received(&get("1.targets.json"))?;
    verified.delegated(TARGETS, ROLLOUT, &get("1.rollout.json"))?;
    verified.delegated(TARGETS, INGEST, &get("1.ingest.json"))?;
    Ok(verified)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_changed_byte_never_verifies(file: Index, place: Index, xor in 1..=255_u8) {
        let (mut files, pinned) = files();
        prop_assert!(walk(&files, &pinned, &Stored::default()).is_ok());
        files.remove("1.root.json");
        let names: Vec<_> = files.keys().cloned().collect();
        let name = file.get(&names);
        let bytes = files.get_mut(name).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= xor;
        prop_assert!(walk(&files, &pinned, &Stored::default()).is_err(), "{name} at {place}");
    }

    #[test]
    fn a_cut_or_repeated_piece_never_verifies(file: Index, from: Index, to: Index, twice: bool) {
        let (mut files, pinned) = files();
        files.remove("1.root.json");
        let names: Vec<_> = files.keys().cloned().collect();
        let name = file.get(&names);
        let bytes = files.get_mut(name).unwrap();
        let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
        let (from, to) = (from.min(to), from.max(to));
        let piece = bytes[from..=to].to_vec();
        let at = from..from + piece.len();
        let _: Vec<_> = if twice { bytes.splice(from..from, piece).collect() } else { bytes.splice(at, []).collect() };
        prop_assert!(walk(&files, &pinned, &Stored::default()).is_err(), "{name} {from} {to}");
    }

    #[test]
    fn a_changed_byte_in_the_store_never_bricks(role in 0..6_usize, place: Index, xor in 1..=255_u8) {
        let (files, pinned) = files();
        let name = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json", "1.rollout.json",
            "1.ingest.json"];
        let mut stored = Stored::default();
        for (at, name) in name.into_iter().enumerate() {
            let mut bytes = files[name].clone();
            if at == role {
                let place = place.index(bytes.len());
                bytes[place] ^= xor;
            }
            let role = name.split('.').rev().nth(1).unwrap().to_owned();
            stored.keep(Keep { role, bytes });
        }
        let verified = walk(&files, &pinned, &stored);
        prop_assert!(verified.is_ok(), "{}: {:?}", name[role], verified.err());
    }

    #[test]
    fn bytes_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        feed(&bytes);
    }

    #[test]
    fn texts_like_json_are_never_a_panic(text in "([{}\\[\\],:\"\\\\ 0-9eE.+-]|\"[a-z_]{0,8}\"|null|true|\\\\u[0-9a-d]{4}){0,60}") {
        feed(text.as_bytes());
    }

    #[test]
    fn the_strict_look_takes_what_the_verifier_reads_and_nothing_more(value in json_values()) {
        let text = serde_json::to_string(&value).unwrap();
        prop_assert!(json::check(text.as_bytes()).is_ok(), "{text}");
        // Whatever it takes, the parser behind it takes too, and canonical JSON can express it.
        let spaced = serde_json::to_string_pretty(&value).unwrap();
        prop_assert!(json::check(spaced.as_bytes()).is_ok());
        let read: serde_json::Value = serde_json::from_str(&spaced).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert!(sigstore_tuf::canonical_json::to_canonical_bytes(&read).is_ok());
    }

    #[test]
    fn a_well_formed_file_of_any_shape_is_never_a_panic(value in json_values(), role in 0..4_usize, field in 0..8_usize) {
        let kind = ["root", "timestamp", "snapshot", "targets"][role];
        let mut signed = serde_json::json!({ "_type": kind, "spec_version": "1.0.0", "version": 1,
            "expires": "2031-01-01T00:00:00Z", "keys": {}, "roles": {}, "meta": {}, "targets": {} });
        match ["keys", "roles", "meta", "targets", "delegations", "version", "expires"].get(field) {
            Some(field) => signed[field] = value,
            None => signed["delegations"] = serde_json::json!({ "keys": { "a": value }, "roles": [value] }),
        }
        feed(&serde_json::to_vec(&repository::envelope(&signed, &[key(1)])).unwrap());
    }
}

/// Gives bytes to every door.
fn feed(bytes: &[u8]) {
    let (files, pinned) = files();
    let stored = Stored {
        root: Some(bytes.to_vec()),
        timestamp: Some(bytes.to_vec()),
        snapshot: Some(bytes.to_vec()),
        targets: Some(bytes.to_vec()),
        delegated: [("rollout".to_owned(), bytes.to_vec())].into(),
    };
    assert!(begin(crypto(), bytes, &stored, noon()).is_err());
    let mut verified = walk(&files, &pinned, &stored).unwrap();
    assert!(verified.wanted_delegated(ROLLOUT).unwrap().is_some());
    assert!(verified.delegated(TARGETS, ROLLOUT, bytes).is_err());
    let mut roots = begin(crypto(), &pinned, &stored, noon()).unwrap();
    assert!(roots.received(bytes).is_err());
    roots.received(&files["2.root.json"]).unwrap();
    let stage = roots.finish().unwrap();
    assert!(stage.clone().received(bytes).is_err());
    let (stage, _) = stage.received(&files["timestamp.json"]).unwrap();
    assert!(stage.clone().received(bytes).is_err());
    let (stage, _) = stage.received(&files["1.snapshot.json"]).unwrap();
    assert!(stage.received(bytes).is_err());
}

/// JSON values within our limits: integers only, at most a few levels.
fn json_values() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "(root|id-[0-9a-f]{8}|ed25519|rollout/\\*\\.json)".prop_map(Value::from),
    ];
    let name = prop_oneof![
        any::<String>(),
        "(keyid|sig|keyids|threshold|keyval|public|name|paths|keytype|scheme|version|length|hashes|custom)",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
