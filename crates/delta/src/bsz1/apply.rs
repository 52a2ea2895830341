//! Applies `bsz1`.

use std::io::{Read, Write};

use protocol::FormatId;

use super::zstream::Unpacker;
use super::{CONTROL, PACKED_EXTRA, SEGMENT, memory, streams, varint};
use crate::container::{Header, Stream};
use crate::input::Input;
use crate::rebuild::{Outside, Rebuild};
use crate::{Error, Expected, Limits, ReadAt};

/// How much of the patch is read at once.
const READ_BYTES: usize = 32 << 10;

/// See [`crate::apply`].
pub(crate) fn apply(
    base: &dyn ReadAt,
    patch: &mut dyn Read,
    out: &mut dyn Write,
    expected: &Expected,
    limits: &Limits,
) -> Result<(), Error> {
    let mut input = Input::new(patch);
    let header = Header::read(FormatId::BSZ1, &mut input)?;
    header.check(base.len(), expected, limits)?;
    let declared = streams(&header.streams, expected.length)?;
    if header.memory != memory(&declared) {
        return Err(Error::Malformed("a header that declares another need of memory than it has"));
    }
    let [control, difference, extra] = declared;
    let mut control = Pieces::new(control, CONTROL)?;
    let mut difference = Pieces::new(difference, SEGMENT)?;
    let mut extra = Pieces::new(extra, SEGMENT)?;
    let mut result = Rebuild::new(base, Outside::Refused, out, expected);
    while result.left() > 0 {
        let lengths = [input.array()?, input.array()?, input.array()?].map(Lengths::from_bytes);
        let [for_control, for_difference, for_extra] = lengths;
        let bytes = u64::from(for_difference.plain) + u64::from(for_extra.plain);
        if bytes == 0 || bytes > u64::from(SEGMENT) {
            return Err(Error::Malformed("a segment of impossible length"));
        }
        control.next(for_control, &mut input)?;
        difference.next(for_difference, &mut input)?;
        extra.next(for_extra, &mut input)?;
        segment(&mut control, &mut difference, &mut extra, &mut result)?;
    }
    for stream in [&control, &difference, &extra] {
        stream.end()?;
    }
    input.end()?;
    result.finish()
}

/// Takes the steps of one segment.
fn segment(
    control: &mut Pieces,
    difference: &mut Pieces,
    extra: &mut Pieces,
    result: &mut Rebuild,
) -> Result<(), Error> {
    let mut steps = control.rest();
    while !steps.is_empty() {
        let seek = varint::take_signed(&mut steps)?;
        let add = varint::take(&mut steps)?;
        let copy = varint::take(&mut steps)?;
        if add == 0 && copy == 0 {
            return Err(Error::Malformed("a step that gives nothing"));
        }
        result.seek(seek)?;
        result.add(add, |room| difference.take(room))?;
        result.copy(copy, |room| extra.take(room))?;
    }
    if difference.rest().is_empty() && extra.rest().is_empty() {
        Ok(())
    } else {
        Err(Error::Malformed("a segment that does not use what it brings"))
    }
}

/// The lengths of a piece in a segment's header.
#[derive(Clone, Copy)]
struct Lengths {
    plain: u32,
    packed: u32,
}

impl Lengths {
    fn from_bytes(bytes: [u8; 8]) -> Self {
        let both = u64::from_le_bytes(bytes);
        Self { plain: (both & u64::from(u32::MAX)) as u32, packed: (both >> 32) as u32 }
    }
}

/// One stream: its piece of the segment at hand, and what is still to come.
struct Pieces {
    unpacker: Unpacker,
    /// The longest plain piece that is allowed.
    longest: u32,
    /// What of the declared lengths did not come yet.
    plain_left: u64,
    packed_left: u64,
    /// Packed bytes on their way.
    chunk: Box<[u8]>,
    /// The piece, one byte longer than it is.
    room: Vec<u8>,
    /// The part of `room` that was not used yet.
    unused: std::ops::Range<usize>,
}

impl Pieces {
    fn new(stream: Stream, longest: u32) -> Result<Self, Error> {
        Ok(Self {
            unpacker: Unpacker::new(stream.plain, stream.window_log)?,
            longest,
            plain_left: stream.plain,
            packed_left: stream.packed,
            chunk: vec![0; READ_BYTES].into_boxed_slice(),
            room: Vec::new(),
            unused: 0..0,
        })
    }

    /// Reads and unpacks the next piece.
    fn next(&mut self, lengths: Lengths, input: &mut Input) -> Result<(), Error> {
        let Lengths { plain, packed } = lengths;
        if plain > self.longest || packed > plain.saturating_add(PACKED_EXTRA) {
            return Err(Error::Malformed("a piece of impossible length"));
        }
        let left = |left: u64, piece: u32| {
            left.checked_sub(piece.into()).ok_or(Error::Malformed("pieces longer than their stream"))
        };
        self.plain_left = left(self.plain_left, plain)?;
        self.packed_left = left(self.packed_left, packed)?;

        let plain = plain as usize;
        // One byte more than declared: a piece that gives too much is noticed by filling it.
        self.room.clear();
        self.room.resize(plain + 1, 0);
        let (mut written, mut packed) = (0, packed as usize);
        while packed > 0 {
            let bytes = self.chunk.get_mut(..packed.min(READ_BYTES)).unwrap_or_default();
            input.fill(bytes)?;
            packed -= bytes.len();
            written += self.unpacker.unpack(bytes, self.room.get_mut(written..).unwrap_or_default())?;
        }
        if written != plain {
            return Err(Error::Malformed("a piece of another length than declared"));
        }
        self.unused = 0..plain;
        Ok(())
    }

    /// What of the piece was not used yet.
    fn rest(&self) -> &[u8] {
        self.room.get(self.unused.clone()).unwrap_or_default()
    }

    /// Uses the next bytes of the piece.
    fn take(&mut self, to: &mut [u8]) -> Result<(), Error> {
        let bytes =
            self.rest().get(..to.len()).ok_or(Error::Malformed("a step uses more than its segment has"))?;
        to.copy_from_slice(bytes);
        self.unused.start += to.len();
        Ok(())
    }

    /// Makes sure that the stream is complete.
    fn end(&self) -> Result<(), Error> {
        if self.plain_left == 0 && self.packed_left == 0 && self.unpacker.ended() {
            Ok(())
        } else {
            Err(Error::Malformed("streams longer than the artifact"))
        }
    }
}
