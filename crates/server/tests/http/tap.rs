//! Between servers and their store: passes everything on, request by request, and holds the one that a test waits for, so that a kill
//! certainly meets its middle.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stage::PATIENCE;

/// How much of a request the store has when it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing.
    Before,
    /// Its head, and half of its body.
    Middle,
    /// All, and it has done it: who asked does not know. Where it refused, the next such request is held.
    After,
}

/// Which request is held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) method: &'static str,
    /// All of this is in its head.
    pub(crate) parts: &'static [&'static str],
    pub(crate) moment: Moment,
}

/// Holds one request of one server, whichever comes first.
pub(crate) struct Snare {
    order: Mutex<Option<Order>>,
    held: watch::Sender<Option<usize>>,
}

impl Snare {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { order: Mutex::default(), held: watch::Sender::new(None) })
    }

    pub(crate) fn set(&self, order: Order) {
        self.held.send_replace(None);
        *self.order.lock().unwrap() = Some(order);
    }

    /// Waits until a request is held; the server that sent it.
    pub(crate) async fn caught(&self) -> usize {
        let mut held = self.held.subscribe();
        let caught = tokio::time::timeout(PATIENCE, held.wait_for(Option::is_some)).await;
        let order = *self.order.lock().unwrap();
        caught.unwrap_or_else(|_| panic!("never: {order:?}")).unwrap().unwrap()
    }

    fn holds(&self, who: usize) {
        self.held.send_replace(Some(who));
    }

    fn meets(&self, head: &str) -> Option<Order> {
        let mut order = self.order.lock().unwrap();
        let fits = |order: &mut Order| {
            head.starts_with(order.method) && order.parts.iter().all(|part| head.contains(part))
        };
        order.take_if(fits)
    }
}

/// The way of one server to its store; its address.
pub(crate) async fn tap(who: usize, store: SocketAddr, snare: &Arc<Snare>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let snare = Arc::clone(snare);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let snare = Arc::clone(&snare);
            // A connection that breaks is for the server to notice.
            tokio::spawn(async move { drop(pass(who, stream, store, &snare).await) });
        }
    });
    address
}

/// Servers send no request before the last one is answered.
async fn pass(who: usize, stream: TcpStream, store: SocketAddr, snare: &Arc<Snare>) -> io::Result<()> {
    let (answers, mut store) = TcpStream::connect(store).await?.into_split();
    let (mut server, back) = stream.into_split();
    let withhold = Arc::<Mutex<Option<Order>>>::default();
    let mut answering = JoinSet::new();
    answering.spawn(answer(who, answers, back, Arc::clone(&withhold), Arc::clone(snare)));
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if server.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        };
        let body = bytes.split_off(end);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let length = length(&head);
        let order = snare.meets(&head);
        let moment = order.map(|order| order.moment);
        if moment == Some(Moment::Before) {
            return hold(who, snare, &mut server).await;
        }
        let passed = if moment == Some(Moment::Middle) { length / 2 } else { length };
        *withhold.lock().unwrap() = order.filter(|order| order.moment == Moment::After);
        store.write_all(&bytes).await?;
        bytes = forward(&mut server, &mut store, body, passed).await?;
        if moment == Some(Moment::Middle) {
            return hold(who, snare, &mut server).await;
        }
    }
}

/// Passes so many bytes on, of which some came already; what came behind them.
async fn forward(
    server: &mut OwnedReadHalf,
    store: &mut OwnedWriteHalf,
    mut came: Vec<u8>,
    mut left: usize,
) -> io::Result<Vec<u8>> {
    loop {
        let now = came.len().min(left);
        store.write_all(&came[..now]).await?;
        left -= now;
        if left == 0 {
            return Ok(came.split_off(now));
        }
        came.clear();
        if server.read_buf(&mut came).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn answer(
    who: usize,
    mut store: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    withhold: Arc<Mutex<Option<Order>>>,
    snare: Arc<Snare>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    while store.read_buf(&mut bytes).await? > 0 {
        let order = withhold.lock().unwrap().take();
        if let Some(order) = order {
            if bytes.starts_with(b"HTTP/1.1 2") {
                snare.holds(who);
                return std::future::pending().await;
            }
            // Another server was faster.
            snare.set(order);
        }
        server.write_all(&bytes).await?;
        bytes.clear();
    }
    server.shutdown().await
}

/// Until the server has gone.
async fn hold(who: usize, snare: &Snare, server: &mut OwnedReadHalf) -> io::Result<()> {
    snare.holds(who);
    tokio::io::copy(server, &mut tokio::io::sink()).await.map(drop)
}

fn length(head: &str) -> usize {
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    lengths.next().unwrap_or(0)
}
