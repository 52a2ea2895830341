//! Page hashes of signed programs: lld signs for Apple's own processors.

use protocol::Digest;

use super::super::{PageHashes, signature};
use super::files;

#[test]
fn the_hashes_are_those_of_the_pages() {
    for (name, _, bytes) in files("the_hashes_are_those_of_the_pages") {
        if name != "macho-arm64" {
            // On a Mac the Rust program is signed, too.
            assert!(signature(bytes).is_none() || name == "rust", "{name}");
            continue;
        }
        let PageHashes { offset, count, page, limit } = signature(bytes).unwrap();
        let mut made = bytes.to_vec();
        made[offset as usize..][..32 * count as usize].fill(0);
        for index in 0..count {
            let end = limit.min(page * (index + 1));
            let hash = Digest::of(&bytes[(page * index) as usize..end as usize]);
            made[(offset + 32 * index) as usize..][..32].copy_from_slice(hash.as_bytes());
        }
        assert!(made == bytes);
    }
}

#[test]
fn hashes_that_are_wrong_are_not_told() {
    for (name, _, bytes) in files("hashes_that_are_wrong_are_not_told") {
        if name != "macho-arm64" {
            continue;
        }
        let PageHashes { offset, count, page, limit } = signature(bytes).unwrap();
        for wrong in [page + 5, limit - 1, offset, offset + 32 * count - 1] {
            let mut bytes = bytes.to_vec();
            bytes[wrong as usize] ^= 1;
            assert_eq!(signature(&bytes), None, "{wrong}");
        }
    }
}
