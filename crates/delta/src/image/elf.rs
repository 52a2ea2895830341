//! ELF, the programs of Linux.
//!
//! Source: the System V gABI, "Object Files" (headers, sections, segments) and its supplements for x86-64 and
//! AArch64; for `.eh_frame_hdr` the Linux Standard Base, Core, "Exception Frames".

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};

use super::regions::{Section, Sections};
use super::{Kind, Layout};

/// How a section header table must start in `.eh_frame_hdr` for [`Kind::FrameIndex`]: version 1, a pointer to
/// `.eh_frame` relative to itself (0x1b), a count of 4 bytes (0x03), entries of 4 bytes relative to the section (0x3b).
const FRAME_INDEX: &[u8] = &[1, 0x1b, 0x03, 0x3b];

/// What is compared of the name of a section.
const LONGEST_NAME: usize = 32;

/// The layout of an ELF file for 64 bits, little endian, that is linked; None for anything else.
pub(super) fn read(bytes: &[u8]) -> Option<Layout> {
    let header = FileHeader64::<LE>::parse(bytes).ok().filter(|header| header.is_little_endian())?;
    let code = match header.e_machine(LE) {
        elf::EM_X86_64 => Kind::X86,
        elf::EM_AARCH64 => Kind::Arm,
        _ => return None,
    };
    let movable = match header.e_type(LE) {
        elf::ET_EXEC => false,
        elf::ET_DYN => true,
        _ => return None,
    };
    let headers = header.section_headers(LE, bytes).ok()?;
    let names = Names::of(header, headers, bytes)?;
    let base = base(header.program_headers(LE, bytes).ok()?)?;
    let mut sections = Sections::new(bytes, base)?;
    for section in headers.iter().filter(|section| is_loaded(section)) {
        let stored = section.sh_type(LE) != elf::SHT_NOBITS;
        let names_of_symbols = symbol_names(section, headers)
            .filter(|names| is_loaded(names))
            .and_then(|names| sections.place(names.sh_addr(LE)));
        sections.add(Section {
            address: section.sh_addr(LE),
            size: section.sh_size(LE),
            offset: section.sh_offset(LE),
            length: if stored { section.sh_size(LE) } else { 0 },
            kind: match names_of_symbols {
                Some(_) => Kind::Symbols,
                None => kind(section, names.get(section), bytes, code, movable),
            },
            anchor: names_of_symbols.unwrap_or(0),
        })?;
    }
    for section in headers.iter().filter(|section| !is_loaded(section)) {
        if let Some(names) = symbol_names(section, headers).filter(|names| !is_loaded(names)) {
            let address = add_unloaded(&mut sections, names, Kind::Opaque, 0)?;
            let anchor = sections.place(address).unwrap_or(0);
            add_unloaded(&mut sections, section, Kind::Symbols, anchor)?;
        }
    }
    Some(Layout { base, regions: sections.finish(), ..Layout::default() })
}

/// The page that the first segment is loaded into; 0 for what can be loaded anywhere.
fn base(segments: &[ProgramHeader64<LE>]) -> Option<u64> {
    const PAGE: u64 = 4096;
    let loaded = segments.iter().filter(|segment| segment.p_type(LE) == elf::PT_LOAD);
    Some(loaded.map(|segment| segment.p_vaddr(LE)).min()? & !(PAGE - 1))
}

/// The string table with the names of the symbols of a section; None if it has no symbols, or strange ones.
fn symbol_names<'a>(
    section: &SectionHeader64<LE>,
    headers: &'a [SectionHeader64<LE>],
) -> Option<&'a SectionHeader64<LE>> {
    const SYMBOL: u64 = 24;
    let symbols = matches!(section.sh_type(LE), elf::SHT_SYMTAB | elf::SHT_DYNSYM);
    let names = headers.get(usize::try_from(section.sh_link(LE)).ok()?)?;
    (symbols && section.sh_entsize(LE) == SYMBOL && names.sh_type(LE) == elf::SHT_STRTAB).then_some(names)
}

/// Takes in a table that is not loaded, as if it were loaded behind all that was added before. Its address, or None if
/// the file is broken.
fn add_unloaded(
    sections: &mut Sections,
    section: &SectionHeader64<LE>,
    kind: Kind,
    anchor: u32,
) -> Option<u64> {
    let (address, length) = (sections.free_address()?, section.sh_size(LE));
    sections.add(Section { address, size: length, offset: section.sh_offset(LE), length, kind, anchor })?;
    Some(address)
}

/// Whether it has a place in memory of its own. Zeros of thread-local storage have none: what they are given is an
/// address that the next section has, too.
fn is_loaded(section: &SectionHeader64<LE>) -> bool {
    let flags = section.sh_flags(LE);
    let zeros_of_threads = section.sh_type(LE) == elf::SHT_NOBITS && flags.contains(elf::SHF_TLS);
    flags.contains(elf::SHF_ALLOC) && !zeros_of_threads
}

fn kind(section: &SectionHeader64<LE>, name: &[u8], bytes: &[u8], code: Kind, movable: bool) -> Kind {
    let flags = section.sh_flags(LE);
    let written = flags.contains(elf::SHF_WRITE);
    match section.sh_type(LE) {
        elf::SHT_NOBITS => Kind::Opaque,
        _ if flags.contains(elf::SHF_EXECINSTR) => code,
        _ if name == b".eh_frame" => Kind::Frames,
        _ if name == b".eh_frame_hdr" => frame_index(section, bytes),
        elf::SHT_RELA | elf::SHT_RELR | elf::SHT_DYNSYM | elf::SHT_DYNAMIC => Kind::Words,
        elf::SHT_INIT_ARRAY | elf::SHT_FINI_ARRAY | elf::SHT_PREINIT_ARRAY => Kind::Words,
        // What may be loaded anywhere holds no address where nothing is ever written.
        elf::SHT_PROGBITS if written || !movable => Kind::Words,
        _ if written => Kind::Words,
        _ => Kind::Opaque,
    }
}

fn frame_index(section: &SectionHeader64<LE>, bytes: &[u8]) -> Kind {
    match section.data(LE, bytes) {
        Ok(data) if data.starts_with(FRAME_INDEX) => Kind::FrameIndex,
        _ => Kind::Opaque,
    }
}

/// The names of the sections.
struct Names<'a>(&'a [u8]);

impl<'a> Names<'a> {
    /// None if there are no sections, or names of them that are not in the file.
    fn of(header: &FileHeader64<LE>, sections: &[SectionHeader64<LE>], bytes: &'a [u8]) -> Option<Self> {
        let table = header.section_strings_index(LE, bytes).ok()?;
        Some(Self(sections.get(table.0)?.data(LE, bytes).ok()?))
    }

    /// The name of a section, or nothing where it has none or a long one.
    fn get(&self, section: &SectionHeader64<LE>) -> &'a [u8] {
        let name = usize::try_from(section.sh_name(LE)).ok().and_then(|start| self.0.get(start..));
        let name = name.unwrap_or_default();
        let name = &name[..name.len().min(LONGEST_NAME)];
        name.iter().position(|&byte| byte == 0).map_or(&[], |end| &name[..end])
    }
}
