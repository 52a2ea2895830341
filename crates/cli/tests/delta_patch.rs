//! `autoupdate patch` as people and scripts call it: what it writes, what it refuses, and that nothing is left behind.

#![allow(missing_docs, reason = "test code")]

mod common;

use std::fs;
use std::process::Command;

use common::Desk;
use protocol::Digest;
use serde_json::{Value, json};

/// Bytes that look random and are always the same.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The next release of a program: something new in the middle, a byte changed now and then.
fn next_release(base: &[u8]) -> Vec<u8> {
    let (before, after) = base.split_at(base.len() / 3);
    let mut next = [before, &noise(2, 700), after].concat();
    next.iter_mut().step_by(997).for_each(|byte| *byte ^= 0x55);
    next
}

/// A desk with `old` and `new`.
fn desk() -> Desk {
    let desk = Desk::new();
    let old = noise(1, 60_000);
    fs::write(desk.path("new"), next_release(&old)).unwrap();
    fs::write(desk.path("old"), old).unwrap();
    desk
}

fn read(desk: &Desk, name: &str) -> Vec<u8> {
    fs::read(desk.path(name)).unwrap()
}

fn sha256(desk: &Desk, name: &str) -> String {
    Digest::of(&read(desk, name)).to_string()
}

/// The names in the desk's folder, hidden ones too.
fn names(desk: &Desk) -> Vec<String> {
    let entries = fs::read_dir(&desk.0).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Fails as it should, and leaves everything as it was. Gives the message.
fn refuses(desk: &Desk, words: &[&str], code: &str) -> String {
    let before: Vec<_> = names(desk).into_iter().map(|name| (read(desk, &name), name)).collect();
    let told = desk.fails(&[&["patch"], words].concat(), 1, code);
    let after: Vec<_> = names(desk).into_iter().map(|name| (read(desk, &name), name)).collect();
    assert!(before == after, "{words:?} left {:?}", names(desk));
    told
}

/// As a person reads it.
fn told(desk: &Desk, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autoupdate"));
    let run = command.current_dir(&desk.0).arg("patch").args(words).output().unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{words:?}: {run:?}");
    String::from_utf8(run.stdout).unwrap()
}

/// What `--sha256` needs to be for formats that do not say what they give.
fn vouched<'a>(format: &str, sha256: &'a str) -> Vec<&'a str> {
    if format == "bsdiff40" { vec!["--sha256", sha256] } else { Vec::new() }
}

#[test]
fn every_format_goes_there_and_back() {
    let desk = desk();
    let new = sha256(&desk, "new");
    for format in delta::MAKEABLE {
        let make = ["patch", "make", "old", "new", format, "--format", format, "--threads", "2"];
        for level in ["fast", "default", "best"] {
            desk.done(&[&make[..], &["--force", "--memory", "256MiB", "--level", level]].concat());
        }
        let made = desk.done(&[&make[..], &["--force"]].concat());
        let length = read(&desk, format).len() as u64;
        assert_eq!((&made["format"], &made["length"]), (&json!(format), &json!(length)), "{made}");
        assert!(made["basis_points"].as_u64().unwrap() < 5_000 && made["memory"].is_u64(), "{made}");

        let verified = desk.done(&["patch", "verify", "old", "new", format]);
        assert_eq!(verified["artifact"], json!({ "length": 60_700, "sha256": new }), "{verified}");
        let apply = [&["patch", "apply", "old", format, "out", "--force"], &vouched(format, &new)[..]];
        let applied = desk.done(&apply.concat());
        assert_eq!((&applied["sha256"], &applied["length"]), (&json!(new), &json!(60_700)), "{applied}");
        assert_eq!(read(&desk, "out"), read(&desk, "new"), "{format}");
        fs::remove_file(desk.path("out")).unwrap();
    }
    let best = desk.done(&["patch", "make", "old", "new", "auto"]);
    assert!(delta::MAKEABLE.contains(&best["format"].as_str().unwrap()), "{best}");
    let mut expected = vec!["auto", "new", "old", "passphrase"];
    expected.extend(delta::MAKEABLE);
    expected.sort_unstable();
    assert_eq!(names(&desk), expected);
}

