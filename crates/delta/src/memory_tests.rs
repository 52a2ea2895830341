//! Applying takes no more memory than the header declares: measured, in a process that does nothing else.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use protocol::{Digest, FormatId, Hasher};

use crate::{BaseFile, Expected, Limits, ReadAt, apply, bsdiff40, bsz1, child, info, rt1};

/// Bytes that compress by so much that packing is fast, and not to nothing.
fn bytes(length: usize, period: u32) -> Vec<u8> {
    let noise = (0..period).map(|i| (i.wrapping_mul(2_654_435_761) >> 21) as u8);
    noise.cycle().take(length).enumerate().map(|(at, byte)| byte ^ (at >> 16) as u8).collect()
}

/// The number of a line of `/proc/self/status`, in bytes.
fn status(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap() << 10
}

fn check(test: &str, make: impl Fn(&[u8], &[u8]) -> Vec<u8>, format: &str, at_least: u64) {
    if let Some(folder) = child::folder() {
        let base = BaseFile::new(File::open(folder.join("base")).unwrap()).unwrap();
        let patch = File::open(folder.join("patch")).unwrap();
        let sha256 = Digest::parse(&fs::read_to_string(folder.join("sha256")).unwrap()).unwrap();
        let expected = Expected { length: base.len() * 2, sha256 };
        measure(format, &base, patch, &expected, &folder);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = bytes(4 << 20, 100_003);
    let artifact = [bytes(4 << 20, 70_001), bytes(4 << 20, 30_011)].concat();
    let patch = make(&base, &artifact);
    let declared = info(patch.as_slice()).unwrap().memory;
    fs::write(folder.path().join("sha256"), Digest::of(&artifact).to_string()).unwrap();
    fs::write(folder.path().join("base"), base).unwrap();
    fs::write(folder.path().join("patch"), patch).unwrap();
    let took = taken(test, folder.path());
    println!("{format}: took {took} bytes, declared {declared}");
    assert!((at_least..=declared).contains(&took), "took {took}, declared {declared}");
}

/// In the child: applies, and writes down by how much the process grew.
fn measure(format: &str, base: &dyn ReadAt, patch: File, expected: &Expected, folder: &Path) {
    let format = FormatId::parse(format).unwrap();
    // The highest mark starts anew from what there is now.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    apply(&format, &crate::base::Borrowed(base), patch, io::sink(), expected, &Limits::default()).unwrap();
    let took = status("VmHWM:").saturating_sub(before);
    fs::write(folder.join("took"), took.to_string()).unwrap();
}

/// In the parent: by how many bytes the child grew.
fn taken(test: &str, folder: &Path) -> u64 {
    let output = child::run(test, folder);
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(folder.join("took")).unwrap().parse().unwrap()
}

/// Steps that use the whole base for a difference and give as much again as extra.
fn steps() -> Vec<crate::steps::Step> {
    (0..8).map(|_| crate::steps::Step { seek: 0, add: 512 << 10, copy: 512 << 10 }).collect()
}

#[test]
fn bsz1_takes_what_it_declares() {
    let make = |base: &[u8], artifact: &[u8]| bsz1::write(&steps(), base, artifact).unwrap();
    check("memory_tests::bsz1_takes_what_it_declares", make, "bsz1", 8 << 20);
}

#[test]
fn bsdiff40_takes_what_it_declares() {
    let make = |base: &[u8], artifact: &[u8]| bsdiff40::write(&steps(), base, artifact).unwrap();
    check("memory_tests::bsdiff40_takes_what_it_declares", make, "bsdiff40", 4 << 20);
}

/// A base that is nowhere: words that refer to code. At first every chunk has a different number of them, so that memory
/// falls to pieces; then all chunks are full.
struct Endless {
    length: u64,
    /// Where words end that are references.
    words: u64,
}

impl Endless {
    fn word(&self, at: u64) -> u32 {
        let hash = (at as u32 / 4).wrapping_mul(2_654_435_761);
        let share = if at < self.words / 2 { (at as u32 >> 12).wrapping_mul(0x9e37_79b9) >> 24 } else { 0 };
        if at < self.words && hash >> 12 & 0xff >= share { hash >> 6 | 1 } else { 0 }
    }
}

impl ReadAt for Endless {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        for (at, byte) in (offset..).zip(buf.iter_mut()) {
            *byte = self.word(at).to_le_bytes()[(at % 4) as usize];
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.length
    }
}

/// An artifact of 100 MB that makes everything as large as it becomes: all chunks are full of references, all targets
/// are different, literals fill their history, there are many blocks and hashes of pages.
#[test]
fn rt1_takes_what_it_declares() {
    const LENGTH: u64 = 100_000_000;
    let base = Endless { length: LENGTH, words: 12 << 20 };
    if let Some(folder) = child::folder() {
        let sha256 = Digest::parse(&fs::read_to_string(folder.join("sha256")).unwrap()).unwrap();
        let length = fs::read_to_string(folder.join("length")).unwrap().parse().unwrap();
        let patch = File::open(folder.join("patch")).unwrap();
        measure("rt1", &base, patch, &Expected { length, sha256 }, &folder);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (patch, artifact) = rt1::tests::large(&base, base.words as u32);
    let mut hasher = Hasher::new();
    hasher.update(&artifact);
    fs::write(folder.path().join("sha256"), hasher.finish().to_string()).unwrap();
    fs::write(folder.path().join("length"), artifact.len().to_string()).unwrap();
    File::create(folder.path().join("patch")).unwrap().write_all(&patch).unwrap();
    drop(artifact);
    let declared = info(patch.as_slice()).unwrap().memory;
    let took = taken("memory_tests::rt1_takes_what_it_declares", folder.path());
    println!("rt1: took {took} bytes, declared {declared}");
    assert!((32 << 20..=declared).contains(&took), "took {took}, declared {declared}");
    assert!(declared <= 64 << 20, "declared {declared}");
}
