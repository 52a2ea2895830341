//! Connections: HTTP/1.1 over TCP, every one with deadlines, and an orderly end.
//!
//! Limits, and the attack each stops: connections in all and per address (a crowd, one greedy client); time and size of
//! a request's head (slow headers, header floods); time without a byte moving while an answer is written (a client that
//! stops reading). Bodies of requests are limited where they are read. TLS and HTTP/2 are the reverse proxy's.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tower::ServiceExt as _;

use crate::address::{Client, Connections};
use crate::config::Limits;
use crate::metrics::Metrics;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The pause after the system refused a connection, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The peer of a connection, put into every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves until `stop` is done; then lets running requests end, but no longer than `limits.shutdown_timeout`.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = Arc::new(Connections::default());
    let graceful = GracefulShutdown::new();
    let mut tasks = JoinSet::new();
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    tokio::pin!(stop);
    loop {
        // A place first: while all are taken, newcomers wait in the kernel's backlog and cost us nothing.
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            accepted = accept => accepted,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
        };
        let (Ok(place), Ok((stream, peer))) = (place, accepted) else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let group = Client(peer.ip().to_canonical()).group();
        let proxy = limits.trusted_proxies.contains(&peer.ip().to_canonical());
        let most = if proxy { limits.connections } else { limits.connections_per_address };
        if !connections.enter(group, most) {
            metrics.refused_connections.inc();
            continue;
        }
        let seat = Seat::take(&connections, &metrics, group, place);
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let io = TokioIo::new(Moving::new(stream, limits.stall_timeout));
        let connection = graceful.watch(protocol.serve_connection(io, service));
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(seat);
        });
    }
    drop(listener);
    tracing::info!(connections = tasks.len(), "stopping: running requests may end");
    if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "some requests did not end in time and are cut");
    }
    tasks.shutdown().await;
}

/// What a connection takes up; given back however it ends.
struct Seat {
    connections: Arc<Connections>,
    metrics: Arc<Metrics>,
    group: IpAddr,
    _place: OwnedSemaphorePermit,
}

impl Seat {
    /// For a connection that `connections` counts already.
    fn take(
        connections: &Arc<Connections>,
        metrics: &Arc<Metrics>,
        group: IpAddr,
        place: OwnedSemaphorePermit,
    ) -> Self {
        metrics.connections.inc();
        Self { connections: Arc::clone(connections), metrics: Arc::clone(metrics), group, _place: place }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.leave(self.group);
        self.metrics.connections.dec();
    }
}

/// The least that a peer must take of what waits for it, in bytes per second, over the time of `limits.stall_timeout`.
const MINIMUM_RATE: u64 = 256;

/// A stream whose writes must move: while something waits to be written, the peer must take at least `least` bytes in every
/// `limit`, else the write fails. So one that takes a byte now and then is cut off like one that takes none.
struct Moving<S> {
    stream: S,
    limit: Duration,
    least: u64,
    waiting: Option<Waiting>,
}

/// Something waits to be written.
struct Waiting {
    deadline: Pin<Box<Sleep>>,
    taken: u64,
}

impl<S> Moving<S> {
    fn new(stream: S, limit: Duration) -> Self {
        let least = MINIMUM_RATE.saturating_mul(limit.as_secs()).max(1);
        Self { stream, limit, least, waiting: None }
    }

    /// After a try to write that took `taken` bytes, or none yet.
    fn watch(&mut self, cx: &mut Context<'_>, taken: Option<u64>) -> Poll<io::Result<()>> {
        if let (Some(taken), Some(waiting)) = (taken, &mut self.waiting) {
            waiting.taken = waiting.taken.saturating_add(taken);
            if waiting.taken >= self.least {
                self.waiting = None;
            }
        }
        if taken.is_some() {
            return Poll::Ready(Ok(()));
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| {
            let deadline = Box::pin(tokio::time::sleep_until(Instant::now() + limit));
            Waiting { deadline, taken: 0 }
        });
        waiting.deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn watch_write(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let taken = match &result {
            Poll::Ready(Ok(taken)) => Some(*taken as u64),
            Poll::Ready(Err(_)) => return result,
            Poll::Pending => None,
        };
        match self.watch(cx, taken) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => result,
        }
    }

    fn watch_flush(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if result.is_ready() {
            // Nothing waits any more.
            self.waiting = None;
            return result;
        }
        self.watch(cx, None)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Moving<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Moving<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch_write(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch_flush(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch_flush(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Writes 100 KB to a peer that takes so many bytes each second.
    async fn write_to(rate: usize) -> io::Result<()> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let peer = tokio::spawn(async move {
            let mut second = tokio::time::interval(Duration::from_secs(1));
            let mut piece = vec![0; rate];
            loop {
                second.tick().await;
                if theirs.read_exact(&mut piece).await.is_err() {
                    return;
                }
            }
        });
        let mut moving = Moving::new(ours, Duration::from_secs(30));
        let written = moving.write_all(&vec![7; 100_000]).await;
        peer.abort();
        written
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_next_to_nothing_is_cut_off() {
        for rate in [1, 100, 255] {
            assert_eq!(write_to(rate).await.unwrap_err().kind(), io::ErrorKind::TimedOut, "{rate}");
        }
        for rate in [300, 5000] {
            write_to(rate).await.unwrap_or_else(|error| panic!("{rate}: {error}"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_has_nothing_to_say_may_wait() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut moving = Moving::new(ours, Duration::from_secs(30));
        for _ in 0..3 {
            let peer = async {
                // Late, but all of it: then nothing waits any more.
                tokio::time::advance(Duration::from_secs(20)).await;
                theirs.read_exact(&mut [0; 100]).await.map(drop)
            };
            let (written, read) = tokio::join!(
                async {
                    moving.write_all(&[7; 100]).await?;
                    moving.flush().await
                },
                peer
            );
            written.and(read).unwrap();
            tokio::time::advance(Duration::from_secs(3600)).await;
        }
    }
}
