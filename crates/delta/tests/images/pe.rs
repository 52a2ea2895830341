//! PE: code, texts with unwind information, pointers, and a list of functions.

use super::code::{Code, Machine, Places};
use super::{Bytes, Release};

const BASE: u64 = 0x1_4000_0000;
/// The bytes before the first section, and what sections are aligned to.
const HEAD: u64 = 0x400;
const ALIGN: u64 = 0x1000;

pub fn build(release: Release) -> Vec<u8> {
    let code = Code::new(Machine::X86, release);
    let count = code.count() as u64;
    let texts = code.texts();
    let lengths = [code.length(), texts.len() as u64 + 8 * count, code.variables() + 8 * count, 12 * count];
    let mut places = Vec::new();
    let mut next = ALIGN;
    for length in lengths {
        places.push(next);
        next = (next + length).next_multiple_of(ALIGN);
    }
    let (mut constants, mut pointers, mut functions) =
        (Bytes(texts), Bytes(vec![0; code.variables() as usize]), Bytes::default());
    for number in 0..count {
        let [start, end] = [number, number + 1].map(|at| places[0] + code.starts[at as usize]);
        functions.u32(&[start, end, places[1] + constants.at()]);
        // Version 1, a prologue of 4 bytes, 2 codes.
        constants.raw(&[1, 4, 2, 0, 4, 0x42, 1 + (number % 5) as u8, 0x50]);
        pointers.u64(&[BASE + start]);
    }
    let at = Places { code: places[0], texts: places[1], variables: places[2] };
    let sections = [
        (".text", 0x6000_0020, code.bytes(at)),
        (".rdata", 0x4000_0040, constants.0),
        (".data", 0xc000_0040, pointers.0),
        (".pdata", 0x4000_0040, functions.0),
    ];
    let mut file = Bytes::default();
    file.raw(b"MZ").align(0x3c).u32(&[0x80]).align(0x80);
    file.raw(b"PE\0\0").u16(&[0x8664, 4]).u32(&[0, 0, 0]).u16(&[240, 0x22]);
    file.u16(&[0x20b, 14]).u32(&[0x1000, 0x1000, 0, ALIGN, ALIGN]).u64(&[BASE]).u32(&[ALIGN, 0x200]);
    file.u16(&[6, 0, 0, 0, 6, 0]).u32(&[0, next, HEAD, 0]).u16(&[3, 0x8160]);
    file.u64(&[1 << 20, 1 << 12, 1 << 20, 1 << 12]).u32(&[0, 16]);
    for directory in 0..16 {
        file.u32(&if directory == 3 { [places[3], lengths[3]] } else { [0, 0] });
    }
    let mut start = HEAD;
    for ((name, flags, bytes), place) in sections.iter().zip(&places) {
        let raw = (bytes.len() as u64).next_multiple_of(0x200);
        file.name(name, 8).u32(&[bytes.len() as u64, *place, raw, start, 0, 0]).u16(&[0, 0]).u32(&[*flags]);
        start += raw;
    }
    file.align(HEAD as usize);
    for (_, _, bytes) in sections {
        file.raw(&bytes).align(0x200);
    }
    file.0
}
