//! The header of our own patch formats: who turns into whom, with which streams and how much memory.
//!
//! It is frozen; a new format is a new format id with its own rules for the streams and the body. Layout and
//! rules: `docs/PATCH-FORMAT.md`.

use protocol::{Digest, FormatId};

use crate::input::Input;
use crate::{Error, Expected, Identity, Info, Limits, StreamInfo};

/// The first bytes of every patch in our container. The first is no ASCII, so that no text starts like this.
pub(crate) const MAGIC: &[u8; 8] = b"\x8faupatch";
/// The version of this header.
const VERSION: u16 = 1;
/// The most streams that a header may list.
const MAX_STREAMS: usize = 32;
/// Length of the part before the streams, of one stream, and of the checksum.
const FIXED: usize = 124;
const PER_STREAM: usize = 20;
const CHECKSUM: usize = 8;
/// Stream codec: one zstd frame.
pub(crate) const CODEC_ZSTD: u8 = 1;
/// Stream codec: bits of the model of `rt1`.
pub(crate) const CODEC_MIX: u8 = 2;

/// What a stream carries. Other formats may add roles; which streams there are is each format's to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Role(u8);

impl Role {
    pub(crate) const CONTROL: Self = Self(1);
    pub(crate) const DIFFERENCE: Self = Self(2);
    pub(crate) const EXTRA: Self = Self(3);
    /// Everything but the control stream, in the order of the artifact.
    pub(crate) const CONTENT: Self = Self(4);

    fn name(self) -> &'static str {
        match self {
            Self::CONTROL => "control",
            Self::DIFFERENCE => "difference",
            Self::EXTRA => "extra",
            Self::CONTENT => "content",
            _ => "unknown",
        }
    }
}

/// A stream as the header declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) role: Role,
    pub(crate) codec: u8,
    /// Logarithm of the window that decoding needs.
    pub(crate) window_log: u8,
    /// Bytes after decompression, in the whole patch.
    pub(crate) plain: u64,
    /// Bytes in the patch.
    pub(crate) packed: u64,
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) format: FormatId,
    pub(crate) base: Identity,
    pub(crate) artifact: Identity,
    pub(crate) memory: u64,
    pub(crate) streams: Vec<Stream>,
}

