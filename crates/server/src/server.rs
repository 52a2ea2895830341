//! From a configuration to a server that answers, and to an orderly end.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::AppId;
use signing::Passphrase;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::address::Budgets;
use crate::app::{self, App};
use crate::config::Config;
use crate::data_lock::{DataLock, LockError};
use crate::ingest::{self, Ingest, IngestError, Packing};
use crate::lantern::{self, Face, LanternError};
use crate::metrics::Metrics;
use crate::offline_keys::{self, Found};
use crate::patches::bench::Bench;
use crate::patches::shelf::Shelf;
use crate::publish::quota::{self, Quotas};
use crate::request_id::RequestIds;
use crate::router::Answers;
use crate::shared::{Clock, Shared};
use crate::store::{self, Commons, OpenError, StoreError, follow};
use crate::tokens::{Tokens, TokensError};
use crate::twins::Twins;
use crate::{listen, renewal};

/// What a server takes from its surroundings.
#[derive(Clone)]
pub struct Around {
    /// The program that makes patches: this one, started as `PROGRAM make-patch …`.
    pub program: PathBuf,
    /// The time of day.
    pub clock: Clock,
}

impl Around {
    /// The running program and the system's clock.
    ///
    /// # Errors
    /// If the system does not say which program is running.
    pub fn here() -> io::Result<Self> {
        Ok(Self { program: std::env::current_exe()?, clock: Arc::new(Timestamp::now) })
    }
}

