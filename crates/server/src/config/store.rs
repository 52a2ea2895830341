//! Where the object trees lie: in the data directory, or in a bucket that several servers share.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::values::span;

/// What the keys of a store may not be: the key, and what to do.
type Wrong = (&'static str, &'static str);

/// The largest object that S3 copies in one step, in bytes: an upload is copied to its place.
const MAX_COPY: u64 = 5 << 30;
/// The longest prefix, in bytes: with it every name stays far below the 1024 bytes that a key may have.
const MAX_PREFIX: usize = 200;
/// The longest life of a lease: for so long a dead process keeps the others from signing.
const LONGEST_LEASE: Duration = Duration::from_secs(600);
/// The shortest one: several requests must fit into a third of it.
const SHORTEST_LEASE: Duration = Duration::from_secs(5);

/// A bucket, and the folder in it where the trees of all apps lie. In the file `s3://BUCKET` or `s3://BUCKET/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl {
    /// The bucket.
    pub bucket: String,
    /// The folder, without slashes at its ends; empty for the whole bucket.
    pub prefix: String,
}

impl FromStr for StoreUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = "it must be \"s3://BUCKET\" or \"s3://BUCKET/PREFIX\"; for a folder of this machine leave it away and set `data`";
        let rest = text.strip_prefix("s3://").ok_or(rule)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(plain) {
            return Err("the bucket's name must have 3 to 63 of a-z, 0-9, dot and hyphen");
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let named = prefix.is_empty()
            || prefix.split('/').all(|segment| protocol::object::check_file_name(segment).is_ok());
        if !named || prefix.len() > MAX_PREFIX {
            return Err("the prefix must be folders of letters, digits and . _ - +, at most 200 bytes");
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How a bucket is reached and shared. Read only if `store` names one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// The address of the store; None: that of AWS for the region.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// A file whose first line is the name of the access key.
    pub access_key_file: Option<PathBuf>,
    /// A file (0600) whose first line is the secret of the access key.
    pub secret_key_file: Option<PathBuf>,
    /// Whether an endpoint that is not on this machine may speak plain http.
    pub allow_http: bool,
    /// For one request about a small object, and for every pause of a long answer.
    #[serde(deserialize_with = "span")]
    pub timeout: Duration,
    /// How often each server looks whether another one published.
    #[serde(deserialize_with = "span")]
    pub follow: Duration,
    /// For how long a server that died keeps the others from signing.
    #[serde(deserialize_with = "span")]
    pub lease: Duration,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_file: None,
            secret_key_file: None,
            allow_http: false,
            timeout: Duration::from_secs(20),
            follow: Duration::from_secs(5),
            lease: Duration::from_secs(60),
        }
    }
}

impl S3 {
    /// Whether the keys fit each other.
    pub(super) fn check(&self, store: Option<&StoreUrl>, max_object: u64) -> Result<(), Wrong> {
        if store.is_none() {
            return Ok(());
        }
        if self.access_key_file.is_none() {
            return Err(("s3.access_key_file", "it is missing: `store` needs a key to the bucket"));
        }
        if self.secret_key_file.is_none() {
            return Err(("s3.secret_key_file", "it is missing: `store` needs a key to the bucket"));
        }
        if let Some(endpoint) = &self.endpoint {
            self.check_endpoint(endpoint)?;
        }
        if !(SHORTEST_LEASE..=LONGEST_LEASE).contains(&self.lease) {
            return Err(("s3.lease", "it must be between 5 seconds and 10 minutes"));
        }
        if self.timeout > self.lease {
            return Err(("s3.timeout", "it must not be longer than `s3.lease`"));
        }
        if max_object > MAX_COPY {
            return Err(("publish.max_object", "a store of S3 copies at most 5 GiB in one step: set less"));
        }
        Ok(())
    }

    fn check_endpoint(&self, endpoint: &str) -> Result<(), Wrong> {
        let key = "s3.endpoint";
        let wrong = Err((key, "it must be https://HOST or https://HOST:PORT, without anything behind it"));
        let (scheme, host) = match endpoint.split_once("://") {
            Some((scheme @ ("http" | "https"), host)) if !host.is_empty() => (scheme, host),
            _ => return wrong,
        };
        if host.contains(['/', '?', '#', '@']) || host.chars().any(char::is_whitespace) {
            return wrong;
        }
        if scheme == "http" && !self.allow_http && !is_loopback(host) {
            let why = "plain http shows what is stored to everybody on the way: use https, or set `s3.allow_http` in a network that is yours";
            return Err((key, why));
        }
        Ok(())
    }

    /// Makes relative paths those of the configuration's folder.
    pub(super) fn below(&mut self, folder: &Path) {
        for path in [&mut self.access_key_file, &mut self.secret_key_file] {
            *path = path.take().map(|path| folder.join(path));
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_bucket_and_a_folder() {
        for (text, expected) in [
            ("s3://releases", Some(("releases", ""))),
            ("s3://releases/", Some(("releases", ""))),
            ("s3://re-leases.1/a/b", Some(("re-leases.1", "a/b"))),
            ("s3://releases/a//b", None),
            ("s3://releases/../b", None),
            ("s3://releases/.hidden", None),
            ("s3://ab", None),
            ("s3://Releases", None),
            ("s3://re/leases?x", None),
            ("https://releases", None),
            ("/srv/releases", None),
        ] {
            let parsed = text.parse::<StoreUrl>().ok();
            let expected = expected
                .map(|(bucket, prefix)| StoreUrl { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn keys_that_do_not_fit_are_named() {
        let url = "s3://releases".parse::<StoreUrl>().unwrap();
        let good =
            S3 { access_key_file: Some("a".into()), secret_key_file: Some("s".into()), ..S3::default() };
        let check = |s3: &S3, max: u64| s3.check(Some(&url), max).err().map(|(key, _)| key);
        assert_eq!(S3::default().check(None, u64::MAX), Ok(()), "read only with a store");
        assert_eq!(check(&good, MAX_COPY), None);
        assert_eq!(check(&good, MAX_COPY + 1), Some("publish.max_object"));
        assert_eq!(check(&S3::default(), 1), Some("s3.access_key_file"));
        assert_eq!(check(&S3 { secret_key_file: None, ..good.clone() }, 1), Some("s3.secret_key_file"));
        assert_eq!(check(&S3 { lease: Duration::from_secs(1), ..good.clone() }, 1), Some("s3.lease"));
        assert_eq!(check(&S3 { timeout: Duration::from_secs(61), ..good.clone() }, 1), Some("s3.timeout"));
        for (endpoint, allow_http, right) in [
            ("https://s3.example.org", false, true),
            ("https://s3.example.org:9000", false, true),
            ("https://s3.example.org/path", false, false),
            ("https://user@s3.example.org", false, false),
            ("s3.example.org", false, false),
            ("http://127.0.0.1:7480", false, true),
            ("http://[::1]:7480", false, true),
            ("http://localhost", false, true),
            ("http://10.0.0.1:7480", false, false),
            ("http://10.0.0.1:7480", true, true),
            ("http://127.0.0.1.example.org", false, false),
        ] {
            let s3 = S3 { endpoint: Some(endpoint.to_owned()), allow_http, ..good.clone() };
            assert_eq!(check(&s3, 1).is_none(), right, "{endpoint}");
        }
    }
}
