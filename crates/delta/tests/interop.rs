//! Debian's bsdiff 4.3 reads what we write, and we read what it writes. A decoder that was written from the document
//! alone reads `rt1`.

#![cfg(unix)]

mod images;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use images::{Image, images};
use support::{apply, expected, make, next_release, program};

/// Whether the program is there. Where it is not, the test says so and gives up; on CI that is a failure.
fn present(test: &str, program: &str, package: &str) -> bool {
    let there = Command::new(program).output().is_ok();
    if !there {
        println!("SKIP {test}: the program {program} is missing (Debian package {package})");
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
    if !present("bspatch_applies_what_we_make", "bspatch", "bsdiff") {
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
    if !present("we_apply_what_bsdiff_makes", "bsdiff", "bsdiff") {
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

/// The golden patches say the same to whoever has only read docs/PATCH-FORMAT.md.
#[test]
fn a_decoder_written_from_the_document_gives_the_same() {
    if !present("a_decoder_written_from_the_document_gives_the_same", "python3", "python3") {
        return;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = here.join("fixtures/v1");
    let folder = tempfile::tempdir().unwrap();
    let [old, new, patch] = ["old", "new", "patch"].map(|name| folder.path().join(name));
    let [base, artifact] = ["base", "artifact"].map(|name| fs::read(fixtures.join(name)).unwrap());
    let mut programs = images();
    programs.push(Image { name: "patch", base, artifact });
    for Image { name, base, artifact } in programs {
        fs::write(&old, &base).unwrap();
        fs::copy(fixtures.join(format!("{name}.rt1")), &patch).unwrap();
        let decoder = here.join("tests/decoder/rt1.py");
        let output = Command::new("python3").args([&decoder, &old, &patch, &new]).output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        assert!(fs::read(&new).unwrap() == artifact, "{name}");
    }
}
