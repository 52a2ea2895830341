//! The hashes that a signed Mach-O file holds of its own pages.
//!
//! Source: `osfmk/kern/cs_blobs.h` in Apple's xnu (`CS_SuperBlob`, `CS_CodeDirectory`); its numbers are big endian.

use object::macho::{self, MachHeader64};
use object::read::macho::{CodeDirectory, CodeSignatureBlob, LoadCommandVariant, MachHeader as _};
use object::{BigEndian as BE, LittleEndian as LE};
use protocol::Digest;

use super::PageHashes;

/// Bytes of a SHA-256.
const HASH: usize = 32;

/// The sizes of a page that are believed, as powers of two, those of the `rt1` format: 4 to 64 KiB. Real are 4 and 16 KiB.
const PAGE_SIZES: std::ops::RangeInclusive<u8> = 12..=16;

/// Directories of which the hashes are tried: the first one and all alternate ones that there can be.
const MOST_DIRECTORIES: usize = 1 + macho::CSSLOT_ALTERNATE_CODEDIRECTORY_MAX as usize;

/// See [`super::signature()`].
pub(super) fn read(bytes: &[u8]) -> Option<PageHashes> {
    let header = MachHeader64::<LE>::parse(bytes, 0).ok().filter(|header| header.is_little_endian())?;
    let mut commands = header.load_commands(LE, bytes, 0).ok()?;
    let command = loop {
        let command = commands.next().ok()??;
        if command.cmd() == macho::LC_CODE_SIGNATURE {
            break command;
        }
    };
    let LoadCommandVariant::LinkeditData(command) = command.variant().ok()? else { return None };
    let start = command.dataoff.get(LE);
    let signature = command.code_signature(LE, bytes).ok()?;
    let directories = signature.blobs().map_while(Result::ok).filter(is_directory).take(MOST_DIRECTORIES);
    directories
        .filter_map(|blob| page_hashes(&blob.code_directory().ok()??, start.checked_add(blob.offset())?))
        .find(|hashes| are_right(hashes, bytes))
}

fn is_directory(blob: &CodeSignatureBlob<'_>) -> bool {
    const ALTERNATES: std::ops::Range<u32> =
        macho::CSSLOT_ALTERNATE_CODEDIRECTORIES..macho::CSSLOT_ALTERNATE_CODEDIRECTORY_LIMIT;
    blob.slot() == macho::CSSLOT_CODEDIRECTORY || ALTERNATES.contains(&blob.slot().0)
}

/// What the directory at this offset of the file says about the hashes of pages, if it is about SHA-256 of pages.
fn page_hashes(directory: &CodeDirectory<'_>, offset: u32) -> Option<PageHashes> {
    let header = directory.header();
    let hash = (header.hash_type, usize::from(header.hash_size));
    let scattered = directory.scatter_offset().is_some_and(|offset| offset != 0);
    if hash != (macho::CS_HASHTYPE_SHA256, HASH) || scattered || !PAGE_SIZES.contains(&header.page_size) {
        return None;
    }
    Some(PageHashes {
        offset: offset.checked_add(header.hash_offset.get(BE))?,
        count: header.n_code_slots.get(BE),
        page: 1 << header.page_size,
        limit: u32::try_from(directory.code_limit()).ok()?,
    })
}

/// Whether the hashes are those of all pages up to the limit, and lie behind them.
fn are_right(hashes: &PageHashes, bytes: &[u8]) -> bool {
    let PageHashes { offset, count, page, limit } = *hashes;
    let (Some(pages), Some(stored)) = (bytes.get(..limit as usize), bytes.get(offset as usize..)) else {
        return false;
    };
    let length = HASH.checked_mul(count as usize);
    let Some(stored) = length.and_then(|length| stored.get(..length)) else { return false };
    count > 0
        && offset >= limit
        && limit.div_ceil(page) == count
        && pages
            .chunks(page as usize)
            .zip(stored.chunks(HASH))
            .all(|(page, hash)| Digest::of(page).as_bytes() == hash)
}
