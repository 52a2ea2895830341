//! The journal's text: golden file, every torn tail, every flipped byte.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const GOLDEN: &[u8] = include_bytes!("../../fixtures/v1/install/journal");

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(in crate::install) fn all_entries() -> Vec<Entry> {
    let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    let version = |text| Version::parse(text).unwrap();
    let from = Kept { sha256: digest("old"), length: 3, version: Some(version("1.0.0")) };
    let to = Staged { version: version("2.0.0"), sha256: digest("new"), length: 4 };
    let back = |why| Entry::RollingBack { undone: to.kept(), restored: from.clone(), why };
    vec![
        Entry::Staged { staged: to.clone(), base: digest("old") },
        Entry::Activating {
            from: from.clone(),
            to: to.clone(),
            health: Health::Confirm(Duration::from_secs(60)),
            at: at(0),
        },
        Entry::Activated,
        Entry::Started { at: at(1) },
        Entry::Confirmed { sha256: digest("new") },
        back(RollBackReason::Bad),
        Entry::Committing,
        back(RollBackReason::ByPerson),
        back(RollBackReason::Unproven),
        back(RollBackReason::Recalled),
    ]
}

fn read(bytes: &[u8]) -> Result<Parsed, String> {
    parse(bytes, Path::new("journal")).map_err(|error| error.fault().code.to_owned())
}

#[test]
fn the_golden_file_of_format_1_is_read_and_written() {
    assert_eq!(read(GOLDEN), Ok(Parsed { entries: all_entries(), torn: false }));
    assert_eq!(text(&all_entries()).as_bytes(), GOLDEN);
}

#[test]
fn every_cut_leaves_the_whole_records_before_it() {
    let entries = all_entries();
    let whole = text(&entries);
    let mut ends: Vec<usize> = (0..=entries.len()).map(|count| text(&entries[..count]).len()).collect();
    ends.insert(0, 0);
    for cut in 0..=whole.len() {
        let parsed = read(&whole.as_bytes()[..cut]).unwrap();
        let count = ends.iter().filter(|end| **end <= cut).count().saturating_sub(2);
        assert_eq!(
            (parsed.entries.as_slice(), parsed.torn),
            (&entries[..count], !ends.contains(&cut)),
            "{cut}"
        );
    }
}

#[test]
fn a_flipped_bit_ends_the_journal_there() {
    let entries = all_entries();
    let whole = text(&entries);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            match read(&bytes) {
                Ok(parsed) => {
                    assert!(parsed.torn, "{at} {bit}");
                    assert_eq!(parsed.entries, entries[..parsed.entries.len()], "{at} {bit}");
                }
                // The digit of the format.
                Err(code) => assert_eq!((code.as_str(), at), ("E-STATE-NEWER", HEADER.len()), "{bit}"),
            }
        }
    }
}

#[test]
fn what_this_code_does_not_know_is_newer() {
    let check = |bytes: &str| assert_eq!(read(bytes.as_bytes()), Err("E-STATE-NEWER".to_owned()), "{bytes}");
    check("autoupdate-journal 2\n");
    let json = r#"{"step":"from-the-future"}"#;
    check(&format!("{}{} {json}\n", text(&[]), checksum(json)));
}

#[test]
fn senseless_records_change_nothing() {
    let entries = all_entries();
    let [staged, activating, activated, started, confirmed, rolling_back, committing, ..] =
        entries.as_slice()
    else {
        unreachable!("at least seven records")
    };
    let check = |sequence: &[&Entry], expected: &[&Entry]| {
        let of =
            |list: &[&Entry]| Progress::of(&list.iter().map(|entry| (*entry).clone()).collect::<Vec<_>>());
        assert_eq!(of(sequence), of(expected), "{sequence:?}");
    };
    check(&[activating, activated, started, confirmed, committing], &[]);
    check(&[staged, activated, started, confirmed, committing, rolling_back], &[staged]);
    check(&[staged, activating, confirmed, committing, staged], &[staged, activating]);
    check(&[rolling_back, staged, committing], &[rolling_back]);
    let other = Entry::Confirmed { sha256: digest("other") };
    check(&[staged, activating, activated, &other], &[staged, activating, activated]);
}

proptest! {
    #[test]
    fn any_progress_can_be_written_anew(picks in proptest::collection::vec(0..7_usize, 0..40)) {
        let all = all_entries();
        let entries: Vec<_> = picks.iter().map(|pick| all[*pick].clone()).collect();
        let progress = Progress::of(&entries);
        prop_assert_eq!(Progress::of(&progress.entries()), progress);
    }

    #[test]
    fn any_tail_is_torn_or_nothing(
        count in 0..7_usize,
        tail in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let entries = all_entries()[..count].to_vec();
        let bytes = [text(&entries).as_bytes(), &tail].concat();
        prop_assert_eq!(read(&bytes), Ok(Parsed { entries, torn: true }));
    }
}
