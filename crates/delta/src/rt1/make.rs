//! Makes `rt1`.

use protocol::{Digest, FormatId};

use super::chunks::{Chunks, TOO_SCATTERED};
use super::coder::Encoder;
use super::control::{self, Control};
use super::mix::Tools;
use super::retarget::{Walk, Walker, walk};
use super::{LEARNED_LOG, LONGEST, memory, relabel, related};
use crate::base::Borrowed;
use crate::bsz1::{Packer, window_log};
use crate::container::{CODEC_MIX, CODEC_ZSTD, Header, Role, Stream};
use crate::image::{self, Layout, PageHashes};
use crate::matching::{self, Block, Costs};
use crate::options::{Level, Options, Phase, Progress};
use crate::{Error, Identity};

/// What things cost in the streams of this format, by measurement.
const COSTS: Costs =
    Costs { block: 16 * 16, seek: 28, gap: 5 * 16, literal: 70, difference: 145, next_difference: 100 };

/// How hard the whole artifact is packed: where it is known to be a waste, and where it may be better than a patch.
const WHOLE_QUICKLY: i32 = 6;
const WHOLE: i32 = 19;

/// The patch from `base` to `artifact`: predicted from the base, or the whole artifact where that is no longer.
pub(crate) fn make(base: &[u8], artifact: &[u8], options: &Options<'_>) -> Result<Vec<u8>, Error> {
    let longest = base.len().max(artifact.len());
    if longest > LONGEST as usize || !related::related(base, artifact) {
        return whole(base, artifact, WHOLE_QUICKLY);
    }
    let predicted = match predicted(base, artifact, options) {
        Err(Error::Malformed(TOO_SCATTERED)) => return whole(base, artifact, WHOLE),
        other => other?,
    };
    if predicted.len() <= artifact.len() / 2 {
        return Ok(predicted);
    }
    let whole = whole(base, artifact, WHOLE)?;
    Ok(if whole.len() < predicted.len() { whole } else { predicted })
}

/// The whole artifact, packed.
fn whole(base: &[u8], artifact: &[u8], level: i32) -> Result<Vec<u8>, Error> {
    let plain = artifact.len() as u64;
    let mut packer = Packer::with_level(plain, level).map_err(Error::Compress)?;
    let packed = packer.pack(artifact, true).map_err(Error::Compress)?;
    let window_log = window_log(plain);
    let stream =
        Stream { role: Role::CONTENT, codec: CODEC_ZSTD, window_log, plain, packed: packed.len() as u64 };
    Ok([header(base, artifact, vec![stream])?.to_bytes(), packed].concat())
}

/// The artifact as predicted from the base, and what differs from that.
fn predicted(base: &[u8], artifact: &[u8], options: &Options<'_>) -> Result<Vec<u8>, Error> {
    let known = plan(base, artifact, options)?;
    let lengths = (length(base), length(artifact));
    let mut tools = Tools::new(Encoder::new());
    control::code(&mut tools, &known, lengths, known.blocks.len() as u64)?;
    let control = tools.coder.finish();

    let learned = learned_log(lengths.0);
    let plan = Walk {
        base: known.base,
        artifact: known.artifact,
        blocks: &known.blocks,
        pages: known.pages,
        length: lengths.1,
        learned,
    };
    let mut tools = Tools::new(Encoder::new());
    let base_bytes = Borrowed(base);
    let mut chunks = Chunks::new(&base_bytes, &plan.base, lengths.1)?;
    walk(&plan, &mut chunks, &mut tools, &mut Known { artifact, done: 0, options })?;
    let content = tools.coder.finish();

    let stream = |role, window_log, plain, packed: &[u8]| Stream {
        role,
        codec: CODEC_MIX,
        window_log,
        plain,
        packed: packed.len() as u64,
    };
    let streams = vec![
        stream(Role::CONTROL, 0, known.blocks.len() as u64, &control),
        stream(Role::CONTENT, learned, artifact.len() as u64, &content),
    ];
    Ok([header(base, artifact, streams)?.to_bytes(), control, content].concat())
}

