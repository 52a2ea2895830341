//! Patches that lead nowhere: the whole program comes instead, and it is said why.

use super::*;
use crate::view::FallbackView;

/// A patch with these lengths in its head and these steps, each written as sign and magnitude.
fn forged(lengths: [u64; 3], steps: &[[u64; 3]]) -> Vec<u8> {
    let control = packed(&steps.iter().flatten().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>());
    let difference = packed(&[0; 64]);
    let [control_length, difference_length, length] = lengths;
    let or = |wanted: u64, found: usize| if wanted == HONEST { found as u64 } else { wanted };
    let mut patch = b"BSDIFF40".to_vec();
    for number in [or(control_length, control.len()), or(difference_length, difference.len()), length] {
        patch.extend(number.to_le_bytes());
    }
    [patch, control, difference, packed(b"")].concat()
}

/// The true length.
const HONEST: u64 = u64::MAX;
const NEGATIVE: u64 = 1 << 63;

/// The whole program came, because of this.
async fn fell_back(stage: &Stage, name: &str) -> FallbackView {
    let mut report = stage.applied(how()).await;
    stage.world.assert_installed("1.1.0");
    assert_eq!((report.route, report.fallbacks.len()), (Some(RouteView::Full), 1), "{name}");
    report.fallbacks.remove(0)
}

#[tokio::test]
async fn any_doubt_about_a_patch_is_the_whole_program() {
    let length = sleeper("1.1.0").len() as u64;
    let good = patch("1.0.1", "1.1.0");
    let mut flipped = good.clone();
    let at = flipped.len() - 20;
    flipped[at] ^= 1;
    let mut of_ours = Vec::new();
    let rt1 = FormatId::parse(FormatId::RT1).unwrap();
    delta::make(&rt1, &sleeper("1.0.1"), &sleeper("1.1.0"), &mut of_ours).unwrap();
    let honest = [HONEST, HONEST, length];
    for (name, bytes, expected) in [
        ("garbage", vec![7; 100], "E-PATCH-FORMAT"),
        ("empty", Vec::new(), "E-NET-PORTAL"),
        ("31 bytes", good[..31].to_vec(), "E-PATCH-TRUNCATED"),
        ("cut", good[..good.len() - 5].to_vec(), "E-PATCH-TRUNCATED"),
        ("trailing bytes", [&good[..], b"x"].concat(), "E-PATCH-TRAILING"),
        ("one flipped byte", flipped, "E-PATCH-MALFORMED"),
        ("of a format that no first client knows", of_ours, "E-PATCH-FORMAT"),
        ("to another program", patch("1.0.1", "1.2.0"), "E-PATCH-RESULT"),
        ("from another program", patch("1.2.0", "1.1.0"), "E-PATCH-RESULT"),
        // On these the first clients die.
        ("a negative Add", forged(honest, &[[5 | NEGATIVE, 0, 0]]), "E-PATCH-MALFORMED"),
        ("a negative Copy", forged(honest, &[[10, 3 | NEGATIVE, 0]]), "E-PATCH-MALFORMED"),
        ("a huge Add", forged(honest, &[[1, 0, 0], [(1 << 63) - 1, 0, 0]]), "E-PATCH-TOO-LONG"),
        (
            "a seek that overflows",
            forged(honest, &[[1, 0, (1 << 63) - 1], [1, 0, (1 << 63) - 1]]),
            "E-PATCH-MALFORMED",
        ),
        ("a negative CtrlLen", forged([1 | NEGATIVE, HONEST, length], &[]), "E-PATCH-MALFORMED"),
        ("a CtrlLen of 2^62", forged([1 << 62, HONEST, length], &[]), "E-PATCH-MEMORY"),
        ("a CtrlLen of 64 GiB", forged([64 << 30, HONEST, length], &[]), "E-PATCH-MEMORY"),
        ("a DiffLen of 2^62", forged([HONEST, 1 << 62, length], &[]), "E-PATCH-MEMORY"),
        ("a negative NewSize", forged([HONEST, HONEST, 1 | NEGATIVE], &[]), "E-PATCH-MALFORMED"),
        ("a NewSize of 2^47", forged([HONEST, HONEST, 1 << 47], &[]), "E-LANTERN-TOO-LONG"),
        ("a NewSize of 2^61", forged([HONEST, HONEST, 1 << 61], &[]), "E-LANTERN-TOO-LONG"),
        ("a NewSize of 0", forged([HONEST, HONEST, 0], &[]), "E-PATCH-TRAILING"),
        ("a NewSize that is too small", forged([HONEST, HONEST, 10], &[[10, 0, 0]]), "E-PATCH-TRAILING"),
    ] {
        let stage = Stage::known(Mode::Ask).await;
        stage.offers_patched("1.0.1", "1.1.0");
        stage.serve(PATCH, bytes);
        let told = fell_back(&stage, name).await;
        assert_eq!(told.code, expected, "{name}: {}", told.text);
        assert_eq!(told.route, by_patch().unwrap());
        assert_eq!(stage.fetched(), [PATCH, FULL], "{name}");
    }
}

#[tokio::test]
async fn a_patch_that_is_not_to_be_had_is_told() {
    for (name, reply, expected) in [
        ("not there", Reply::Bytes(answer("404 Not Found", "", b"")), "E-NET-NOT-FOUND"),
        (
            "a redirect to plain http",
            Reply::Bytes(answer("302 Found", "Location: http://example.org/\r\n", b"")),
            "E-NET-REDIRECT",
        ),
        ("stalled", Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n".to_vec()), "E-NET-SLOW"),
    ] {
        let stage = Stage::known(Mode::Ask).await;
        stage.offers_patched("1.0.1", "1.1.0");
        stage.answer(PATCH, move |_| reply.clone());
        assert_eq!(fell_back(&stage, name).await.code, expected, "{name}");
    }
}

#[tokio::test]
async fn a_patch_that_must_not_be_asked_for_is_told() {
    for (kind, url) in [("foo", None), ("bsdiff", Some("http://dl.example.org/patches/1"))] {
        let stage = Stage::known(Mode::Ask).await;
        stage.offers_patched("1.0.1", "1.1.0");
        let mut says = stage.says_patched("1.1.0");
        says.patch_type = kind.to_owned();
        says.patch_url = url.map_or(says.patch_url, ToOwned::to_owned);
        stage.names(&says);
        assert_eq!(fell_back(&stage, kind).await.code, "E-LANTERN-PATCH");
        assert_eq!(stage.fetched(), [FULL]);
    }
}

#[tokio::test]
async fn a_patch_may_be_the_only_way() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers_patched("1.0.1", "1.1.0");
    let only = Says { url: String::new(), ..stage.says_patched("1.1.0") };
    stage.names(&only);
    stage.serve(PATCH, patch("1.0.1", "1.2.0"));
    assert_eq!(stage.not_applied("1.0.1").await, "E-PATCH-RESULT");
    stage.serve(PATCH, patch("1.0.1", "1.1.0"));
    assert_eq!(stage.applied(how()).await.route, by_patch());
    stage.world.assert_installed("1.1.0");
}

#[tokio::test]
async fn the_whole_can_be_demanded() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers_patched("1.0.1", "1.1.0");
    let report = stage.applied(How { full: true, ..how() }).await;
    assert_eq!((report.route, stage.fetched()), (Some(RouteView::Full), vec![FULL.to_owned()]));
}
