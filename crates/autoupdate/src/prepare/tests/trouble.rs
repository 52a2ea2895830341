//! Routes that go wrong: the next one, or the rest later; never other bytes than the signed ones.

use std::io::Read as _;

use super::*;

/// A patch route that gives these bytes: the next route leads there, and the code says why.
async fn bad_patch(name: &str, format: &str, bytes: Vec<u8>, expected: &str) {
    let world = World::new().await;
    world.serve(&world.patch(format), bytes);
    let prepared = world.prepare(&[by_patch(format), Route::CompressedFull, Route::Full]).await.unwrap();
    assert_eq!(prepared.route, Route::CompressedFull, "{name}");
    assert_eq!(codes(&prepared), [expected], "{name}");
    let asked = world.asked().iter().filter(|asked| asked.contains("patches/")).count();
    assert_eq!(asked, 1, "{name}: a bad patch is fetched once");
}

#[tokio::test]
async fn any_doubt_about_a_patch_is_the_next_route() {
    for format in [FormatId::RT1, FormatId::BSZ1] {
        any_doubt(format).await;
    }
    let mut other = Vec::new();
    delta::make(&FormatId::parse("bsdiff40").unwrap(), &program(1), &program(3), &mut other).unwrap();
    bad_patch("well-formed, another result", "bsdiff40", other, "E-PATCH-RESULT").await;
}

async fn any_doubt(format: &str) {
    let good = patch(format);
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let flipped_code = {
        // Which check catches it is the format's affair.
        let world = World::new().await;
        world.serve(&world.patch(format), flipped.clone());
        let prepared = world.prepare(&[by_patch(format), Route::CompressedFull]).await.unwrap();
        prepared.fallbacks[0].code.clone()
    };
    assert!(flipped_code.starts_with("E-PATCH-"), "{flipped_code}");
    bad_patch("one byte flipped", format, flipped, &flipped_code).await;
    bad_patch("cut", format, good[..good.len() - 1].to_vec(), "E-PATCH-TRUNCATED").await;
    bad_patch("trailing", format, [&good[..], b"x"].concat(), "E-PATCH-TRAILING").await;
    bad_patch("no patch", format, vec![7; 5_000], "E-PATCH-FORMAT").await;
    bad_patch("a page", format, Vec::new(), "E-NET-PORTAL").await;
    bad_patch("longer than the artifact", format, vec![0; 200_000], "E-NET-TOO-LONG").await;
}

#[tokio::test]
async fn a_bad_full_artifact_is_refused() {
    for (name, bytes, expected) in [
        ("flipped", program(3), "E-FILE-HASH"),
        ("short", program(2)[1..].to_vec(), "E-NET-LENGTH"),
        ("long", [program(2), vec![0]].concat(), "E-NET-TOO-LONG"),
    ] {
        let world = World::new().await;
        world.serve(&world.full(), bytes);
        let error = world.prepare(&[Route::Full]).await.unwrap_err();
        assert_eq!(error.fault().code, expected, "{name}");
    }
}

#[tokio::test]
async fn a_bad_twin_costs_the_full_artifact() {
    let bomb = zstd::encode_all(std::io::repeat(0).take(64 << 20), 3).unwrap();
    let good = zstd::encode_all(&*program(2), 3).unwrap();
    for (name, bytes, expected) in [
        ("a bomb", bomb, "E-FILE-LENGTH"),
        ("other bytes", zstd::encode_all(&*program(3), 3).unwrap(), "E-FILE-HASH"),
        ("cut", good[..good.len() / 2].to_vec(), "E-FILE-COMPRESSED"),
        ("no zstd", vec![1; 1000], "E-FILE-COMPRESSED"),
    ] {
        let world = World::new().await;
        world.serve(&world.twin(), bytes);
        let prepared = world.prepare(&all()[1..]).await.unwrap();
        assert_eq!((&prepared.route, codes(&prepared)), (&Route::Full, vec![expected]), "{name}");
    }
}

