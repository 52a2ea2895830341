//! What a server is asked.

use std::fmt;

use protocol::{Channel, Digest, Hasher, Platform, Version};
use serde::Serialize;

use super::Error;

/// The version of the protocol.
const PROTOCOL: u8 = 1;

/// What is said of a program whose version nobody knows. A server refuses everything that is no version; to this one every
/// release is newer, and what it names can then be compared with the installed bytes.
const UNKNOWN: &str = "0.0.0";

/// What a program says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Its version; `None` = nobody knows.
    pub version: Option<&'a Version>,
    /// The kernel's version if it is a semantic one, else empty. See [`crate::platform::kernel_version`].
    pub os_version: &'a str,
    /// SHA-256 of the installed file.
    pub checksum: &'a Digest,
    /// This machine.
    pub platform: Platform,
    /// The channel that it follows. The servers that are known do not look at it.
    pub channel: &'a Channel,
}

#[derive(Serialize)]
struct Body<'a> {
    version: u8,
    app_id: &'a str,
    app_version: &'a str,
    os_version: &'a str,
    user_id: &'a str,
    checksum: &'a Digest,
    tags: Tags<'a>,
}

#[derive(Serialize)]
struct Tags<'a> {
    arch: &'a str,
    channel: &'a str,
    os: &'a str,
}

impl Question<'_> {
    /// The body of the request: one JSON object, its keys in the order of the first clients. No id of app, person or machine.
    pub(super) fn to_json(self) -> Vec<u8> {
        let version = self.version.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
        let body = Body {
            version: PROTOCOL,
            app_id: "",
            app_version: &version,
            os_version: self.os_version,
            user_id: "",
            checksum: self.checksum,
            tags: Tags {
                arch: self.platform.arch.go_name(),
                channel: self.channel.as_str(),
                os: self.platform.os.go_name(),
            },
        };
        // Texts and a number: there is nothing in it that JSON could refuse.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// The number of a question, drawn at random: an answer to another one is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonce(u64);

impl Nonce {
    /// A number of 63 random bits: servers read a signed one.
    pub(super) fn draw() -> Result<Self, Error> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(Error::Random)?;
        Ok(Self(u64::from_le_bytes(bytes) >> 1))
    }

    /// SHA-256 of an answer's body followed by this number in decimal digits, which is what a server signs.
    pub(super) fn digest_after(self, body: &[u8]) -> Digest {
        let mut hasher = Hasher::new();
        hasher.update(body);
        hasher.update(self.to_string().as_bytes());
        hasher.finish()
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
