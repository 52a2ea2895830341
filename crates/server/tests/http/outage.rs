//! A store that is cut off, or that takes requests and says nothing: metadata is still served, everything else is a 503 in time,
//! and when the store is back all goes on.

use std::net::SocketAddr;

use protocol::object;
use reqwest::Method;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::bucket::Shared;
use crate::ceph::ceph;
use crate::stage::{PATIENCE, Running, noise, target};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Open,
    /// Connections end at once.
    Cut,
    /// Connections stay, and nothing comes.
    Stuck,
}

/// Between a server and its store.
pub(crate) struct Valve {
    address: SocketAddr,
    flow: watch::Sender<Flow>,
}

impl Valve {
    async fn before(store: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (flow, seen) = watch::channel(Flow::Open);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, store, seen.clone()));
            }
        });
        Self { address, flow }
    }

    /// One before the store of a configuration, and the configuration with it.
    pub(crate) async fn between(text: &str) -> (Self, String) {
        let store = text.lines().find_map(|line| line.strip_prefix("s3.endpoint = \"http://")).unwrap();
        let store: SocketAddr = store.trim_end_matches('"').parse().unwrap();
        let valve = Self::before(store).await;
        let text = text.replace(&store.to_string(), &valve.address.to_string());
        (valve, text)
    }

    pub(crate) fn set(&self, flow: Flow) {
        self.flow.send(flow).unwrap();
    }
}

async fn pass(mut stream: TcpStream, store: SocketAddr, mut flow: watch::Receiver<Flow>) {
    let Ok(mut other) = TcpStream::connect(store).await else { return };
    if *flow.borrow_and_update() == Flow::Open {
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut stream, &mut other) => return,
            _ = flow.changed() => {}
        }
    }
    // Nothing is sent, and nothing ends, until it flows again.
    let _ = flow.wait_for(|flow| *flow != Flow::Stuck).await;
}

async fn ready(server: &Running) -> u16 {
    server.request(Method::GET, "/readyz").send().await.unwrap().status().as_u16()
}

async fn until_ready(server: &Running, expected: u16) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let asking = async {
        while ready(server).await != expected {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never {expected}"));
}

#[tokio::test]
async fn without_its_store_a_server_serves_what_it_has_and_goes_on_when_it_is_back() {
    let test = "outage::without_its_store_a_server_serves_what_it_has_and_goes_on_when_it_is_back";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "outage");
    let text = shared.text("data", "patches.bases = 0").replace("timeout = \"6s\"", "timeout = \"2s\"");
    let (valve, text) = Valve::between(&text).await;
    let server = shared.serve_text(&text).await;
    let content = noise(1, 200_000);
    let artifact = shared.stage.publish(&server, "1.0.0", &content).await;
    until_ready(&server, 200).await;

    for (round, flow) in [Flow::Cut, Flow::Stuck].into_iter().enumerate() {
        let next = noise(2 + round as u64, 10_000);
        let replaces = shared.targets("data");
        assert!(server.upload(&next).await.is_success());
        let new = shared.stage.release(&format!("1.{}.0", round + 1), &next);
        let publication = shared.stage.publication(replaces);
        valve.set(flow);

        for name in [object::TIMESTAMP, "metadata/1.root.json"] {
            assert_eq!(server.get(name).await.status(), 200, "{flow:?} {name}");
        }
        let answer = server.get(&target(&artifact)).await;
        assert_eq!(answer.status(), 503, "{flow:?}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(answer.headers().contains_key("retry-after"));
        assert!(answer.text().await.unwrap().contains("\"code\":\"store\""), "{flow:?}");
        let answer = server.hand_over(&publication).await;
        assert_eq!(answer.status(), 503, "{flow:?}");
        assert_eq!(server.upload(b"something else").await, 503, "{flow:?}");
        until_ready(&server, 503).await;

        valve.set(Flow::Open);
        until_ready(&server, 200).await;
        let answer = server.hand_over(&publication).await;
        assert_eq!(answer.status(), 200, "{flow:?} {}", answer.text().await.unwrap());
        let whole = server.get(&target(&new)).await.bytes().await.unwrap();
        assert!(whole == next, "{flow:?}");
    }
    // A download is cut in its middle, and goes on from there: the store's answer is asked for again, and no byte is lost.
    let large = noise(9, 24 << 20);
    let artifact = shared.stage.publish(&server, "2.0.0", &large).await;
    let mut answer = server.get(&target(&artifact)).await;
    let mut got = answer.chunk().await.unwrap().unwrap().to_vec();
    valve.set(Flow::Cut);
    valve.set(Flow::Open);
    while let Some(piece) = answer.chunk().await.unwrap() {
        got.extend_from_slice(&piece);
    }
    assert!(got == large);
    server.stop().await;
}
