//! One check against a TUF repository: our server, or any static host with the same objects.
//!
//! The walk is root → timestamp → snapshot → targets → `ingest` → `rollout` (TUF specification 5.3 to 5.6). The verifier
//! says what it wants next, this file fetches it and keeps what the verifier says must be kept, at once and in that order:
//! a crash between two files leaves a state that the kept ones support.
//!
//! Rules:
//! - one `now` for the whole check, given by the caller;
//! - sources are tried in order, each with a walk of its own; what an earlier one brought and was verified stays;
//! - an unchanged repository costs two requests: the next root (404) and the timestamp (304). A 304 is not freshness: the
//!   verifier checks the expiry of the stored timestamp all the same;
//! - an answer of somebody in between changes nothing.

use std::path::Path;

use bytes::Bytes;
use jiff::Timestamp;
use protocol::{AppId, Channel, Digest, Enrolment, MAX_ROLLOUT_BYTES, Rollout, object};
use trust::{
    AwaitSnapshot, AwaitTargets, AwaitTimestamp, Control, Crypto, INGEST, Keep, LIMITS, ROLLOUT, Roots,
    TARGETS, Target, Verified, Wanted,
};

use super::{Error, FetchedObject, Mirror, read_file};
use crate::fetch::{Ask, Client, Expect, Small};
use crate::store::{self, Metadata, Store};

/// What the publisher says about who gets a release when.
#[derive(Debug, Clone)]
pub enum RolloutState {
    /// Nobody holds anything back: there is no rollout delegation.
    Open,
    /// The verified rollout of the channel.
    Rules(Rollout),
    /// There must be a rollout, but none could be verified: nothing may be offered.
    Unverified {
        /// The stable code of what is wrong.
        code: &'static str,
        /// The same in words.
        why: String,
    },
}

/// What a check brought.
#[derive(Debug)]
pub struct Checked {
    /// The verified chain, with `ingest` loaded where there is a good one.
    pub verified: Verified,
    /// Who gets a release when.
    pub rollout: RolloutState,
    /// Every object that answered with bytes, of failed sources too.
    pub objects: Vec<FetchedObject>,
}

/// Reads the pinned root of an enrolment. `beside` is the folder of the enrolment's file.
///
/// # Errors
/// [`Error::RootFile`], [`Error::RootPin`].
pub fn pinned_root(enrolment: &Enrolment, beside: &Path) -> Result<Vec<u8>, Error> {
    let file = beside.join(&enrolment.anchor.file);
    let read = read_file(&file, LIMITS.root_bytes);
    let bytes = read.map_err(|source| Error::RootFile { file: file.clone(), source })?;
    let (expected, found) = (enrolment.anchor.sha256, Digest::of(&bytes));
    if found == expected { Ok(bytes) } else { Err(Error::RootPin { file, expected, found }) }
}

/// Checks the sources of an enrolment, in order, until one gives a chain that verifies and is fresh at `now`.
/// `pinned_root` is what [`pinned_root`] gave.
///
/// # Errors
/// The first [`Error`] that says something about the repository, else the first one at all.
pub async fn refresh(
    client: &Client,
    store: &Store,
    enrolment: &Enrolment,
    pinned_root: &[u8],
    crypto: Crypto,
    now: Timestamp,
) -> Result<Checked, Error> {
    let pin = &enrolment.anchor;
    let found = Digest::of(pinned_root);
    if found != pin.sha256 {
        return Err(Error::RootPin { file: pin.file.clone(), expected: pin.sha256, found });
    }
    let metadata = store.metadata(&enrolment.id, &pin.sha256);
    let mut objects = Vec::new();
    let mut worst: Option<Error> = None;
    for source in &enrolment.sources {
        let mirror = Mirror::of(source, &enrolment.id);
        let mut repository = Repository::new(client, &mirror, &metadata);
        let walked = repository.check(pinned_root, crypto, now, &enrolment.id, &enrolment.channel).await;
        objects.append(&mut repository.objects);
        match walked {
            Ok((verified, rollout)) => return Ok(Checked { verified, rollout, objects }),
            Err(error) => {
                tracing::info!(app = %enrolment.id, %source, %error, code = error.fault().code, "a source failed");
                worst = Some(error.or_one_that_tells_more(worst));
            }
        }
    }
    Err(worst.unwrap_or(Error::NoSource))
}

/// The bytes of a small target that `targets` or `ingest` lists, for example release notes. `None` if neither lists it now.
///
/// # Errors
/// As [`refresh`]; the target is missing, or not what was signed.
pub async fn listed_target(
    client: &Client,
    store: &Store,
    enrolment: &Enrolment,
    verified: &Verified,
    path: &str,
    limit: u64,
) -> Result<Option<Bytes>, Error> {
    let listed = [TARGETS, INGEST].iter().find_map(|role| verified.target_in(role, path));
    let Some(target) = listed else { return Ok(None) };
    let metadata = store.metadata(&enrolment.id, &enrolment.anchor.sha256);
    let mut first = None;
    for source in &enrolment.sources {
        let mirror = Mirror::of(source, &enrolment.id);
        match Repository::new(client, &mirror, &metadata).small_target(&target, limit).await {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(Error::NoSource))
}

/// One repository at one mirror, for the time of one check.
#[derive(Debug)]
pub struct Repository<'a> {
    client: &'a Client,
    mirror: &'a Mirror,
    metadata: &'a Metadata,
    objects: Vec<FetchedObject>,
}