#[test]
fn a_patch_shows_what_it_is() {
    let desk = desk();
    let (old, new) = (sha256(&desk, "old"), sha256(&desk, "new"));
    told(&desk, &["make", "old", "new", "p", "--format", "bsz1"]);
    told(&desk, &["make", "old", "new", "classic", "--format", "bsdiff40"]);
    let info = desk.done(&["patch", "info", "p"]);
    let length = read(&desk, "p").len();
    assert_eq!(
        (&info["format"], &info["length"], &info["base"]),
        (&json!("bsz1"), &json!(length), &json!({ "length": 60_000, "sha256": old })),
        "{info}"
    );
    assert_eq!((&info["artifact_length"], &info["artifact_sha256"]), (&json!(60_700), &json!(new)), "{info}");
    let streams = info["streams"].as_array().unwrap();
    let packed: u64 = streams.iter().map(|stream| stream["packed"].as_u64().unwrap()).sum();
    assert!(streams.len() == 3 && packed > 0 && packed < length as u64, "{info}");

    let text = told(&desk, &["info", "p"]);
    for part in ["bsz1", &old, &new, "60000 bytes", "60700 bytes", "MiB to apply", "control", "extra"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = told(&desk, &["info", "classic"]);
    assert!(text.contains("bsdiff40") && text.contains("base      not said"), "{text}");
    assert_eq!(desk.done(&["patch", "info", "classic"])["base"], Value::Null);
    refuses(&desk, &["info", "old"], "E-PATCH-FORMAT");
}

#[test]
fn verify_says_which_file_does_not_fit() {
    let desk = desk();
    fs::write(desk.path("short"), &read(&desk, "old")[1..]).unwrap();
    fs::write(desk.path("other"), noise(3, 60_000)).unwrap();
    fs::write(desk.path("another"), noise(4, 60_700)).unwrap();
    for format in delta::MAKEABLE {
        desk.done(&["patch", "make", "old", "new", "p", "--force", "--format", format]);
        let says_all = desk.done(&["patch", "info", "p"])["base"].is_object();
        for base in ["short", "other"] {
            let code = if says_all { "E-PATCH-BASE" } else { "E-PATCH-RESULT" };
            let told = refuses(&desk, &["verify", base, "new", "p"], code);
            assert!(told.starts_with(&format!("error: {}", if says_all { base } else { "p" })), "{told}");
        }
        let code = if says_all { "E-PATCH-ARTIFACT" } else { "E-PATCH-RESULT" };
        let told = refuses(&desk, &["verify", "old", "another", "p"], code);
        assert!(told.starts_with(&format!("error: {}", if says_all { "another" } else { "p" })), "{told}");
        refuses(&desk, &["verify", "old", "short", "p"], "E-PATCH-ARTIFACT");
    }
}

#[test]
fn damage_anywhere_is_found_and_leaves_nothing() {
    let desk = desk();
    let new = sha256(&desk, "new");
    for format in delta::MAKEABLE {
        desk.done(&["patch", "make", "old", "new", "good", "--force", "--format", format]);
        let (good, vouched) = (read(&desk, "good"), vouched(format, &new));
        let says_all = desk.done(&["patch", "info", "good"])["base"].is_object();
        let check = |damaged: &[u8], what: &str| {
            fs::write(desk.path("damaged"), damaged).unwrap();
            for words in [&["verify", "old", "new", "damaged"], &["apply", "old", "damaged", "out"]] {
                let vouched = if words[0] == "apply" { &vouched[..] } else { &[] };
                let words = [&["patch"], &words[..], vouched].concat();
                let before = names(&desk);
                let run = desk.run(&words);
                let told = String::from_utf8_lossy(&run.stderr);
                assert_eq!(run.status.code(), Some(1), "{format}, {what}, {words:?}: {told}");
                let blames = if says_all { "error: damaged: " } else { "error: " };
                assert!(told.starts_with(blames) && told.contains("(E-PATCH-"), "{format}, {what}: {told}");
                assert_eq!(names(&desk), before, "{format}, {what}, {words:?}");
            }
        };
        let end = good.len();
        for at in [0, 9, 30, 45, 100, 120, end / 3, end / 2, end * 3 / 4, end - 1] {
            let mut damaged = good.clone();
            damaged[at] ^= 0xff;
            check(&damaged, &format!("byte {at}"));
        }
        for kept in [0, 1, 31, end / 2, end - 1] {
            check(&good[..kept], &format!("{kept} bytes kept"));
        }
        check(&[&good[..], b"x"].concat(), "a byte more");
    }
}

#[test]
fn a_wrong_base_or_too_little_memory_leaves_nothing() {
    let desk = desk();
    let new = sha256(&desk, "new");
    fs::write(desk.path("short"), &read(&desk, "old")[1..]).unwrap();
    fs::write(desk.path("other"), noise(3, 60_000)).unwrap();
    for format in delta::MAKEABLE {
        desk.done(&["patch", "make", "old", "new", "p", "--force", "--format", format]);
        let vouched = vouched(format, &new);
        let code = if vouched.is_empty() { "E-PATCH-BASE" } else { "E-PATCH-RESULT" };
        for base in ["short", "other"] {
            let apply = ["apply", base, "p", "out"];
            refuses(&desk, &[&apply[..], &vouched].concat(), code);
            // Whatever was there before stays, also where it might have been replaced.
            fs::write(desk.path("there"), "mine").unwrap();
            refuses(&desk, &[&["apply", base, "p", "there", "--force"], &vouched[..]].concat(), code);
        }
        let apply = [&["apply", "old", "p", "out", "--memory", "1MiB"], &vouched[..]].concat();
        let told = refuses(&desk, &apply, "E-PATCH-MEMORY");
        assert!(told.contains("--memory") && told.contains("1048576 are allowed"), "{told}");
        refuses(&desk, &["verify", "old", "new", "p", "--memory", "4095 KiB"], "E-PATCH-MEMORY");
        // Other promises than the patch's own.
        let wrong = Digest::of(b"").to_string();
        refuses(
            &desk,
            &["apply", "old", "p", "out", "--sha256", &wrong, "--length", "0"],
            "E-PATCH-ARTIFACT",
        );
        let told = desk.run(&["patch", "apply", "old", "p", "out", "--sha256", &wrong]);
        assert_eq!(told.status.code(), Some(1), "{told:?}");
    }
}

#[test]
fn arguments_that_make_no_sense_lose_nothing() {
    let desk = desk();
    told(&desk, &["make", "old", "new", "p"]);
    for (words, why) in [
        (&["make", "old", "old", "q"][..], "old is BASE, too"),
        (&["make", "old", "./old", "q"], "old is BASE, too"),
        (&["make", "old", "new", "new", "--force"], "new is NEW, too"),
        (&["make", "old", "new", "p"], "p is there already; --force"),
        (&["make", ".", "new", "q"], ". is a folder"),
        (&["make", "old", "new", ".", "--force"], ". is a folder"),
        (&["apply", "old", "p", "old", "--force"], "old is BASE, too"),
        (&["apply", "old", "p", "p", "--force"], "p is PATCH, too"),
        (&["apply", "old", "p", "new"], "new is there already; --force"),
        (&["apply", ".", "p", "q"], ". is a folder"),
        (&["verify", "old", "old", "p"], "old is BASE, too"),
        (&["info", "."], ". is a folder"),
    ] {
        let told = refuses(&desk, words, "E-USAGE");
        assert!(told.contains(why), "{words:?}: {told}");
    }
    for missing in [
        &["make", "none", "new", "q"][..],
        &["make", "old", "none", "q"],
        &["make", "old", "new", "none/q"],
        &["apply", "old", "none", "q"],
        &["apply", "old", "p", "none/q"],
        &["info", "none"],
    ] {
        let told = refuses(&desk, missing, "E-DISK-IO");
        assert!(told.contains("none"), "{missing:?}: {told}");
    }
    for (option, value) in
        [("--format", "none"), ("--level", "none"), ("--memory", "lots"), ("--threads", "0")]
    {
        let run = desk.run(&["patch", "make", "old", "new", "q", option, value]);
        assert_eq!(run.status.code(), Some(2), "{option} {value}: {run:?}");
    }
}

#[test]
fn what_is_hardly_smaller_is_said_and_made() {
    let desk = desk();
    fs::write(desk.path("new"), noise(9, 50_000)).unwrap();
    let run = desk.run(&["patch", "make", "old", "new", "p"]);
    let note = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && note.contains("hardly smaller"), "{run:?}");
    told(&desk, &["verify", "old", "new", "p"]);
    // Of nothing there is no share.
    fs::write(desk.path("new"), "").unwrap();
    assert_eq!(desk.done(&["patch", "make", "old", "new", "p", "--force"])["basis_points"], Value::Null);
    told(&desk, &["apply", "old", "p", "out"]);
    assert_eq!(read(&desk, "out"), b"");
}

