//! What a server answers: one version, where it is to be had, and what its bytes must be.

use std::collections::BTreeMap;

use protocol::{AppId, Artifact, Channel, Digest, DownloadUrl, Platform, Release, Urgency, Version, object};
use serde::Deserialize;

use super::{Error, key};

/// The version that a server names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its version.
    pub version: Version,
    /// SHA-256 of the new program.
    pub sha256: Digest,
    /// How it is to be had.
    pub ways: Ways,
}

/// How the bytes of a version are to be had, and whose they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways {
    /// SHA-256 of the installed bytes that the server was asked about: what a patch starts from.
    pub base: Digest,
    /// A patch in the format `bsdiff40`, if there is one.
    pub patch: Option<PatchWay>,
    /// The whole program, raw or as bzip2.
    pub full: Option<DownloadUrl>,
    /// The signature of the new program.
    pub signature: Vec<u8>,
}

/// A patch that a server names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchWay {
    /// It is there.
    At(DownloadUrl),
    /// It is not asked for.
    Unusable {
        /// Why.
        why: String,
    },
}

/// The answer as it comes. What is missing is empty, as for the first clients; what is unknown is left out, `initiative` too: when
/// something is installed is not the server's to say.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    url: String,
    #[serde(default)]
    patch_url: String,
    #[serde(default)]
    patch_type: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    checksum: String,
    #[serde(default)]
    signature: String,
}

impl Announcement {
    /// Reads an answer whose signature was verified. `base` is what the question said is installed.
    pub(super) fn parse(bytes: &[u8], base: &Digest, allow_http: bool) -> Result<Self, Error> {
        let wrong = |why: String| Error::Answer { why };
        let body: Body = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        let version = Version::parse(&body.version).map_err(|error| wrong(error.to_string()))?;
        let sha256 = Digest::parse(&body.checksum.to_ascii_lowercase())
            .map_err(|error| wrong(format!("its checksum: {error}")))?;
        let signature = key::signature(&body.signature).ok_or_else(|| {
            wrong("the program's signature is missing, or not in hexadecimal digits".into())
        })?;
        let full = match body.url.as_str() {
            "" => None,
            url => Some(DownloadUrl::parse(url, allow_http).map_err(Error::Url)?),
        };
        let patch = patch_way(&body, allow_http);
        if full.is_none() && !matches!(patch, Some(PatchWay::At(_))) {
            return Err(wrong(format!("it names no way to get {version}")));
        }
        Ok(Self { version, sha256, ways: Ways { base: *base, patch, full, signature } })
    }

    /// The same as an artifact, so that the same rules decide about it as about every other. `length` is 0: nobody signs one.
    #[must_use]
    pub fn artifact(&self, app: &AppId, channel: &Channel, platform: Platform) -> Artifact {
        let path = object::artifact_path(&self.version, platform, app.as_str());
        Artifact {
            // The id of an app is a plain file name.
            path: path.unwrap_or_default(),
            length: 0,
            sha256: self.sha256,
            release: Release {
                app: app.clone(),
                version: self.version.clone(),
                // Whoever was asked for a channel offers for that channel.
                channels: vec![channel.clone()],
                os: platform.os,
                arch: platform.arch,
                min_os: None,
                urgency: Urgency::Normal,
                notes: BTreeMap::new(),
            },
        }
    }
}

/// A patch that cannot be used is no fault of the answer: the whole program can still come.
fn patch_way(body: &Body, allow_http: bool) -> Option<PatchWay> {
    if body.patch_url.is_empty() {
        return None;
    }
    Some(match (body.patch_type.as_str(), DownloadUrl::parse(&body.patch_url, allow_http)) {
        ("" | "bsdiff", Ok(url)) => PatchWay::At(url),
        ("" | "bsdiff", Err(error)) => PatchWay::Unusable { why: error.to_string() },
        (other, _) => {
            let kind: String = other.chars().take(40).collect();
            PatchWay::Unusable { why: format!("patches of type {kind:?} are not known, only bsdiff") }
        }
    })
}
