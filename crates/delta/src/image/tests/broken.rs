//! Any bytes give a layout that keeps its promises, or none.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::{read, signature};
use super::{check, files};
use crate::programs::programs;

/// Heads and tails of files are where headers are.
const EDGE: usize = 1500;

/// Changes a byte, at the start, at the end, or anywhere.
#[derive(Debug, Clone)]
struct Change {
    zone: u8,
    at: Index,
    value: u8,
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        let value = prop_oneof![Just(0), Just(1), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()];
        (0u8..5, any::<Index>(), value).prop_map(|(zone, at, value)| Self { zone, at, value })
    }

    fn apply(&self, bytes: &mut [u8]) {
        let edge = EDGE.min(bytes.len());
        let zone = match self.zone {
            0 | 1 => 0..edge,
            2 | 3 => bytes.len() - edge..bytes.len(),
            _ => 0..bytes.len(),
        };
        if !zone.is_empty() {
            bytes[zone.start + self.at.index(zone.len())] = self.value;
        }
    }
}

fn survives(bytes: &[u8]) {
    if let Some(layout) = read(bytes) {
        check(&layout, bytes);
    }
    if let Some(hashes) = signature(bytes) {
        assert!(
            hashes.limit <= hashes.offset
                && hashes.offset as usize + 32 * hashes.count as usize <= bytes.len()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn changed_programs_are_survived(
        which in any::<Index>(),
        changes in prop::collection::vec(Change::any(), 1..12),
    ) {
        static MADE: OnceLock<()> = OnceLock::new();
        let mut test = "";
        MADE.get_or_init(|| test = "changed_programs_are_survived");
        let programs = programs(test);
        if !programs.is_empty() {
            let mut bytes = which.get(programs).base.clone();
            changes.iter().for_each(|change| change.apply(&mut bytes));
            survives(&bytes);
        }
    }

    #[test]
    fn noise_after_a_magic_is_survived(
        magic in prop::sample::select(vec![
            &b"\x7fELF\x02\x01\x01"[..], b"MZ", b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", b"\xca\xfe\xba\xbe", b"",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        survives(&[magic, &noise].concat());
    }
}

#[test]
fn shortened_programs_are_survived() {
    for (name, _, bytes) in files("shortened_programs_are_survived") {
        for length in (0..EDGE).chain((EDGE..bytes.len()).step_by(1009)) {
            survives(&bytes[..length]);
        }
        assert_eq!(read(&bytes[..bytes.len() / 2]), None, "{name}");
    }
}

/// 400,000 section headers, each of them good.
#[test]
fn more_sections_than_a_program_has_are_refused_at_once() {
    for (name, _, bytes) in files("more_sections_than_a_program_has_are_refused_at_once") {
        if name != "elf-x86_64" {
            continue;
        }
        let headers = bytes.len();
        let start = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
        let mut count = u64::from(u16::from_le_bytes([bytes[60], bytes[61]]));
        let mut bytes = bytes.to_vec();
        bytes.extend_from_within(start..start + 64 * count as usize);
        // A count that is too large for its field is in the size of the first section.
        bytes[60..62].fill(0);
        bytes[40..48].copy_from_slice(&(headers as u64).to_le_bytes());
        let code = bytes[headers..].chunks(64).find(|header| header[8] & 4 != 0).unwrap().to_vec();
        for more in [0, 400_000] {
            (0..more).for_each(|_| bytes.extend_from_slice(&code));
            count += more;
            bytes[headers + 32..][..8].copy_from_slice(&count.to_le_bytes());
            let start = Instant::now();
            assert_eq!(read(&bytes).is_some(), more == 0);
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }
}
