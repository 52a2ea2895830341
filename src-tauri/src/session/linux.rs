//! logind on the system bus (`org.freedesktop.login1(5)`): a delay lock holds the end of the machine up for some seconds, and a
//! signal announces that end. A machine without logind has neither, and everything goes on without.

use std::time::Duration;

use autoupdate::driver::Session;
use futures_util::StreamExt as _;
use zbus::proxy::{Builder, CacheProperties};
use zbus::{Connection, OwnedFd, OwnedObjectPath, Proxy};

use crate::shell::{Desk, Wish};

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
/// What logind answers to whoever wants to hold up an end that has begun.
const TOO_LATE: &str = "org.freedesktop.login1.OperationInProgress";
/// How long logind may take to answer. A person waits meanwhile, or the session does.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// Asks logind not to end the session before the answer is dropped. Blocks.
pub(super) fn hold() -> Session {
    let asked = zbus::block_on(in_time(async {
        let bus = Connection::system().await?;
        let manager = proxy(&bus, PATH, MANAGER).await?;
        // Whoever has no session of its own, or whose session logind does not know, may still hold the machine up.
        if closes(&bus, &manager).await.unwrap_or(false) {
            return Ok(Session::Ends);
        }
        let why = ("shutdown", "autoupdate", "A program is being replaced", "delay");
        let lock: OwnedFd = manager.call("Inhibit", &why).await?;
        Ok(Session::Waits(Box::new(lock)))
    }));
    match asked {
        Ok(session) => session,
        Err(zbus::Error::MethodError(name, ..)) if name == TOO_LATE => Session::Ends,
        Err(error) => {
            tracing::debug!(%error, "the session is not asked to wait for an update");
            Session::Unasked
        }
    }
}

/// Tells the shell when the end of the session is announced, or called off. Ends with the system bus.
pub(crate) async fn watch(desk: Desk) {
    if let Err(error) = follow(&desk).await {
        tracing::debug!(%error, "the end of the session is not announced here");
    }
}

async fn follow(desk: &Desk) -> zbus::Result<()> {
    let bus = Connection::system().await?;
    let manager = proxy(&bus, PATH, MANAGER).await?;
    let mut announced = manager.receive_signal("PrepareForShutdown").await?;
    while let Some(signal) = announced.next().await {
        desk.wish(Wish::SessionEnds(signal.body().deserialize()?));
    }
    Ok(())
}

/// Whether the session ends now, as opposed to this process alone.
pub(crate) async fn ends() -> bool {
    let asked = in_time(async {
        let bus = Connection::system().await?;
        let manager = proxy(&bus, PATH, MANAGER).await?;
        Ok(manager.get_property::<bool>("PreparingForShutdown").await? || closes(&bus, &manager).await?)
    });
    asked.await.unwrap_or_else(|error| {
        tracing::debug!(%error, "whether the session ends is not known here");
        false
    })
}

/// Whether our session closes: its person logs out.
async fn closes(bus: &Connection, manager: &Proxy<'_>) -> zbus::Result<bool> {
    // 0: whoever asks.
    let session: OwnedObjectPath = manager.call("GetSessionByPID", &0_u32).await?;
    let session = proxy(bus, session.as_str(), SESSION).await?;
    Ok(session.get_property::<String>("State").await? == "closing")
}

async fn proxy<'a>(bus: &Connection, path: &'a str, interface: &'a str) -> zbus::Result<Proxy<'a>> {
    Builder::new(bus)
        .destination(NAME)
        .path(path)
        .interface(interface)
        .cache_properties(CacheProperties::No)
        .build()
        .await
}

async fn in_time<T>(asked: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    tokio::time::timeout(ANSWER_TIME, asked)
        .await
        .unwrap_or_else(|_| Err(zbus::Error::Failure("logind does not answer".to_owned())))
}
