//! What support looks at: the program, what is beside it, and what could stop an update. Changes nothing and asks no source.

use std::sync::Arc;

use super::{Shared, Subject, blocking, failure};
use crate::error::Error;
use crate::fetch::Proxy;
use crate::install::{self, Installed, Need, Place};
use crate::machine::Memory;
use crate::policy::{Rule, Trace};
use crate::support::{Examined, Setting};
use crate::view::{InstalledView, Owner};

/// Looks. `memory` and `trace` are what the last check left, `settings` what is in effect.
pub(crate) async fn examine(
    shared: Arc<Shared>,
    subject: Arc<Subject>,
    (owner, proxy): (Owner, Proxy),
    (memory, trace): (Memory, Vec<Trace>),
    settings: Vec<Setting>,
) -> Result<Examined, Error> {
    blocking(move || {
        let (enrolment, path) = (&subject.enrolment, subject.path());
        let holds = shared.store.holds();
        let seen = Place::inspect(path).ok();
        let of_rollout = trace.iter().rev().filter(|one| one.rule == Rule::Percentage);
        let bucket = of_rollout.flat_map(|one| &one.facts).find(|fact| fact.name == "bucket");
        Ok(Examined {
            app: enrolment.id.clone(),
            path: path.display().to_string(),
            enrolled_by: owner,
            file_owner: install::owner_name(path),
            recorded: seen.as_ref().is_some_and(|seen| is_verified(seen, memory.installed.as_ref())),
            floor: seen.as_ref().and_then(|seen| seen.floor.clone()),
            installed: seen.map(|seen| InstalledView {
                // Verified metadata may know bytes that no record does.
                version: seen
                    .version
                    .or_else(|| memory.installed.filter(|known| known.sha256 == seen.sha256)?.version),
                sha256: seen.sha256,
                length: seen.length,
            }),
            in_the_way: replaceable(&shared, &subject).err().map(|error| failure(&error)),
            free_bytes: install::free_bytes(path),
            on_hold: holds.on_hold(&enrolment.id)?.is_some(),
            skipped: holds.of(&enrolment.id)?.into_iter().map(|hold| hold.version).collect(),
            bucket: bucket.and_then(|fact| fact.value.parse().ok()),
            source: enrolment.source,
            key: (!enrolment.source.is_tuf()).then_some(enrolment.anchor.sha256),
            sources: enrolment.sources.iter().map(ToString::to_string).collect(),
            proxy: match proxy {
                Proxy::System => "system".to_owned(),
                Proxy::Off => "off".to_owned(),
                // Never with its password.
                Proxy::Set { url, .. } => url.to_string(),
            },
            versions: memory.choices,
            settings,
            trace,
        })
    })
    .await
}

/// Whether these very bytes were verified: by the last check, or when they were put in place.
fn is_verified(seen: &Installed, known: Option<&InstalledView>) -> bool {
    seen.recorded.as_ref().is_some_and(|recorded| recorded.sha256 == seen.sha256)
        || known.is_some_and(|known| known.sha256 == seen.sha256 && known.version.is_some())
}

/// Whether a version as long as the installed one could take its place.
fn replaceable(shared: &Shared, subject: &Subject) -> Result<(), Error> {
    let place = Place::open(subject.path())?.with_rights(subject.enrolment.rights);
    let length = place.installed().length;
    let spool = (shared.store.folders().spool(), length);
    Ok(place.preflight(&Need { stage: length, previous: length, spool })?)
}
