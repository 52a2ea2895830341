//! Patches that an early version of this crate made. Every later version applies them, for ever. Making need not
//! give the same bytes again: packing and matching may improve, the formats may not change.

mod support;

use autoupdate_delta as delta;
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
    for (id, patch, memory) in [("bsz1", BSZ1, 7_350_272), ("bsdiff40", BSDIFF40, 16_777_360)] {
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
    for (id, golden) in [("bsz1", BSZ1), ("bsdiff40", BSDIFF40)] {
        assert!(make(id, BASE, ARTIFACT).len() <= golden.len() + golden.len() / 20, "{id}");
    }
}
