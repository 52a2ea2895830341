//! From the start of the process to its end.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use autoupdate::handle::{Answer, How};
use autoupdate::socket::{self, Remote, Server};
use autoupdate::store::Folders;
use autoupdate::{Config, Engine, Handle};
use protocol::AppId;
use tauri::RunEvent;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::face::Shell;
use crate::login::Login;
use crate::menu::Does;
use crate::session::{self, Desktop};
use crate::shell::{Desk, ShellTask, Wish};
use crate::tray::Tray;
use crate::words::Words;
use crate::{commands, display, here, log, window};

/// The app's own id, where it is enrolled itself.
pub(crate) const OWN_ID: &str = "autoupdate-tray";
/// What the process is started with that takes over when the app itself is updated.
const TAKE_OVER: &str = "--take-over";

/// Whether the window opens at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// A person started the app.
    Window,
    /// It was started at login or after an update: the tray is enough.
    Nothing,
}

/// Runs the app to its end.
///
/// # Errors
/// What keeps it from starting.
// The one call of `exit` is inside of Tauri's macro.
#[allow(clippy::exit)]
pub fn run(open: Open) -> Result<()> {
    let folders = Folders::of_user()?;
    log::start(&folders);
    if let autoupdate::Started::RolledBack(back) = autoupdate::init() {
        tracing::warn!("this version did not prove that it lives, the previous one is started");
        return Ok(back.restart()?);
    }
    let runtime = runtime()?;
    // Before anybody can see that it runs: from here on an end is heard, and comes in good order.
    let end = {
        let _here = runtime.enter();
        end_of_session()
    };
    let Some(started) = runtime.block_on(start(folders))? else { return Ok(()) };
    let Started { folders, engine, own_id, packaged, language, shows, _socket } = started;
    tauri::async_runtime::set(runtime.handle().clone());

    let (desk, wishes) = Desk::new();
    runtime.spawn(listen(desk.clone(), shows, end));
    let for_setup = desk.clone();
    let builder = tauri::Builder::default()
        .manage(desk)
        .invoke_handler(tauri::generate_handler![
            commands::next,
            commands::act,
            commands::check_all,
            commands::notes,
            commands::start_at_login,
            commands::settings,
            commands::set,
            commands::history,
            commands::examine,
            commands::pause,
            commands::pick,
            commands::diagnostics,
            commands::export_diagnostics,
            commands::open_log
        ])
        .setup(move |app| {
            let handle = app.handle().clone();
            let login = Login::of_user();
            let tray = Tray::new(&handle, &for_setup);
            let about = Shell {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                own_id,
                packaged: packaged.is_some(),
                tray: tray.is_some(),
                starts_at_login: login.is_on(),
                go: None,
            };
            let words = Words::of_person(language.as_deref());
            let task = ShellTask {
                app: handle.clone(),
                engine,
                folders,
                packaged,
                desk: for_setup,
                tray,
                about,
                login,
                words,
            };
            drop(tauri::async_runtime::spawn(task.run(wishes)));
            if open == Open::Window {
                window::open(&handle);
            }
            // Everything stands: a version on probation says so itself.
            drop(tauri::async_runtime::spawn_blocking(autoupdate::confirm));
            Ok(())
        });
    let app = display::reach(|| builder.build(tauri::generate_context!()))?;
    app.run(|app, event| {
        // The last window closed: the app lives on in the tray.
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
            window::closed(app);
        }
    });
    Ok(())
}

/// What runs before there is a desktop.
struct Started {
    folders: Folders,
    engine: Handle,
    own_id: Option<AppId>,
    /// This executable, if a package manager owns it.
    packaged: Option<PathBuf>,
    /// The language that the person chose.
    language: Option<String>,
    shows: mpsc::Receiver<()>,
    _socket: Server,
}

