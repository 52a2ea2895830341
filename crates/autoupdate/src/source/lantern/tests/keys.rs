//! The pinned key: what is one, what it signs.

use std::path::Path;

use super::*;

const WEAK: &[u8] = include_bytes!("../../../../fixtures/lantern/weak.public.pem");
const PRIVATE: &[u8] = include_bytes!("../../../../fixtures/lantern/throw-away.private.pem");

#[test]
fn only_an_rsa_public_key_of_2048_bits_or_more_is_one() {
    assert!(PublicKey::parse(PUBLIC).is_ok());
    let text = std::str::from_utf8(PUBLIC).unwrap();
    assert!(PublicKey::parse(text.replace('\n', "\r\n").as_bytes()).is_ok(), "a file from another system");
    for (bad, says) in [
        (WEAK, "2048"),
        (PRIVATE, "BEGIN PUBLIC KEY"),
        (b"", "BEGIN PUBLIC KEY"),
        (b"\xff", "text"),
        (text.replace("PUBLIC KEY", "RSA PUBLIC KEY").as_bytes(), "BEGIN PUBLIC KEY"),
        // Ed25519 (RFC 8410, 10.1).
        (
            b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
            "RSA",
        ),
    ] {
        let why = PublicKey::parse(bad).unwrap_err();
        assert!(why.contains(says), "{why}");
    }
}

#[test]
fn a_signature_is_of_one_digest_and_whole() {
    let key = PublicKey::parse(PUBLIC).unwrap();
    let digest = Digest::of(NEW);
    let good = sign(&digest);
    assert!(key.verify(&digest, &good));
    assert!(!key.verify(&Digest::of(INSTALLED), &good));
    for at in [0, 100, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(!key.verify(&digest, &bad), "{at}");
    }
    for bad in
        [&[][..], &good[1..], &[&[0][..], &good].concat(), &vec![0; good.len()], &vec![0xff; good.len()]]
    {
        assert!(!key.verify(&digest, bad));
    }
}

#[test]
fn hexadecimal_digits_have_either_case_and_an_end() {
    assert_eq!(key::signature("00ffAB"), Some(vec![0, 0xff, 0xab]));
    for bad in ["", "0", "0g", "00 ff", &"0".repeat(4096)] {
        assert_eq!(key::signature(bad), None, "{bad}");
    }
}

#[test]
fn the_pinned_file_must_be_the_one_that_was_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let mut enrolment = enrolment(&["https://x.org/".to_owned()]);
    let code =
        |enrolment: &Enrolment| pinned_key(enrolment, folder.path()).map_err(|error| error.fault().code);
    assert_eq!(code(&enrolment), Err("E-LANTERN-KEY-FILE"));
    let write = |bytes: &[u8]| std::fs::write(folder.path().join("key.pem"), bytes).unwrap();
    write(PUBLIC);
    assert!(code(&enrolment).is_ok());
    write(WEAK);
    assert_eq!(code(&enrolment), Err("E-LANTERN-KEY-PIN"));
    enrolment.anchor.sha256 = Digest::of(WEAK);
    assert_eq!(code(&enrolment), Err("E-LANTERN-KEY"), "pinned, and too weak all the same");
    write(&[b' '; 17 << 10]);
    assert_eq!(code(&enrolment), Err("E-LANTERN-KEY-FILE"));
    assert!(pinned_key(&enrolment, Path::new("/nowhere")).is_err());
}
