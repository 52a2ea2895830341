//! What the tests of patches share.

#![allow(dead_code, unreachable_pub, missing_docs)]

use std::io::{self, Read, Write};

use autoupdate_delta as delta;
use delta::{Error, Expected, Limits, ReadAt};
use protocol::{Digest, FormatId};

pub const FORMATS: [&str; 3] = [FormatId::RT1, FormatId::BSZ1, FormatId::BSDIFF40];

pub fn format(id: &str) -> FormatId {
    FormatId::parse(id).unwrap()
}

pub fn expected(artifact: &[u8]) -> Expected {
    Expected { length: artifact.len() as u64, sha256: Digest::of(artifact) }
}

pub fn make(id: &str, base: &[u8], artifact: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    let made = delta::make(&format(id), base, artifact, &mut patch).unwrap();
    assert_eq!(made.length, patch.len() as u64);
    patch
}

pub fn apply(
    id: &str,
    base: &(impl ReadAt + ?Sized),
    patch: impl Read,
    expected: &Expected,
) -> Result<Vec<u8>, Error> {
    let mut out = Counted { bytes: Vec::new(), most: expected.length };
    delta::apply(&format(id), base, patch, &mut out, expected, &Limits::default())?;
    Ok(out.bytes)
}

/// Whatever `patch` is: the artifact comes out, or an error and never a byte too many. Gives the error.
pub fn error_or_artifact(id: &str, base: &[u8], patch: &[u8], artifact: &[u8]) -> Option<Error> {
    match apply(id, base, patch, &expected(artifact)) {
        Ok(result) => {
            assert_eq!(result, artifact);
            None
        }
        Err(error) => {
            assert!(error.code().starts_with("E-PATCH-"));
            Some(error)
        }
    }
}

/// Fails the test when more is written than was expected.
struct Counted {
    bytes: Vec<u8>,
    most: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend(bytes);
        assert!(self.bytes.len() as u64 <= self.most, "more was written than expected");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Numbers that look random and are the same everywhere and for ever.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Bytes with the structure of a program: words that return, addresses that grow.
pub fn program(seed: u64, length: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let words: Vec<Vec<u8>> =
        (0..40).map(|_| (0..numbers.next(14) + 2).map(|_| numbers.next(256) as u8).collect()).collect();
    let mut bytes = Vec::with_capacity(length + 32);
    while bytes.len() < length {
        bytes.extend(&words[numbers.next(40) as usize]);
        bytes.extend(((bytes.len() as u64 + numbers.next(4096)) as u32).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The next release of a program: bytes changed, moved in, taken out, a block elsewhere.
pub fn next_release(seed: u64, base: &[u8]) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes = base.to_vec();
    for _ in 0..8 {
        let at = numbers.next(bytes.len() as u64 + 1) as usize;
        match numbers.next(4) {
            0 => bytes.splice(at..at, program(seed + 1, 60)).for_each(drop),
            1 => bytes.drain(at..(at + 50).min(base.len()).min(bytes.len()).max(at)).for_each(drop),
            2 => bytes.rotate_left(at),
            _ => bytes.iter_mut().skip(at).step_by(97).take(30).for_each(|byte| *byte = byte.wrapping_add(3)),
        }
    }
    bytes
}
