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