impl Header {
    /// The header's bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let length = FIXED + PER_STREAM * self.streams.len() + CHECKSUM;
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(self.format.as_str().bytes()) {
            *to = from;
        }
        let mut bytes = Vec::with_capacity(length);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(id);
        for identity in [self.base, self.artifact] {
            bytes.extend(identity.length.to_le_bytes());
            bytes.extend(identity.sha256.as_bytes());
        }
        bytes.extend(self.memory.to_le_bytes());
        bytes.extend([u8::try_from(self.streams.len()).unwrap_or(u8::MAX), 0, 0, 0, 0, 0, 0, 0]);
        for stream in &self.streams {
            bytes.extend([stream.role.0, stream.codec, stream.window_log, 0]);
            bytes.extend(stream.plain.to_le_bytes());
            bytes.extend(stream.packed.to_le_bytes());
        }
        bytes.extend(checksum(&bytes));
        bytes
    }

    /// Reads a header of the format `id` with its magic.
    pub(crate) fn read(id: &'static str, input: &mut Input) -> Result<Self, Error> {
        if &input.array()? != MAGIC {
            return Err(Error::NoPatch);
        }
        let header = Self::read_after_magic(input)?;
        if header.format.as_str() == id {
            Ok(header)
        } else {
            Err(Error::OtherFormat { wanted: id, found: header.format.to_string() })
        }
    }

    /// Reads a header whose magic was already read.
    pub(crate) fn read_after_magic(input: &mut Input) -> Result<Self, Error> {
        let mut fields = Fields { input, seen: MAGIC.to_vec() };
        let version = u16::from_le_bytes(fields.array()?);
        if version != VERSION {
            return Err(Error::UnknownContainer(version));
        }
        let length = usize::from(u16::from_le_bytes(fields.array()?));
        let format = format_id(fields.array()?)?;
        let base = fields.identity()?;
        let artifact = fields.identity()?;
        let memory = fields.number()?;
        let [count, 0, 0, 0, 0, 0, 0, 0] = fields.array()? else {
            return Err(Error::Malformed("reserved bytes that are not zero"));
        };
        let count = usize::from(count);
        if count > MAX_STREAMS || length != FIXED + PER_STREAM * count + CHECKSUM {
            return Err(Error::Malformed("a header of impossible length"));
        }
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let [role, codec, window_log, 0] = fields.array()? else {
                return Err(Error::Malformed("reserved bytes that are not zero"));
            };
            streams.push(Stream {
                role: Role(role),
                codec,
                window_log,
                plain: fields.number()?,
                packed: fields.number()?,
            });
        }
        let expected = checksum(&fields.seen);
        if fields.array()? != expected {
            return Err(Error::Malformed("a header with a wrong checksum"));
        }
        Ok(Self { format, base, artifact, memory, streams })
    }

    /// Refuses what is for another base or artifact, or needs too much memory.
    pub(crate) fn check(&self, base: u64, expected: &Expected, limits: &Limits) -> Result<(), Error> {
        if self.artifact.length != expected.length || self.artifact.sha256 != expected.sha256 {
            return Err(Error::OtherArtifact {
                expected_length: expected.length,
                found_length: self.artifact.length,
            });
        }
        if self.base.length != base {
            return Err(Error::OtherBase { patch: self.base.length, base });
        }
        limits.check_memory(self.memory)
    }

    pub(crate) fn info(self) -> Info {
        let stream = |stream: &Stream| StreamInfo {
            name: stream.role.name(),
            plain: Some(stream.plain),
            packed: Some(stream.packed),
        };
        Info {
            format: self.format,
            base: Some(self.base),
            artifact_length: self.artifact.length,
            artifact_sha256: Some(self.artifact.sha256),
            memory: self.memory,
            streams: self.streams.iter().map(stream).collect(),
        }
    }
}

/// The format id: text, then zeros.
fn format_id(bytes: [u8; 16]) -> Result<FormatId, Error> {
    let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, zeros) = bytes.split_at(length);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| zeros.iter().all(|byte| *byte == 0))
        .and_then(|text| FormatId::parse(text).ok())
        .ok_or(Error::Malformed("a format id that is none"))
}

/// The first bytes of the SHA-256 of everything before the checksum. It tells damage from a bad writer; it is no
/// protection, and none is needed.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let digest = Digest::of(bytes);
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// The fields of a header being read, and their bytes for the checksum.
struct Fields<'a, 'b> {
    input: &'a mut Input<'b>,
    seen: Vec<u8>,
}

impl Fields<'_, '_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.input.array()?;
        self.seen.extend(bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn identity(&mut self) -> Result<Identity, Error> {
        Ok(Identity { length: self.number()?, sha256: Digest::from_bytes(self.array()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Header {
        let stream = |role| Stream { role, codec: CODEC_ZSTD, window_log: 12, plain: 7, packed: 8 };
        Header {
            format: FormatId::parse("bsz1").unwrap(),
            base: Identity { length: 3, sha256: Digest::of(b"old") },
            artifact: Identity { length: 4, sha256: Digest::of(b"new!") },
            memory: 5,
            streams: [Role::CONTROL, Role::DIFFERENCE, Role::EXTRA].map(stream).to_vec(),
        }
    }

    #[test]
    fn a_header_reads_as_it_was_written() {
        let bytes = sample().to_bytes();
        assert_eq!(bytes.len(), 192);
        assert_eq!(Header::read("bsz1", &mut Input::new(&mut bytes.as_slice())).unwrap(), sample());
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let good = sample().to_bytes();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert!(Header::read("bsz1", &mut Input::new(&mut bad.as_slice())).is_err(), "byte {at}");
            let cut = Header::read("bsz1", &mut Input::new(&mut &good[..at])).unwrap_err();
            assert!(matches!(cut, Error::Truncated), "cut at {at}: {cut}");
        }
    }
}
