//! Tables of symbols: their names and what they stand for.

use std::collections::BTreeMap;

use super::super::{Kind, read};
use super::{files, is_code_at, region_at, word32};
use crate::programs::source::functions;

#[test]
fn symbols_lead_to_names_and_functions() {
    for (name, release, bytes) in files("symbols_lead_to_names_and_functions") {
        let layout = read(bytes).unwrap();
        let (kind, length, at) = if name.starts_with("macho") {
            (Kind::MachSymbols, 16, 8)
        } else if name.starts_with("elf") && name != "elf-x86_64-fixed" {
            (Kind::Symbols, 24, 8)
        } else {
            // One that was stripped, or has another container.
            continue;
        };
        let mut found = BTreeMap::new();
        for table in layout.regions.iter().filter(|region| region.kind == kind) {
            let names = region_at(&layout, table.anchor.into()).unwrap();
            assert_eq!((names.place, names.kind), (table.anchor, Kind::Opaque), "{name}");
            assert_eq!(table.length % length, 0, "{name}");
            for symbol in (table.offset..table.offset + table.length).step_by(length as usize) {
                let start = names.offset + word32(bytes, symbol);
                let end = names.offset + names.length;
                assert!(start < end, "{name}");
                let text = &bytes[start as usize..end as usize];
                let text = &text[..text.iter().position(|&byte| byte == 0).unwrap()];
                assert!(text.iter().all(u8::is_ascii_graphic), "{name}: {text:?}");
                let address = u64::from_le_bytes(bytes[(symbol + at) as usize..][..8].try_into().unwrap());
                found.insert(text, address);
            }
        }
        let is_function = |text: &[u8]| {
            let text = text.strip_prefix(b"_").unwrap_or(text);
            matches!(text, [b'f' | b'n', number @ ..] if !number.is_empty() && number.iter().all(u8::is_ascii_digit))
        };
        let mut addresses: Vec<u64> =
            found.iter().filter(|(text, _)| is_function(text)).map(|(_, address)| *address).collect();
        assert!(addresses.iter().all(|address| is_code_at(&layout, address - layout.base)), "{name}");
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), functions(release), "{name}");
    }
}
