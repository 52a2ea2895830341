//! Watches for what other servers publish, and serves it.

use std::sync::Arc;

use protocol::object;

use super::bucket::{StoreError, Unless};
use super::{Commons, mirror};
use crate::app::App;
use crate::blocking;
use crate::shared::Shared;

/// Looks after all apps for ever.
pub(crate) async fn run(shared: Arc<Shared>, commons: Arc<Commons>) {
    loop {
        // Not all servers in the same moment.
        tokio::time::sleep(commons.follow.mul_f64(0.75 + 0.25 * super::fraction())).await;
        for app in shared.apps.values() {
            if let Err(error) = look(&shared, &commons, app).await {
                tracing::error!(app = %app.id, %error, "cannot see what other servers publish");
                app.set_store_failure(Some("the store cannot be read; the log says why".to_owned()));
            }
        }
    }
}

/// One small request if nothing changed.
async fn look(shared: &Arc<Shared>, commons: &Arc<Commons>, app: &Arc<App>) -> Result<(), StoreError> {
    let known = commons.apps.lock().await.get(&app.id).and_then(|seen| seen.timestamp.clone());
    let name = format!("{}/{}", app.id, object::TIMESTAMP);
    match commons.bucket.get_unless(&name, known.as_ref(), mirror::MAX_METADATA).await? {
        Unless::Same => app.set_store_failure(None),
        Unless::Absent if known.is_none() => app.set_store_failure(None),
        Unless::Absent | Unless::Other(_) => {
            let _writing = app.writing().await;
            copy(shared, commons, app).await?;
        }
    }
    Ok(())
}

/// Copies what the bucket has, and serves it. The caller has the app's writer's place. True: the bucket has an older timestamp
/// than was served from here.
pub(crate) async fn copy(
    shared: &Arc<Shared>,
    commons: &Arc<Commons>,
    app: &Arc<App>,
) -> Result<bool, StoreError> {
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
    commons.apps.lock().await.entry(id).or_default().timestamp = edition;
    Ok(served.behind)
}
