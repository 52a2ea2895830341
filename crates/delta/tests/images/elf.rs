//! ELF: code, texts, an unwind table with its index, pointers with their relocations, symbols.

use super::code::{Code, Places};
use super::{Bytes, Machine, Release};

/// A section.
pub struct Section {
    pub name: &'static str,
    pub kind: u64,
    pub flags: u64,
    pub bytes: Vec<u8>,
    /// The section that it goes with, and the bytes of an entry.
    pub link: u64,
    pub entry: u64,
}

pub const PROGBITS: u64 = 1;
const SYMTAB: u64 = 2;
const STRTAB: u64 = 3;
const RELA: u64 = 4;
pub const ALLOC: u64 = 2;
pub const WRITE: u64 = 1;
pub const CODE: u64 = 4;

/// A page and what comes before the first section.
const HEAD: u64 = 0x1000;

impl Section {
    pub fn new(name: &'static str, kind: u64, flags: u64, bytes: Vec<u8>) -> Self {
        Self { name, kind, flags, bytes, link: 0, entry: 0 }
    }
}

/// Where sections of these lengths are loaded, from the image's base on. It is where they are in the file.
pub fn places(lengths: &[u64]) -> Vec<u64> {
    let mut at = HEAD;
    lengths
        .iter()
        .map(|length| {
            let place = at;
            at = (at + length).next_multiple_of(64);
            place
        })
        .collect()
}

pub fn build(machine: Machine, release: Release) -> Vec<u8> {
    let code = Code::new(machine, release);
    let count = code.count() as u64;
    let texts = code.texts();
    // The unwind table has 24 bytes for each function behind 24 for all, its index 8 behind 12.
    let lengths = [
        code.length(),
        texts.len() as u64,
        12 + 8 * count,
        24 + 24 * count,
        code.variables() + 8 * count,
        24 * count,
    ];
    let at = places(&lengths);
    let places = Places { code: at[0], texts: at[1], variables: at[4] };
    let function = |index: u64| at[0] + code.starts[index as usize];
    let (mut index, mut frames) = (Bytes::default(), Bytes::default());
    index.raw(&[1, 0x1b, 0x03, 0x3b]).u32(&[at[3].wrapping_sub(at[2] + 4), count]);
    frames.u32(&[20, 0]).raw(&[1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x1b, 12, 7, 8, 0x90, 1, 0, 0]);
    let mut pointers = Bytes(vec![0; code.variables() as usize]);
    let mut relocations = Bytes::default();
    let (mut symbols, mut names) = (Bytes(vec![0; 24]), Bytes(vec![0]));
    for number in 0..count {
        let frame = at[3] + frames.at();
        index.u32(&[function(number).wrapping_sub(at[2]), frame.wrapping_sub(at[2])]);
        let length = code.starts[number as usize + 1] - code.starts[number as usize];
        let to_code = function(number).wrapping_sub(frame + 8);
        frames.u32(&[20, frames.at() + 4, to_code, length]).raw(&[0, 0x41, 14, 16, 0x86, 2, 0, 0]);
        relocations.u64(&[at[4] + pointers.at(), 8, function(number)]);
        pointers.u64(&[function(number)]);
        symbols.u32(&[names.at(), 0x0001_0012]).u64(&[function(number), length]);
        names.raw(format!("function_{number}\0").as_bytes());
    }
    let sections = vec![
        Section::new(".text", PROGBITS, ALLOC | CODE, code.bytes(places)),
        Section::new(".rodata", PROGBITS, ALLOC, texts),
        Section::new(".eh_frame_hdr", PROGBITS, ALLOC, index.0),
        Section::new(".eh_frame", PROGBITS, ALLOC, frames.0),
        Section::new(".data", PROGBITS, ALLOC | WRITE, pointers.0),
        Section { entry: 24, ..Section::new(".rela.dyn", RELA, ALLOC, relocations.0) },
        Section { link: 8, entry: 24, ..Section::new(".symtab", SYMTAB, 0, symbols.0) },
        Section::new(".strtab", STRTAB, 0, names.0),
    ];
    write(machine, true, 0, sections)
}

/// The file of these sections.
pub fn write(machine: Machine, movable: bool, base: u64, mut sections: Vec<Section>) -> Vec<u8> {
    let mut names = Bytes(vec![0]);
    sections.push(Section::new(".shstrtab", STRTAB, 0, Vec::new()));
    let starts: Vec<u64> = sections
        .iter()
        .map(|section| {
            let start = names.at();
            names.raw(section.name.as_bytes()).raw(&[0]);
            start
        })
        .collect();
    sections.last_mut().unwrap().bytes = names.0;
    let lengths: Vec<u64> = sections.iter().map(|section| section.bytes.len() as u64).collect();
    let at = places(&lengths);
    let table = (at[at.len() - 1] + lengths[at.len() - 1]).next_multiple_of(64);
    let machine = if machine == Machine::X86 { 62 } else { 183 };
    let mut file = Bytes::default();
    file.raw(b"\x7fELF\x02\x01\x01").align(16);
    file.u16(&[if movable { 3 } else { 2 }, machine]).u32(&[1]).u64(&[base + at[0], 64, table]);
    file.u32(&[0]).u16(&[64, 56, 1, 64, sections.len() as u64 + 1, sections.len() as u64]);
    // One segment that holds everything.
    file.u32(&[1, 7]).u64(&[0, base, base, table, table, 0x1000]);
    for (section, at) in sections.iter().zip(&at) {
        file.0.resize(*at as usize, 0);
        file.raw(&section.bytes);
    }
    file.align(64).raw(&[0; 64]);
    for (index, section) in sections.iter().enumerate() {
        let address = if section.flags & ALLOC == 0 { 0 } else { base + at[index] };
        file.u32(&[starts[index], section.kind]).u64(&[section.flags, address, at[index], lengths[index]]);
        file.u32(&[section.link, 0]).u64(&[8, section.entry]);
    }
    file.0
}
