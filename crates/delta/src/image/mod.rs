//! What an executable consists of, as far as references between its parts go.
//!
//! Only the maker looks at headers of executables. It writes both layouts, of the base and of the artifact, into the
//! patch, so a decoder knows no container and parses none.
//!
//! Layout: [`read`] chooses the container; `elf.rs`, `pe.rs` and `macho.rs` are one each; `go.rs` finds the tables of
//! Go in any of them, and `go_module.rs` what they are relative to; `regions.rs` keeps regions sorted and apart; [`signature()`] finds the hashes of a signed file.
//!
//! Any bytes may come here: they give a layout or none, in time and memory that their length bounds.

mod bytes;
mod elf;
mod go;
mod go_module;
mod macho;
mod pe;
mod regions;
mod signature;
#[cfg(test)]
mod tests;

/// What kind of references a region holds. The numbers are frozen: they are part of the `rt1` format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Bytes without references, or without bytes in the file (`.bss`).
    Opaque = 0,
    /// x86-64 machine code.
    X86 = 1,
    /// AArch64 machine code.
    Arm = 2,
    /// Words of 64 bits, aligned to 8 in the file, that may be absolute addresses (pointers, `.rela` entries).
    Words = 3,
    /// Words of 32 bits, aligned to 4 in the file, that may be code addresses relative to themselves (`.eh_frame`).
    Frames = 4,
    /// Words of 32 bits that are relative to the start of their region (`.eh_frame_hdr`, whose first 12 bytes are a
    /// header and hold none).
    FrameIndex = 5,
    /// Words of 32 bits, aligned to 4 in the file, that may be relative to the image's base (`.pdata`, unwind info,
    /// import tables).
    ImageRelative = 6,
    /// Words of 64 bits, aligned to 8 in the file, whose low 36 bits may be a target (Mach-O chained fix-ups): an
    /// address or a place, by the format of the chain. Images without chains have [`Kind::Words`].
    Fixups = 7,
    /// Go's function table and what it points to.
    GoFunctions = 8,
    /// Symbols of ELF: entries of 24 bytes, the first one at the start of the region. The first 4 bytes of an entry are
    /// relative to the region's anchor (a name), the last 16 are a word of 64 bits that may be an absolute address, and
    /// a size.
    Symbols = 9,
    /// Symbols of Mach-O: entries of 16 bytes, the first one at the start of the region. The first 4 bytes of an entry
    /// are relative to the region's anchor (a name), the last 8 may be an absolute address.
    MachSymbols = 10,
    /// Words of 32 bits, aligned to 4 in the file, that are relative to the region's anchor. One whose bits are
    /// all set is none (Go's links to types, its tables of the files of compilation units).
    Anchored = 11,
    /// Go's data of functions: words of 32 bits, aligned to 4 in the file, of which some are relative to names, some to
    /// read-only data; and bytes that look like anything.
    GoData = 12,
    /// Go's read-only data with descriptors of types: as [`Kind::Words`], and words of 32 bits that are relative to the
    /// start of the types or of the code.
    GoTypes = 13,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    const ALL: [Self; 14] = [
        Self::Opaque,
        Self::X86,
        Self::Arm,
        Self::Words,
        Self::Frames,
        Self::FrameIndex,
        Self::ImageRelative,
        Self::Fixups,
        Self::GoFunctions,
        Self::Symbols,
        Self::MachSymbols,
        Self::Anchored,
        Self::GoData,
        Self::GoTypes,
    ];

    /// The kind of this number.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// A part of a file that is loaded as one piece; or a table of it that is not loaded but referred to or full of
/// addresses (the symbols of an ELF file and their names), with a place behind all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    /// Where it starts in the file; 0 if nothing of it is there.
    pub(crate) offset: u32,
    /// How many bytes of it are in the file; 0 for `.bss`.
    pub(crate) length: u32,
    /// Where it is loaded, relative to the image's base.
    pub(crate) place: u32,
    /// How many bytes it has when it is loaded, at least `length`.
    pub(crate) size: u32,
    /// What is in it.
    pub(crate) kind: Kind,
    /// The place that words of the region are relative to, where its kind says so; 0 otherwise.
    pub(crate) anchor: u32,
}

/// Go's tables, as places; what its function table is relative to. All zero for other programs.
/// Source: `runtime/symtab.go` and `cmd/link/internal/ld/pcln.go` of the Go distribution (format of Go 1.20 on); for
/// what is relative to what, `internal/abi/type.go`, `runtime/type.go` and `runtime/stack.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Go {
    /// What code offsets are relative to (`textStart`).
    pub(crate) text: u32,
    /// The function table, to which offsets of functions are relative.
    pub(crate) functions: u32,
    /// Number of functions in it.
    pub(crate) count: u32,
    /// The table of names.
    pub(crate) names: u32,
    /// The table of compilation units. Functions refer to its words of 4 bytes by their number.
    pub(crate) units: u32,
    /// The table of program counter data.
    pub(crate) counters: u32,
    /// Where types start (`types`): what names and types are relative to in descriptors of types, in 32 bits. This and
    /// all that follows is 0 where the file does not tell: in libraries that can be loaded anywhere, for example.
    pub(crate) types: u32,
    /// Where types end (`etypes`). Before Go 1.27 it may be the end of all read-only data.
    pub(crate) types_end: u32,
    /// Where read-only data starts (`rodata`): what the masks of objects on stacks are relative to.
    pub(crate) rodata: u32,
    /// Where the data of functions starts (`gofunc`): stack maps, lists of inlined calls and the like. It is what the
    /// lists of functions' records are relative to.
    pub(crate) data: u32,
    /// Where the data of functions ends (`epclntab`); before Go 1.26 where its last piece starts, the end of which the
    /// file does not tell.
    pub(crate) data_end: u32,
}

/// The layout of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    /// The address that places are relative to.
    pub(crate) base: u64,
    /// The regions, by offset, apart from each other in the file; those of no length come last, by place.
    pub(crate) regions: Vec<Region>,
    /// Go's tables.
    pub(crate) go: Go,
}

impl PageHashes {
    /// Where the hashes end in the file.
    pub(crate) fn end(&self) -> u32 {
        self.offset.saturating_add(self.count.saturating_mul(32))
    }
}

/// The hashes of its own pages that a signed file for macOS holds: whoever has the pages can make them anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageHashes {
    /// Where in the file the array of SHA-256 starts, 32 bytes each; not below `limit`.
    pub(crate) offset: u32,
    /// How many there are: one for every page up to the limit.
    pub(crate) count: u32,
    /// The bytes of a page, a power of two.
    pub(crate) page: u32,
    /// The end of the last page, which may be shorter than the others. The first one starts with the file.
    pub(crate) limit: u32,
}

/// The layout of a program or library for x86-64 or AArch64 as ELF, PE32+ or Mach-O (of one machine).
/// None for anything else, for what is broken, and for files of about 4 GiB and more.
pub(crate) fn read(bytes: &[u8]) -> Option<Layout> {
    let mut layout = elf::read(bytes).or_else(|| pe::read(bytes)).or_else(|| macho::read(bytes))?;
    go::find(bytes, &mut layout);
    Some(layout).filter(|layout| !layout.regions.is_empty())
}

/// The page hashes of a signed Mach-O file (of one machine) for 64 bits, if every one of them is right.
pub(crate) fn signature(bytes: &[u8]) -> Option<PageHashes> {
    signature::read(bytes)
}
