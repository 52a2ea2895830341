//! Debian's bsdiff 4.3 reads what we write, and we read what it writes.

#![cfg(unix)]

mod support;

use std::fs;
use std::process::Command;

use support::{apply, expected, make, next_release, program};

/// Whether the program is there. Where it is not, the test says so and gives up; on CI that is a failure.
fn present(test: &str, program: &str) -> bool {
    let there = Command::new(program).output().is_ok();
    if !there {
        println!("SKIP {test}: the program {program} is missing (Debian package bsdiff)");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{program} must be installed on CI");
    }
    there
}

fn pairs() -> Vec<(Vec<u8>, Vec<u8>)> {
    let one = program(21, 300_000);
    let two = next_release(22, &one);
    vec![
        (one.clone(), two.clone()),
        (two, one.clone()),
        (one.clone(), one.clone()),
        (one.clone(), Vec::new()),
        (b"x".to_vec(), one.clone()),
        (one[1_000..].to_vec(), one),
    ]
}

#[test]
fn bspatch_applies_what_we_make() {
    if !present("bspatch_applies_what_we_make", "bspatch") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [old, new, patch] = ["old", "new", "patch"].map(|name| folder.path().join(name));
    for (base, artifact) in pairs() {
        fs::write(&old, &base).unwrap();
        fs::write(&patch, make("bsdiff40", &base, &artifact)).unwrap();
        let output = Command::new("bspatch").args([&old, &new, &patch]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(&new).unwrap(), artifact);
    }
}

#[test]
fn we_apply_what_bsdiff_makes() {
    if !present("we_apply_what_bsdiff_makes", "bsdiff") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [old, new, patch] = ["old", "new", "patch"].map(|name| folder.path().join(name));
    // Debian's bsdiff maps its files, which fails for empty ones.
    for (base, artifact) in pairs().into_iter().filter(|(_, artifact)| !artifact.is_empty()) {
        fs::write(&old, &base).unwrap();
        fs::write(&new, &artifact).unwrap();
        let output = Command::new("bsdiff").args([&old, &new, &patch]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let patch = fs::read(&patch).unwrap();
        assert_eq!(apply("bsdiff40", &base, patch.as_slice(), &expected(&artifact)).unwrap(), artifact);
    }
}
