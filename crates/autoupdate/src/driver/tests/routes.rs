//! How the bytes come.

use protocol::{FormatId, Mode, PatchEntry, PatchIndex, object};

use super::*;
use crate::view::{RouteView, UpdateReport};

/// Publishes 1.1.0 and puts patches from 1.0.1 on the server, one of each format; `damage` may change their bytes. Gives
/// the format of the shortest.
fn publish_with_patches(world: &mut World, formats: &[&str], damage: impl Fn(&mut Vec<u8>)) -> FormatId {
    let (base, artifact) = (sleeper("1.0.1"), sleeper("1.1.0"));
    world.publish("1.1.0", &artifact);
    let names = (Digest::of(&base), Digest::of(&artifact));
    let mut entries = Vec::new();
    for format in formats {
        let format = FormatId::parse(format).unwrap();
        let mut patch = Vec::new();
        let made = delta::make(&format, &base, &artifact, &mut patch).unwrap();
        damage(&mut patch);
        world.simulator.lie(&object::patch(&names.1, &names.0, &format), Some(&patch));
        entries.push(PatchEntry { base: names.0, format, length: made.length, memory: made.memory });
    }
    let shortest = entries.iter().min_by_key(|entry| entry.length).unwrap().format.clone();
    // What a server of later years may name.
    let format = FormatId::parse("rt9").unwrap();
    entries.push(PatchEntry { base: names.0, format, length: 1, memory: 1 });
    let index = serde_json::to_vec(&PatchIndex::new(entries)).unwrap();
    world.simulator.lie(&object::patch_index(&names.1), Some(&index));
    shortest
}

async fn report(world: &World, how: How) -> UpdateReport {
    let handle = world.engine().await;
    match command(handle.activate(&app(), how)).await {
        Answer::Updated { report } => report,
        other => panic!("{other:#?}"),
    }
}

fn patch(format: FormatId) -> Option<RouteView> {
    Some(RouteView::Patch { format })
}

#[tokio::test]
async fn a_patch_is_all_that_is_fetched() {
    for formats in [delta::APPLICABLE, &[FormatId::BSZ1, FormatId::RT1], &[FormatId::BSZ1], &[FormatId::RT1]]
    {
        let mut world = World::probed(Mode::Ask).await;
        let taken = publish_with_patches(&mut world, formats, |_| {});
        let report = report(&world, how()).await;
        world.assert_installed("1.1.0");
        assert_eq!((report.route, report.patches_fetched), (patch(taken), 1), "{formats:?}");
        let (fetched, full) = (report.bytes_fetched, report.full_bytes);
        assert!(fetched * 10 < full, "{formats:?}: {fetched} of {full}");
        assert_eq!(report.fallbacks, []);
    }
}

#[tokio::test]
async fn a_damaged_patch_costs_a_detour_and_is_told() {
    let mut world = World::probed(Mode::Ask).await;
    let taken = publish_with_patches(&mut world, &[FormatId::RT1], |patch| {
        let middle = patch.len() / 2;
        patch[middle] ^= 1;
    });
    let report = report(&world, how()).await;
    world.assert_installed("1.1.0");
    assert_eq!((report.route, report.patches_fetched), (Some(RouteView::CompressedFull), 1));
    let fallback = &report.fallbacks[0];
    assert!(fallback.code.starts_with("E-PATCH-"), "{fallback:?}");
    assert_eq!(Some(fallback.route.clone()), patch(taken));
}

#[tokio::test]
async fn the_whole_can_be_demanded() {
    let mut world = World::probed(Mode::Ask).await;
    publish_with_patches(&mut world, delta::MAKEABLE, |_| {});
    let report = report(&world, How { full: true, ..how() }).await;
    assert_eq!((report.route, report.patches_fetched), (Some(RouteView::CompressedFull), 0));
    world.assert_installed("1.1.0");
}
