//! Where releases are published: a folder that a web server serves, or an update server. Both hold the same objects.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use protocol::{AppId, Channel, Digest, Rollout, SourceUrl, object};
use serde_json::Value;
use trust::Stored;

use super::http::Http;
use crate::failure::Failure;

/// A place with the objects of one app.
#[derive(Debug)]
pub(crate) enum Place {
    /// A folder; the objects lie in `{folder}/apps/{app}`.
    Folder(PathBuf),
    /// A server's base URL.
    Server(Box<Http>),
}

impl Place {
    /// A place from what was typed: a URL or a folder.
    pub(crate) fn parse(text: &str, app: &AppId, allow_http: bool) -> Result<Self, Failure> {
        if text.starts_with("https://") || text.starts_with("http://") {
            Ok(Self::Server(Box::new(Http::new(SourceUrl::parse(text, allow_http)?, app.clone())?)))
        } else {
            Ok(Self::Folder(Path::new(text).join("apps").join(app.as_str())))
        }
    }

    /// Reads an object of at most `limit` bytes; `None` if there is none.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let folder = match self {
            Self::Server(http) => return http.read(name, limit),
            Self::Folder(folder) => folder,
        };
        let path = folder.join(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Failure::io("read", &path))?,
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Failure::io("read", &path))?;
        if bytes.len() as u64 > limit {
            return Err(signing::Error::TooLong { what: name.to_owned(), limit }.into());
        }
        Ok(Some(bytes))
    }

    /// The SHA-256 and length of an object, of which at most `limit` bytes and one are read; `None` if there is none.
    pub(crate) fn digest(&self, name: &str, limit: u64) -> Result<Option<(Digest, u64)>, Failure> {
        let folder = match self {
            Self::Server(http) => return http.digest(name, limit),
            Self::Folder(folder) => folder,
        };
        let path = folder.join(name);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::io("read", &path)(error)),
            Ok(file) => {
                let read = Digest::of_reader(file.take(limit.saturating_add(1)));
                Ok(Some(read.map_err(Failure::io("read", &path))?))
            }
        }
    }

    /// What is published: timestamp, snapshot and the list of releases. Not verified: it is only compared with what this
    /// publisher signed. `None` if nothing is published.
    pub(crate) fn published(&self) -> Result<Option<Published>, Failure> {
        let limits = trust::LIMITS;
        let Some(timestamp) = self.read(object::TIMESTAMP, limits.timestamp_bytes)? else { return Ok(None) };
        let version = pinned(object::TIMESTAMP, &json(object::TIMESTAMP, &timestamp)?, "snapshot.json")?;
        let name = object::metadata("snapshot", version);
        let snapshot =
            self.read(&name, limits.snapshot_bytes)?.ok_or_else(|| Failure::Missing(name.clone()))?;
        let version = pinned(&name, &json(&name, &snapshot)?, "targets.json")?;
        let name = object::metadata("targets", version);
        let targets = self.read(&name, limits.targets_bytes)?.ok_or(Failure::Missing(name))?;
        Ok(Some(Published { timestamp, snapshot, version, targets }))
    }

    /// The rollout of a channel that is published, `None` if there is none. Not verified, as [`Self::published`].
    pub(crate) fn rollout(
        &self,
        published: &Published,
        app: &AppId,
        channel: &Channel,
    ) -> Result<Option<Rollout>, Failure> {
        let snapshot = json("the published snapshot", &published.snapshot)?;
        let Ok(version) = pinned("the published snapshot", &snapshot, "rollout.json") else {
            return Ok(None);
        };
        let name = object::metadata("rollout", version);
        let bytes =
            self.read(&name, trust::LIMITS.delegated_bytes)?.ok_or_else(|| Failure::Missing(name.clone()))?;
        let path = object::rollout_path(channel);
        let listed = &json(&name, &bytes)?["signed"]["targets"][&path]["hashes"]["sha256"];
        let Some(sha256) = listed.as_str() else { return Ok(None) };
        let name = object::target(&path, &Digest::parse(sha256)?)?;
        let bytes = self.read(&name, protocol::MAX_ROLLOUT_BYTES)?.ok_or(Failure::Missing(name))?;
        Ok(Some(Rollout::parse(&bytes, app, channel)?))
    }
}

/// What a place has. Nobody has verified it.
#[derive(Debug)]
pub(crate) struct Published {
    /// The timestamp file.
    pub(crate) timestamp: Vec<u8>,
    /// The snapshot file.
    pub(crate) snapshot: Vec<u8>,
    /// Version of the targets.
    pub(crate) version: u64,
    /// The targets file.
    pub(crate) targets: Vec<u8>,
}

impl Published {
    /// What a client that has read it remembers.
    pub(crate) fn seen(self) -> Stored {
        Stored {
            timestamp: Some(self.timestamp),
            snapshot: Some(self.snapshot),
            targets: Some(self.targets),
            ..Stored::default()
        }
    }
}

fn json(name: &str, bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| signing::Error::Malformed { what: name.to_owned(), why: error.to_string() }.into())
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64()
}

fn pinned(what: &str, file: &Value, name: &str) -> Result<u64, Failure> {
    number(&file["signed"]["meta"][name]["version"]).ok_or_else(|| {
        signing::Error::Malformed { what: what.to_owned(), why: format!("it names no {name}") }.into()
    })
}
