//! A named pipe per user. The system's default access list lets the user, administrators and the system write to it; others
//! could at most read, and who cannot write cannot ask.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, PipeMode, ServerOptions,
};

use super::Error;
use crate::store::Folders;
use protocol::Digest;

/// The name of the pipe: one per set of folders, so one per user.
fn name(folders: &Folders) -> String {
    let of = Digest::of(folders.runtime.to_string_lossy().as_bytes());
    format!(r"\\.\pipe\autoupdate-{of}")
}

fn failed(folders: &Folders) -> impl FnOnce(io::Error) -> Error {
    let path = name(folders).into();
    move |source| Error::Socket { path, source }
}

/// The pipe of the one engine of this user.
#[derive(Debug)]
pub(super) struct Listener {
    name: String,
    next: NamedPipeServer,
}

impl Listener {
    pub(super) fn bind(folders: &Folders) -> Result<Self, Error> {
        let name = name(folders);
        let next = match server().first_pipe_instance(true).create(&name) {
            Ok(next) => next,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(Error::Running),
            Err(error) => return Err(failed(folders)(error)),
        };
        Ok(Self { name, next })
    }

    /// The next connection. The pipe's access list has decided already who may come.
    pub(super) async fn accept(&mut self) -> io::Result<Option<Stream>> {
        self.next.connect().await?;
        let next = server().create(&self.name)?;
        Ok(Some(Stream::Server(std::mem::replace(&mut self.next, next))))
    }
}

fn server() -> ServerOptions {
    let mut options = ServerOptions::new();
    options.pipe_mode(PipeMode::Byte).reject_remote_clients(true);
    options
}

pub(super) async fn connect(folders: &Folders) -> Result<Stream, Error> {
    match ClientOptions::new().open(name(folders)) {
        Ok(pipe) => Ok(Stream::Client(pipe)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotRunning),
        Err(error) => Err(failed(folders)(error)),
    }
}

/// Either end of the pipe.
#[derive(Debug)]
pub(super) enum Stream {
    Server(NamedPipeServer),
    Client(NamedPipeClient),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_read(cx, buf),
            Self::Client(pipe) => Pin::new(pipe).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_write(cx, buf),
            Self::Client(pipe) => Pin::new(pipe).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_flush(cx),
            Self::Client(pipe) => Pin::new(pipe).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Server(pipe) => Pin::new(pipe).poll_shutdown(cx),
            Self::Client(pipe) => Pin::new(pipe).poll_shutdown(cx),
        }
    }
}
