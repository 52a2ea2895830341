//! What a test over HTTP cannot hit: another server that publishes, or takes the lease, in the middle of a round.

use protocol::{FormatId, Platform, Version};

use super::*;
use crate::demand::Demand;
use crate::store::bucket::Put;

struct Stand {
    commons: Commons,
    app: AppId,
    settings: Retention,
    name: String,
    base: Digest,
    counted: Counted,
}

impl Stand {
    /// A bucket with an artifact that may go, its twin, and a patch from it to one that stays.
    async fn new() -> Self {
        let (commons, app) = (Commons::in_memory("one"), AppId::parse("tool").unwrap());
        let (base, stays) = (Digest::of(b"base"), Digest::of(b"stays"));
        let name = format!("targets/releases/1.0.0/linux-x86_64/{base}.tool");
        let folder = tempfile::tempdir().unwrap();
        let counted = Demand::open(folder.path().join("demand.json"), Timestamp::UNIX_EPOCH).counted();
        let settings = Retention { versions: 1, ..Retention::default() };
        let stand = Self { commons, app, settings, name, base, counted };
        for (name, text) in [
            (stand.name.clone(), "base"),
            (format!("{}.zst", stand.name), "twin"),
            (format!("targets/releases/2.0.0/linux-x86_64/{stays}.tool"), "stays"),
            (stand.patch(), "patch"),
            (object::TIMESTAMP.to_owned(), "first"),
        ] {
            stand.create(&name, text).await;
        }
        stand
    }

    fn patch(&self) -> String {
        object::patch(&Digest::of(b"stays"), &self.base, &FormatId::parse("rt1").unwrap())
    }

    fn yard(&self) -> Yard<'_> {
        let (folder, limit) = (Path::new("/nowhere"), Duration::from_secs(9));
        Yard { commons: &self.commons, app: &self.app, folder, settings: &self.settings, limit }
    }

    async fn create(&self, name: &str, text: &'static str) {
        let put = self.commons.bucket.create(&format!("{}/{name}", self.app), text.as_bytes().into()).await;
        assert!(matches!(put.unwrap(), Put::Done(_)), "{name}");
    }

    /// What a look finds, with a catalog that lists nothing of it.
    async fn view(&self) -> View {
        let (bucket, front) = (&self.commons.bucket, format!("{}/", self.app));
        let timestamp = bucket.get(&format!("{front}{}", object::TIMESTAMP), 100).await.unwrap().unwrap();
        let artifacts = bucket.list(&format!("{front}targets")).await.unwrap();
        let surplus = Surplus {
            app: self.app.clone(),
            version: Version::parse("1.0.0").unwrap(),
            platform: Platform::parse("linux-x86_64").unwrap(),
            file: self.name.clone().into(),
            bytes: 8,
        };
        View {
            timestamp: timestamp.edition,
            catalog: Catalog::default(),
            lengths: artifacts
                .iter()
                .map(|one| (one.name.strip_prefix(&front).unwrap().to_owned(), one.length))
                .collect(),
            aside: self.yard().aside().await.unwrap(),
            patches: patches::lying(&self.commons, &self.app).await.unwrap(),
            surplus: vec![(self.name.clone(), surplus)],
        }
    }

    async fn lease(&self) -> Lease {
        match writer::take(&self.commons, &self.app, Duration::ZERO).await.unwrap() {
            Taken::Mine(lease) => lease,
            Taken::Theirs { .. } => panic!("nobody else is there"),
        }
    }

    /// Whether the artifact, its copy and its patch are there.
    async fn there(&self) -> [bool; 3] {
        let has = async |name: &str| {
            self.commons.bucket.head(&format!("{}/{name}", self.app)).await.unwrap().is_some()
        };
        [has(&self.name).await, has(&format!("{FOLDER}/{}", self.name)).await, has(&self.patch()).await]
    }

    async fn act(&self, lease: &Lease, view: View) -> Round {
        self.yard().act(lease, view, &self.counted, Timestamp::now()).await.unwrap()
    }
}

#[tokio::test]
async fn what_goes_is_set_aside_and_its_patches_go() {
    let stand = Stand::new().await;
    let lease = stand.lease().await;
    let round = stand.act(&lease, stand.view().await).await;
    assert_eq!((round.gone.len(), round.changed), (1, true));
    assert_eq!(stand.there().await, [false, true, false]);
    let index = object::patch_index(&Digest::of(b"stays"));
    let index = stand.commons.bucket.get(&format!("tool/{index}"), 1000).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&index.bytes).contains(&stand.base.to_string()));
}

#[tokio::test]
async fn what_goes_while_another_publishes_comes_back() {
    let stand = Stand::new().await;
    let (lease, view) = (stand.lease().await, stand.view().await);
    let name = format!("tool/{}", object::TIMESTAMP);
    let put = stand.commons.bucket.update(&name, "second".into(), &view.timestamp).await.unwrap();
    assert!(matches!(put, Put::Done(_)));
    let round = stand.act(&lease, view).await;
    assert_eq!((round.gone.len(), round.changed), (0, true));
    assert_eq!(stand.there().await, [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_lease_deletes_nothing() {
    let stand = Stand::new().await;
    let (lease, view) = (stand.lease().await, stand.view().await);
    assert!(lease.is_held().await);
    // Somebody with another clock took it; the renewal finds that out.
    let name = "tool/.lease.json";
    let theirs = stand.commons.bucket.get(name, 1000).await.unwrap().unwrap();
    stand.commons.bucket.update(name, "{}".into(), &theirs.edition).await.unwrap();
    let noticed = async {
        let mut ticks = tokio::time::interval(stand.commons.terms.life / 4);
        while lease.is_held().await {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(stand.commons.terms.life, noticed).await.expect("it is noticed");
    let round = stand.act(&lease, view).await;
    assert_eq!((round.gone.len(), stand.there().await), (0, [true, false, true]));
}

#[tokio::test]
async fn a_cut_deletion_is_finished_or_undone() {
    for (settings, surplus, expected) in [
        // Copied, not yet deleted, and still nobody needs it.
        (Retention { versions: 1, ..Retention::default() }, true, [false, true, false]),
        // Nobody has counted for as long as the operator wants now: it stays, and its copy goes.
        (Retention { versions: 0, asked: Duration::from_secs(u64::MAX) }, false, [true, false, true]),
    ] {
        let stand = Stand { settings, ..Stand::new().await };
        stand.create(&format!("{FOLDER}/{}", stand.name), "base").await;
        let mut view = stand.view().await;
        if !surplus {
            view.surplus.clear();
        }
        let lease = stand.lease().await;
        stand.act(&lease, view).await;
        assert_eq!(stand.there().await, expected, "{surplus}");
    }
}
