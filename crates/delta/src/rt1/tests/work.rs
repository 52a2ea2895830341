//! Patches that ask for much work with few bytes.

use std::cell::Cell;
use std::io;

use super::super::make;
use super::*;
use crate::Options;
use crate::references::CHUNK;

/// Two chunks so far apart that only one of them is kept at a time.
const APART: u32 = 1024 * CHUNK;

/// Counts what is read.
struct Counted {
    bytes: Vec<u8>,
    reads: Cell<u64>,
}

impl ReadAt for Counted {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.reads.set(self.reads.get() + 1);
        self.bytes.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

fn counted(bytes: Vec<u8>) -> Counted {
    Counted { bytes, reads: Cell::new(0) }
}

/// One byte here, one byte there, for ever: each needs its chunk anew.
#[test]
fn scattered_blocks_are_refused() {
    let base = counted(noise(5, APART as usize + 8192));
    let allowed = |artifact: u64| (base.len() + artifact) / u64::from(CHUNK) * 32 + 4096;
    for (count, good) in [(30_000u32, true), (60_000, false)] {
        let blocks: Vec<Block> = (0..count).map(|at| block(at % 2 * APART, at, 1)).collect();
        let artifact: Vec<u8> = blocks.iter().map(|block| base.bytes[block.base as usize]).collect();
        let control = Control { blocks, ..Control::default() };
        let patch = Draft::new(&base, &artifact, control).bytes();
        base.reads.set(0);
        let result = run(&base, &patch, &artifact);
        let most = allowed(count.into());
        if good {
            result.unwrap();
        } else {
            let error = result.unwrap_err().to_string();
            assert_eq!(error, "the patch is malformed: blocks that are scattered all over the base");
            assert_eq!(base.reads.get(), most);
        }
    }
}

/// What lies beside a gap is work, too.
#[test]
fn scattered_gaps_are_refused() {
    let base = noise(5, APART as usize + 8192);
    // At the end of a chunk, so that the bytes beside the gaps are in the next one.
    let blocks: Vec<Block> = (0..20_000).map(|at| block(at % 2 * APART + CHUNK - 1, at * 2, 1)).collect();
    let artifact: Vec<u8> = blocks.iter().flat_map(|block| [base[block.base as usize], 0]).collect();
    let control = Control { blocks, ..Control::default() };
    let patch = Draft::new(&base, &artifact, control).bytes();
    let error = run(&base, &patch, &artifact).unwrap_err().to_string();
    assert_eq!(error, "the patch is malformed: blocks that are scattered all over the base");
}

/// A pair for which this is the best way gets another one.
#[test]
fn a_scattered_pair_is_made_as_a_whole() {
    let base = noise(6, (APART + 64 * CHUNK) as usize);
    let mut artifact = Vec::new();
    for at in 0..66_000 {
        let start = (at % 2 * APART + at / 2 * 7 % 64 * CHUNK + at / 128 * 7 % (CHUNK - 32)) as usize;
        artifact.extend(&base[start..start + 32]);
    }
    let patch = make(&base, &artifact, &Options::default()).unwrap();
    assert_eq!(crate::info(patch.as_slice()).unwrap().streams.len(), 1);
    run(&base, &patch, &artifact).unwrap();
}

/// A table of functions whose records are all the same: nothing but its number of functions says how many.
#[test]
fn records_of_functions_that_do_not_go_on_are_left() {
    let base = counted(vec![0; 20_000]);
    let artifact = vec![0; 4000];
    for (place, count) in [(0, u32::MAX), (0, 1 << 20), (100, 1 << 20)] {
        let table = region(Kind::GoFunctions, place, 19_000);
        let layout = Layout { base: 0, regions: vec![table], go: Go { count, ..Go::default() } };
        let control = Control { base: layout, blocks: vec![block(0, 0, 4000)], ..Control::default() };
        let quick = Control { base: Layout::default(), ..control.clone() };
        let mut draft = Draft::new(&base, &artifact, quick);
        draft.control = control_stream(&control);
        draft.header.streams[0].packed = draft.control.len() as u64;
        base.reads.set(0);
        let _ = run(&base, &draft.bytes(), &artifact);
        assert!(base.reads.get() < 1000, "{} reads", base.reads.get());
    }
}

/// Many tables of functions in one chunk: each is searched.
#[test]
fn more_than_one_table_of_functions_is_refused() {
    let (base, artifact) = (counted(vec![0; 20_000]), vec![0; 4000]);
    let regions = (0..1000).map(|at| region(Kind::GoFunctions, at * 4, 4)).collect();
    let layout = Layout { base: 0, regions, go: Go { count: 1 << 30, ..Go::default() } };
    let control = Control { base: layout, blocks: vec![block(0, 0, 4000)], ..Control::default() };
    let draft = Draft::of_streams(&base, &artifact, 1, LEARNED, control_stream(&control), vec![0; 100]);
    let error = run(&base, &draft.bytes(), &artifact).unwrap_err().to_string();
    assert_eq!(error, "the patch is malformed: a layout that is none");
    assert_eq!(base.reads.get(), 0);
}
