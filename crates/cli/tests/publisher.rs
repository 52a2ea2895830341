//! The publisher's verbs as a script calls them: what they write, and how they end.

#![allow(missing_docs, reason = "test code")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::Desk;
use serde_json::Value;

const VERIFY: &[&str] = &["verify", "public", "--repository", "repo", "--platform", "linux-x86_64"];

#[test]
fn three_commands_publish_a_release() {
    let desk = Desk::with_release(&[]);
    let diff = desk.done(&["diff", "repo"]);
    assert_eq!(diff["changes"][0]["change"], "added");
    desk.publish();
    assert_eq!(desk.done(&["diff", "repo", "public"])["changes"], Value::Array(Vec::new()));
    let verified = desk.done(VERIFY);
    assert_eq!(verified["artifacts"][0]["release"]["version"], "1.0.0");
    // Publishing again writes nothing.
    assert_eq!(desk.publish()["files"], 0);

    desk.release("1.1.0-beta.1");
    desk.done(&["withdraw", "repo", "--version", "1.0.0"]);
    desk.done(&["promote", "repo", "--version", "1.1.0-beta.1", "--to", "beta"]);
    let changes = desk.done(&["diff", "repo", "public"]);
    assert_eq!(changes["changes"].as_array().unwrap().len(), 2, "{changes}");
    desk.publish();
    desk.done(VERIFY);
    let listed = desk.done(&["list", "repo"]);
    assert_eq!(listed["artifacts"].as_array().unwrap().len(), 2);
}

#[test]
fn verify_notices_every_changed_object() {
    let desk = Desk::with_release(&[]);
    desk.publish();
    let objects = files(&desk.path("public"));
    let mut checked = 0;
    for path in objects {
        let name = path.file_name().unwrap().to_str().unwrap();
        // Not what a client of today reads: compressed twins are checked by what they decode to, old versions by nobody.
        if name.ends_with(".zst") || name == "1.targets.json" {
            continue;
        }
        let honest = fs::read(&path).unwrap();
        for at in [0, honest.len() / 3, honest.len() / 2] {
            let mut changed = honest.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            let run = desk.run(VERIFY);
            // The first root is pinned from the repository and never read again; an old snapshot neither.
            let unread = name == "1.root.json" || is_old_snapshot(&path);
            assert_eq!(run.status.code(), Some(i32::from(!unread)), "{name} byte {at}");
        }
        fs::write(&path, honest).unwrap();
        checked += 1;
    }
    assert!(checked >= 7, "{checked}");
    desk.done(VERIFY);
    let root = desk.path("repo/public/metadata/1.root.json");
    let wrong = ["verify", "public", "--root-sha256", &"0".repeat(64)];
    desk.fails(&wrong, 1, "E-REPO-DAMAGED");
    desk.done(&["verify", "public", "--root", root.to_str().unwrap(), "--all"]);
    desk.fails(&["verify", "public"], 1, "E-USAGE");
}

