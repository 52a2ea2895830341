//! A publisher, a server and a client in a scratch folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use autoupdate_server::{Around, Clock, Config, Server};
use jiff::Timestamp;
use protocol::{AppId, Artifact, Channel, Digest, Platform, Urgency, Version, object};
use reqwest::{Method, RequestBuilder, Response};
use signing::{KeyFile, NewKeys, NewRelease, Publication, Repository, Settings, Tree, Validity};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The longest that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const TOKEN: &str = "a token that may publish and roll out";
pub(crate) const APP: &str = "tool";

/// A publisher and what a server needs, but no server yet.
pub(crate) struct Stage {
    pub(crate) scratch: TempDir,
    pub(crate) publisher: Repository,
}

/// A running server.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with_keys(&NewKeys::default())
    }

    pub(crate) fn with_keys(keys: &NewKeys<'_>) -> Self {
        let scratch = TempDir::new().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let settings = Settings {
            format: Settings::FORMAT,
            app: AppId::parse(APP).unwrap(),
            name: "Tool".to_owned(),
            validity: Validity::default(),
        };
        let publisher = Repository::init(&at("repository"), &settings, keys, Timestamp::now()).unwrap();
        std::fs::create_dir_all(at("keys")).unwrap();
        std::fs::rename(publisher.online_folder(), at("keys").join(APP)).unwrap();
        let root = publisher.tree().read("metadata/1.root.json", 1 << 20).unwrap().unwrap();
        Tree::create(&at("data").join(APP), &settings.app, &root).unwrap();
        let tokens = format!(
            "[[token]]\nname = \"ci\"\nsha256 = \"{}\"\napps = [\"{APP}\"]\nmay = [\"publish\", \"rollout\"]\n\
             [[token]]\nname = \"uploader\"\nsha256 = \"{}\"\napps = [\"{APP}\"]\nmay = [\"publish\"]\n\
             [[token]]\nname = \"other\"\nsha256 = \"{}\"\napps = [\"other\"]\nmay = [\"publish\", \"rollout\"]\n",
            Digest::of(TOKEN.as_bytes()),
            Digest::of(b"uploader"),
            Digest::of(b"other"),
        );
        std::fs::write(at("tokens.toml"), tokens).unwrap();
        Self { scratch, publisher }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The file of an object in the server's tree.
    pub(crate) fn object(&self, name: &str) -> PathBuf {
        self.path("data").join(APP).join(name)
    }

    pub(crate) fn config_text(&self, more: &str) -> String {
        format!(
            "listen = \"127.0.0.1:0\"\ndata = \"data\"\nkeys = \"keys\"\npublish.tokens = \"tokens.toml\"\n{more}\n"
        )
    }

    pub(crate) fn config(&self, more: &str) -> Config {
        Config::parse(&self.config_text(more), &self.path("server.toml")).unwrap()
    }

    /// A program that stands in for the one that makes patches and twins.
    pub(crate) fn script(&self, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path("maker.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Starts a server with more configuration.
    pub(crate) async fn serve(&self, more: &str) -> Running {
        self.serve_with(more, Path::new(env!("CARGO_BIN_EXE_autoupdate-server"))).await
    }

    /// Starts a server whose patches are made by another program.
    pub(crate) async fn serve_with(&self, more: &str, program: &Path) -> Running {
        let around = Around { program: program.to_owned(), clock: Arc::new(Timestamp::now) };
        self.start(self.config(more), around).await
    }

    /// Starts a server with another clock.
    pub(crate) async fn serve_at(&self, more: &str, clock: Clock) -> Running {
        let program = env!("CARGO_BIN_EXE_autoupdate-server").into();
        self.start(self.config(more), Around { program, clock }).await
    }

    /// Starts a server with a whole configuration.
    pub(crate) async fn start(&self, config: Config, around: Around) -> Running {
        let server = Server::start(config, around).await.unwrap();
        let url = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Running { url, client: client(), stop: Some(stop), task }
    }

    /// Adds and signs a release on the publisher's side.
    pub(crate) fn release(&self, version: &str, content: &[u8]) -> Artifact {
        self.release_for(version, "linux-x86_64", content)
    }

    /// The same for a platform.
    pub(crate) fn release_for(&self, version: &str, platform: &str, content: &[u8]) -> Artifact {
        let file = self.path("tool");
        std::fs::write(&file, content).unwrap();
        let new = NewRelease {
            version: Version::parse(version).unwrap(),
            platform: Platform::parse(platform).unwrap(),
            file,
            notes: BTreeMap::new(),
            channels: vec![Channel::default()],
            min_os: None,
            urgency: Urgency::Normal,
            twin: false,
        };
        let artifact = self.publisher.add(&new).unwrap();
        self.publisher.sign(&mut |_: &KeyFile| Ok(None), Timestamp::now()).unwrap();
        artifact
    }

    /// What the publisher would hand over; `replaces` is the version that it knows of.
    pub(crate) fn publication(&self, replaces: u64) -> Publication {
        self.publisher.publication(replaces).unwrap()
    }

    /// Releases through the server: objects, then targets.
    pub(crate) async fn publish(&self, server: &Running, version: &str, content: &[u8]) -> Artifact {
        let tree = Tree::open(&self.path("data").join(APP), &AppId::parse(APP).unwrap()).unwrap();
        let replaces = tree.newest("targets").unwrap().unwrap_or(0);
        let artifact = self.release(version, content);
        let uploaded = server.upload(content).await;
        assert!(uploaded.is_success(), "{uploaded}");
        let answer = server.hand_over(&self.publication(replaces)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        artifact
    }
}

impl Running {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).timeout(PATIENCE)
    }

    pub(crate) async fn get(&self, object: &str) -> Response {
        self.request(Method::GET, &format!("/apps/{APP}/{object}")).send().await.unwrap()
    }

    pub(crate) async fn upload(&self, content: &[u8]) -> reqwest::StatusCode {
        let path = format!("/apps/{APP}/objects/{}", Digest::of(content));
        let request = self.request(Method::PUT, &path).bearer_auth(TOKEN).body(content.to_vec());
        request.send().await.unwrap().status()
    }

    pub(crate) async fn hand_over(&self, publication: &Publication) -> Response {
        self.post("targets", serde_json::to_string(publication).unwrap()).await
    }

    pub(crate) async fn post(&self, what: &str, body: String) -> Response {
        let request = self.request(Method::POST, &format!("/apps/{APP}/{what}"));
        request.bearer_auth(TOKEN).body(body).send().await.unwrap()
    }

    /// The value of a line of `/metrics`, 0 if it is not there.
    pub(crate) async fn metric(&self, line: &str) -> u64 {
        let text = self.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        let found = text.lines().find_map(|each| each.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }

    /// Waits until a line of `/metrics` has this value.
    pub(crate) async fn until_metric(&self, line: &str, value: u64) {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let asking = async {
            while self.metric(line).await != value {
                ticks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never {value}: {line}"));
    }

    /// Asks again until the status is the expected one; every other must be among the `patient` ones.
    pub(crate) async fn until(&self, object: &str, expected: u16, patient: &[u16]) -> Response {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let asking = async {
            loop {
                ticks.tick().await;
                let answer = self.get(object).await;
                let status = answer.status().as_u16();
                if status == expected {
                    return answer;
                }
                assert!(patient.contains(&status), "{status} for {object}");
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never {expected}: {object}"))
    }

    /// Sends bytes as they are; returns the whole answer.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        // A server that refused may have closed already: its answer counts.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(PATIENCE, reading).await.expect("the server closes");
        answer
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap()
    }

    /// The status of a request whose target nothing normalises.
    pub(crate) async fn raw_get(&self, target: &str) -> u16 {
        let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        status(&self.raw(head.as_bytes()).await)
    }

    /// Stops the server and waits for its end.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        tokio::time::timeout(PATIENCE, self.task).await.expect("the server stops").unwrap();
    }
}

pub(crate) fn client() -> reqwest::Client {
    // The first call wins; all install the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The status in the first line of an answer; 0 if it is none.
pub(crate) fn status(answer: &[u8]) -> u16 {
    let line = String::from_utf8_lossy(answer.get(..16).unwrap_or_default()).into_owned();
    line.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// The name of an artifact's object.
pub(crate) fn target(artifact: &Artifact) -> String {
    object::target(&artifact.path, &artifact.sha256).unwrap()
}

/// The name of a patch's object.
pub(crate) fn patch(artifact: &Artifact, base: &Artifact, format: &str) -> String {
    format!("patches/{}/{}.{format}", artifact.sha256, base.sha256)
}

/// Bytes that do not compress, always the same for a seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The next version of some bytes: some changed, some new.
pub(crate) fn edited(old: &[u8]) -> Vec<u8> {
    let mut new = old.to_vec();
    for place in (0..new.len()).step_by(5000) {
        new[place] ^= 0x55;
    }
    new.extend_from_slice(b"and something new");
    new
}
