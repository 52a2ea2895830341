//! What all servers that share a bucket have counted together: one object for each app, `{app}/.demand.json`, in the format of the
//! file on a disk.
//!
//! Each server adds what it has counted whenever it looks after its apps and when it stops, by a conditional write, so nobody's count is
//! lost; and goes by what is there then. Rules:
//!
//! - who creates the object begins to count: since when other servers did, nobody knows;
//! - after a start everything that the file of this disk says is told again, in case it was not: when, not how often;
//! - what a server that is killed has counted since it last told is lost, as on a disk. The others wait for what is not told yet: see
//!   `retention`;
//! - a base stays for as long as its bytes are held, and for some days more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Digest};

use super::{Bases, Counted, Demand, MAX_BYTES, add};
use crate::store::bucket::Put;
use crate::store::{Commons, StoreError};

/// How often the object is read again because another server wrote it meanwhile.
const ATTEMPTS: usize = 16;
/// For how long bases are kept that are not held any more: what was set aside may come back.
const KEPT: Duration = Duration::from_secs(7 * 86_400);

fn name(app: &AppId) -> String {
    format!("{app}/.demand.json")
}

/// What all have counted; None: nobody has yet.
pub(crate) async fn read(commons: &Commons, app: &AppId) -> Result<Option<Counted>, StoreError> {
    let Some(read) = commons.bucket.get(&name(app), MAX_BYTES).await? else { return Ok(None) };
    parse(app, &read.bytes).map(Some)
}

/// Tells the others what was counted here since the last time, and takes over what all have counted: that is returned. `held` says
/// which bytes the bucket holds.
pub(crate) async fn share(
    commons: &Commons,
    app: &AppId,
    demand: &Demand,
    held: impl Fn(&Digest) -> bool,
) -> Result<Counted, StoreError> {
    // Whoever waits for this may be stopped before its end: until the others certainly know it, it is news.
    let news = demand.lock().news.clone();
    let mut all = merge(commons, app, demand, &news, held).await?;
    let mut inside = demand.lock();
    inside.news.retain(|base, asked| match news.get(base) {
        Some(told) if told == asked => false,
        Some(told) => {
            asked.count = (asked.count - told.faded(asked.last)).max(0.0);
            true
        }
        None => true,
    });
    // Asked for while the others were told.
    add(&mut all.bases, &inside.news);
    inside.changed |= inside.counted != all;
    inside.counted = all.clone();
    Ok(all)
}

async fn merge(
    commons: &Commons,
    app: &AppId,
    demand: &Demand,
    news: &Bases,
    held: impl Fn(&Digest) -> bool,
) -> Result<Counted, StoreError> {
    let (name, now) = (name(app), (commons.terms.clock)());
    let kept = now.saturating_sub(SignedDuration::try_from(KEPT).unwrap_or_default());
    let edge = kept.unwrap_or(Timestamp::MIN);
    for _ in 0..ATTEMPTS {
        let found = commons.bucket.get(&name, MAX_BYTES).await?;
        let mut all = match &found {
            None => Counted { since: now, ..demand.counted() },
            Some(read) => parse(app, &read.bytes)?,
        };
        let lying = all.clone();
        all.bases.retain(|base, asked| held(base) || asked.last >= edge);
        if found.is_some() {
            add(&mut all.bases, news);
            if all == lying {
                return Ok(all);
            }
        }
        let bytes = all.to_bytes()?;
        let put = match &found {
            None => commons.bucket.create(&name, bytes.into()).await?,
            Some(read) => commons.bucket.update(&name, bytes.into(), &read.edition).await?,
        };
        if let Put::Done(_) = put {
            return Ok(all);
        }
    }
    let why = format!("other servers wrote it {ATTEMPTS} times in a row");
    Err(StoreError::Malformed { name, why })
}

