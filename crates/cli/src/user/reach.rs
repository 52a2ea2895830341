//! Reaching an engine: the one that runs in the tray, or else one of our own for as long as the command takes.
//!
//! Both speak the same commands and answers, so a verb does not know which it talks to.

use autoupdate::socket::{self, Remote};
use autoupdate::store::Folders;
use autoupdate::view::View;
use autoupdate::{Answer, Command, Config, Engine, Handle};
use protocol::AppId;
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::output::Output;
use crate::user::progress::Progress;

/// An engine within reach.
pub(crate) struct Reach {
    runtime: Runtime,
    engine: Found,
}

enum Found {
    /// The running one; each command gets a connection of its own.
    Running(Folders),
    Own(Handle),
}

impl Reach {
    /// Finds the running engine of this user, or starts one.
    pub(crate) fn find() -> Result<Self, Failure> {
        let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
        let runtime = runtime()?;
        let engine = runtime.block_on(async {
            if connect(&folders).await?.is_some() {
                return Ok(Found::Running(folders));
            }
            let failed = |error: autoupdate::Error| Failure::of(error.fault(), &error);
            let config = Config { background: false, ..Config::of_user(folders).map_err(failed)? };
            Engine::start(config).await.map(Found::Own).map_err(failed)
        })?;
        Ok(Self { runtime, engine })
    }

    /// Whether it is an engine that runs without us.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.engine, Found::Running(_))
    }

    /// The View as it is now.
    pub(crate) fn view(&self) -> Result<View, Failure> {
        match &self.engine {
            Found::Running(folders) => self.runtime.block_on(async {
                let mut remote = running(folders).await?;
                remote.view().await.map_err(|error| of_socket(&error))
            }),
            Found::Own(handle) => {
                let mut view = handle.view();
                // A program that cannot be read never settles: its View says so.
                let _late = self.runtime.block_on(async {
                    let settled = view.wait_for(|view| view.apps.iter().all(|app| app.installed.is_some()));
                    tokio::time::timeout(SETTLE_TIME, settled).await.map(|found| found.map(|_| ()))
                });
                Ok(view.borrow().clone())
            }
        }
    }

    /// Gives a command that is answered at once.
    pub(crate) fn ask(&self, command: Command) -> Result<Answer, Failure> {
        match &self.engine {
            Found::Running(folders) => self.runtime.block_on(async {
                running(folders).await?.command(command).await.map_err(|error| of_socket(&error))
            }),
            Found::Own(handle) => Ok(self.runtime.block_on(handle.command(command))),
        }
    }

    /// Gives a command about an app and waits for what it comes to, showing the progress meanwhile.
    pub(crate) fn command(&self, app: &AppId, command: Command, output: &Output) -> Result<Answer, Failure> {
        let progress = Progress::new(output);
        match &self.engine {
            Found::Running(folders) => self.runtime.block_on(async {
                let mut views =
                    running(folders).await?.subscribe().await.map_err(|error| of_socket(&error))?;
                let mut remote = running(folders).await?;
                let answer = remote.command(command);
                tokio::pin!(answer);
                loop {
                    tokio::select! {
                        answer = &mut answer => return answer.map_err(|error| of_socket(&error)),
                        Ok(view) = views.next() => progress.show(&view, app),
                    }
                }
            }),
            Found::Own(handle) => Ok(self.runtime.block_on(async {
                let mut view = handle.view();
                let answer = handle.command(command);
                tokio::pin!(answer);
                loop {
                    tokio::select! {
                        answer = &mut answer => return answer,
                        Ok(()) = view.changed() => progress.show(&view.borrow_and_update(), app),
                    }
                }
            })),
        }
    }
}

/// How long an engine of our own may take to look at the installed programs.
const SETTLE_TIME: std::time::Duration = std::time::Duration::from_secs(10);

impl Drop for Reach {
    fn drop(&mut self) {
        if let Found::Own(handle) = &self.engine {
            self.runtime.block_on(handle.shutdown());
        }
    }
}

/// Lets a running engine read the enrolments again. Without one there is nothing to tell.
pub(crate) fn tell_running_engine(folders: &Folders) {
    let Ok(runtime) = runtime() else { return };
    runtime.block_on(async {
        if let Ok(Some(mut remote)) = connect(folders).await
            && let Err(error) = remote.command(Command::Reload).await
        {
            eprintln!(
                "the running updater does not know of the change yet, it will at its next start: {error}"
            );
        }
    });
}

/// A tokio runtime for one command.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| Failure::engine("E-STATE-RUNTIME", format!("no threads can be started: {error}")))
}

/// A connection to the running engine, `None` without one.
async fn connect(folders: &Folders) -> Result<Option<Remote>, Failure> {
    match Remote::connect(folders).await {
        Ok(remote) => Ok(Some(remote)),
        Err(socket::Error::NotRunning) => Ok(None),
        Err(error) => Err(of_socket(&error)),
    }
}

async fn running(folders: &Folders) -> Result<Remote, Failure> {
    Remote::connect(folders).await.map_err(|error| of_socket(&error))
}

fn of_socket(error: &socket::Error) -> Failure {
    Failure::of(error.fault(), error)
}
