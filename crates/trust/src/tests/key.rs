//! Keys that must not be trusted, wherever they are listed. Threats 4 and 6.

use serde_json::{Value, json};

use super::repository::{id, key_value};
use super::*;
use crate::{Error, KeyFlaw};

/// A new root and a delegation that list `more` besides the good keys are both refused for the same reason.
fn check(more: &Value, expected: KeyFlaw) {
    let mut in_root = Repository::default();
    let mut client = Client::new(&in_root);
    let listed = more.clone();
    in_root.next_root(|_| {});
    in_root.edit("root", move |signed| signed["keys"]["more"] = listed.clone());
    let mut in_delegation = Repository::default();
    let listed = more.clone();
    in_delegation.edit("targets", move |signed| signed["delegations"]["keys"]["more"] = listed.clone());
    for (client, repository) in [(&mut client, &in_root), (&mut Client::new(&in_delegation), &in_delegation)]
    {
        match client.check(repository).map(|_| ()) {
            Err(Error::Key { key_id, flaw, .. }) => {
                assert_eq!((&*key_id, flaw), ("more", expected), "{more}");
            }
            other => panic!("{more}: {other:?}"),
        }
    }
}

/// Small-order points in their encodings, the last two of them not canonical (y + p): whoever lists one lets anybody sign.
const WEAK: [&str; 10] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

#[test]
fn weak_keys_are_refused() {
    for public in WEAK {
        check(&key_value(public), KeyFlaw::Weak);
    }
    check(&key_value(&format!("02{}", "00".repeat(31))), KeyFlaw::Weak);
}

#[test]
fn a_second_encoding_of_a_point_is_refused() {
    // y + p for the few y that leave room for it. The library takes them, so one key could be listed twice.
    let mut tried = 0;
    for low in 0xed..=0xff_u8 {
        let public = format!("{}{}7f", hex::encode([low]), "ff".repeat(30));
        let bytes = hex::decode(&public).unwrap().try_into().unwrap();
        let taken = ed25519_dalek::VerifyingKey::from_bytes(&bytes);
        tried += usize::from(taken.is_ok_and(|key| !key.is_weak()));
        check(&key_value(&public), KeyFlaw::Weak);
    }
    assert!(tried > 3, "{tried}");
}

#[test]
fn a_weak_key_cannot_sign_even_if_it_were_listed() {
    use ed25519_dalek::Verifier as _;
    for public in WEAK {
        let bytes = hex::decode(public).unwrap();
        for r in WEAK {
            // S = 0: with a key of small order, R can be chosen so that the equation holds for every eighth message.
            let signature = [hex::decode(r).unwrap(), vec![0; 32]].concat();
            for message in 0..16_u8 {
                assert!(!crate::crypto::strict_accepts(&bytes, &[message], &signature), "{public} {r}");
            }
        }
    }
    // Without strictness the identity signs everything: the test above is not empty.
    let identity: [u8; 32] = hex::decode(WEAK[0]).unwrap().try_into().unwrap();
    let forged = ed25519_dalek::Signature::from_bytes(&[identity, [0; 32]].concat().try_into().unwrap());
    let key = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
    assert!(key.verify(b"anything", &forged).is_ok());
}

#[test]
fn the_same_key_under_another_id_is_refused() {
    // Of a role in root and of a delegated role.
    let mut in_root = Repository::default();
    let mut client = Client::new(&in_root);
    in_root.next_root(|_| {});
    in_root.edit("root", |signed| {
        signed["keys"]["again"] = public(&key(1));
        signed["roles"]["root"] = json!({ "keyids": ["again", id(&key(1))], "threshold": 2 });
    });
    assert_eq!(client.refusal(&in_root), "E-META-KEY");
    let mut in_delegation = Repository::default();
    in_delegation.edit("targets", |signed| signed["delegations"]["keys"]["again"] = public(&key(6)));
    assert_eq!(Client::new(&in_delegation).refusal(&in_delegation), "E-META-KEY");
    // More fields do not make another key of it.
    in_delegation.edit("targets", |signed| {
        signed["delegations"]["keys"]["again"] = public(&key(6));
        signed["delegations"]["keys"]["again"]["x-owner"] = json!("somebody else");
    });
    assert_eq!(Client::new(&in_delegation).refusal(&in_delegation), "E-META-KEY");
}

#[test]
fn keys_that_cannot_be_read_or_are_of_another_kind_are_refused() {
    let good = hex::encode(key(60).verifying_key().as_bytes());
    for bad in [
        "",
        "00",
        &good[2..],
        &format!("{good}00"),
        &good.to_uppercase(),
        &format!(" {good}"),
        &"z".repeat(64),
    ] {
        check(&key_value(bad), KeyFlaw::Unreadable);
    }
    let mut pem = key_value("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n");
    check(&pem, KeyFlaw::Unreadable);
    for scheme in ["ecdsa-sha2-nistp256", "rsassa-pss-sha256", "ml-dsa-65/1", "ed25519ph", "ED25519", ""] {
        pem["scheme"] = json!(scheme);
        check(&pem, KeyFlaw::Scheme);
    }
    let mut mixed = key_value(&good);
    mixed["keytype"] = json!("ecdsa");
    check(&mixed, KeyFlaw::Scheme);
}

#[test]
fn thresholds_must_make_sense() {
    for (keyids, threshold) in [
        (json!([id(&key(3))]), json!(0)),
        (json!([id(&key(3))]), json!(2)),
        (json!([]), json!(1)),
        (json!([]), json!(0)),
        (json!([id(&key(3)), id(&key(3))]), json!(1)),
        (json!([id(&key(3))]), json!(-1)),
        (json!([id(&key(3))]), json!("1")),
    ] {
        let role = json!({ "keyids": keyids, "threshold": threshold });
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        repository.next_root(|_| {});
        let listed = role.clone();
        repository.edit("root", move |signed| signed["roles"]["targets"] = listed.clone());
        assert_eq!(client.refusal(&repository), "E-META-MALFORMED", "{role}");

        let mut repository = Repository::default();
        let listed = role.clone();
        repository.edit("targets", move |signed| {
            signed["delegations"]["roles"][0]["keyids"] = listed["keyids"].clone();
            signed["delegations"]["roles"][0]["threshold"] = listed["threshold"].clone();
        });
        assert_eq!(Client::new(&repository).refusal(&repository), "E-META-MALFORMED", "{role}");
    }
}
