//! The configuration: one TOML file, parsed once, every value checked where it is read.
//!
//! Rules: an unknown key is a spelling mistake and refused; a wrong value names file, line and key; a relative path
//! is meant from the folder of the file; every key but `data` has a default. The file with every key and its meaning
//! is `autoupdate-server.example.toml`; a test parses it, and a test holds its values equal to the defaults.
//!
//! Layout: this file says what can be set, [`store`] where the trees lie, [`values`] parses sizes, times and counts; a longer section
//! has a file of its own.

mod error;
mod github;
mod lantern;
mod retention;
mod store;
mod values;

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::FormatId;
use serde::Deserialize;

pub use error::ConfigError;
pub use github::{Github, GithubError, INGEST_SENTENCE, RepositoryName};
pub use lantern::{Lantern, LanternApp, LanternFloor, LanternPin};
pub use retention::Retention;
pub use store::{S3, StoreUrl};
pub use values::ByteSize;
use values::{percent, span};

/// The longest configuration file that is read, in bytes.
const MAX_BYTES: u64 = 256 << 10;

/// The sentence that an operator must write to start a server beside a root or targets key.
pub const OFFLINE_KEYS_SENTENCE: &str = "whoever breaks into this machine may sign releases";

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address to listen on. Port 0 takes a free one.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The folder with one object tree per app: `{data}/{app}/metadata`, `targets`, `patches`.
    pub data: PathBuf,
    /// The bucket with the trees, which other servers may share; None: they lie in `data`.
    pub store: Option<StoreUrl>,
    /// How the bucket is reached.
    #[serde(default)]
    pub s3: S3,
    /// The folder with the online keys of each app: `{keys}/{app}/*.pem`. None: nothing is signed here.
    pub keys: Option<PathBuf>,
    /// A file (0600) whose first line is the passphrase of the online keys.
    pub keys_passphrase_file: Option<PathBuf>,
    /// The sentence that allows a root or targets key in reach of this process.
    pub offline_keys_accepted: Option<String>,
    /// The sentence that allows `github`.
    pub ingest_accepted: Option<String>,
    /// Apps that take their releases from GitHub.
    #[serde(default)]
    pub github: Vec<Github>,
    /// What is logged, and how.
    #[serde(default)]
    pub log: Log,
    /// What one client, and all together, may take.
    #[serde(default)]
    pub limits: Limits,
    /// Publishing over HTTP.
    #[serde(default)]
    pub publish: Publish,
    /// Patches.
    #[serde(default)]
    pub patches: Patches,
    /// For how long online signatures are valid.
    #[serde(default)]
    pub validity: Validity,
    /// Which old artifacts are deleted.
    #[serde(default)]
    pub retention: Retention,
    /// Old Lantern clients. None: they find nothing here.
    pub lantern: Option<Lantern>,
}

/// What is logged, and how. The log goes to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Text for people or JSON for machines.
    pub format: LogFormat,
    /// Directives as the `tracing-subscriber` crate reads them, for example `info` or `info,access=warn`.
    pub filter: String,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text.
    Text,
    /// One JSON object per line.
    Json,
}

/// What one client, and all together, may take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections. More wait in the kernel's backlog.
    pub connections: usize,
    /// Open connections of one address. More are closed at once.
    pub connections_per_address: usize,
    /// Requests per second of one address in the long run; 0 = no limit.
    pub requests_per_second: u32,
    /// Requests that one address may send at once after a pause.
    pub burst: u32,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// For the head of a request, and the longest idle time of a connection.
    #[serde(deserialize_with = "span")]
    pub header_timeout: Duration,
    /// For the answer to any request but an upload or a publication.
    #[serde(deserialize_with = "span")]
    pub request_timeout: Duration,
    /// The longest time in which a body may not move by a byte, in either direction.
    #[serde(deserialize_with = "span")]
    pub stall_timeout: Duration,
    /// Bytes per second that a client must take of an answer that waits for it, on average. 0 = no such limit.
    pub minimum_rate: ByteSize,
    /// For requests that run when the server is told to stop.
    #[serde(deserialize_with = "span")]
    pub shutdown_timeout: Duration,
}

