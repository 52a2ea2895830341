//! Each route, and what it costs.

use super::*;

#[tokio::test]
async fn each_route_leads_to_the_signed_bytes() {
    let world = World::new().await;
    let patches = delta::APPLICABLE.iter().copied().map(by_patch);
    for route in patches.chain([Route::CompressedFull, Route::Full]) {
        let before = world.asked().len();
        let prepared = world.prepare(std::slice::from_ref(&route)).await.unwrap();
        assert_eq!((&prepared.route, prepared.fallbacks.len()), (&route, 0));
        assert_eq!(prepared.staged.sha256, world.artifact.sha256);
        assert_eq!(prepared.full_bytes, world.artifact.length);
        assert_eq!(prepared.objects.len(), 1);
        assert_eq!(prepared.objects[0].bytes, prepared.bytes_fetched);
        assert_eq!(world.asked()[before..], [prepared.objects[0].name.clone()]);
        if let Route::Patch { .. } = route {
            assert!(prepared.bytes_fetched * 5 < prepared.full_bytes, "{route}: {}", prepared.bytes_fetched);
        }
        let progress = world.progress.borrow().clone();
        assert_eq!((progress.step, progress.route), (Step::Verifying, Some(route)));
        assert_eq!(progress.bytes, prepared.bytes_fetched);
    }
}

#[tokio::test]
async fn what_leads_nowhere_is_not_asked_for() {
    let world = World::new().await;
    let of = |format: &str, base: &[u8], length: Option<u64>, memory: Option<u64>| Route::Patch {
        format: FormatId::parse(format).unwrap(),
        base: Digest::of(base),
        length,
        memory,
    };
    for (route, code) in [
        (of("rt99", &program(1), None, None), "E-PATCH-FORMAT"),
        (of("rt1", b"other", None, None), "E-PATCH-BASE"),
        (of("rt1", &program(1), Some(world.artifact.length), None), "E-PATCH-SIZE"),
        (of("rt1", &program(1), None, Some(1 << 40)), "E-PATCH-MEMORY"),
    ] {
        let error = world.prepare(std::slice::from_ref(&route)).await.unwrap_err();
        assert_eq!(error.fault().code, code);
    }
    assert_eq!(world.asked(), [""; 0]);
}

#[tokio::test]
async fn a_changed_program_is_noticed_before_a_patch_is_fetched() {
    let world = World::new().await;
    std::fs::write(world.folder.path().join("opt/demo"), program(9)).unwrap();
    let error = prepare(world.job(&all())).await.unwrap_err();
    assert_eq!(error.fault().code, "E-FILE-CHANGED");
    assert_eq!(world.asked(), [""; 0]);
}

#[tokio::test]
async fn a_missing_twin_is_not_worth_telling_and_a_missing_patch_is() {
    let world = World::new().await;
    world.remove(&world.twin());
    let prepared = world.prepare(&all()[1..]).await.unwrap();
    assert_eq!((prepared.route, prepared.fallbacks), (Route::Full, vec![]));
    world.remove(&world.patch("rt1"));
    let prepared = world.prepare(&all()).await.unwrap();
    assert_eq!((&prepared.route, codes(&prepared)), (&Route::Full, vec!["E-NET-NOT-FOUND"]));
}

#[tokio::test]
async fn a_patch_that_is_being_made_is_waited_for() {
    let world = World::new().await;
    let asked = Mutex::new(0);
    let ready = patch("rt1");
    world.answer(&world.patch("rt1"), move |request| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        if *asked < 3 {
            Reply::Bytes(answer("202 Accepted", "Retry-After: 1\r\n", b""))
        } else {
            file(Some(&ready), request)
        }
    });
    let mut job = world.job(&all());
    job.patience = Duration::from_secs(30);
    let mut steps = world.progress.subscribe();
    let waiting = tokio::spawn(async move { steps.wait_for(|now| now.step == Step::Waiting).await.is_ok() });
    let prepared = prepare(job).await.unwrap();
    assert_eq!((prepared.route, prepared.fallbacks), (by_patch("rt1"), vec![]));
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn patience_has_an_end() {
    let world = World::new().await;
    for status in ["202 Accepted", "503 Busy", "429 Too Many Requests"] {
        let busy = answer(status, "Retry-After: 600\r\n", b"");
        world.answer(&world.patch("rt1"), move |_| Reply::Bytes(busy.clone()));
        let prepared = world.prepare(&all()).await.unwrap();
        assert_eq!(
            (&prepared.route, codes(&prepared)),
            (&Route::CompressedFull, vec!["E-PATCH-NOT-MADE"]),
            "{status}"
        );
    }
}
