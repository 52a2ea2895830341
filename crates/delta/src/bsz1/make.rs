//! Writes `bsz1`.

use protocol::{Digest, FormatId};

use super::zstream::{Packer, window_log};
use super::{CONTROL, ROLES, SEGMENT, memory, varint};
use crate::container::{CODEC_ZSTD, Header, Stream};
use crate::steps::{self, Step};
use crate::{Error, Identity};

/// The most bytes that one step takes: a seek of any size, and two lengths within a segment.
const STEP: usize = varint::MAX_BYTES as usize + 3 + 3;

/// The patch from `base` to `artifact`.
pub(crate) fn make(base: &[u8], artifact: &[u8]) -> Result<Vec<u8>, Error> {
    write(&steps::find(base, artifact).map_err(Error::Compress)?, base, artifact)
}

/// The patch that takes these steps.
pub(crate) fn write(steps: &[Step], base: &[u8], artifact: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plain = Segments::default();
    let (mut old, mut new) = (steps::Cursor::new(base), steps::Cursor::new(artifact));
    for step in steps {
        plain.step(*step, &mut old, &mut new)?;
    }
    plain.close();
    let (packed, body) = plain.pack().map_err(Error::Compress)?;

    let mut streams = Vec::with_capacity(ROLES.len());
    for (role, (plain, packed)) in ROLES.into_iter().zip(plain.streams.iter().zip(packed)) {
        let plain = plain.len() as u64;
        streams.push(Stream { role, codec: CODEC_ZSTD, window_log: window_log(plain), plain, packed });
    }
    let header = Header {
        format: FormatId::parse(FormatId::BSZ1).map_err(|_| Error::NoPatch)?,
        base: Identity { length: base.len() as u64, sha256: Digest::of(base) },
        artifact: Identity { length: artifact.len() as u64, sha256: Digest::of(artifact) },
        memory: memory(&streams),
        streams,
    };
    Ok([header.to_bytes(), body].concat())
}

/// The plain streams, and where the segments end in them.
#[derive(Default)]
struct Segments {
    /// Control, difference, extra.
    streams: [Vec<u8>; 3],
    ends: Vec<[usize; 3]>,
}

impl Segments {
    /// Appends a step, cut where segments end.
    fn step(&mut self, step: Step, old: &mut steps::Cursor, new: &mut steps::Cursor) -> Result<(), Error> {
        let Step { mut seek, mut add, mut copy } = step;
        old.seek(seek)?;
        while add + copy > 0 {
            let [control, difference, extra] = self.open();
            let room = (SEGMENT as usize).saturating_sub(difference + extra) as u64;
            if room == 0 || control + STEP > CONTROL as usize {
                self.close();
                continue;
            }
            let adds = add.min(room);
            let copies = copy.min(room - adds);
            let [control, difference, extra] = &mut self.streams;
            varint::put_signed(control, seek);
            varint::put(control, adds);
            varint::put(control, copies);
            let pairs = new.take(adds)?.iter().zip(old.take(adds)?);
            difference.extend(pairs.map(|(new, old)| new.wrapping_sub(*old)));
            extra.extend(new.take(copies)?);
            (seek, add, copy) = (0, add - adds, copy - copies);
        }
        Ok(())
    }

    /// How many bytes of each stream the segment has that is not closed yet.
    fn open(&self) -> [usize; 3] {
        let mut lengths = self.lengths();
        for (length, start) in lengths.iter_mut().zip(self.ends.last().unwrap_or(&[0; 3])) {
            *length -= start;
        }
        lengths
    }

    fn lengths(&self) -> [usize; 3] {
        self.streams.each_ref().map(Vec::len)
    }

    /// Ends the open segment, if there is anything in it.
    fn close(&mut self) {
        if self.open() != [0; 3] {
            self.ends.push(self.lengths());
        }
    }

    /// The packed length of each stream, and the body.
    fn pack(&self) -> std::io::Result<([u64; 3], Vec<u8>)> {
        let mut packers = Vec::with_capacity(ROLES.len());
        for stream in &self.streams {
            packers.push(Packer::new(stream.len() as u64)?);
        }
        let (mut totals, mut body) = ([0; 3], Vec::new());
        let mut starts = &[0; 3];
        for (at, ends) in self.ends.iter().enumerate() {
            let last = at + 1 == self.ends.len();
            let mut pieces = Vec::new();
            let ranges = starts.iter().zip(ends).map(|(start, end)| *start..*end);
            for (((stream, range), packer), total) in
                self.streams.iter().zip(ranges).zip(&mut packers).zip(&mut totals)
            {
                let plain = stream.get(range).unwrap_or_default();
                let packed = packer.pack(plain, last)?;
                for length in [plain.len(), packed.len()] {
                    body.extend(u32::try_from(length).map_err(std::io::Error::other)?.to_le_bytes());
                }
                *total += packed.len() as u64;
                pieces.extend(packed);
            }
            body.extend(pieces);
            starts = ends;
        }
        Ok((totals, body))
    }
}