/// Publishing over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Publish {
    /// The file with the tokens. None: nobody may publish over HTTP.
    pub tokens: Option<PathBuf>,
    /// The largest object.
    pub max_object: ByteSize,
    /// All objects of one app that were uploaded and not yet published.
    pub max_unpublished: ByteSize,
    /// When an object that nobody published is deleted.
    #[serde(deserialize_with = "span")]
    pub keep_unpublished: Duration,
    /// For one upload, or one publication with all its checks.
    #[serde(deserialize_with = "span")]
    pub timeout: Duration,
}

/// Patches: which are made ahead, and what making them may take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patches {
    /// Formats made ahead of the first request, and of a pair of which somebody asked for one of them. Every format that
    /// this server can make is made on request.
    pub formats: Vec<FormatId>,
    /// Patches to each offered release are made ahead from so many versions before it, per platform. 0 = none.
    pub bases: usize,
    /// Patches made at the same time, each in a process of its own.
    pub parallel: usize,
    /// Patches that may wait for their turn.
    pub queue: usize,
    /// All patches on disk together; the least recently used go first. In a bucket those of one app; the oldest go first.
    pub cache: ByteSize,
    /// The address space of a process that makes a patch.
    pub memory: ByteSize,
    /// The processor time of a process that makes a patch.
    #[serde(deserialize_with = "span")]
    pub cpu: Duration,
    /// The time by the clock after which a process that makes a patch is killed.
    #[serde(deserialize_with = "span")]
    pub deadline: Duration,
    /// A patch longer than this share of the artifact is thrown away and not made again, in percent.
    #[serde(deserialize_with = "percent")]
    pub largest_percent: u8,
}

/// For how long signatures of the online roles are valid. They are renewed when a third of it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Validity {
    /// `timestamp`.
    #[serde(deserialize_with = "span")]
    pub timestamp: Duration,
    /// `snapshot`.
    #[serde(deserialize_with = "span")]
    pub snapshot: Duration,
    /// `rollout`.
    #[serde(deserialize_with = "span")]
    pub rollout: Duration,
}

fn default_listen() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            requests_per_second: 50,
            burst: 1000,
            trusted_proxies: Vec::new(),
            header_timeout: seconds(15),
            request_timeout: seconds(30),
            stall_timeout: seconds(30),
            minimum_rate: ByteSize::bytes(256),
            shutdown_timeout: seconds(20),
        }
    }
}

impl Default for Publish {
    fn default() -> Self {
        Self {
            tokens: None,
            max_object: ByteSize::gib(2),
            max_unpublished: ByteSize::gib(16),
            keep_unpublished: seconds(7 * 86_400),
            timeout: seconds(30 * 60),
        }
    }
}

impl Default for Patches {
    fn default() -> Self {
        Self {
            formats: [FormatId::RT1, FormatId::BSZ1].into_iter().flat_map(FormatId::parse).collect(),
            bases: 3,
            parallel: 1,
            queue: 64,
            cache: ByteSize::gib(16),
            memory: ByteSize::gib(4),
            cpu: seconds(10 * 60),
            deadline: seconds(20 * 60),
            largest_percent: 80,
        }
    }
}

