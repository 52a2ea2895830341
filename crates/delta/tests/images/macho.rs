//! Mach-O: code, texts, chained pointers, symbols, and the hashes of its pages.

use protocol::Digest;

use super::code::{Code, Machine, Places};
use super::{Bytes, Release};

const BASE: u64 = 0x1_0000_0000;
const PAGE: u64 = 0x4000;
/// Where the code starts in the file; a chained pointer to somewhere before the second page is not believed.
const HEAD: u64 = 0x4400;

pub fn build(release: Release, page: u8) -> Vec<u8> {
    let code = Code::new(Machine::Arm, release);
    let count = code.count() as u64;
    let texts = code.texts();
    let texts_at = (HEAD + code.length()).next_multiple_of(16);
    let data_at = (texts_at + texts.len() as u64).next_multiple_of(PAGE);
    let data_length = code.variables() + 8 * count;
    let symbols_at = (data_at + data_length).next_multiple_of(PAGE);
    let places = Places { code: HEAD, texts: texts_at, variables: data_at };
    let mut pointers = Bytes(vec![0; code.variables() as usize]);
    let (mut symbols, mut names) = (Bytes::default(), Bytes(b" \0".to_vec()));
    for number in 0..count {
        let function = HEAD + code.starts[number as usize];
        // The next one of the chain is two steps of four bytes on.
        pointers.u64(&[(if number + 1 < count { 2 << 51 } else { 0 })
            | if number % 3 == 0 { BASE + function } else { function }]);
        symbols.u32(&[names.at()]).raw(&[0x0f, 1, 0, 0]).u64(&[BASE + function]);
        names.raw(format!("_function_{number}\0").as_bytes());
    }
    let names_at = symbols_at + symbols.at();
    let names_length = names.at();
    let signature_at = (names_at + names_length).next_multiple_of(16);
    let hashes = signature_at.div_ceil(1 << page);
    // A super blob with one directory, whose hashes start 56 bytes (with a name of 8) behind it.
    let signature_length = 20 + 96 + 32 * hashes;
    let end = signature_at + signature_length;
    let sizes = |size: u64| size.next_multiple_of(PAGE);

    let mut commands = Bytes::default();
    let mut count_commands = 0;
    let mut segment = |name: &str, at: u64, length: u64, flags: u64, sections: &[(&str, u64, u64, u64)]| {
        commands.u32(&[0x19, 72 + 80 * sections.len() as u64]).name(name, 16);
        commands.u64(&[BASE + at, sizes(length), at, length]).u32(&[flags, flags, sections.len() as u64, 0]);
        for (section, at, length, flags) in sections {
            commands.name(section, 16).name(name, 16).u64(&[BASE + at, *length]);
            commands.u32(&[*at, 4, 0, 0, *flags, 0, 0, 0]);
        }
        count_commands += 1;
    };
    segment(
        "__TEXT",
        0,
        data_at,
        5,
        &[("__text", HEAD, code.length(), 0x8000_0400), ("__cstring", texts_at, texts.len() as u64, 2)],
    );
    segment("__DATA", data_at, sizes(data_length), 3, &[("__data", data_at, data_length, 0)]);
    segment("__LINKEDIT", symbols_at, end - symbols_at, 1, &[]);
    commands.u32(&[0x8000_0034, 16, symbols_at, 0]);
    commands.u32(&[2, 24, symbols_at, count, names_at, names_length]);
    commands.u32(&[0x1d, 16, signature_at, signature_length]);

    let mut file = Bytes::default();
    file.u32(&[0xfeed_facf, 0x0100_000c, 0, 2, count_commands + 3, commands.at(), 0x85, 0]);
    file.raw(&commands.0).align(HEAD as usize).raw(&code.bytes(places));
    for (at, bytes) in
        [(texts_at, texts), (data_at, pointers.0), (symbols_at, symbols.0), (names_at, names.0)]
    {
        file.0.resize(at as usize, 0);
        file.raw(&bytes);
    }
    file.0.resize(signature_at as usize, 0);
    sign(&mut file.0, page);
    file.0
}

/// Appends the signature of what is there.
fn sign(file: &mut Vec<u8>, page: u8) {
    let pages: Vec<_> = file.chunks(1 << page).map(Digest::of).collect();
    let (limit, count) = (file.len() as u32, pages.len() as u32);
    let mut big = |numbers: &[u32]| numbers.iter().for_each(|number| file.extend(number.to_be_bytes()));
    big(&[0xfade_0cc0, 20 + 96 + 32 * count, 1, 0, 20]);
    // A directory of version 0x20400: its hashes behind a name of 8 bytes.
    big(&[0xfade_0c02, 96 + 32 * count, 0x2_0400, 2, 96, 88, 0, count, limit]);
    big(&[u32::from_be_bytes([32, 2, 0, page]), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(b"program\0");
    pages.iter().for_each(|hash| file.extend(hash.as_bytes()));
}
