//! Go in ELF: its function table, what that is relative to, descriptors of types, data of functions.

use super::code::{Code, Machine, Places, hash};
use super::elf::{self, ALLOC, CODE, PROGBITS, Section, WRITE, write};
use super::{Bytes, Release};

const BASE: u64 = 0x40_0000;
/// Bytes of the header of the function table.
const HEADER: u64 = 72;
/// Types, each with a descriptor, methods and a package.
const TYPES: u64 = 40;
/// Bytes of each: the descriptor, the part for types with methods, two methods.
const TYPE: u64 = 48 + 16 + 32;

pub fn build(release: Release) -> Vec<u8> {
    let code = Code::new(Machine::X86, release);
    let moved = if release == Release::Next { 64 } else { 0 };
    let texts = code.texts();
    let data = functions_data(&code, moved);
    let table = function_table(&code, moved);
    let lengths = |table: u64| {
        let types = 64 + moved + TYPES * TYPE;
        [code.length(), texts.len() as u64, types, data.at(), table, 4 * TYPES, code.variables() + 8 * 60]
    };
    let lengths = lengths(table.at());
    let at = elf::places(&lengths);
    let places = Places { code: at[0], texts: at[1], variables: at[6] };
    let types = types(&code, &at, moved);
    let mut links = Bytes::default();
    for number in 0..TYPES {
        links.u32(&[64 + moved + number * TYPE]);
    }
    let mut variables = Bytes(vec![0; code.variables() as usize]);
    module(&mut variables, &code, &at, &lengths);
    let sections = vec![
        Section::new(".text", PROGBITS, ALLOC | CODE, code.bytes(places)),
        Section::new(".rodata", PROGBITS, ALLOC, texts),
        Section::new(".types", PROGBITS, ALLOC, types.0),
        Section::new(".gofunc", PROGBITS, ALLOC, data.0),
        Section::new(".gopclntab", PROGBITS, ALLOC, table.0),
        Section::new(".typelink", PROGBITS, ALLOC, links.0),
        Section::new(".data", PROGBITS, ALLOC | WRITE, variables.0),
    ];
    write(Machine::X86, false, BASE, sections)
}

/// Bytes of a function's piece of data: an inlined call, an object on the stack.
const DATUM: u64 = 32;

/// Inlined calls with their names, and objects on stacks with their masks.
fn functions_data(code: &Code, moved: u64) -> Bytes {
    let mut bytes = Bytes::default();
    for number in 0..code.count() as u64 {
        bytes.u32(&[0, 64 + moved + number * 12, 16 + number, 100 + number]);
        bytes.u32(&[0xffff_ff00 + number % 3 * 8, 64, 32, 8 + moved + number * 4]);
    }
    bytes
}

/// The header, names, units, files, program counters; then the functions with their records.
fn function_table(code: &Code, moved: u64) -> Bytes {
    let count = code.count() as u64;
    let names = HEADER;
    // Where the data of functions has them.
    let before = 64 + moved;
    let names_length = before + 12 * count;
    let units = names + names_length;
    let files = units + 4 * count;
    let counters = files + 12 * count;
    let functions = (counters + 16 * count).next_multiple_of(8);
    let mut bytes = Bytes::default();
    bytes.u64(&[0x0801_0000_ffff_fff1, count, count, 0, names, units, files, counters, functions]);
    bytes.0.resize((names + before) as usize, b'.');
    for number in 0..count {
        bytes.name(&format!("main.f{number}"), 12);
    }
    bytes.0.resize(units as usize, 0);
    for number in 0..count {
        bytes.u32(&[number * 12]);
    }
    for number in 0..count {
        bytes.name(&format!("/f{number}.go"), 12);
    }
    for number in 0..count {
        bytes.u64(&[hash(number), hash(number + 7)]);
    }
    bytes.0.resize(functions as usize, 0);
    let record = |number: u64| 8 * count + 4 + number * (44 + 4 * 2 + 4 * 2);
    for number in 0..count {
        bytes.u32(&[code.starts[number as usize], record(number)]);
    }
    bytes.u32(&[code.length()]);
    for number in 0..count {
        let counter = |field: u64| 16 * number + field;
        bytes.u32(&[
            code.starts[number as usize],
            before + 12 * number,
            8,
            0,
            counter(1),
            counter(3),
            counter(5),
            2,
        ]);
        bytes.u32(&[number, 20 + number]).raw(&[0, 0, 0, 2]);
        bytes.u32(&[counter(7), counter(9), DATUM * number, DATUM * number + 16]);
    }
    bytes.align(8);
    bytes
}

/// Descriptors of types: sizes, kinds, pointers, names; packages and methods.
fn types(code: &Code, at: &[u64], moved: u64) -> Bytes {
    let mut bytes = Bytes(vec![b'n'; (64 + moved) as usize]);
    let place = BASE + at[2];
    for number in 0..TYPES {
        let start = bytes.at();
        bytes.u64(&[16, 8]).u32(&[hash(number)]).raw(&[7, 8, 8, 25]);
        bytes
            .u64(&[place + start, place + 8 + number])
            .u32(&[1 + number, 64 + moved + (number + 1) % TYPES * TYPE]);
        bytes.u32(&[2 + number, 0x0002_0002, 16, 0]);
        for method in 0..2 {
            let function = code.starts[(number * 2 + method) as usize % code.count()];
            bytes.u32(&[3 + number + method, 64 + moved + number * TYPE, function.max(16), function.max(16)]);
        }
    }
    bytes
}

/// The words of `moduledata` of Go 1.26.
fn module(bytes: &mut Bytes, code: &Code, at: &[u64], lengths: &[u64]) {
    let place = |section: usize| BASE + at[section];
    let end = |section: usize| place(section) + lengths[section];
    let start = bytes.at();
    bytes.u64(&[place(4), place(4) + HEADER]);
    for word in 2..22 {
        bytes.u64(&[word]);
    }
    bytes.u64(&[place(0), place(0) + code.length()]);
    while bytes.at() < start + 8 * 37 {
        bytes.u64(&[0]);
    }
    bytes.u64(&[place(2), end(2), place(1), place(3), end(3), place(6), 1, 1, place(5), TYPES, TYPES]);
    bytes.0.resize((start + 8 * 60) as usize, 0);
}