fn parse(app: &AppId, bytes: &[u8]) -> Result<Counted, StoreError> {
    Counted::parse(bytes).map_err(|error| StoreError::Malformed {
        name: name(app),
        why: format!("it is not what servers have counted ({error}): update this program, or delete it, and counting begins anew"),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(24 * day)
    }

    struct Server {
        commons: Commons,
        demand: Demand,
        file: std::path::PathBuf,
    }

    impl Server {
        fn new(commons: Commons, folder: &std::path::Path, name: &str) -> Self {
            let file = folder.join(name);
            Self { commons, demand: Demand::open(file.clone(), at(-500)), file }
        }

        async fn tell(&self) -> Result<Counted, StoreError> {
            let all = share(&self.commons, &app(), &self.demand, |_| true).await?;
            self.demand.save(|_| true).unwrap();
            Ok(all)
        }

        fn again(self) -> Self {
            Self { demand: Demand::open(self.file.clone(), at(0)), ..self }
        }
    }

    fn app() -> AppId {
        AppId::parse("tool").unwrap()
    }

    #[tokio::test]
    async fn what_one_was_asked_for_all_know() {
        let folder = tempfile::tempdir().unwrap();
        let one = Server::new(Commons::in_memory("one"), folder.path(), "one");
        let two = Server::new(one.commons.beside("two"), folder.path(), "two");
        let [a, b, never] = ["a", "b", "never"].map(|text| Digest::of(text.as_bytes()));
        one.demand.note(&a, at(-90));
        one.tell().await.unwrap();
        two.demand.note(&a, at(-10));
        two.demand.note(&b, at(-10));
        let (known, edge) = (two.tell().await.unwrap(), at(-30));
        assert!(
            !known.is_forgotten(&never, edge),
            "since when the first one counted, the others did not know"
        );
        let known = Counted { since: at(-400), ..known };
        assert!(known.is_forgotten(&never, edge));
        assert!(!known.is_forgotten(&a, edge) && !known.is_forgotten(&b, edge));
        assert_eq!(one.tell().await.unwrap().bases, known.bases, "it had nothing to say, and hears");
        assert!((one.demand.of(&b, at(-10)) - 1.0).abs() < 1e-3);
        // After a start it says again when, and not how often.
        let two = two.again();
        assert_eq!(two.tell().await.unwrap().bases, known.bases);
        // What it could not say before a stop is said after the start.
        two.demand.note(&a, at(-1));
        two.demand.save(|_| true).unwrap();
        let two = two.again();
        assert!(!two.tell().await.unwrap().is_forgotten(&a, at(-2)));
    }

    #[tokio::test]
    async fn what_cannot_be_told_is_told_later() {
        let folder = tempfile::tempdir().unwrap();
        let one = Server::new(Commons::in_memory("one"), folder.path(), "one");
        let (base, other) = (Digest::of(b"base"), Digest::of(b"other"));
        one.demand.note(&base, at(-1));
        let bucket = &one.commons.bucket;
        for damaged in ["", "{\"format\":2,\"since\":\"2026-01-01T00:00:00Z\",\"bases\":[]}"] {
            bucket.create(&name(&app()), damaged.into()).await.unwrap();
            let error = one.tell().await.unwrap_err().to_string();
            assert!(error.contains("tool/.demand.json") && error.contains("delete it"), "{error}");
            let left = bucket.get(&name(&app()), 1000).await.unwrap().unwrap();
            assert_eq!(left.bytes, damaged, "it is left alone");
            bucket.delete(&name(&app())).await.unwrap();
        }
        let golden = include_str!("../../fixtures/v1/demand.json");
        bucket.create(&name(&app()), golden.into()).await.unwrap();
        one.demand.note(&other, at(-1));
        let all = one.tell().await.unwrap();
        assert!(!all.is_forgotten(&base, at(-2)) && !all.is_forgotten(&other, at(-2)));
        assert!(read(&one.commons, &app()).await.unwrap() == Some(all));
    }

    #[tokio::test]
    async fn what_is_held_no_more_is_forgotten_after_some_days() {
        let folder = tempfile::tempdir().unwrap();
        let one = Server::new(Commons::in_memory("one"), folder.path(), "one");
        let [held, young, old] = ["held", "young", "old"].map(|text| Digest::of(text.as_bytes()));
        for (base, day) in [(&held, -80), (&young, -6), (&old, -8)] {
            one.demand.note(base, at(day));
        }
        let all = share(&one.commons, &app(), &one.demand, |base| *base == held).await.unwrap();
        let known = [&held, &young, &old].map(|base| all.bases.contains_key(base));
        assert_eq!(known, [true, true, false]);
    }
}