impl Default for Validity {
    fn default() -> Self {
        let day = 86_400;
        Self { timestamp: seconds(3 * day), snapshot: seconds(7 * day), rollout: seconds(7 * day) }
    }
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], which names file, line and key.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { file: file.to_owned(), source };
        let mut text = String::new();
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(ConfigError::TooLong { file: file.to_owned() });
        }
        Self::parse(&text, file)
    }

    /// Parses the text of a configuration; `file` is named in errors, and its folder is where relative paths begin.
    ///
    /// # Errors
    /// [`ConfigError`], which names file, line and key.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let mut config: Self =
            toml::from_str(text).map_err(|source| ConfigError::Toml { file: file.to_owned(), source })?;
        config.check().map_err(|(key, why)| ConfigError::Key { file: file.to_owned(), key, why })?;
        let folder = file.parent().unwrap_or(Path::new(""));
        github::check(&mut config.github, config.ingest_accepted.as_deref(), folder)
            .map_err(|source| ConfigError::Github { file: file.to_owned(), source })?;
        config.data = folder.join(&config.data);
        config.s3.below(folder);
        for path in [&mut config.keys, &mut config.keys_passphrase_file, &mut config.publish.tokens] {
            *path = path.take().map(|path| folder.join(path));
        }
        if let Some(lantern) = &mut config.lantern {
            lantern.key = folder.join(&lantern.key);
        }
        Ok(config)
    }

    /// Whether the operator accepted offline keys in reach, in the words that say what it means.
    #[must_use]
    pub fn accepts_offline_keys(&self) -> bool {
        self.offline_keys_accepted.as_deref() == Some(OFFLINE_KEYS_SENTENCE)
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.offline_keys_accepted.is_some() && !self.accepts_offline_keys() {
            return Err((
                "offline_keys_accepted",
                "it must be exactly the sentence \"whoever breaks into this machine may sign releases\"; \
                 better: leave it away and keep root and targets keys off this machine",
            ));
        }
        if self.keys_passphrase_file.is_some() && self.keys.is_none() {
            return Err(("keys_passphrase_file", "there is no key to open: set `keys` too"));
        }
        if self.keys.as_ref().is_some_and(|keys| keys.starts_with(&self.data)) {
            return Err(("keys", "it must not lie below `data`, whose files are served to everybody"));
        }
        for (key, value) in [
            ("limits.connections", self.limits.connections),
            ("limits.connections_per_address", self.limits.connections_per_address),
            ("patches.parallel", self.patches.parallel),
            ("patches.queue", self.patches.queue),
        ] {
            if value == 0 {
                return Err((key, "it must be at least 1"));
            }
        }
        if self.limits.requests_per_second > 0 && self.limits.burst == 0 {
            return Err(("limits.burst", "it must be at least 1, or no request is ever answered"));
        }
        if self.patches.formats.iter().any(|format| !delta::MAKEABLE.contains(&format.as_str())) {
            return Err(("patches.formats", "this server cannot make one of these formats"));
        }
        if self.publish.max_object > self.publish.max_unpublished {
            return Err(("publish.max_object", "it must not be larger than `publish.max_unpublished`"));
        }
        self.s3.check(self.store.as_ref(), self.publish.max_object.get())?;
        self.lantern.as_ref().map_or(Ok(()), |lantern| {
            lantern.check(&self.data, self.keys.as_deref(), self.limits.request_timeout)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/etc/au/server.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_example_names_every_key_with_its_default() {
        let text = include_str!("../../autoupdate-server.example.toml");
        let example = parse(text).unwrap();
        let short = parse("data = \"x\"").unwrap();
        assert_eq!(example.listen, short.listen);
        assert_eq!(example.log, short.log);
        assert_eq!(example.limits, short.limits);
        assert_eq!(example.publish, short.publish);
        assert_eq!(example.patches, short.patches);
        assert_eq!(example.validity, short.validity);
        assert_eq!(example.retention, short.retention);
        assert_eq!((example.s3, example.store), (short.s3, None));
        // Keys without a default stand in comments; with the marks taken away they must parse too.
        let all = parse(&text.replace("\n#: ", "\n")).unwrap();
        assert!(all.keys.is_some() && all.keys_passphrase_file.is_some() && all.accepts_offline_keys());
        assert!(all.publish.tokens.is_some() && all.lantern.is_some());
        assert!(all.store.is_some() && all.s3.endpoint.is_some());
    }

    #[test]
    fn paths_are_meant_from_the_folder_of_the_file() {
        let config = parse("data = \"d\"\nkeys = \"/k\"\npublish.tokens = \"t\"").unwrap();
        assert_eq!(config.data, Path::new("/etc/au/d"));
        assert_eq!(config.keys.as_deref(), Some(Path::new("/k")));
        assert_eq!(config.publish.tokens.as_deref(), Some(Path::new("/etc/au/t")));
    }

    #[test]
    fn errors_name_file_line_and_key() {
        for (text, parts) in [
            ("", &["data"][..]),
            ("data = \"x\"\nlisten = 7", &["line 2", "listen"]),
            ("data = \"x\"\nlsten = \"[::]:1\"", &["line 2", "lsten"]),
            ("data = \"x\"\n[limits]\nburts = 1", &["line 3", "burts"]),
            ("data = \"x\"\n[limits]\nheader_timeout = \"soon\"", &["line 3", "header_timeout", "10s"]),
            ("data = \"x\"\n[limits]\nheader_timeout = \"0s\"", &["line 3", "1 second"]),
            ("data = \"x\"\n[patches]\ncache = \"7 parsecs\"", &["line 3", "cache", "MiB"]),
            ("data = \"x\"\n[patches]\nlargest_percent = 101", &["line 3", "100"]),
            ("data = \"x\"\npatches.formats = [\"zip9\"]", &["`patches.formats`"]),
            ("data = \"x\"\npatches.parallel = 0", &["`patches.parallel`", "at least 1"]),
            ("data = \"x\"\nkeys = \"x/keys\"", &["`keys`", "served to everybody"]),
            ("data = \"x\"\noffline_keys_accepted = \"yes\"", &["`offline_keys_accepted`", "exactly"]),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("/etc/au/server.toml: "), "{error}");
            for part in parts {
                assert!(error.contains(part), "{text:?} → {error}");
            }
        }
    }

    #[test]
    fn the_first_format_is_read_for_ever() {
        let text = include_str!("../../fixtures/v1/server.toml");
        let read = Config::parse(text, Path::new("/etc/server.toml")).unwrap();
        let sentence = OFFLINE_KEYS_SENTENCE.to_owned();
        assert_eq!(read.listen, "192.0.2.1:8443".parse().unwrap());
        assert_eq!(
            (read.data, read.keys, read.keys_passphrase_file, read.offline_keys_accepted),
            ("/etc/data".into(), Some("/etc/keys".into()), Some("/etc/passphrase".into()), Some(sentence))
        );
        assert_eq!(read.log, Log { format: LogFormat::Json, filter: "warn,access=info".to_owned() });
        let limits = Limits {
            connections: 10,
            connections_per_address: 5,
            requests_per_second: 7,
            burst: 70,
            trusted_proxies: vec!["192.0.2.2".parse().unwrap(), "2001:db8::2".parse().unwrap()],
            header_timeout: seconds(1),
            request_timeout: seconds(2),
            stall_timeout: seconds(3),
            // Came later, so it has its default.
            minimum_rate: Limits::default().minimum_rate,
            shutdown_timeout: seconds(4),
        };
        assert_eq!(read.limits, limits);
        let publish = Publish {
            tokens: Some("/etc/tokens.toml".into()),
            max_object: ByteSize::gib(1),
            max_unpublished: ByteSize::gib(2),
            keep_unpublished: seconds(86_400),
            timeout: seconds(600),
        };
        assert_eq!(read.publish, publish);
        assert_eq!(
            read.patches.formats.iter().map(FormatId::as_str).collect::<Vec<_>>(),
            ["bsz1", "bsdiff40"]
        );
        let patches = Patches {
            formats: read.patches.formats.clone(),
            bases: 4,
            parallel: 2,
            queue: 20,
            cache: ByteSize::gib(3),
            memory: read.patches.memory,
            cpu: seconds(60),
            deadline: seconds(120),
            largest_percent: 50,
        };
        assert_eq!((read.patches.memory.get(), read.patches), (512 << 20, patches));
        let day = 86_400;
        let validity =
            Validity { timestamp: seconds(day), snapshot: seconds(2 * day), rollout: seconds(3 * day) };
        assert_eq!(read.validity, validity);
    }
}
