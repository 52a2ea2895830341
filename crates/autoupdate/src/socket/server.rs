//! The engine's side.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::wire::{FORMAT, Reply, ReplyLine, Request, parse_request};
use super::{Error, line, transport};
use crate::handle::{Answer, Handle, Refusal};
use crate::store::Folders;

/// Every bound of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once: against a program that opens them in a loop.
    pub connections: usize,
    /// Bytes of a request, its line end included.
    pub request_bytes: u64,
    /// Bytes of a reply, its line end included: against another program that sits on the socket.
    pub reply_bytes: u64,
    /// From the connection, or from the last reply, to the end of the next request: against clients that hold connections.
    pub request_time: Duration,
    /// To take a reply: against clients that do not read.
    pub reply_time: Duration,
}

/// The bounds that are used.
pub const LIMITS: Limits = Limits {
    connections: 16,
    request_bytes: 16 << 10,
    reply_bytes: 4 << 20,
    request_time: Duration::from_secs(10),
    reply_time: Duration::from_secs(10),
};

/// A served socket. Dropped, it ends and takes its file along.
#[derive(Debug)]
pub struct Server {
    task: JoinHandle<()>,
}

impl Server {
    /// Becomes the one engine of this user, and serves `handle`. `show` hears of every wish to see the app around it; an
    /// engine without an app has none.
    ///
    /// # Errors
    /// [`Error::Running`] if there is one already; the folder or the socket cannot be used.
    pub fn start(folders: &Folders, handle: Handle, show: Option<Show>) -> Result<Self, Error> {
        let listener = transport::Listener::bind(folders)?;
        Ok(Self { task: tokio::spawn(serve(listener, handle, show)) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Hears of wishes to see the app around the engine. One wish is as good as many: a full channel is no loss.
pub type Show = mpsc::Sender<()>;

async fn serve(listener: transport::Listener, handle: Handle, show: Option<Show>) {
    let places = Arc::new(Semaphore::new(LIMITS.connections));
    let mut listener = listener;
    loop {
        let stream = match listener.accept().await {
            Ok(Some(stream)) => stream,
            // Somebody whom we do not serve; it was logged.
            Ok(None) => continue,
            Err(error) => {
                // Out of file descriptors, for example: give what runs time to end.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(limit = LIMITS.connections, "too many connections, one was refused");
            continue;
        };
        let (handle, show) = (handle.clone(), show.clone());
        drop(tokio::spawn(async move {
            let _place = place;
            if let Err(error) = talk(stream, &handle, show.as_ref()).await {
                tracing::debug!(%error, "a connection ended");
            }
        }));
    }
}

/// One connection, to its end.
async fn talk(
    stream: impl AsyncRead + AsyncWrite,
    handle: &Handle,
    show: Option<&Show>,
) -> std::io::Result<()> {
    let (reader, mut writer) = tokio::io::split(stream);
    tokio::pin!(reader);
    let mut reader = BufReader::new(reader);
    loop {
        let wait = timeout(LIMITS.request_time, line::read(&mut reader, LIMITS.request_bytes));
        let Some(line) = wait.await?? else { return Ok(()) };
        let request = match parse_request(&line) {
            Ok(request) => request,
            Err(reply) => return send(&mut writer, reply).await,
        };
        match request {
            Request::View => {
                let view = Box::new(handle.view().borrow().clone());
                send(&mut writer, Reply::View { view }).await?;
            }
            Request::Show => {
                let answer = match show {
                    Some(show) => {
                        let _shown_soon = show.try_send(());
                        Answer::Done
                    }
                    None => Answer::Refused { why: Refusal::NothingToShow },
                };
                send(&mut writer, Reply::Answer { answer: Box::new(answer) }).await?;
            }
            Request::Command(command) => {
                tracing::info!(?command, "asked over the socket");
                // A client that hangs up stops waiting; what it asked for goes on.
                let answer = tokio::select! {
                    answer = handle.command(command) => Box::new(answer),
                    _ = line::read(&mut reader, LIMITS.request_bytes) => return Ok(()),
                };
                send(&mut writer, Reply::Answer { answer }).await?;
            }
            Request::Subscribe => {
                let mut views = handle.view();
                views.mark_changed();
                loop {
                    tokio::select! {
                        changed = views.changed() => if changed.is_err() { return Ok(()) },
                        _ = line::read(&mut reader, LIMITS.request_bytes) => return Ok(()),
                    }
                    let view = Box::new(views.borrow_and_update().clone());
                    send(&mut writer, Reply::View { view }).await?;
                }
            }
        }
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), reply: Reply) -> std::io::Result<()> {
    timeout(LIMITS.reply_time, line::write(writer, &ReplyLine { format: FORMAT, reply })).await?
}
