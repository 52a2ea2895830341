//! Every format that was ever written is read by all later code. The files in `fixtures/v1` are never changed: a new
//! format gets a new folder.

#![allow(missing_docs, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use autoupdate_signing as signing;
use signing::{KeyFile, Passphrase, PublicKey, Publication, RootDraft, SecretKey, Settings, Tree};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1").join(name)
}

/// Version control keeps no 0600, and without it no key is read.
fn private(scratch: &TempDir, name: &str) -> PathBuf {
    let path = scratch.path().join(name);
    fs::copy(fixture(name), &path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

#[test]
fn key_files() {
    let scratch = TempDir::new().unwrap();
    let plain = KeyFile::open(&private(&scratch, "key-plain.pem")).unwrap();
    assert!(!plain.is_encrypted());
    let id = "c0c477dd7e066316bafcb5bc47f9321244f2e032c16619e18b7af091ee2bdf27";
    let key = plain.unlock(None).unwrap();
    assert_eq!(key.public().id().as_str(), id);

    let locked = KeyFile::open(&private(&scratch, "key-encrypted.pem")).unwrap();
    assert!(locked.is_encrypted());
    let public = PublicKey::from_file(&fixture("key-encrypted.pub.pem")).unwrap();
    assert_eq!(locked.public(), Some(&public));
    let unlocked = locked.unlock(Some(&Passphrase::new("golden passphrase".to_owned()))).unwrap();
    assert_eq!(unlocked.public(), public);

    // Nothing random is in an unencrypted file, so this code must write the same bytes.
    let again = scratch.path().join("again.pem");
    KeyFile::create(&again, &key, None).unwrap();
    assert_eq!(fs::read(again).unwrap(), fs::read(fixture("key-plain.pem")).unwrap());
    assert_eq!(public.to_pem().unwrap(), fs::read_to_string(fixture("key-encrypted.pub.pem")).unwrap());
}

#[test]
fn key_files_of_others_and_damaged_ones() {
    let scratch = TempDir::new().unwrap();
    let path = private(&scratch, "key-plain.pem");
    let text = fs::read_to_string(&path).unwrap();
    let check = |content: &str, opens: bool| {
        fs::write(&path, content).unwrap();
        assert_eq!(KeyFile::open(&path).is_ok(), opens, "{content}");
    };
    check(&text, true);
    // As openssl writes it: no lines before the block.
    check(&text[text.find("-----").unwrap()..], true);
    // Lines that name another key.
    let other = SecretKey::generate().unwrap().public();
    let start = text.find("public: ").unwrap() + 8;
    check(&text.replace(&text[start..start + 64], &hex::encode(other.to_bytes())), false);
    check(&text.replace("id: c0", "id: c1"), false);
    check(&text.replace("PRIVATE", "PUBLIC"), false);
    check(&text[..text.len() - 20], false);
    check("", false);
    check(&"x".repeat(1 << 20), false);
}

#[test]
fn settings() {
    let settings = Settings::read(&fixture("repository.toml")).unwrap();
    assert_eq!((settings.app.as_str(), settings.name.as_str()), ("tool", "A Tool"));
    assert_eq!(settings.validity.timestamp, Duration::from_secs(12 * 60 * 60));
    assert_eq!(settings.to_toml().unwrap(), fs::read_to_string(fixture("repository.toml")).unwrap());

    let scratch = TempDir::new().unwrap();
    let path = scratch.path().join("repository.toml");
    let text = fs::read_to_string(fixture("repository.toml")).unwrap();
    for (bad, said) in [
        (text.replace("app =", "ap ="), "ap"),
        (text.replace("12h", "12 parsecs"), "timestamp"),
        (text.replace("12h", "1s"), "3 seconds"),
        (text.replace("format = 1", "format = 2"), "update this program"),
        (text.replace("\"tool\"", "\"../tool\""), "app id"),
    ] {
        fs::write(&path, bad).unwrap();
        let error = Settings::read(&path).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("repository.toml"), "{error}");
    }
}

#[test]
fn publications() {
    let text = fs::read_to_string(fixture("publication.json")).unwrap();
    let publication: Publication = serde_json::from_str(&text).unwrap();
    assert_eq!((publication.format, publication.replaces, publication.roots.len()), (1, 1, 1));
    let again: serde_json::Value = serde_json::to_value(&publication).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(&text).unwrap());
    // The exact bytes survive the wire: their signatures still hold.
    let scratch = TempDir::new().unwrap();
    Tree::create(scratch.path(), &protocol::AppId::parse("tool").unwrap(), &publication.roots[0]).unwrap();
}

#[test]
fn root_drafts() {
    let draft = RootDraft::read(&fixture("root-draft.json")).unwrap();
    let summary = draft.summary().unwrap();
    assert_eq!((summary.version, summary.new.threshold), (2, 1));
    assert!(summary.new.is_reached(), "its signature still holds");
    let scratch = TempDir::new().unwrap();
    draft.write(&scratch.path().join("again.json")).unwrap();
    assert_eq!(
        fs::read(scratch.path().join("again.json")).unwrap(),
        fs::read(fixture("root-draft.json")).unwrap()
    );
}
