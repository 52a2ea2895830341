//! The other side: whoever wants something of a running engine.

use std::time::Duration;

use tokio::io::{BufReader, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::server::LIMITS;
use super::wire::{FORMAT, Reply, ReplyLine, Request, RequestLine};
use super::{Error, line, transport};
use crate::handle::{Answer, Command};
use crate::store::Folders;
use crate::view::View;

/// How long a View may take to come: it needs no work.
const VIEW_TIME: Duration = Duration::from_secs(10);

/// A connection to the engine that runs for the owner of these folders.
#[derive(Debug)]
pub struct Remote {
    reader: BufReader<ReadHalf<transport::Stream>>,
    writer: WriteHalf<transport::Stream>,
}

impl Remote {
    /// Connects.
    ///
    /// # Errors
    /// [`Error::NotRunning`] if no engine runs there.
    pub async fn connect(folders: &Folders) -> Result<Self, Error> {
        let (reader, writer) = tokio::io::split(transport::connect(folders).await?);
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    /// The present View.
    ///
    /// # Errors
    /// The engine hung up or is not understood.
    pub async fn view(&mut self) -> Result<View, Error> {
        self.send(Request::View).await?;
        self.next_view(Some(VIEW_TIME)).await
    }

    /// Gives a command and waits for what it comes to, for as long as that takes.
    ///
    /// # Errors
    /// The engine hung up or is not understood.
    pub async fn command(&mut self, command: Command) -> Result<Answer, Error> {
        self.ask(Request::Command(command)).await
    }

    /// Asks the app around the engine to show itself.
    ///
    /// # Errors
    /// The engine hung up or is not understood.
    pub async fn show(&mut self) -> Result<Answer, Error> {
        timeout(VIEW_TIME, self.ask(Request::Show)).await.map_err(|_| Error::NoAnswer)?
    }

    async fn ask(&mut self, request: Request) -> Result<Answer, Error> {
        self.send(request).await?;
        match self.receive().await? {
            Reply::Answer { answer } => Ok(*answer),
            other => Err(unexpected(other)),
        }
    }

    /// Asks for the present View and each later one; take them with [`Views::next`].
    ///
    /// # Errors
    /// The engine hung up.
    pub async fn subscribe(mut self) -> Result<Views, Error> {
        self.send(Request::Subscribe).await?;
        Ok(Views(self))
    }

    async fn send(&mut self, request: Request) -> Result<(), Error> {
        let line = RequestLine { format: FORMAT, request };
        let sent = timeout(LIMITS.reply_time, line::write(&mut self.writer, &line)).await;
        sent.map_err(|_| Error::NoAnswer)?.map_err(|_| Error::NoAnswer)
    }

    async fn receive(&mut self) -> Result<Reply, Error> {
        let line = line::read(&mut self.reader, LIMITS.reply_bytes).await;
        let line = line.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => not(&error),
            // However it hung up, in the middle of a line or with a reset: there is no answer.
            _ => Error::NoAnswer,
        })?;
        let line = line.ok_or(Error::NoAnswer)?;
        let reply: ReplyLine = serde_json::from_slice(&line).map_err(|error| not(&error))?;
        Ok(reply.reply)
    }

    async fn next_view(&mut self, within: Option<Duration>) -> Result<View, Error> {
        let reply = match within {
            Some(within) => timeout(within, self.receive()).await.map_err(|_| Error::NoAnswer)??,
            None => self.receive().await?,
        };
        match reply {
            Reply::View { view } if view.format == View::FORMAT => Ok(*view),
            other => Err(unexpected(other)),
        }
    }
}

/// The Views of a running engine.
#[derive(Debug)]
pub struct Views(Remote);

impl Views {
    /// The next View; the first one comes at once. Waits for as long as nothing changes.
    ///
    /// # Errors
    /// The engine hung up or is not understood.
    pub async fn next(&mut self) -> Result<View, Error> {
        self.0.next_view(None).await
    }
}

fn not(error: &dyn std::error::Error) -> Error {
    Error::NotUnderstood { why: error.to_string() }
}

fn unexpected(reply: Reply) -> Error {
    let why = match reply {
        Reply::NotUnderstood { known_format, text } => format!("{text} (it knows format {known_format})"),
        Reply::View { .. } | Reply::Answer { .. } => "it answered something else".to_owned(),
    };
    Error::NotUnderstood { why }
}
