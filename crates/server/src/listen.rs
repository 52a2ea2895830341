//! Connections: HTTP/1.1 over TCP, every one with deadlines, and an orderly end.
//!
//! Limits, and the attack each stops: connections in all and per address (a crowd, one greedy client); time and size of
//! a request's head (slow headers, header floods); time without a byte moving while an answer is written, and bytes per
//! second of it (a client that stops reading, or reads a byte now and then). Bodies of requests are limited where they are read. TLS and HTTP/2 are the reverse proxy's.

mod timer;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};

use self::timer::ConnectionTimer;
use crate::address::{Client, Connections};
use crate::config::Limits;
use crate::metrics::Metrics;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The most headers of a request.
const MAX_HEADERS: usize = 64;
/// The pause after the system refused a connection, for example because no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The peer of a connection, for whoever answers a request that comes over it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves until `stop` is done; then lets running requests end, but no longer than `limits.shutdown_timeout`.
pub(crate) async fn serve<A: Future<Output = Response> + Send + 'static>(
    listener: TcpListener,
    answer: impl Fn(Request<Incoming>, Peer) -> A + Clone + Send + 'static,
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
        // Who has said all there is to say and closes that half is answered all the same; and nobody looks, request by request,
        // into a fresh buffer whether it did. Who has gone is noticed by whatever is written.
        .half_close(true)
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
        let answer = answer.clone();
        let service = service_fn(move |request| answer(request, Peer(peer)).map(Ok::<_, Infallible>));
        let patience = Patience::new(limits.stall_timeout, limits.minimum_rate.get(), Instant::now());
        let io = TokioIo::new(Moving::new(stream, patience));
        let timed =
            protocol.clone().timer(ConnectionTimer::new(limits.header_timeout)).serve_connection(io, service);
        let connection = graceful.watch(timed);
        let counted = Arc::clone(&metrics);
        tasks.spawn(async move {
            match AssertUnwindSafe(connection).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%peer, %error, "a connection ended early"),
                // Answers are sent here: whoever catches the panics of requests has long returned.
                Err(_) => {
                    counted.panics.inc();
                    tracing::error!(%peer, "a bug: sending an answer panicked");
                }
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

/// A stream whose writes must move; see [`Patience`].
struct Moving<S> {
    stream: S,
    patience: Patience,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Moving<S> {
    fn new(stream: S, patience: Patience) -> Self {
        Self { stream, patience, alarm: None }
    }

    /// After a try to write; `taken` is how many bytes a good result stands for.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
        taken: impl FnOnce(&T) -> u64,
    ) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                self.alarm = None;
                self.patience.moved(result.as_ref().map_or(0, taken), Instant::now);
                Poll::Ready(result)
            }
            Poll::Pending => {
                let end = self.patience.waits(Instant::now());
                let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
                alarm.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

/// For how long a peer may still keep us waiting: at first `longest`. Waiting uses it up; every byte that the peer takes gives
/// back its time at the minimum rate, and so does time in which we do not wait for it. So who takes nothing is cut off after
/// `longest`, and so is, in the end, who takes less than the rate: nobody holds a connection and a file for a byte a minute.
struct Patience {
    longest: Duration,
    /// Bytes per second; 0: any byte gives back everything.
    rate: u64,
    left: Duration,
    /// Since when we wait; else since when we do not.
    since: Instant,
    waiting: bool,
}

impl Patience {
    fn new(longest: Duration, rate: u64, now: Instant) -> Self {
        Self { longest, rate, left: longest, since: now, waiting: false }
    }

    /// We wait. Returns when it is enough.
    fn waits(&mut self, now: Instant) -> Instant {
        if !self.waiting {
            self.give_back(now.duration_since(self.since));
            (self.waiting, self.since) = (true, now);
        }
        self.since + self.left
    }

    /// The peer took `bytes`. Nearly always nobody waited for it: then the time does not matter, and is not asked for.
    fn moved(&mut self, bytes: u64, now: impl FnOnce() -> Instant) {
        if self.waiting {
            let now = now();
            self.left = self.left.saturating_sub(now.duration_since(self.since));
            (self.waiting, self.since) = (false, now);
        }
        self.give_back(match self.rate {
            0 if bytes > 0 => self.longest,
            0 => Duration::ZERO,
            rate => Duration::from_micros(bytes.saturating_mul(1_000_000) / rate),
        });
    }

    fn give_back(&mut self, time: Duration) {
        self.left = self.left.saturating_add(time).min(self.longest);
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
        self.watch(cx, result, |taken| *taken as u64)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, result, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, result, |()| 0)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // An answer without a body: for the system, one piece is less work than a list of one.
        if let [one] = bufs {
            return self.poll_write(cx, one);
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, result, |taken| *taken as u64)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    fn moving<S>(stream: S, rate: u64) -> Moving<S> {
        Moving::new(stream, Patience::new(LONGEST, rate, Instant::now()))
    }

    /// Writes 100 KB, or what the peer takes in 40 seconds, of which it must take `rate` bytes a second, to one that takes
    /// `taken`. Whether it is whole.
    async fn check(rate: u64, taken: usize, whole: bool) {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let peer = tokio::spawn(async move {
            let mut second = tokio::time::interval(Duration::from_secs(1));
            let mut piece = vec![0; taken];
            loop {
                second.tick().await;
                if theirs.read_exact(&mut piece).await.is_err() {
                    return;
                }
            }
        });
        let written = moving(ours, rate).write_all(&vec![7; 100_000.max(taken * 40)]).await;
        peer.abort();
        let kind = written.map_err(|error| error.kind());
        assert_eq!(kind, if whole { Ok(()) } else { Err(io::ErrorKind::TimedOut) }, "{taken} of {rate}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_next_to_nothing_is_cut_off() {
        for taken in [1, 100, 200] {
            check(256, taken, false).await;
            check(0, taken, true).await;
        }
        for taken in [260, 300, 5000] {
            check(256, taken, true).await;
        }
        check(1 << 20, 1000, false).await;
        // Much in little pieces, of which each is worth less than a millisecond.
        check(100_000, 110_000, true).await;
        check(100_000, 10_000, false).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_has_nothing_to_say_may_wait() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut moving = moving(ours, 256);
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

    #[tokio::test]
    async fn a_bug_while_an_answer_is_sent_is_counted_and_costs_one_connection() {
        let pieces = || {
            futures_util::stream::iter(0..2).map(|piece| {
                assert_eq!(piece, 0, "a bug");
                Ok::<_, io::Error>("beginning")
            })
        };
        let answer = move |request: Request<Incoming>, _| {
            let bad = request.uri().path() == "/bad";
            let body = if bad { Body::from_stream(pieces()) } else { Body::from("all of it") };
            std::future::ready(Response::new(body))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (metrics, limits) = (Arc::new(Metrics::new()), Limits::default());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let client = async {
            let ask = async |path: &str| {
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer).await;
                String::from_utf8(answer).unwrap()
            };
            let (bad, good) = (ask("/bad").await, ask("/good").await);
            assert!(!bad.ends_with("0\r\n\r\n"), "an answer that is not whole says so: {bad}");
            assert!(good.ends_with("all of it"), "{good}");
            drop(stop);
        };
        let serving = serve(listener, answer, &limits, Arc::clone(&metrics), async {
            let _ = stopped.await;
        });
        tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(serving, client) }).await.unwrap();
        assert_eq!((metrics.panics.get(), metrics.connections.get()), (1, 0));
    }
}
