//! Patches that an early version of this crate made. Every later version applies them, for ever. Making need not
//! give the same bytes again: packing and matching may improve, the formats may not change.

mod images;
mod support;

use std::fs;
use std::path::Path;

use autoupdate_delta as delta;
use images::{Image, images};
use protocol::Digest;
use support::{apply, expected, make};

const BASE: &[u8] = include_bytes!("../fixtures/v1/base");
const ARTIFACT: &[u8] = include_bytes!("../fixtures/v1/artifact");
const BSZ1: &[u8] = include_bytes!("../fixtures/v1/patch.bsz1");
const BSDIFF40: &[u8] = include_bytes!("../fixtures/v1/patch.bsdiff40");
/// From the same base to an artifact of three segments.
const SEGMENTS: &[u8] = include_bytes!("../fixtures/v1/segments.bsz1");

#[test]
fn golden_patches_apply() {
    let rt1 = read("patch.rt1");
    let patches = [("bsz1", BSZ1, 7_350_272), ("bsdiff40", BSDIFF40, 16_777_360), ("rt1", &rt1, 33_563_791)];
    for (id, patch, memory) in patches {
        assert_eq!(apply(id, BASE, patch, &expected(ARTIFACT)).unwrap(), ARTIFACT, "{id}");
        assert_eq!(delta::info(patch).unwrap().memory, memory, "{id}");
    }
}

#[test]
fn a_golden_patch_of_several_segments_applies() {
    let mut artifact = Vec::new();
    for copy in 0..440 {
        let mut release = BASE.to_vec();
        let at = copy * 37 % release.len();
        release[at] = release[at].wrapping_add(1);
        artifact.extend(release);
        artifact.extend(&(copy as u32).to_be_bytes()[1..]);
    }
    let info = delta::info(SEGMENTS).unwrap();
    assert_eq!(info.artifact_sha256, Some(Digest::of(&artifact)));
    assert_eq!(apply("bsz1", BASE, SEGMENTS, &expected(&artifact)).unwrap(), artifact);
}

#[test]
fn what_we_make_today_is_not_worse() {
    for (id, golden) in [("bsz1", BSZ1), ("bsdiff40", BSDIFF40), ("rt1", &read("patch.rt1"))] {
        assert!(make(id, BASE, ARTIFACT).len() <= golden.len() + golden.len() / 20, "{id}");
    }
    for Image { name, base, artifact } in images() {
        let golden = read(&format!("{name}.rt1")).len();
        assert!(make("rt1", &base, &artifact).len() <= golden + golden / 20, "{name}");
    }
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1").join(name)
}

fn read(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

/// Programs that are put together by the test, with every kind of reference; only their patches are kept.
#[test]
fn golden_patches_of_programs_apply() {
    for Image { name, base, artifact } in images() {
        let patch = read(&format!("{name}.rt1"));
        assert_eq!(delta::info(patch.as_slice()).unwrap().streams.len(), 2, "{name} is predicted");
        assert!(apply("rt1", &base, patch.as_slice(), &expected(&artifact)).unwrap() == artifact, "{name}");
    }
}

/// The programs are those of the golden patches.
#[test]
fn programs_are_the_same_for_ever() {
    for Image { name, base, artifact } in images() {
        let info = delta::info(read(&format!("{name}.rt1")).as_slice()).unwrap();
        assert_eq!(info.base.unwrap().sha256, Digest::of(&base), "{name}");
        assert_eq!(info.artifact_sha256.unwrap(), Digest::of(&artifact), "{name}");
    }
}

/// Writes the patches of `rt1` anew. What is there is never changed: this is for a program more, or a new format.
#[test]
#[ignore = "run by hand, to write fixtures"]
fn write_golden_patches() {
    let write = |name: &str, base: &[u8], artifact: &[u8]| {
        let file = fixture(name);
        if !file.exists() {
            fs::write(file, make("rt1", base, artifact)).unwrap();
        }
    };
    write("patch.rt1", BASE, ARTIFACT);
    for Image { name, base, artifact } in images() {
        write(&format!("{name}.rt1"), &base, &artifact);
    }
}
