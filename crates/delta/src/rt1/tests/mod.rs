//! Patches that no maker of ours would write, and programs that it should be good at.

mod bodies;
mod headers;
mod layouts;
mod programs;
mod work;

use protocol::{Digest, FormatId};

use super::chunks::Chunks;
use super::coder::Encoder;
use super::control::{self, Control};
use super::mix::Tools;
use super::number::Numbers;
use super::retarget::{Walk, Walker, walk};
use super::{CODEC_MIX, memory};
use crate::container::{Header, Role, Stream};
use crate::image::{Go, Kind, Layout, PageHashes, Region};
use crate::matching::Block;
use crate::{Error, Expected, Identity, Limits, ReadAt, apply};

/// The targets that a draft learns, as a logarithm.
const LEARNED: u8 = 10;

/// A patch in parts, each of which can be spoilt.
#[derive(Clone)]
struct Draft {
    header: Header,
    control: Vec<u8>,
    content: Vec<u8>,
}

impl Draft {
    /// What this says of a pair, whether it may be said or not. Where a decoder would give up, the encoder does, and what
    /// was said by then is the patch.
    fn new(base: &dyn ReadAt, artifact: &[u8], known: Control) -> Self {
        Self::with(base, artifact, known, LEARNED)
    }

    fn with(base: &dyn ReadAt, artifact: &[u8], known: Control, learned: u8) -> Self {
        let control = control_stream(&known);
        let blocks = known.blocks.len() as u64;
        let length = artifact.len() as u32;
        let plan = Walk {
            base: known.base,
            artifact: known.artifact,
            blocks: &known.blocks,
            pages: known.pages,
            length,
            learned,
        };
        let mut tools = Tools::new(Encoder::new());
        let mut chunks = Chunks::new(base, &plan.base, length).unwrap();
        let inside = known.blocks.iter().all(|block| {
            let ends = [block.base, block.artifact].map(|at| u64::from(at) + u64::from(block.length));
            ends[0] <= base.len() && ends[1] <= length.into()
        });
        if inside {
            let _ = walk(&plan, &mut chunks, &mut tools, &mut Spoken(artifact));
        }
        let content = tools.coder.finish();
        Self::of_streams(base, artifact, blocks, learned, control, content)
    }

    /// A patch of these streams.
    fn of_streams(
        base: &dyn ReadAt,
        artifact: &[u8],
        blocks: u64,
        learned: u8,
        control: Vec<u8>,
        content: Vec<u8>,
    ) -> Self {
        let stream = |role, window_log, plain, packed: &[u8]| Stream {
            role,
            codec: CODEC_MIX,
            window_log,
            plain,
            packed: packed.len() as u64,
        };
        let streams = vec![
            stream(Role::CONTROL, 0, blocks, &control),
            stream(Role::CONTENT, learned, artifact.len() as u64, &content),
        ];
        let header = Header {
            format: rt1(),
            base: Identity { length: base.len(), sha256: Digest::of(b"") },
            artifact: Identity { length: artifact.len() as u64, sha256: Digest::of(artifact) },
            memory: memory(&streams),
            streams,
        };
        Self { header, control, content }
    }

    fn bytes(&self) -> Vec<u8> {
        [self.header.to_bytes(), self.control.clone(), self.content.clone()].concat()
    }
}

/// What this is as a control stream, up to where a decoder would give up.
fn control_stream(known: &Control) -> Vec<u8> {
    let mut tools = Tools::new(Encoder::new());
    let _ = control::code(&mut tools, known, (u32::MAX, u32::MAX), known.blocks.len() as u64);
    tools.coder.finish()
}

/// The maker's side of a walk.
struct Spoken<'a>(&'a [u8]);

