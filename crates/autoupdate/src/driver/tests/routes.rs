//! How the bytes come.

use protocol::{FormatId, Mode, PatchEntry, PatchIndex, object};

use super::*;
use crate::view::{RouteView, UpdateReport};

/// Publishes 1.1.0 and puts a patch from 1.0.1 on the server; `damage` may change its bytes.
fn publish_with_patch(world: &mut World, damage: impl FnOnce(&mut Vec<u8>)) {
    let (base, artifact) = (sleeper("1.0.1"), sleeper("1.1.0"));
    world.publish("1.1.0", &artifact);
    let format = FormatId::parse(FormatId::BSZ1).unwrap();
    let mut patch = Vec::new();
    let made = delta::make(&format, &base, &artifact, &mut patch).unwrap();
    let (base, artifact) = (Digest::of(&base), Digest::of(&artifact));
    let entry = PatchEntry { base, format: format.clone(), length: made.length, memory: made.memory };
    damage(&mut patch);
    let index = serde_json::to_vec(&PatchIndex::new(vec![entry])).unwrap();
    world.simulator.lie(&object::patch_index(&artifact), Some(&index));
    world.simulator.lie(&object::patch(&artifact, &base, &format), Some(&patch));
}

async fn report(world: &World, how: How) -> UpdateReport {
    let handle = world.engine().await;
    match command(handle.activate(&app(), how)).await {
        Answer::Updated { report } => report,
        other => panic!("{other:#?}"),
    }
}

fn patch() -> Option<RouteView> {
    Some(RouteView::Patch { format: FormatId::parse(FormatId::BSZ1).unwrap() })
}

#[tokio::test]
async fn a_patch_is_all_that_is_fetched() {
    let mut world = World::probed(Mode::Ask).await;
    publish_with_patch(&mut world, |_| {});
    let report = report(&world, how()).await;
    world.assert_installed("1.1.0");
    assert_eq!((report.route, report.patches_fetched), (patch(), 1));
    assert!(
        report.bytes_fetched * 10 < report.full_bytes,
        "{} of {}",
        report.bytes_fetched,
        report.full_bytes
    );
    assert_eq!(report.fallbacks, []);
}

#[tokio::test]
async fn a_damaged_patch_costs_a_detour_and_is_told() {
    let mut world = World::probed(Mode::Ask).await;
    publish_with_patch(&mut world, |patch| {
        let middle = patch.len() / 2;
        patch[middle] ^= 1;
    });
    let report = report(&world, how()).await;
    world.assert_installed("1.1.0");
    assert_eq!((report.route, report.patches_fetched), (Some(RouteView::CompressedFull), 1));
    let fallback = &report.fallbacks[0];
    assert!(fallback.code.starts_with("E-PATCH-"), "{fallback:?}");
    assert_eq!(Some(fallback.route.clone()), patch());
}

#[tokio::test]
async fn the_whole_can_be_demanded() {
    let mut world = World::probed(Mode::Ask).await;
    publish_with_patch(&mut world, |_| {});
    let report = report(&world, How { full: true, ..how() }).await;
    assert_eq!((report.route, report.patches_fetched), (Some(RouteView::CompressedFull), 0));
    world.assert_installed("1.1.0");
}
