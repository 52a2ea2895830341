//! Watches for what other servers publish, and serves it.

use std::sync::Arc;

use protocol::object;
use tokio::time::Instant;

use super::bucket::{StoreError, Unless};
use super::{Commons, mirror};
use crate::app::App;
use crate::blocking;
use crate::object_name::ObjectName;
use crate::shared::Shared;

/// Looks after all apps for ever.
pub(crate) async fn run(shared: Arc<Shared>, commons: Arc<Commons>) {
    loop {
        // Not all servers in the same moment.
        tokio::time::sleep(commons.follow.mul_f64(0.75 + 0.25 * super::fraction())).await;
        for app in shared.apps.values() {
            if let Err(error) = look(&shared, &commons, app, Instant::now()).await {
                tracing::error!(app = %app.id, %error, "cannot see what other servers publish");
                app.set_store_failure(Some("the store cannot be read; the log says why".to_owned()));
            }
        }
    }
}

/// Whether an object that the copy does not have may be one that another server published a moment ago: a client learns its
/// name there and asks for it here. Roots are not among them: every check asks for one that is not there yet.
pub(crate) fn may_come(name: &ObjectName) -> bool {
    match name {
        // Only before the first publication there is none.
        ObjectName::Timestamp => true,
        ObjectName::Metadata { role, .. } => role != trust::ROOT,
        ObjectName::Target { folders, .. } => folders == "rollout",
        _ => false,
    }
}

/// Sees to it that the copy is not older than `than`. However many ask, one small request at a time goes to the store, and
/// nothing more if nothing changed.
pub(crate) async fn look(
    shared: &Arc<Shared>,
    commons: &Arc<Commons>,
    app: &Arc<App>,
    than: Instant,
) -> Result<(), StoreError> {
    let mut seen = app.followed.lock().await;
    if seen.is_some_and(|began| began >= than) {
        return Ok(());
    }
    let began = Instant::now();
    let (known, behind) = match commons.apps.lock().await.get(&app.id) {
        Some(seen) => (seen.timestamp.clone(), seen.behind),
        None => (None, false),
    };
    let name = format!("{}/{}", app.id, object::TIMESTAMP);
    match commons.bucket.get_unless(&name, known.as_ref(), mirror::MAX_METADATA).await? {
        Unless::Same if !behind => app.set_store_failure(None),
        Unless::Absent if known.is_none() && !behind => app.set_store_failure(None),
        Unless::Absent | Unless::Same | Unless::Other(_) => {
            if copy_now(shared, commons, app).await? {
                // Somebody has to sign a newer one.
                shared.signed.notify_one();
            }
        }
    }
    *seen = Some(began);
    Ok(())
}

/// Copies what the bucket has, and serves it. True: the bucket has an older timestamp than was served from here.
pub(crate) async fn copy(
    shared: &Arc<Shared>,
    commons: &Arc<Commons>,
    app: &Arc<App>,
) -> Result<bool, StoreError> {
    let mut seen = app.followed.lock().await;
    let began = Instant::now();
    let behind = copy_now(shared, commons, app).await?;
    *seen = Some(began);
    Ok(behind)
}

/// The caller is the only one who copies.
async fn copy_now(shared: &Arc<Shared>, commons: &Arc<Commons>, app: &Arc<App>) -> Result<bool, StoreError> {
    let served = mirror::served(&commons.bucket, &app.id, app.tree.folder()).await?;
    let releases = format!("{}/targets/releases", app.id);
    let front = format!("{}/", app.id);
    let listed = commons.bucket.list(&releases).await?.into_iter();
    let held = listed.filter_map(|one| one.name.strip_prefix(&front).map(str::to_owned)).collect();
    app.set_held(held);
    let problem = served.behind.then(|| {
        "the store has an older timestamp than clients have seen: was it restored from a backup? It is signed anew".to_owned()
    });
    app.set_store_failure(problem);
    let (shared, app) = (Arc::clone(shared), Arc::clone(app));
    let (id, edition) = (app.id.clone(), served.edition);
    blocking::run(move || {
        app.reload(shared.now());
        shared.plan(&app);
    })
    .await
    .ok_or_else(mirror::stopping)?;
    let mut apps = commons.apps.lock().await;
    let seen = apps.entry(id).or_default();
    (seen.timestamp, seen.behind) = (edition, served.behind);
    Ok(served.behind)
}