impl Walker for Spoken<'_> {
    fn known(&self, offset: u32, length: usize) -> Option<&[u8]> {
        self.0.get(offset as usize..offset as usize + length)
    }

    fn pages(&mut self, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn give(&mut self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

fn rt1() -> FormatId {
    FormatId::parse(FormatId::RT1).unwrap()
}

/// Applies: the artifact or an error, and never a byte too many.
fn run(base: &dyn ReadAt, patch: &[u8], artifact: &[u8]) -> Result<(), Error> {
    let mut out = Vec::new();
    let expected = Expected { length: artifact.len() as u64, sha256: Digest::of(artifact) };
    let base = crate::base::Borrowed(base);
    let result = apply(&rt1(), &base, patch, &mut out, &expected, &Limits::default());
    assert!(out.len() <= artifact.len());
    assert!(result.is_err() || out == artifact);
    result
}

/// The code of the error that it gives.
fn code_of(base: &dyn ReadAt, patch: &[u8], artifact: &[u8]) -> Option<&'static str> {
    run(base, patch, artifact).err().map(|error| error.code())
}

/// Bytes that look random.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A region that is loaded where it is in the file.
const fn region(kind: Kind, offset: u32, length: u32) -> Region {
    Region { offset, length, place: offset, size: length, kind, anchor: 0 }
}

const fn block(base: u32, artifact: u32, length: u32) -> Block {
    Block { base, artifact, length }
}

/// A pair with a layout, in which x86 code calls forward, and the blocks between them.
fn small() -> (Vec<u8>, Vec<u8>, Control) {
    let calls = |shift: u32| -> Vec<u8> {
        (0..100u32)
            .flat_map(|at| {
                let distance = (at * 37 % 300) as i32 - at as i32 * 10 + shift as i32;
                [&[0x90, 0xe8][..], &distance.to_le_bytes(), &[at as u8, 0x55, 0x48, 0x89]].concat()
            })
            .collect()
    };
    let base = [calls(0), noise(1, 200)].concat();
    let artifact = [&calls(0)[..500], b"something new", &calls(0)[500..], &noise(1, 200)].concat();
    let layout = |length| Layout { base: 0, regions: vec![region(Kind::X86, 0, length)], go: Go::default() };
    let control = Control {
        base: layout(1000),
        artifact: layout(1013),
        pages: None,
        blocks: vec![block(0, 0, 500), block(500, 513, 700)],
    };
    (base, artifact, control)
}

/// A patch that takes as much memory as there may be, and its artifact: the words of the base up to `words` are
/// references, each to somewhere else; then there are literals, and the hashes of all pages.
pub(crate) fn large(base: &dyn ReadAt, words: u32) -> (Vec<u8>, Vec<u8>) {
    const LITERALS: u32 = 1_100_000;
    const BLOCKS: u32 = 150_000;
    let length = base.len() as u32;
    let mut artifact = vec![0; length as usize];
    base.read_exact_at(&mut artifact, 0).unwrap();
    // Short blocks at first, one long one then.
    let mut blocks: Vec<Block> = (0..BLOCKS).map(|at| block(at * 16, at * 16, 16)).collect();
    blocks.push(block(BLOCKS * 16, BLOCKS * 16, length - BLOCKS * 16));
    artifact.extend(noise(7, LITERALS as usize));
    let limit = length + LITERALS;
    let pages = PageHashes { offset: limit, count: limit.div_ceil(1 << 12), page: 1 << 12, limit };
    let hashes: Vec<u8> = artifact.chunks(1 << 12).flat_map(|page| *Digest::of(page).as_bytes()).collect();
    artifact.extend(hashes);
    let frames = Region { place: 1 << 24, ..region(Kind::Frames, 0, words) };
    let code = Region { offset: 0, length: 0, place: 0, size: u32::MAX, kind: Kind::X86, anchor: 0 };
    let layout = Layout { base: 0, regions: vec![frames, code], go: Go::default() };
    let control = Control { base: layout.clone(), artifact: layout, pages: Some(pages), blocks };
    (Draft::with(base, &artifact, control, 20).bytes(), artifact)
}

#[test]
fn drafts_are_good_until_they_are_spoilt() {
    let (base, artifact, control) = small();
    let draft = Draft::new(&base, &artifact, control);
    run(&base, &draft.bytes(), &artifact).unwrap();
}