/// Becomes the one engine of this person. `None`: there is one already, and it was asked to show itself.
async fn start(folders: Folders) -> Result<Option<Started>> {
    if let Ok(mut running) = Remote::connect(&folders).await {
        running.show().await.context("the app that runs does not answer")?;
        return Ok(None);
    }
    display::look()?;
    let mut config = Config { platform: Arc::new(Desktop), ..Config::of_user(folders.clone())? };
    let program = here::program().context("this copy cannot tell where it lies")?;
    let packaged = here::is_packaged(&program).then_some(program);
    let own_id = match &packaged {
        None => own_id(&config),
        Some(program) => {
            config.enrolments.apps.retain(|app| !here::is_same(&app.enrolment.path, program));
            None
        }
    };
    // Of a packaged copy it is told as well: should it be enrolled later, while it runs, it is not replaced by the engine
    // itself, but asked to do so by `take_over`, and refuses.
    let own = own_id.clone().or_else(|| packaged.as_ref().and_then(|_| AppId::parse(OWN_ID).ok()));
    config.own = own.map(|app| autoupdate::driver::Own { app, arguments: vec![TAKE_OVER.into()] });
    let language = config.settings.language().map(ToOwned::to_owned);
    let engine = Engine::start(config).await?;
    let (show, shows) = mpsc::channel(1);
    match Server::start(&folders, engine.clone(), Some(show)) {
        Ok(socket) => {
            Ok(Some(Started { folders, engine, own_id, packaged, language, shows, _socket: socket }))
        }
        // Two starts at the same moment: the other one was quicker.
        Err(socket::Error::Running) => {
            engine.shutdown().await;
            Remote::connect(&folders).await?.show().await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The app's own id, if it is enrolled and its enrolment means this very executable.
fn own_id(config: &Config) -> Option<AppId> {
    let id = AppId::parse(OWN_ID).ok()?;
    let enrolled = &config.enrolments.app(&id)?.enrolment.path;
    here::is_same(enrolled, &here::program().ok()?).then_some(id)
}

/// Wishes from outside of the app: a second start, the end of the session.
async fn listen(desk: Desk, mut shows: mpsc::Receiver<()>, end: impl Future<Output = ()>) {
    let mut end = std::pin::pin!(end);
    loop {
        tokio::select! {
            Some(()) = shows.recv() => desk.wish(Wish::Do(Does::Open)),
            () = &mut end => {
                // Whoever asks this process alone to end finds everything as it was; with the session it all goes.
                if session::ends().await {
                    desk.wish(Wish::SessionEnds(true));
                }
                desk.wish(Wish::Quit);
                return;
            }
        }
    }
}

/// Ends when this process is asked to end. That is heard from the call on, not only while somebody waits.
#[cfg(unix)]
fn end_of_session() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut term), Ok(mut int)) = heard else { return std::future::pending().await };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    }
}

#[cfg(not(unix))]
async fn end_of_session() {
    // An error means that it cannot be heard here.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Replaces the app itself, while it runs: asks it to close, puts the staged version in place, starts and watches it.
///
/// # Errors
/// It could not be done; the app is then the one from before.
pub fn take_over() -> Result<()> {
    let folders = Folders::of_user()?;
    log::start(&folders);
    let program = here::program().context("this copy cannot tell where it lies")?;
    ensure!(
        !here::is_packaged(&program),
        "{} belongs to your package manager, which updates it; this is not done by the app itself",
        program.display()
    );
    let config = Config { background: false, platform: Arc::new(Desktop), ..Config::of_user(folders)? };
    let id = AppId::parse(OWN_ID)?;
    runtime()?.block_on(async {
        let engine = Engine::start(config).await?;
        let answer = engine.activate(&id, How::default()).await;
        engine.shutdown().await;
        match answer {
            Answer::Updated { report } => {
                tracing::info!(to = %report.to, "the app was updated");
                Ok(())
            }
            other => bail!("the app was not updated: {other:?}"),
        }
    })
}

pub(crate) fn runtime() -> Result<Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.context("no threads can be started")
}