/// Cuts the first answer at 60 %.
fn cut_once(bytes: Vec<u8>) -> impl Fn(&Request) -> Reply + Send + 'static {
    let first = Mutex::new(true);
    move |request| {
        let Reply::Bytes(mut whole) = file(Some(&bytes), request) else { panic!("a file is bytes") };
        if std::mem::take(&mut *first.lock().unwrap()) {
            whole.truncate(whole.len() - bytes.len() * 4 / 10);
        }
        Reply::Bytes(whole)
    }
}

#[tokio::test]
async fn a_download_that_is_cut_is_continued_in_the_same_run() {
    for route in [by_patch("rt1"), Route::CompressedFull, Route::Full] {
        let world = World::new().await;
        let (name, bytes) = match &route {
            Route::Patch { format, .. } => (world.patch(format.as_str()), patch(format.as_str())),
            Route::CompressedFull => (world.twin(), zstd::encode_all(&*program(2), 3).unwrap()),
            Route::Full => (world.full(), program(2)),
        };
        world.answer(&name, cut_once(bytes.clone()));
        let prepared = world.prepare(std::slice::from_ref(&route)).await.unwrap();
        assert_eq!(prepared.bytes_fetched, bytes.len() as u64, "{route}: nothing is fetched twice");
        assert_eq!(world.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_bad_prefix_in_the_spool_starts_over_once() {
    for route in [by_patch("rt1"), Route::CompressedFull, Route::Full] {
        let world = World::new().await;
        let format = match &route {
            Route::Patch { format, .. } => format.as_str().to_owned(),
            Route::CompressedFull => "zst".to_owned(),
            Route::Full => "full".to_owned(),
        };
        // A run that is cancelled leaves a part; then its bytes rot.
        let name = match &route {
            Route::Patch { format, .. } => world.patch(format.as_str()),
            Route::CompressedFull => world.twin(),
            Route::Full => world.full(),
        };
        let honest = world.answers.lock().unwrap().remove(&name).unwrap();
        let cancel = world.cancel.clone();
        let stalled = Mutex::new(false);
        world.answer(&name, move |request| {
            let reply = honest(request);
            if std::mem::replace(&mut *stalled.lock().unwrap(), true) {
                return reply;
            }
            let Reply::Bytes(mut whole) = reply else { panic!("a file is bytes") };
            whole.truncate(whole.len() - 60);
            Reply::Stall(whole)
        });
        let mut progress = world.progress.subscribe();
        let stop = tokio::spawn(async move {
            let near = progress.wait_for(|now| now.total.is_some_and(|total| now.bytes + 60 == total));
            let _ = tokio::time::timeout(Duration::from_secs(20), near).await;
            cancel.cancel();
        });
        let error = world.prepare(std::slice::from_ref(&route)).await.unwrap_err();
        stop.await.unwrap();
        assert_eq!(error.fault().code, "E-NET-CANCELLED");
        let part = world.spool().join(format!("{}.{format}.part", world.artifact.sha256));
        let mut bytes = std::fs::read(&part).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&part, &bytes).unwrap();

        let mut job = world.job(std::slice::from_ref(&route));
        job.cancel = CancellationToken::new();
        let prepared = prepare(job).await.unwrap();
        world.check(true);
        let asked = world.peer.requests();
        assert_eq!(asked.len(), 3, "{route}: stalled, continued, started over");
        assert!(asked[1].header("range").is_some() && asked[2].header("range").is_none());
        assert_eq!(prepared.fallbacks, []);
    }
}

#[tokio::test]
async fn another_source_helps_where_one_is_bad() {
    let world = World::new().await;
    let other = World::new().await;
    other.serve(&other.full(), program(3));
    let mut job = world.job(&[Route::Full]);
    let dead = SourceUrl::parse("http://127.0.0.1:1/", false).unwrap();
    let good = job.sources.remove(0);
    job.sources = vec![dead, SourceUrl::parse(other.peer.url("").as_str(), false).unwrap(), good];
    prepare(job).await.unwrap();
    world.check(true);
}

#[tokio::test]
async fn a_dead_network_is_said_so() {
    let world = World::new().await;
    let mut job = world.job(&all());
    job.sources = vec![SourceUrl::parse("http://127.0.0.1:1/", false).unwrap()];
    assert_eq!(prepare(job).await.unwrap_err().fault().code, "E-NET-CONNECT");
    world.check(false);
}