impl<'a> Repository<'a> {
    /// The repository at this mirror, whose trusted metadata is kept there.
    #[must_use]
    pub fn new(client: &'a Client, mirror: &'a Mirror, metadata: &'a Metadata) -> Self {
        Self { client, mirror, metadata, objects: Vec::new() }
    }

    async fn check(
        &mut self,
        pinned_root: &[u8],
        crypto: Crypto,
        now: Timestamp,
        app: &AppId,
        channel: &Channel,
    ) -> Result<(Verified, RolloutState), Error> {
        let mut verified = self.walk(pinned_root, crypto, now).await?;
        if let Err(error) = self.load(&mut verified, INGEST).await {
            // An addition that cannot be verified is no addition; what `targets` lists stands by itself.
            tracing::warn!(%app, %error, "the ingest role is left out");
        }
        let rollout = match self.rollout(&mut verified, app, channel).await {
            Ok(rollout) => rollout,
            Err(error) => RolloutState::Unverified { code: error.fault().code, why: error.to_string() },
        };
        Ok((verified, rollout))
    }

    /// Walks from the trusted root to the top-level targets.
    ///
    /// # Errors
    /// [`Error`]; what was verified before stays kept.
    pub async fn walk(
        &mut self,
        pinned_root: &[u8],
        crypto: Crypto,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        let stored = blocking(self.metadata, |metadata| Ok(metadata.load()?)).await?;
        let roots = trust::begin(crypto, pinned_root, &stored, now)?;
        let timestamp = self.roots(roots).await?;
        let snapshot = self.timestamp(timestamp, stored.timestamp.as_deref()).await?;
        let targets = self.snapshot(snapshot).await?;
        let verified = self.targets(targets).await?;
        for dropped in verified.dropped() {
            self.metadata_unless_replaced(dropped, &stored);
        }
        Ok(verified)
    }

    async fn roots(&mut self, mut roots: Roots) -> Result<AwaitTimestamp, Error> {
        while let Some(wanted) = roots.wanted() {
            let Some(bytes) = self.file(&wanted).await? else { break };
            let keep = roots.received(&bytes)?;
            self.keep(keep).await?;
        }
        Ok(roots.finish()?)
    }

    async fn timestamp(
        &mut self,
        stage: AwaitTimestamp,
        stored: Option<&[u8]>,
    ) -> Result<AwaitSnapshot, Error> {
        let wanted = stage.wanted();
        let url = self.mirror.metadata_file(&file_name(&wanted));
        let stored = stored.filter(|_| stage.has_stored());
        let etag = stored.and_then(|bytes| self.metadata.timestamp_etag(&url, bytes));
        let ask = Ask { limit: wanted.limit, expect: Expect::Json, etag: etag.as_deref() };
        match self.client.small(&url, ask).await? {
            Small::NotModified => Ok(stage.not_modified()?),
            Small::NotFound => Err(missing(&wanted)),
            Small::Body { bytes, etag } => {
                self.fetched(&wanted, &bytes);
                let (stage, keep) = stage.received(&bytes)?;
                let same = stored == Some(&*bytes);
                match (keep, etag) {
                    (Some(keep), Some(etag)) => {
                        blocking(self.metadata, move |metadata| {
                            metadata.keep(&keep)?;
                            Ok(metadata.keep_timestamp_etag(&url, &keep.bytes, &etag)?)
                        })
                        .await?;
                    }
                    (Some(keep), None) => self.keep(keep).await?,
                    (None, Some(etag)) if same => {
                        blocking(self.metadata, move |metadata| {
                            Ok(metadata.keep_timestamp_etag(&url, &bytes, &etag)?)
                        })
                        .await?;
                    }
                    (None, _) => {}
                }
                Ok(stage)
            }
        }
    }

    async fn snapshot(&mut self, stage: AwaitSnapshot) -> Result<AwaitTargets, Error> {
        let Some(wanted) = stage.wanted() else { return Ok(stage.stored()?) };
        let bytes = self.file(&wanted).await?.ok_or_else(|| missing(&wanted))?;
        let (stage, keep) = stage.received(&bytes)?;
        self.keep(keep).await?;
        Ok(stage)
    }

    async fn targets(&mut self, stage: AwaitTargets) -> Result<Verified, Error> {
        let Some(wanted) = stage.wanted() else { return Ok(stage.stored()?) };
        let bytes = self.file(&wanted).await?.ok_or_else(|| missing(&wanted))?;
        let (verified, keep) = stage.received(&bytes)?;
        self.keep(keep).await?;
        Ok(verified)
    }