/// For how long a server that stops tries to tell others what it was asked for. What it cannot say now is in a file.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory is taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A key that must not be in reach.
    #[error(
        "{0}. Whoever breaks into this machine could sign releases with it: move it to an offline machine. \
         To start anyway, set `offline_keys_accepted` (see the example configuration)"
    )]
    OfflineKey(#[source] Found),
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The passphrase of the online keys cannot be read.
    #[error("the passphrase of the online keys: {0}")]
    Passphrase(#[source] signing::Error),
    /// An app's tree or keys cannot be used.
    #[error("app {app}: {source}")]
    App {
        /// The app.
        app: AppId,
        /// What is wrong.
        source: signing::Error,
    },
    /// An online key is encrypted, and the configuration does not open it.
    #[error(
        "app {app}: {source}. Name the file with it as `keys_passphrase_file`: all encrypted online keys of a server have one \
         passphrase, and those that are not encrypted may lie beside them"
    )]
    Locked {
        /// The app.
        app: AppId,
        /// Which key, and whether there was no passphrase or a wrong one.
        source: signing::Error,
    },
    /// Old Lantern clients cannot be served.
    #[error(transparent)]
    Lantern(#[from] LanternError),
    /// An app cannot take its releases from GitHub.
    #[error("app {app}: its releases cannot be taken from GitHub: {source}")]
    Ingest {
        /// The app.
        app: AppId,
        /// What is wrong.
        source: IngestError,
    },
    /// The bucket cannot be worked on.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The bucket cannot be looked through.
    #[error("the bucket of the configuration: {0}")]
    Bucket(#[from] StoreError),
    /// Somebody else works on an app in the bucket.
    #[error("app {app}: {owner} works on it until {until}, or goes on: try again after that")]
    Busy {
        /// The app.
        app: AppId,
        /// The server, as others see it.
        owner: String,
        /// When its lease ends, if it is not renewed.
        until: Timestamp,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory cannot be used.
    #[error("{}: {source}", folder.display())]
    Disk {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A server that has its port and its data, and waits for [`Server::run`].
pub struct Server {
    shared: Arc<Shared>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the data directory, checks everything that must be right, renews what is due, and opens the port.
    ///
    /// # Errors
    /// [`StartError`], which says what to do.
    pub async fn start(config: Config, around: Around) -> Result<Self, StartError> {
        let folder = config.data.clone();
        let disk = move |source| StartError::Disk { folder: folder.clone(), source };
        let lock = DataLock::take(&config.data)?;
        let metrics = Arc::new(Metrics::new());
        let commons = Commons::open(&config, &metrics, &around.clock).await?;
        let opened = tokio::task::spawn_blocking(move || open(config, around, lock, metrics, commons)).await;
        let shared = opened.map_err(|error| disk(io::Error::other(error)))??;
        for app in shared.apps.values() {
            renewal::look_after(&shared, app).await;
        }
        let address = shared.config.listen;
        let listening = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        Ok(Self { shared, listener, address })
    }

    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then lets running requests end within the configured time.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { shared, listener, .. } = self;
        // Aborted when dropped, and children die with the makers that wait for them.
        let mut background = JoinSet::new();
        background.spawn(renewal::run(Arc::clone(&shared)));
        if let Some(commons) = &shared.commons {
            background.spawn(follow::run(Arc::clone(&shared), Arc::clone(commons)));
        }
        for _ in 0..shared.config.patches.parallel {
            background.spawn(Arc::clone(&shared.bench).work());
        }
        background.spawn(Arc::clone(&shared.twins).work());
        for source in shared.ingest.sources() {
            background.spawn(ingest::run(Arc::clone(&shared), Arc::clone(source)));
        }
        let answers = Arc::new(Answers::new(&shared));
        let answer = move |request, peer| answers.answer(request, peer);
        listen::serve(listener, answer, &shared.config.limits, Arc::clone(&shared.metrics), stop).await;
        background.shutdown().await;
        // A publication that is being written may end: its writer's place is free only afterwards. One that takes longer
        // keeps the data directory's lock, and may be cut like by a power cut: the timestamp comes last.
        let writers = async {
            for app in shared.apps.values() {
                drop(app.writing().await);
                renewal::save_demand(app, shared.commons.is_some());
            }
        };
        if tokio::time::timeout(shared.config.limits.shutdown_timeout, writers).await.is_err() {
            tracing::warn!("a publication did not end in time and is cut");
        }
        let telling = async {
            let Some(commons) = &shared.commons else { return };
            for app in shared.apps.values() {
                renewal::share_demand(commons, app).await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, telling).await.is_err() {
            tracing::warn!(
                "other servers are told only after the next start what clients asked this one for"
            );
        }
        tracing::info!("stopped");
    }
}

/// Checks what a start would check, but takes nothing and changes nothing. Returns the apps that would be served.
///
/// # Errors
/// [`StartError`], as a start would give.
pub fn check(config: &Config) -> Result<Vec<AppId>, StartError> {
    store::check(config)?;
    Ok(examine(config)?.apps.into_iter().map(|app| app.id).collect())
}

/// What a start needs besides its configuration.
pub(crate) struct Examined {
    pub(crate) tokens: Tokens,
    pub(crate) apps: Vec<App>,
    lantern: Option<lantern::Key>,
}

pub(crate) fn examine(config: &Config) -> Result<Examined, StartError> {
    let disk = |source| StartError::Disk { folder: config.data.clone(), source };
    let apps = app::list(&config.data).map_err(disk)?;
    let passphrase = (config.keys_passphrase_file.as_deref())
        .map(Passphrase::from_file)
        .transpose()
        .map_err(StartError::Passphrase)?;
    let found = offline_keys::search(&config.data, config.keys.as_deref(), passphrase.as_ref(), &apps);
    let found = found.map_err(disk)?;
    for found in found {
        if !config.accepts_offline_keys() {
            return Err(StartError::OfflineKey(found));
        }
        tracing::error!(%found, "DANGER: started beside an offline key, as `offline_keys_accepted` says");
    }
    let tokens = Tokens::open(config.publish.tokens.as_deref())?;
    let open = |id: AppId| {
        App::open(&config.data, &id, config.keys.as_deref(), passphrase.as_ref()).map_err(|source| {
            match source {
                signing::Error::PassphraseNeeded { .. } | signing::Error::WrongPassphrase { .. } => {
                    StartError::Locked { app: id, source }
                }
                source => StartError::App { app: id, source },
            }
        })
    };
    let apps: Vec<App> = apps.into_iter().map(open).collect::<Result<_, _>>()?;
    ingest::check(config, &apps).map_err(|(app, source)| StartError::Ingest { app, source })?;
    let lantern = config.lantern.as_ref().map(|settings| lantern::examine(settings, &apps)).transpose()?;
    Ok(Examined { tokens, apps, lantern })
}

fn open(
    config: Config,
    around: Around,
    lock: DataLock,
    metrics: Arc<Metrics>,
    commons: Option<Arc<Commons>>,
) -> Result<Arc<Shared>, StartError> {
    let disk = |source| StartError::Disk { folder: config.data.clone(), source };
    let Examined { tokens, apps, lantern } = examine(&config)?;
    let ids: Vec<AppId> = apps.iter().map(|app| app.id.clone()).collect();
    for app in &apps {
        private_folder(&app.incoming).map_err(disk)?;
        quota::sweep(&app.incoming, config.publish.keep_unpublished, true).map_err(disk)?;
        if app.keys.is_none() {
            tracing::warn!(app = %app.id, "no online keys: this app is served as it lies there, nothing is signed");
        }
    }
    let shelf = Shelf::open(&config.data, &ids, config.patches.cache.get()).map_err(disk)?;
    let shelf = Arc::new(shelf);
    let scratch = config.data.join(".scratch");
    let bench = Bench::new(
        config.patches.clone(),
        &around.program,
        &scratch,
        Arc::clone(&shelf),
        Arc::clone(&metrics),
        commons.clone(),
    )
    .map_err(disk)?;
    let twins =
        Twins::new(config.patches.clone(), &around.program, &scratch, Arc::clone(&metrics), commons.clone());
    let ingest = Ingest::open(&config, &scratch, &around.program);
    let ingest = Arc::new(ingest.map_err(|(app, source)| StartError::Ingest { app, source })?);
    let apps: BTreeMap<_, _> = apps.into_iter().map(|app| (app.id.clone(), Arc::new(app))).collect();
    let lantern = config.lantern.as_ref().zip(lantern).and_then(|(settings, key)| {
        let taken = Arc::clone(&ingest);
        let origins = move |app: &AppId, path: &str| {
            // Old clients can unpack bzip2 and nothing else.
            let origin = taken.origin(app, path)?;
            matches!(origin.packing, Packing::Plain | Packing::Bzip2).then_some(origin.url)
        };
        Face::new(settings, key, &apps, Arc::new(origins), commons.clone(), &scratch)
    });
    let shared = Shared {
        apps,
        lantern,
        tokens,
        metrics,
        ids: RequestIds::new(),
        budgets: Budgets::new(config.limits.requests_per_second, config.limits.burst),
        quotas: Quotas::default(),
        shelf,
        bench: Arc::new(bench),
        twins: Arc::new(twins),
        ingest,
        clock: around.clock,
        commons,
        signed: Notify::new(),
        config,
        lock,
    };
    Ok(Arc::new(shared))
}

/// A folder for nobody else: what is not published yet is nobody else's business.
fn private_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
