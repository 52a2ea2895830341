//! Through Debian's tinyproxy, which stands between this client and a peer of ours.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};

use super::peer::{Peer, Reply, answer};
use super::*;

const TINYPROXY: &str = "/usr/bin/tinyproxy";

/// A running tinyproxy that hands every request to a peer; gone when dropped.
struct TinyProxy {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl TinyProxy {
    /// `None` where the package is missing, said loudly; a failure in CI.
    async fn start(upstream: &Peer, more: &str) -> Option<Self> {
        if cfg!(windows) || !Path::new(TINYPROXY).exists() {
            println!("SKIP fetch::tests::proxies: {TINYPROXY} is not installed (Debian package tinyproxy)");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tinyproxy.conf");
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 10\nAllow 127.0.0.1\nUpstream http 127.0.0.1:{}\n{more}\n",
            upstream.port
        );
        std::fs::write(&file, text).unwrap();
        let child = Command::new(TINYPROXY)
            .arg("-d")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self { child, port, _folder: folder };
        proxy.until_it_listens().await;
        Some(proxy)
    }

    async fn until_it_listens(&self) {
        let listening = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), listening).await.expect("tinyproxy listens");
    }

    fn client(&self, user: &str, except: &str) -> Client {
        let url = ProxyUrl::parse(&format!("http://{user}127.0.0.1:{}", self.port)).unwrap();
        Client::new(Config { limits: quick(), proxy: Proxy::Set { url, except: except.to_owned() } }).unwrap()
    }
}

impl Drop for TinyProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ASK: Ask<'_> = Ask { limit: 100, expect: Expect::Json, etag: None };

async fn peer() -> Peer {
    Peer::always(Reply::Bytes(answer("200 OK", "", b"{}"))).await
}

fn public() -> url::Url {
    url::Url::parse("http://updates.example.invalid/x").unwrap()
}

#[tokio::test]
async fn requests_go_through_the_set_proxy_and_loopback_never_does() {
    let peer = peer().await;
    let Some(proxy) = TinyProxy::start(&peer, "").await else { return };
    let client = proxy.client("", "");
    assert!(matches!(client.small(&public(), ASK).await, Ok(Small::Body { .. })));
    assert!(peer.requests()[0].target.starts_with("http://updates.example.invalid"));
    assert!(peer.requests()[0].header("via").is_some());
    client.small(&peer.url("x"), ASK).await.unwrap();
    assert_eq!((peer.requests()[1].target.as_str(), peer.requests()[1].header("via")), ("/x", None));
}

#[tokio::test]
async fn hosts_that_are_excepted_are_reached_directly() {
    let peer = peer().await;
    let Some(proxy) = TinyProxy::start(&peer, "").await else { return };
    let client = proxy.client("", "invalid");
    assert_eq!(code(client.small(&unknown(), ASK).await), "E-NET-DNS");
    assert_eq!(peer.requests().len(), 0);
}

#[tokio::test]
async fn a_proxy_that_wants_a_password() {
    let peer = peer().await;
    let Some(proxy) = TinyProxy::start(&peer, "BasicAuth somebody secret").await else { return };
    let secure = url::Url::parse("https://updates.example.invalid/x").unwrap();
    for url in [public(), secure] {
        assert_eq!(code(proxy.client("", "").small(&url, ASK).await), "E-NET-PROXY", "{url}");
    }
    assert_eq!(peer.requests().len(), 0);
    assert!(proxy.client("somebody:secret@", "").small(&public(), ASK).await.is_ok());
}

#[tokio::test]
async fn a_redirect_through_a_proxy_stays_outside() {
    let to = answer("302 Found", "Location: http://169.254.169.254/latest/\r\n", b"");
    let peer = Peer::always(Reply::Bytes(to)).await;
    let Some(proxy) = TinyProxy::start(&peer, "").await else { return };
    assert_eq!(code(proxy.client("", "").small(&public(), ASK).await), "E-NET-REDIRECT");
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_with_a_page_of_its_own_is_no_connection() {
    let page = answer("200 OK", "Content-Type: text/html\r\n", b"<html>Welcome to the hotel</html>");
    let peer = Peer::always(Reply::Bytes(page)).await;
    let Some(proxy) = TinyProxy::start(&peer, "").await else { return };
    assert_eq!(code(proxy.client("", "").small(&public(), ASK).await), "E-NET-PORTAL");
}

/// The environment belongs to the whole process, so a child of this test is asked.
#[tokio::test]
async fn the_proxy_of_the_environment_is_used() {
    let peer = peer().await;
    let Some(proxy) = TinyProxy::start(&peer, "").await else { return };
    for (except, expected) in [("", "through"), ("invalid", "E-NET-DNS")] {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "fetch::tests::proxies::ask_with_the_environments_proxy",
            ])
            .env("HTTP_PROXY", format!("http://127.0.0.1:{}", proxy.port))
            .env("http_proxy", format!("http://127.0.0.1:{}", proxy.port))
            .env("NO_PROXY", except)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut answer = None;
        while let Some(line) = lines.next_line().await.unwrap() {
            answer = answer.or(line.split_once("answer: ").map(|(_, answer)| answer.to_owned()));
        }
        assert_eq!(answer.as_deref(), Some(expected), "except {except:?}");
        child.wait().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "run by the_proxy_of_the_environment_is_used with an environment of its own"]
async fn ask_with_the_environments_proxy() {
    let client = Client::new(Config { limits: quick(), proxy: Proxy::System }).unwrap();
    let answer = client.small(&unknown(), ASK).await.map_or_else(|error| error.fault().code, |_| "through");
    println!("answer: {answer}");
}