#[cfg(unix)]
#[test]
fn the_result_has_the_access_rights_of_the_base() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = desk();
    told(&desk, &["make", "old", "new", "p"]);
    for (mode, expected) in [(0o750, 0o750), (0o400, 0o400), (0o4755, 0o755)] {
        desk.set_mode("old", mode);
        told(&desk, &["apply", "old", "p", "out", "--force"]);
        let found = fs::metadata(desk.path("out")).unwrap().permissions().mode();
        assert_eq!(found & 0o7777, expected, "{mode:o}");
    }
    // Others get a patch as they get any new file.
    fs::write(desk.path("usual"), "").unwrap();
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("p"), mode("usual"));
}

/// A pipe stands for devices, of which a test must never try a real one: as root it would be gone if this failed.
#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_neither_read_nor_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let desk = desk();
    told(&desk, &["make", "old", "new", "p"]);
    assert!(Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap().success());
    std::os::unix::fs::symlink("new", desk.path("link")).unwrap();
    let before = (names(&desk), read(&desk, "new"));
    for words in [
        &["make", "pipe", "new", "q"][..],
        &["make", "old", "pipe", "q"],
        &["make", "old", "new", "pipe", "--force"],
        &["make", "old", "p", "link", "--force"],
        &["apply", "pipe", "p", "q"],
        &["apply", "old", "pipe", "q"],
        &["apply", "old", "p", "pipe", "--force"],
        &["apply", "old", "p", "link", "--force"],
        &["verify", "old", "pipe", "p"],
        &["info", "pipe"],
    ] {
        let told = desk.fails(&[&["patch"], words].concat(), 1, "E-USAGE");
        assert!(told.contains("is no plain file"), "{words:?}: {told}");
        let kind = |name: &str| fs::symlink_metadata(desk.path(name)).unwrap().file_type();
        assert!(kind("pipe").is_fifo() && kind("link").is_symlink(), "{words:?}");
        assert_eq!((names(&desk), read(&desk, "new")), before, "{words:?}");
    }
}