    /// Loads a role to which `targets` delegates. One that nobody delegates to, or that was never published, is no error.
    async fn load(&mut self, verified: &mut Verified, role: &str) -> Result<(), Error> {
        let delegations = verified.delegations(TARGETS);
        if !delegations.iter().any(|delegation| delegation.name == role) {
            return Ok(());
        }
        self.delegated(verified, TARGETS, role).await
    }

    /// Loads a role to which the loaded role `delegator` delegates.
    ///
    /// # Errors
    /// [`Error`]; what was verified before stays usable.
    pub async fn delegated(
        &mut self,
        verified: &mut Verified,
        delegator: &str,
        role: &str,
    ) -> Result<(), Error> {
        let Some(wanted) = verified.wanted_delegated(role)? else {
            return Ok(verified.delegated_stored(delegator, role)?);
        };
        let bytes = self.file(&wanted).await?.ok_or_else(|| missing(&wanted))?;
        let keep = verified.delegated(delegator, role, &bytes)?;
        self.keep(keep).await
    }

    async fn rollout(
        &mut self,
        verified: &mut Verified,
        app: &AppId,
        channel: &Channel,
    ) -> Result<RolloutState, Error> {
        self.load(verified, ROLLOUT).await?;
        let target = match verified.rollout_target(channel) {
            Control::Open => return Ok(RolloutState::Open),
            Control::Target(target) => target,
            Control::Unverified => return Err(Error::Missing { object: object::rollout_path(channel) }),
        };
        let bytes = self.small_target(&target, MAX_ROLLOUT_BYTES).await?;
        Ok(RolloutState::Rules(Rollout::parse(&bytes, app, channel).map_err(Error::Name)?))
    }

    /// A verified target that is small enough for memory: a rollout, release notes. Kept, so that the same bytes are
    /// fetched once.
    ///
    /// # Errors
    /// [`Error`]; the bytes given are those that were signed.
    pub async fn small_target(&mut self, target: &Target, limit: u64) -> Result<Bytes, Error> {
        if let Some(kept) = self.metadata.target(&target.path, limit)
            && target.check(&kept).is_ok()
        {
            return Ok(kept.into());
        }
        let name = object::target(&target.path, &target.sha256).map_err(Error::Name)?;
        let url = self.mirror.target_object(&name);
        let ask = Ask { limit: limit.min(target.length), expect: Expect::Bytes, etag: None };
        let Small::Body { bytes, .. } = self.client.small(&url, ask).await? else {
            return Err(Error::Missing { object: name });
        };
        self.objects.push(FetchedObject { name, bytes: bytes.len() as u64 });
        target.check(&bytes)?;
        let (path, kept) = (target.path.clone(), bytes.clone());
        blocking(self.metadata, move |metadata| Ok(metadata.keep_target(&path, &kept)?)).await?;
        Ok(bytes)
    }

    /// A metadata file; `None` if there is no such file.
    async fn file(&mut self, wanted: &Wanted) -> Result<Option<Bytes>, Error> {
        let url = self.mirror.metadata_file(&file_name(wanted));
        let ask = Ask { limit: wanted.limit, expect: Expect::Json, etag: None };
        match self.client.small(&url, ask).await? {
            Small::Body { bytes, .. } => {
                self.fetched(wanted, &bytes);
                Ok(Some(bytes))
            }
            Small::NotFound | Small::NotModified => Ok(None),
        }
    }

    fn fetched(&mut self, wanted: &Wanted, bytes: &Bytes) {
        let name = format!("metadata/{}", file_name(wanted));
        self.objects.push(FetchedObject { name, bytes: bytes.len() as u64 });
    }

    async fn keep(&self, keep: Keep) -> Result<(), Error> {
        blocking(self.metadata, move |metadata| Ok(metadata.keep(&keep)?)).await
    }

    /// Sets a stored file aside that did not verify, unless this check has put a good one in its place.
    fn metadata_unless_replaced(&self, dropped: &trust::Dropped, before: &trust::Stored) {
        let Ok(now) = self.metadata.load() else { return };
        let of = |stored: &trust::Stored| match dropped.role.as_str() {
            trust::ROOT => stored.root.clone(),
            trust::TIMESTAMP => stored.timestamp.clone(),
            trust::SNAPSHOT => stored.snapshot.clone(),
            TARGETS => stored.targets.clone(),
            role => stored.delegated.get(role).cloned(),
        };
        if of(&now) == of(before) {
            self.metadata.set_aside(&dropped.role, &dropped.why.to_string());
        }
    }
}

/// `{N}.{role}.json`, or `{role}.json` where names hold no versions.
fn file_name(wanted: &Wanted) -> String {
    let role = store::percent_encoded(&wanted.role);
    match wanted.version {
        Some(version) => format!("{version}.{role}.json"),
        None => format!("{role}.json"),
    }
}

fn missing(wanted: &Wanted) -> Error {
    Error::Missing { object: format!("metadata/{}", file_name(wanted)) }
}

/// Runs a short step that waits for the disk where it does not hold up others.
async fn blocking<T: Send + 'static>(
    metadata: &Metadata,
    step: impl FnOnce(Metadata) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let metadata = metadata.clone();
    tokio::task::spawn_blocking(move || step(metadata)).await.map_err(|_| Error::Died)?
}
