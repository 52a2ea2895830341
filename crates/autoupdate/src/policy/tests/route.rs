use super::*;
use crate::testing::artifact;

const APPLICABLE: &[&str] = &["rt1", "bsz1", "bsdiff40"];

fn entry(base: &str, format: &str, length: u64, memory: u64) -> PatchEntry {
    let base = Digest::of(base.as_bytes());
    PatchEntry { base, format: FormatId::parse(format).unwrap(), length, memory }
}

/// The ways in short, for an artifact of 1,000 bytes, a limit of 100 bytes of memory, and version 1.0.0 installed.
fn ways(index: Option<Vec<PatchEntry>>, known: bool, full: bool) -> String {
    let index = index.map(PatchIndex::new);
    let decided = routes(&Facts {
        installed: &Digest::of(b"1.0.0"),
        known,
        artifact: &artifact("1.1.0"),
        index: index.as_ref(),
        applicable: APPLICABLE,
        memory: 100,
        full,
    });
    let told = |route: &Route| match route {
        Route::Patch { format, length: Some(length), .. } => format!("{format} of {length}"),
        Route::Patch { format, length: None, .. } => format!("{format} if made"),
        Route::CompressedFull | Route::Full => route.to_string(),
    };
    let list: Vec<_> = decided.answer.iter().map(told).collect();
    list.join(", ")
}

#[test]
fn the_cheapest_usable_patch_goes_first_and_the_whole_last() {
    let check = |entries: &[(&str, &str, u64, u64)], expected: &str| {
        let list = entries.iter().map(|(base, format, length, memory)| entry(base, format, *length, *memory));
        assert_eq!(
            ways(Some(list.collect()), true, false),
            format!("{expected}compressed full, full"),
            "{entries:?}"
        );
    };
    check(&[("1.0.0", "bsz1", 300, 50)], "bsz1 of 300, ");
    check(&[("1.0.0", "bsz1", 300, 50), ("1.0.0", "bsdiff40", 200, 50)], "bsdiff40 of 200, ");
    check(&[("1.0.0", "bsdiff40", 300, 50), ("1.0.0", "bsz1", 300, 50)], "bsz1 of 300, ");
    // In the order in which a server lists them, which is none of size or preference.
    let listed =
        |rt1| [("1.0.0", "bsdiff40", 500, 1), ("1.0.0", "bsz1", 300, 50), ("1.0.0", "rt1", rt1, 100)];
    check(&listed(60), "rt1 of 60, ");
    check(&listed(299), "rt1 of 299, ");
    check(&listed(300), "rt1 of 300, ");
    check(&listed(301), "bsz1 of 300, ");
    check(&[("1.0.0", "bsz1", 300, 50), ("1.0.0", "rt1", 60, 101)], "bsz1 of 300, ");
    check(&[("1.0.0", "bsz1", 950, 50), ("1.0.0", "rt1", 60, 100)], "rt1 of 60, ");
    check(&[("0.9.0", "rt1", 6, 50), ("1.0.0", "bsz1", 300, 50)], "bsz1 of 300, ");
    // Not ours, not readable, too much memory, not clearly smaller.
    check(&[("0.9.0", "bsz1", 3, 5)], "rt1 if made, ");
    check(&[("1.0.0", "rt9", 3, 5), ("1.0.0", "bsz1", 300, 50)], "bsz1 of 300, ");
    // Nothing but formats of later years: one of ours may still be made.
    check(&[("1.0.0", "rt9", 3, 5)], "rt1 if made, ");
    check(&[("1.0.0", "rt9", 3, 5), ("1.0.0", "bsz1", 900, 50)], "");
    check(&[("1.0.0", "bsz1", 3, 101)], "");
    check(&[("1.0.0", "bsz1", 899, 100)], "bsz1 of 899, ");
    check(&[("1.0.0", "bsz1", 900, 50)], "");
    check(&[("1.0.0", "bsz1", u64::MAX, u64::MAX)], "");
    check(&[], "rt1 if made, ");
    assert_eq!(ways(None, true, false), "rt1 if made, compressed full, full");
}

#[test]
fn unknown_bytes_are_no_base_and_the_whole_can_be_demanded() {
    let index = || Some(vec![entry("1.0.0", "bsz1", 3, 5)]);
    assert_eq!(ways(index(), false, false), "compressed full, full");
    assert_eq!(ways(index(), true, true), "compressed full, full");
    assert_eq!(ways(None, false, false), "compressed full, full");
}

#[test]
fn what_a_lantern_server_names_is_a_patch_from_known_bytes_and_the_whole() {
    use crate::source::lantern::PatchWay;
    use protocol::DownloadUrl;

    let url = || DownloadUrl::parse("https://dl.example.org/x", false).unwrap();
    let named = |patch, full| Ways { base: Digest::of(b"1.0.0"), patch, full, signature: Vec::new() };
    let check = |ways: &Ways, installed: &str, known, full, expected: &str| {
        let decided = of_lantern(ways, &Digest::of(installed.as_bytes()), known, full);
        let list: Vec<_> = decided.answer.iter().map(ToString::to_string).collect();
        assert_eq!(list.join(", "), expected, "{:?}", decided.trace);
    };
    let both = named(Some(PatchWay::At(url())), Some(url()));
    check(&both, "1.0.0", true, false, "patch bsdiff40, full");
    check(&both, "1.0.0", false, false, "full");
    check(&both, "1.0.0", true, true, "full");
    check(&both, "another program by now", true, false, "full");
    check(&named(None, Some(url())), "1.0.0", true, false, "full");
    check(&named(Some(PatchWay::At(url())), None), "1.0.0", true, false, "patch bsdiff40");
    check(&named(Some(PatchWay::At(url())), None), "1.0.0", false, false, "");
    // It is taken up, so that it is told why it was not used.
    let unusable = Some(PatchWay::Unusable { why: "http".to_owned() });
    check(&named(unusable, Some(url())), "1.0.0", true, false, "patch bsdiff40, full");
}
