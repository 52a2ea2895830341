//! Mach-O, the programs of macOS.
//!
//! Source: Apple's `mach-o/loader.h` (headers, load commands, segments and sections) and `mach-o/fixup-chains.h`.

use object::LittleEndian as LE;
use object::macho::{self, MachHeader64, Section64, SegmentCommand64, SymtabCommand};
use object::read::macho::{LoadCommandVariant, MachHeader as _, Section as _, Segment as _};

use super::regions::{Section, Sections};
use super::{Kind, Layout};

/// Bytes of a symbol (`nlist_64`).
const SYMBOL: u64 = 16;

/// The layout of a Mach-O file for 64 bits of one machine that is linked; None for anything else.
pub(super) fn read(bytes: &[u8]) -> Option<Layout> {
    let image = Image::parse(bytes)?;
    let base = image.segments.iter().find(|(segment, _)| segment.name() == b"__TEXT")?.0.vmaddr(LE);
    let mut sections = Sections::new(bytes, base)?;
    for (segment, list) in &image.segments {
        let pointers = image.pointers(segment);
        for section in *list {
            let zeros = matches!(
                section.flags(LE).typ(),
                macho::S_ZEROFILL | macho::S_GB_ZEROFILL | macho::S_THREAD_LOCAL_ZEROFILL
            );
            sections.add(Section {
                address: section.addr(LE),
                size: section.size(LE),
                offset: section.offset(LE).into(),
                length: if zeros { 0 } else { section.size(LE) },
                kind: if zeros { Kind::Opaque } else { image.kind(section, pointers) },
                anchor: 0,
            })?;
        }
    }
    if let Some(table) = image.symbols {
        image.add_symbols(table, &mut sections)?;
    }
    Some(Layout { base, regions: sections.finish(), ..Layout::default() })
}

/// What is wanted of the load commands.
struct Image<'a> {
    /// The kind of its code.
    code: Kind,
    /// The segments with their sections.
    segments: Vec<(&'a SegmentCommand64<LE>, &'a [Section64<LE>])>,
    /// Where the symbols and their names are in the file.
    symbols: Option<&'a SymtabCommand<LE>>,
    /// Whether pointers are chained, or plain addresses that another table lists.
    chained: bool,
}

impl<'a> Image<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header = MachHeader64::<LE>::parse(bytes, 0).ok().filter(|header| header.is_little_endian())?;
        let code = match header.cputype(LE) {
            macho::CPU_TYPE_X86_64 => Kind::X86,
            macho::CPU_TYPE_ARM64 => Kind::Arm,
            _ => return None,
        };
        if !matches!(header.filetype(LE), macho::MH_EXECUTE | macho::MH_DYLIB | macho::MH_BUNDLE) {
            return None;
        }
        let mut image = Self { code, segments: Vec::new(), symbols: None, chained: false };
        let mut commands = header.load_commands(LE, bytes, 0).ok()?;
        while let Some(command) = commands.next().ok()? {
            image.chained |= command.cmd() == macho::LC_DYLD_CHAINED_FIXUPS;
            match command.variant().ok()? {
                LoadCommandVariant::Segment64(segment, rest) => {
                    image.segments.push((segment, segment.sections(LE, rest).ok()?));
                }
                LoadCommandVariant::Symtab(table) => image.symbols = Some(table),
                _ => {}
            }
        }
        Some(image)
    }

    /// Takes in the symbols, if they and their names are loaded with a segment. None if the file is broken.
    fn add_symbols(&self, table: &SymtabCommand<LE>, sections: &mut Sections) -> Option<()> {
        let names = (table.stroff.get(LE).into(), table.strsize.get(LE).into());
        let symbols = (table.symoff.get(LE).into(), u64::from(table.nsyms.get(LE)) * SYMBOL);
        let (Some(address), Some(symbols_address)) = (self.address(names), self.address(symbols)) else {
            return Some(());
        };
        let Some(anchor) = sections.place(address) else { return Some(()) };
        let section = |address, (offset, length), kind, anchor| Section {
            address,
            size: length,
            offset,
            length,
            kind,
            anchor,
        };
        sections.add(section(address, names, Kind::Opaque, 0))?;
        sections.add(section(symbols_address, symbols, Kind::MachSymbols, anchor))
    }

    /// The address of a part of the file, given by its offset and length, if a segment holds it.
    fn address(&self, (offset, length): (u64, u64)) -> Option<u64> {
        self.segments.iter().find_map(|(segment, _)| {
            let start = offset.checked_sub(segment.fileoff(LE))?;
            let inside = start.checked_add(length)? <= segment.filesize(LE);
            segment.vmaddr(LE).checked_add(start).filter(|_| inside)
        })
    }

    /// How a segment stores pointers. Code and constants are the same wherever they are loaded, and hold none.
    fn pointers(&self, segment: &SegmentCommand64<LE>) -> Kind {
        match segment.name() {
            name if !name.starts_with(b"__DATA") && !name.starts_with(b"__AUTH") => Kind::Opaque,
            _ if self.chained => Kind::Fixups,
            _ => Kind::Words,
        }
    }

    fn kind(&self, section: &Section64<LE>, pointers: Kind) -> Kind {
        let flags = section.flags(LE);
        match section.name() {
            _ if flags.contains(macho::S_ATTR_PURE_INSTRUCTIONS) => self.code,
            _ if flags.contains(macho::S_ATTR_SOME_INSTRUCTIONS) => self.code,
            b"__eh_frame" => Kind::Frames,
            b"__unwind_info" => Kind::ImageRelative,
            _ => pointers,
        }
    }
}
