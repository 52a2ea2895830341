//! Applying takes no more memory than the header declares: measured, in a process that does nothing else.

use std::fs::{self, File};

use protocol::{Digest, FormatId};

use crate::{BaseFile, Expected, Limits, ReadAt as _, apply, bsdiff40, bsz1, child, info};

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
        let format = FormatId::parse(format).unwrap();
        // The highest mark starts anew from what there is now.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status("VmRSS:");
        apply(&format, &base, patch, std::io::sink(), &expected, &Limits::default()).unwrap();
        let took = status("VmHWM:").saturating_sub(before);
        fs::write(folder.join("took"), took.to_string()).unwrap();
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
    let output = child::run(test, folder.path());
    assert!(output.status.success(), "{output:?}");
    let took = fs::read_to_string(folder.path().join("took")).unwrap().parse::<u64>().unwrap();
    println!("{format}: took {took} bytes, declared {declared}");
    assert!((at_least..=declared).contains(&took), "took {took}, declared {declared}");
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