#[test]
fn a_patch_of_others_needs_somebody_to_vouch_for_it() {
    let desk = desk();
    let made = Command::new("bsdiff").args(["old", "new", "theirs"]).current_dir(&desk.0).output();
    let Ok(made) = made else {
        println!(
            "SKIP a_patch_of_others_needs_somebody_to_vouch_for_it: bsdiff is missing (Debian package bsdiff)"
        );
        assert!(std::env::var("CI").as_deref() != Ok("true"), "bsdiff must be installed on CI");
        return;
    };
    assert!(made.status.success(), "{made:?}");
    let told = refuses(&desk, &["apply", "old", "theirs", "out"], "E-USAGE");
    assert!(told.contains("--sha256"), "{told}");
    refuses(&desk, &["apply", "old", "theirs", "out", "--sha256", &sha256(&desk, "old")], "E-PATCH-RESULT");
    desk.done(&["patch", "verify", "old", "new", "theirs"]);
    desk.done(&["patch", "apply", "old", "theirs", "out", "--sha256", &sha256(&desk, "new")]);
    assert_eq!(read(&desk, "out"), read(&desk, "new"));
}

/// Two files without anything in common keep a maker busy for much longer than the signal takes.
#[cfg(unix)]
#[test]
fn an_interrupted_maker_leaves_nothing() {
    let desk = Desk::new();
    fs::write(desk.path("old"), noise(5, 24 << 20)).unwrap();
    fs::write(desk.path("new"), noise(6, 24 << 20)).unwrap();
    let before = names(&desk);
    for signal in ["-INT", "-TERM"] {
        let mut maker = Command::new(env!("CARGO_BIN_EXE_autoupdate"))
            .current_dir(&desk.0)
            .args(["--json", "patch", "make", "old", "new", "p"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_hidden_file(desk.0.path(), &mut maker);
        let sent = Command::new("kill").args([signal, &maker.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let ended = maker.wait_with_output().unwrap();
        let answer: Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(answer["error"]["code"], "E-INTERRUPTED", "{signal}: {answer}");
        assert_eq!(ended.status.code(), Some(1), "{signal}");
        assert_eq!(names(&desk), before, "{signal}");
    }
}

/// Returns when the maker is at work: it has the file that it must not leave behind.
#[cfg(unix)]
fn wait_for_hidden_file(folder: &std::path::Path, maker: &mut std::process::Child) {
    let hidden = || {
        let entries = fs::read_dir(folder).unwrap();
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(".p."))
    };
    while !hidden() {
        assert!(maker.try_wait().unwrap().is_none(), "it ended without a file");
        std::thread::yield_now();
    }
}