fn header(base: &[u8], artifact: &[u8], streams: Vec<Stream>) -> Result<Header, Error> {
    let identity = |bytes: &[u8]| Identity { length: bytes.len() as u64, sha256: Digest::of(bytes) };
    let format = FormatId::parse(FormatId::RT1).map_err(|_| Error::NoPatch)?;
    let memory = memory(&streams);
    Ok(Header { format, base: identity(base), artifact: identity(artifact), memory, streams })
}

/// Layouts and blocks.
fn plan(base: &[u8], artifact: &[u8], options: &Options<'_>) -> Result<Control, Error> {
    // Copies of both files take their part of the memory.
    let memory = options.memory.saturating_sub(base.len() as u64 + artifact.len() as u64);
    let options = &Options { memory, ..*options };
    let find = |base: &[u8], artifact: &[u8]| matching::blocks(base, artifact, &COSTS, options);
    let pages = image::signature(artifact);
    let (old, new, blocks) = match image::read(base).zip(image::read(artifact)) {
        Some((old, new)) => {
            let blocks = aware(base, artifact, &old, &new, options)?;
            (old, new, blocks)
        }
        None => (Layout::default(), Layout::default(), find(base, artifact)?),
    };
    let blocks = match pages {
        Some(pages) => without(blocks, pages),
        None => blocks,
    };
    Ok(Control { base: old, artifact: new, pages, blocks })
}

/// Blocks of a pair whose layouts are known: first with references masked, then with them labelled.
fn aware(
    base: &[u8],
    artifact: &[u8],
    old: &Layout,
    new: &Layout,
    options: &Options<'_>,
) -> Result<Vec<Block>, Error> {
    let find = |base: &[u8], artifact: &[u8]| matching::blocks(base, artifact, &COSTS, options);
    let mut blocks = find(&relabel::masked(base, old), &relabel::masked(artifact, new))?;
    let passes = match options.level {
        Level::Fast => 0,
        Level::Default => 1,
        Level::Best => 2,
    };
    if passes > 0 {
        let labelled = relabel::base(base, old);
        for _ in 0..passes {
            blocks = find(&labelled, &relabel::artifact(artifact, new, old, &blocks))?;
        }
    }
    Ok(blocks)
}

/// The blocks without what they give of the hashes, which are made anew.
fn without(blocks: Vec<Block>, pages: PageHashes) -> Vec<Block> {
    let parts = |block: Block| {
        let end = block.artifact + block.length;
        let head = pages.offset.saturating_sub(block.artifact).min(block.length);
        let tail = end.saturating_sub(pages.end()).min(block.length);
        let skipped = block.length - tail;
        if head == block.length || tail == block.length {
            [block, Block { length: 0, ..block }]
        } else {
            let (base, artifact) = (block.base + skipped, block.artifact + skipped);
            [Block { length: head, ..block }, Block { base, artifact, length: tail }]
        }
    };
    blocks.into_iter().flat_map(parts).filter(|block| block.length > 0).collect()
}

/// The length of a file that is not above [`LONGEST`].
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(LONGEST)
}

/// How many targets to learn: one for every 64 bytes of the base, as far as memory goes.
fn learned_log(base: u32) -> u8 {
    let log = 26 - (base | 1).leading_zeros().min(26);
    (log as u8).clamp(*LEARNED_LOG.start(), *LEARNED_LOG.end())
}

/// The maker's walk.
struct Known<'a> {
    artifact: &'a [u8],
    done: u64,
    options: &'a Options<'a>,
}

impl Walker for Known<'_> {
    fn known(&self, offset: u32, length: usize) -> Option<&[u8]> {
        self.artifact.get(offset as usize..offset as usize + length)
    }

    fn pages(&mut self, length: u32) -> Result<(), Error> {
        self.done += u64::from(length);
        Ok(())
    }

    fn give(&mut self, bytes: &[u8]) -> Result<(), Error> {
        /// The artifact's bytes between two reports.
        const STEP: u64 = 1 << 20;
        let before = self.done / STEP;
        self.done += bytes.len() as u64;
        if self.done / STEP > before {
            let total = self.artifact.len() as u64;
            (self.options.progress)(Progress { phase: Phase::Write, done: self.done, total });
        }
        Ok(())
    }
}
