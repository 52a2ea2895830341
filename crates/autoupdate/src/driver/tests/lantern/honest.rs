//! A server that does what it should, and what is said about it.

use super::*;
use crate::handle::Command;
use crate::policy::Rule;

#[tokio::test]
async fn an_update_comes_as_a_patch() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers_patched("1.0.1", "1.1.0");
    let report = stage.applied(how()).await;
    stage.world.assert_installed("1.1.0");
    assert_eq!((report.route.clone(), report.patches_fetched, report.fallbacks.len()), (by_patch(), 1, 0));
    assert_eq!(stage.fetched(), [PATCH]);
    assert_eq!(report.full_bytes, sleeper("1.1.0").len() as u64, "known once it is here");
    assert!(report.bytes_fetched * 10 < report.full_bytes, "{report:?}");
    // What was sent is what was installed.
    let asked = stage.peer.requests().into_iter().rfind(|request| request.target == CHECK).unwrap();
    let asked: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(asked["app_version"], "1.0.1");
    assert_eq!(asked["checksum"], Digest::of(&sleeper("1.0.1")).to_string());

    // And the next one, from what the record beside the program says.
    stage.offers_patched("1.1.0", "1.2.0");
    assert_eq!(stage.applied(how()).await.route, by_patch());
    stage.world.assert_installed("1.2.0");
}

#[tokio::test]
async fn an_update_comes_whole_raw_or_packed() {
    let whole = sleeper("1.1.0");
    let (first, second) = whole.split_at(whole.len() / 3);
    for (name, bytes) in [
        ("raw", whole.clone()),
        ("packed", packed(&whole)),
        ("in two streams", [packed(first), packed(second)].concat()),
    ] {
        let stage = Stage::known(Mode::Ask).await;
        stage.names(&stage.says("1.1.0"));
        stage.serve(FULL, bytes.clone());
        let report = stage.applied(how()).await;
        stage.world.assert_installed("1.1.0");
        assert_eq!(
            (report.route, report.bytes_fetched),
            (Some(RouteView::Full), bytes.len() as u64),
            "{name}"
        );
        assert_eq!(report.full_bytes, whole.len() as u64, "{name}");
    }
}

#[tokio::test]
async fn a_download_may_be_elsewhere_and_may_be_continued() {
    let stage = Stage::known(Mode::Ask).await;
    stage.names(&stage.says("1.1.0"));
    let to = format!("Location: {}\r\n", stage.peer.url("cdn?sig=secret"));
    stage.answer(FULL, move |_| Reply::Bytes(answer("302 Found", &to, b"")));
    let (bytes, first) = (sleeper("1.1.0"), Mutex::new(true));
    stage.answer("/cdn?sig=secret", move |request| {
        let Reply::Bytes(mut whole) = file(Some(&bytes), request) else { panic!("a file is bytes") };
        if std::mem::take(&mut *first.lock().unwrap()) {
            whole.truncate(whole.len() / 2);
        }
        Reply::Bytes(whole)
    });
    let report = stage.applied(how()).await;
    assert_eq!(report.bytes_fetched, sleeper("1.1.0").len() as u64, "nothing is fetched twice");
    stage.world.assert_installed("1.1.0");
}

#[tokio::test]
async fn what_nobody_knows_is_replaced_whole_and_with_consent() {
    let stage = Stage::new(Mode::Ask).await;
    stage.offers_patched("1.0.1", "1.1.0");
    assert_eq!(word(&stage.apply(how()).await), "needs-consent");
    assert_eq!(stage.fetched(), [""; 0]);
    let asked = String::from_utf8(stage.peer.requests()[0].body.clone()).unwrap();
    assert!(asked.contains(r#""app_version":"0.0.0""#), "{asked}");
    let report = stage.applied(consent()).await;
    assert_eq!((report.from, report.route), (None, Some(RouteView::Full)));
    assert_eq!(stage.fetched(), [FULL]);
    stage.world.assert_installed("1.1.0");
}

#[tokio::test]
async fn nobody_says_up_to_date() {
    let stage = Stage::known(Mode::Ask).await;
    stage.says_no();
    let handle = stage.world.engine().await;
    match command(handle.check(&app(), false)).await {
        Answer::NothingNewer { installed, checked_at } => {
            assert_eq!(installed.unwrap().to_string(), "1.0.1");
            assert_eq!(checked_at, stage.world.clock.now());
        }
        other => panic!("{other:#?}"),
    }
    let view = until(&handle, |view| (state(view) == "nothing-newer").then(|| view.clone())).await;
    assert_eq!(
        (view.source, view.last_good),
        (SourceKind::Lantern, None),
        "nothing is certain up to any time"
    );
    // Years later it is the same picture: nothing was promised that could run out.
    stage.world.clock.set("2099-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(word(&command(handle.check(&app(), false)).await), "nothing-newer");
}

#[tokio::test]
async fn whoever_asks_is_told_the_source_its_key_and_what_it_cannot_prove() {
    let stage = Stage::known(Mode::Ask).await;
    let handle = stage.world.engine().await;
    for named in [false, true] {
        if named {
            stage.offers("1.1.0");
        }
        command(handle.check(&app(), false)).await;
        let Answer::Why { trace } = handle.command(Command::Why { app: app() }).await else {
            panic!("no trace")
        };
        let source = trace.iter().find(|one| one.rule == Rule::Source).unwrap();
        let facts: BTreeMap<_, _> =
            source.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
        assert_eq!(facts["source"], "lantern");
        assert_eq!(facts["key"], Digest::of(PUBLIC).to_string());
        assert_eq!(facts["not verified"], "whether it is the newest");
    }
    match handle.command(Command::Examine { app: app() }).await {
        Answer::Examined { examined } => {
            assert_eq!((examined.source, examined.key), (SourceKind::Lantern, Some(Digest::of(PUBLIC))));
        }
        other => panic!("{other:#?}"),
    }
    let notes = handle.command(Command::Notes { app: app(), languages: Vec::new() }).await;
    assert_eq!(notes, Answer::Notes { text: None, earlier: Vec::new() });
}

#[tokio::test]
async fn an_offer_says_that_nobody_knows_its_length() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers("1.1.0");
    let handle = stage.world.engine().await;
    match command(handle.check(&app(), false)).await {
        Answer::Offered { offer } => assert_eq!((offer.full_bytes, offer.needs_consent), (None, false)),
        other => panic!("{other:#?}"),
    }
}