fn is_old_snapshot(path: &Path) -> bool {
    let version = |path: &Path| -> Option<u64> {
        path.file_name()?.to_str()?.strip_suffix(".snapshot.json")?.parse().ok()
    };
    let newest = files(path.parent().unwrap()).iter().filter_map(|path| version(path)).max();
    version(path).is_some_and(|version| Some(version) < newest)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn an_expired_host_cannot_be_verified_until_it_is_refreshed_where_it_is() {
    let desk = Desk::with_release(&["--validity", "timestamp=3s"]);
    desk.publish();
    let deadline = Instant::now() + Duration::from_secs(60);
    while desk.run(VERIFY).status.code() != Some(5) {
        assert!(Instant::now() < deadline, "it never expires");
    }
    desk.fails(VERIFY, 5, "E-META-EXPIRED");
    desk.fails(&["refresh", "public"], 1, "E-USAGE");
    desk.done(&["refresh", "public", "--keys", "repo/keys/online"]);
    desk.done(VERIFY);
    // And what is published next from the repository comes after it.
    desk.release("1.1.0");
    desk.publish();
    assert_ne!(desk.run(VERIFY).status.code(), Some(1));
}

#[test]
fn a_refresh_with_nothing_due_says_when_the_releases_have_expired() {
    let desk = Desk::with_release(&["--validity", "targets=3s"]);
    desk.publish();
    let refresh = ["refresh", "public", "--keys", "repo/keys/online"];
    let deadline = Instant::now() + Duration::from_secs(60);
    while desk.run(&refresh).status.success() {
        assert!(Instant::now() < deadline, "it never expires");
    }
    desk.fails(&refresh, 5, "E-META-EXPIRED");
    desk.fails(&[&refresh[..], &["--now"]].concat(), 5, "E-META-EXPIRED");
}

/// What a client remembers of a served folder.
fn seen(served: &signing::Tree) -> trust::Stored {
    let read = |role: &str| {
        let version = served.newest(role).unwrap()?;
        served.read(&protocol::object::metadata(role, version), 1 << 20).unwrap()
    };
    let timestamp = served.read(protocol::object::TIMESTAMP, 1 << 20).unwrap();
    let (snapshot, targets) = (read("snapshot"), read("targets"));
    trust::Stored { timestamp, snapshot, targets, ..trust::Stored::default() }
}

#[test]
fn publishing_after_a_refresh_where_it_is_served_rolls_nothing_back() {
    let desk = Desk::with_release(&[]);
    desk.publish();
    let app = protocol::AppId::parse("tool").unwrap();
    let served = signing::Tree::open(&desk.path("public/apps/tool"), &app).unwrap();
    let rollout = served.newest("rollout").unwrap();
    // So long a life is due at once: as if days had passed.
    let lives = ["--validity", "rollout=900d", "--validity", "snapshot=900d", "--validity", "timestamp=900d"];
    desk.done(&[&["refresh", "public", "--keys", "repo/keys/online"][..], &lives].concat());
    assert!(served.newest("rollout").unwrap() > rollout);
    let seen = seen(&served);
    desk.release("1.1.0");
    desk.publish();
    let root = fs::read(desk.path("repo/public/metadata/1.root.json")).unwrap();
    let now = jiff::Timestamp::now();
    let verified = signing::walk(&root, &seen, now, |name, limit| served.read(name, limit)).unwrap();
    assert_eq!(verified.artifacts(&app, protocol::Platform::parse("linux-x86_64").unwrap()).len(), 2);
}

#[test]
fn failures_say_what_they_are() {
    let desk = Desk::with_release(&[]);
    desk.fails(&["list", "nowhere"], 1, "E-REPO-NONE");
    desk.fails(&["init", "--app", "tool", "repo", "--unencrypted"], 1, "E-REPO-EXISTS");
    desk.private("wrong", "not the passphrase\n");
    desk.fails(&["publish", "repo", "public", "--passphrase-file", "wrong"], 1, "E-KEY-PASSPHRASE");
    if cfg!(unix) {
        desk.set_mode("passphrase", 0o644);
        desk.fails(&["publish", "repo", "public", "--passphrase-file", "passphrase"], 1, "E-KEY-READABLE");
        desk.set_mode("passphrase", 0o600);
    }
    desk.private("short", "1234\n");
    desk.fails(&["keygen", "key.pem", "--passphrase-file", "short"], 1, "E-KEY-SHORT-PASSPHRASE");
    fs::write(desk.path("tool"), "other bytes").unwrap();
    let again = ["add", "repo", "tool", "--version", "1.0.0", "--platform", "linux-x86_64"];
    desk.fails(&again, 1, "E-REPO-EDIT");
    desk.fails(&["promote", "repo", "--version", "9.0.0"], 1, "E-REPO-EDIT");
    desk.fails(&["publish", "repo", "http://updates.example.org"], 1, "E-USAGE");
    for wrong in [
        &["add", "repo"][..],
        &["nonsense"],
        &["add", "repo", "tool", "--version", "v1", "--platform", "linux-x86_64"],
    ] {
        assert_eq!(desk.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_copy_that_went_its_own_way_publishes_nothing() {
    let desk = Desk::with_release(&[]);
    desk.publish();
    let copied = Command::new("cp").args(["-a", "repo", "copy"]).current_dir(&desk.0).status().unwrap();
    assert!(copied.success());
    desk.release("1.1.0");
    desk.publish();
    fs::write(desk.path("tool"), "from the copy").unwrap();
    desk.done(&["add", "copy", "tool", "--version", "1.2.0", "--platform", "linux-x86_64"]);
    desk.done(&["sign", "copy", "--passphrase-file", "passphrase"]);
    desk.fails(&["publish", "copy", "public", "--passphrase-file", "passphrase"], 1, "E-REPO-CONFLICT");
    assert_eq!(desk.done(VERIFY)["artifacts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_rollout_is_changed_and_shown() {
    let desk = Desk::with_release(&[]);
    let change = |words: &[&str]| desk.done(&[&["rollout", "repo"], words].concat());
    change(&["--version", "1.0.0", "--share", "12.5%"]);
    change(&["--pin", "macos:11.0=0.9.0"]);
    let shown = change(&[]);
    assert_eq!(shown["releases"]["1.0.0"]["basis_points"], 1250);
    assert_eq!(shown["os_pins"][0]["below"], "11.0");
    change(&["--version", "1.0.0", "--recall"]);
    desk.publish();
    desk.done(VERIFY);
    assert_eq!(change(&[])["releases"]["1.0.0"]["recalled"], true);
    assert_eq!(
        desk.run(&["rollout", "repo", "--version", "1.0.0", "--halt", "--resume"]).status.code(),
        Some(2)
    );
    assert_eq!(desk.run(&["rollout", "repo", "--halt"]).status.code(), Some(2));
}

#[test]
fn rotating_signs_no_draft_and_protects_the_new_key_as_asked() {
    let desk = Desk::with_release(&[]);
    let rotate = |role: &str, more: &[&str]| {
        let words = ["root", "rotate", "repo", "--role", role, "--old-passphrase-file", "passphrase"];
        [&words[..], more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let roles = ["root", "targets", "snapshot", "timestamp", "rollout"];
    let before = files(&desk.path("repo"));
    for role in roles {
        let words = rotate(role, &["--passphrase-file", "passphrase"]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        desk.fails(&words, 1, "E-ROOT-CEREMONY");
        assert_eq!(files(&desk.path("repo")), before, "{role}");
    }
    desk.publish();
    let check = |role: &str, more: &[&str], encrypted: bool| {
        let words = rotate(role, more);
        let answer = desk.done(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let key = fs::read_to_string(desk.path(answer["file"].as_str().unwrap())).unwrap();
        assert_eq!(key.contains("BEGIN ENCRYPTED PRIVATE KEY"), encrypted, "{role} {more:?}");
        desk.publish();
        desk.done(VERIFY);
    };
    for role in roles {
        let more: &[&str] = if role == "root" || role == "targets" { &["--unencrypted"] } else { &[] };
        check(role, more, false);
        check(role, &["--passphrase-file", "passphrase"], true);
    }
    // A rotation that cannot be signed leaves no draft behind.
    desk.private("wrong", "not the passphrase\n");
    let words = ["root", "rotate", "repo", "--role", "rollout", "--old-passphrase-file", "wrong"];
    desk.fails(&words, 1, "E-KEY-PASSPHRASE");
    assert!(!desk.path("repo/draft.json").exists());
}

#[test]
fn keys_are_rotated_in_one_step_or_by_ceremony() {
    let desk = Desk::with_release(&[]);
    desk.publish();
    let old = ["--old-passphrase-file", "passphrase", "--passphrase-file", "passphrase"];
    for (role, root) in [("timestamp", 2), ("snapshot", 3), ("targets", 4), ("root", 5)] {
        let answer = desk.done(&[&["root", "rotate", "repo", "--role", role][..], &old].concat());
        assert_eq!(answer["root"], root, "{role}");
    }
    let answer = desk.done(&[&["root", "rotate", "repo", "--role", "rollout"][..], &old].concat());
    assert_eq!(answer["targets"], 4, "signed again for the new targets key, and for the new delegation");
    desk.publish();
    assert_eq!(desk.done(VERIFY)["root"], 5);

    desk.done(&["keygen", "anna.pem", "--unencrypted"]);
    let adds = ["--add", "root=anna.pub.pem", "--threshold", "root=2", "--out", "draft.json"];
    desk.done(&[&["root", "draft", "repo"][..], &adds].concat());
    desk.fails(&["root", "assemble", "repo", "draft.json"], 1, "E-ROOT-CEREMONY");
    desk.done(&["root", "sign", "draft.json", "--key", "anna.pem"]);
    let own = files(&desk.path("repo/keys")).into_iter().find(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("root-")
    });
    let own = own.unwrap();
    fs::copy(desk.path("draft.json"), desk.path("copy.json")).unwrap();
    desk.done(&[
        "root",
        "sign",
        "copy.json",
        "--key",
        own.to_str().unwrap(),
        "--passphrase-file",
        "passphrase",
    ]);
    let shown = desk.done(&["root", "show", "copy.json", "--repository", "repo"]);
    assert_eq!(shown["new"]["signed"].as_array().unwrap().len(), 2);
    assert_eq!(shown["changes"][0]["role"], "root");
    assert_eq!(shown["changes"][0]["threshold"], 2);
    assert_eq!(shown["changes"][0]["added"].as_array().unwrap().len(), 1);
    // The online keys are encrypted since their rotation, as was asked.
    desk.done(&["root", "assemble", "repo", "draft.json", "copy.json", "--passphrase-file", "passphrase"]);
    desk.publish();
    assert_eq!(desk.done(VERIFY)["root"], 6);
    // Now one holder alone cannot: a draft for the other one is left, and a person must act.
    let alone = [&["root", "rotate", "repo", "--role", "timestamp"][..], &old].concat();
    assert_eq!(desk.run(&alone).status.code(), Some(4));
    assert!(desk.path("repo/root-7.draft.json").is_file());
}
