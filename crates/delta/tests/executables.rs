//! Executables through the whole of the crate: exact in all formats, and signed ones whatever their pages.

mod images;
mod support;

use images::{Image, Release, images, signed};
use support::{FORMATS, apply, expected, make};

#[test]
fn images_come_out_exactly() {
    for Image { name, base, artifact } in images() {
        for (base, artifact) in [(&base, &artifact), (&artifact, &base), (&base, &base)] {
            let lengths = FORMATS.map(|id| {
                let patch = make(id, base, artifact);
                assert!(apply(id, base, patch.as_slice(), &expected(artifact)).unwrap() == *artifact);
                patch.len()
            });
            println!("{name}: {lengths:?}");
            // Much less than without references.
            assert!(base == artifact || lengths[0] * 3 <= lengths[2] * 2, "{name}: {lengths:?}");
        }
    }
}

/// Programs of one machine turn into those of another, and into what is none.
#[test]
fn images_turn_into_each_other() {
    let images = images();
    let junk = images.iter().map(|image| &image.base[3..]).collect::<Vec<_>>().concat();
    let files: Vec<&[u8]> =
        images.iter().map(|image| image.base.as_slice()).chain([junk.as_slice()]).collect();
    for base in &files {
        for artifact in &files {
            let patch = make("rt1", base, artifact);
            assert!(apply("rt1", *base, patch.as_slice(), &expected(artifact)).unwrap() == *artifact);
        }
    }
}

/// Some sizes of pages are the format's, others are bytes as any.
#[test]
fn pages_of_any_size() {
    for page in 9..=20 {
        let [base, artifact] = [Release::First, Release::Next].map(|release| signed(release, page));
        let patch = make("rt1", &base, &artifact);
        assert!(apply("rt1", &base, patch.as_slice(), &expected(&artifact)).unwrap() == artifact);
        let mut damaged = artifact.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        let other = make("rt1", &base, &damaged);
        assert!(apply("rt1", &base, other.as_slice(), &expected(&damaged)).unwrap() == damaged);
        // The hash of one page of two is wrong: all of them are told, or they were told before, too.
        let believed = (12..=16).contains(&page);
        let more = other.len() as i64 - patch.len() as i64;
        println!("2^{page}: {} bytes, {more} more when a hash is wrong", patch.len());
        assert_eq!(believed, more > 16, "2^{page}: {} {}", patch.len(), other.len());
    }
}
