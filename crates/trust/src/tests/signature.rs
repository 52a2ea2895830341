//! Signatures: right keys, right roles, counted once, strict. Threats 1 to 4, 6, 12.

use serde_json::{Value, json};

use super::repository::{envelope, id};
use super::*;

/// Every role of an honest repository, broken by `break_it` in one role at a time, is refused with `code`.
fn each_role(code: &str, break_it: impl Fn(&mut Repository, &'static str)) {
    for role in ROLES {
        let mut repository = Repository::default();
        break_it(&mut repository, role);
        assert_eq!(Client::new(&repository).refusal(&repository), code, "{role}");
    }
    // Root: the second one, because the first is pinned.
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    repository.next_root(|_| {});
    break_it(&mut repository, "root");
    assert_eq!(client.refusal(&repository), code, "root");
    // And pinned: no check at all.
    let mut repository = Repository::default();
    break_it(&mut repository, "root");
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-PINNED-ROOT");
}

#[test]
fn a_key_of_another_role_does_not_count() {
    for other in 1..=7 {
        each_role("E-META-SIGNATURE", move |repository, role| {
            let party = repository.party(role);
            let stranger = if party.keys.iter().any(|own| *own == key(other)) { key(99) } else { key(other) };
            party.signers = Some(vec![stranger]);
        });
    }
}

#[test]
fn a_stranger_s_signature_under_the_right_id_does_not_count() {
    each_role("E-META-SIGNATURE", |repository, role| {
        let id = id(&repository.parties[role].keys[0]);
        repository.party(role).signers = Some(vec![key(99)]);
        repository.edit_envelope(role, move |file| file["signatures"][0]["keyid"] = json!(id));
    });
}

#[test]
fn nobody_signed() {
    each_role("E-META-SIGNATURE", |repository, role| repository.party(role).signers = Some(Vec::new()));
    each_role("E-META-MALFORMED", |repository, role| {
        repository.edit_envelope(role, |file| {
            file.as_object_mut().unwrap().remove("signatures");
        });
    });
}

#[test]
fn two_signatures_under_one_id_are_refused_even_if_they_count_for_nothing() {
    each_role("E-META-MALFORMED", |repository, role| {
        let mut signers = repository.parties[role].keys.clone();
        signers.extend([key(99), key(99)]);
        repository.party(role).signers = Some(signers);
    });
    // A stranger's one signature beside the good ones does no harm.
    let mut repository = Repository::default();
    repository.party("targets").signers = Some(vec![key(99), key(3)]);
    Client::new(&repository).check(&repository).unwrap();
}

#[test]
fn anything_changed_after_signing_is_refused() {
    each_role("E-META-SIGNATURE", |repository, role| {
        repository.edit_envelope(role, |file| file["signed"]["expires"] = json!("2031-01-01T00:00:01Z"));
    });
    each_role("E-META-SIGNATURE", |repository, role| {
        repository.edit_envelope(role, |file| file["signed"]["x-more"] = json!(1));
    });
}

#[test]
fn a_threshold_is_not_met_by_one_key_twice() {
    let two_of_two = |repository: &mut Repository, role: &str| {
        let party = repository.party(role);
        (party.keys, party.threshold) = (vec![party.keys[0].clone(), key(50)], 2);
    };
    // Signed once, the same signature twice, and once more under the id of the other key.
    each_role("E-META-SIGNATURE", |repository, role| {
        two_of_two(repository, role);
        let one = repository.parties[role].keys[0].clone();
        repository.party(role).signers = Some(vec![one]);
    });
    each_role("E-META-MALFORMED", |repository, role| {
        two_of_two(repository, role);
        let one = repository.parties[role].keys[0].clone();
        repository.party(role).signers = Some(vec![one.clone(), one]);
    });
    each_role("E-META-SIGNATURE", |repository, role| {
        two_of_two(repository, role);
        let one = repository.parties[role].keys[0].clone();
        repository.party(role).signers = Some(vec![one.clone(), one]);
        repository.edit_envelope(role, |file| file["signatures"][1]["keyid"] = json!(id(&key(50))));
    });
    // Signed by both it is fine, so the cases above fail for the right reason.
    let mut repository = Repository::default();
    ROLES.iter().for_each(|role| two_of_two(&mut repository, role));
    Client::new(&repository).check(&repository).unwrap();
}

#[test]
fn signatures_that_are_no_signatures_do_not_count() {
    let zero = "00".repeat(64);
    for (sig, code) in [
        ("", "E-META-SIGNATURE"),
        (&*zero, "E-META-SIGNATURE"),
        (&zero[2..], "E-META-SIGNATURE"),
        (&format!("{zero}00"), "E-META-SIGNATURE"),
        ("0", "E-META-SIGNATURE"),
        ("zz", "E-META-MALFORMED"),
        ("AB", "E-META-MALFORMED"),
        ("é", "E-META-MALFORMED"),
    ] {
        let sig = sig.to_owned();
        each_role(code, |repository, role| {
            let sig = sig.clone();
            repository.edit_envelope(role, move |file| {
                file["signatures"].as_array_mut().unwrap().iter_mut().for_each(|one| one["sig"] = json!(sig));
            });
        });
    }
}

#[test]
fn a_scalar_above_the_group_order_does_not_count() {
    each_role("E-META-SIGNATURE", |repository, role| {
        repository.edit_envelope(role, |file| {
            for signature in file["signatures"].as_array_mut().unwrap() {
                let mut bytes = hex::decode(signature["sig"].as_str().unwrap()).unwrap();
                add_group_order(&mut bytes[32..]);
                signature["sig"] = json!(hex::encode(bytes));
            }
        });
    });
}

/// S + L: the same scalar to a verifier that does not insist on the canonical one (RFC 8032 5.1.7).
fn add_group_order(scalar: &mut [u8]) {
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let mut carry = 0;
    for (byte, add) in scalar.iter_mut().zip(hex::decode(order).unwrap()) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(carry, 0);
}

#[test]
fn a_new_root_needs_the_old_keys_and_its_own() {
    for (signers, code) in [
        (vec![1, 2, 11, 12], "verified"),
        (vec![1, 2], "E-META-SIGNATURE"),
        (vec![11, 12], "E-META-SIGNATURE"),
        (vec![1, 11, 12], "E-META-SIGNATURE"),
        (vec![1, 2, 11], "E-META-SIGNATURE"),
    ] {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        repository.next_root(|repository| repository.party("root").keys = vec![key(11), key(12)]);
        repository.party("root").signers = Some(signers.iter().map(|seed| key(*seed)).collect());
        assert_eq!(client.refusal(&repository), code, "{signers:?}");
        let kept = client.stored.root.is_some();
        assert_eq!(kept, code == "verified", "{signers:?}");
    }
}

#[test]
fn a_file_of_one_role_is_not_another_one() {
    // The same key holds all roles, so only the type in the file tells them apart.
    let mut repository = Repository::default();
    for role in ROLES {
        repository.party(role).keys = vec![key(3)];
    }
    repository.delegated.clear();
    for (role, kind) in [("timestamp", "snapshot"), ("snapshot", "targets"), ("targets", "root")] {
        repository.edit(role, move |signed| signed["_type"] = json!(kind));
        // The same key in several roles of a root is the same id, so it is listed once.
        assert_eq!(Client::new(&repository).refusal(&repository), "E-META-MALFORMED", "{role}");
        repository.edit_signed.remove(role);
    }
    repository.edit("timestamp", |signed| {
        signed.as_object_mut().unwrap().remove("_type");
    });
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-MALFORMED");
}

#[test]
fn an_envelope_is_signed_as_other_clients_sign() {
    // Canonical JSON, written out by hand: sorted keys, no spaces.
    let signed: Value = serde_json::from_str(r#"{ "b": [1, "\"\\"], "a": null }"#).unwrap();
    let file = envelope(&signed, &[key(1)]);
    let sig = hex::decode(file["signatures"][0]["sig"].as_str().unwrap()).unwrap();
    let sig = ed25519_dalek::Signature::from_slice(&sig).unwrap();
    key(1).verifying_key().verify_strict(br#"{"a":null,"b":[1,"\"\\"]}"#, &sig).unwrap();
}
