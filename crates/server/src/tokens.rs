//! Who may publish: a file with the SHA-256 of each token, what it may do, and for which apps.
//!
//! A token can upload bytes and hand over what was signed elsewhere; it cannot sign, so a stolen one cannot make a
//! release. The file holds digests only (tokens are long random texts, so a plain SHA-256 is enough), is read again for
//! every request that needs it (revoking is deleting a line), and must not be writable by others.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, header};
use protocol::{AppId, Digest};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::error::ApiError;

/// The longest token file that is read, in bytes.
const MAX_BYTES: u64 = 256 << 10;
/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 512;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum May {
    /// Upload objects and publish signed targets.
    Publish,
    /// Change a rollout, which the server signs with its online key.
    Rollout,
}

/// One token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    /// What people call it; stands in the log.
    name: String,
    /// SHA-256 of the token's text.
    sha256: Digest,
    /// The apps it is for.
    apps: Vec<AppId>,
    /// What it may do.
    may: Vec<May>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<Token>,
}

/// A token file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("{file}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others could give themselves a token.
    #[error("{file}: others may write to it; run chmod go-w on it")]
    Writable {
        /// The file.
        file: PathBuf,
    },
    /// No TOML of this shape.
    #[error("{file}: {source}")]
    Toml {
        /// The file.
        file: PathBuf,
        /// Names line and key.
        source: toml::de::Error,
    },
}

/// The tokens of a server.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    file: Option<PathBuf>,
}

impl Tokens {
    /// The tokens of this file, which is checked now and read at each use. None: nobody may publish.
    ///
    /// # Errors
    /// [`TokensError`] if the file cannot be used.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, TokensError> {
        let tokens = Self { file: file.map(Path::to_owned) };
        tokens.read()?;
        Ok(tokens)
    }

    /// Returns the name of the token that a request carries, if it may do this for this app.
    pub(crate) fn authorise(&self, headers: &HeaderMap, app: &AppId, may: May) -> Result<String, ApiError> {
        let sent = headers.get(header::AUTHORIZATION).ok_or(ApiError::TokenMissing)?;
        let text = sent.to_str().ok().filter(|text| text.len() <= MAX_TOKEN).ok_or(ApiError::TokenRefused)?;
        let (scheme, token) = text.split_once(' ').ok_or(ApiError::TokenMissing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::TokenMissing);
        }
        let file = self.read().map_err(|error| {
            tracing::error!(%error, "the tokens cannot be read, so nobody may publish");
            ApiError::TokenRefused
        })?;
        let sent = Digest::of(token.trim().as_bytes());
        let mut found = None;
        // Every line is compared, in constant time: the time of the answer says nothing about the digests.
        for token in file.token {
            let same = bool::from(token.sha256.as_bytes().ct_eq(sent.as_bytes()));
            if same && token.apps.contains(app) && token.may.contains(&may) {
                found = Some(token.name);
            }
        }
        found.ok_or(ApiError::TokenRefused)
    }

    fn read(&self) -> Result<File, TokensError> {
        let Some(file) = &self.file else { return Ok(File::default()) };
        let unreadable = |source| TokensError::Unreadable { file: file.clone(), source };
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        if writable_by_others(&opened.metadata().map_err(unreadable)?) {
            return Err(TokensError::Writable { file: file.clone() });
        }
        let mut text = String::new();
        opened.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
        toml::from_str(&text).map_err(|source| TokensError::Toml { file: file.clone(), source })
    }
}

#[cfg(unix)]
fn writable_by_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o022 != 0
}

#[cfg(not(unix))]
fn writable_by_others(_: &std::fs::Metadata) -> bool {
    // Access lists of other systems are the operator's; docs/OPERATING.md says so.
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(folder: &Path) -> Tokens {
        let file = folder.join("tokens.toml");
        let text = format!(
            "[[token]]\nname = \"ci\"\nsha256 = \"{}\"\napps = [\"one\"]\nmay = [\"publish\"]\n",
            Digest::of(b"secret")
        );
        std::fs::write(&file, text).unwrap();
        Tokens::open(Some(&file)).unwrap()
    }

    fn ask(tokens: &Tokens, header: Option<&str>, app: &str, may: May) -> Result<String, &'static str> {
        let headers = header.iter().map(|value| (header::AUTHORIZATION, value.parse().unwrap())).collect();
        tokens.authorise(&headers, &AppId::parse(app).unwrap(), may).map_err(|error| match error {
            ApiError::TokenMissing => "missing",
            ApiError::TokenRefused => "refused",
            _ => "other",
        })
    }

    #[test]
    fn a_token_does_what_its_line_says_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(folder.path());
        let long = format!("Bearer {}", "x".repeat(600));
        for (header, app, may, expected) in [
            (Some("Bearer secret"), "one", May::Publish, Ok("ci".to_owned())),
            (Some("bearer secret"), "one", May::Publish, Ok("ci".to_owned())),
            (Some("Bearer secret"), "two", May::Publish, Err("refused")),
            (Some("Bearer secret"), "one", May::Rollout, Err("refused")),
            (Some("Bearer Secret"), "one", May::Publish, Err("refused")),
            (Some("Bearer "), "one", May::Publish, Err("refused")),
            (Some(&long), "one", May::Publish, Err("refused")),
            (Some("Basic secret"), "one", May::Publish, Err("missing")),
            (Some("secret"), "one", May::Publish, Err("missing")),
            (None, "one", May::Publish, Err("missing")),
        ] {
            assert_eq!(ask(&tokens, header, app, may), expected, "{header:?} {app} {may:?}");
        }
    }

    #[test]
    fn revoking_works_at_once_and_a_broken_file_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(folder.path());
        for broken in ["", "[[token]]\nname = 7"] {
            std::fs::write(folder.path().join("tokens.toml"), broken).unwrap();
            assert_eq!(ask(&tokens, Some("Bearer secret"), "one", May::Publish), Err("refused"));
        }
        assert!(matches!(Tokens::open(tokens.file.as_deref()), Err(TokensError::Toml { .. })));
        let nobody = Tokens::open(None).unwrap();
        assert_eq!(ask(&nobody, Some("Bearer secret"), "one", May::Publish), Err("refused"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let tokens = tokens(folder.path());
        let file = folder.path().join("tokens.toml");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(Tokens::open(Some(&file)), Err(TokensError::Writable { .. })));
        assert_eq!(ask(&tokens, Some("Bearer secret"), "one", May::Publish), Err("refused"));
    }

    #[test]
    fn the_first_format_is_read_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        std::fs::write(&file, include_str!("../fixtures/v1/tokens.toml")).unwrap();
        let tokens = Tokens::open(Some(&file)).unwrap();
        let (first, second) = (Some("Bearer the first token"), Some("Bearer the second token"));
        for app in ["one", "two"] {
            for may in [May::Publish, May::Rollout] {
                assert_eq!(ask(&tokens, first, app, may), Ok("build machine".to_owned()), "{app} {may:?}");
            }
        }
        assert_eq!(ask(&tokens, second, "two", May::Rollout), Ok("support".to_owned()));
        assert_eq!(ask(&tokens, second, "two", May::Publish), Err("refused"));
        assert_eq!(ask(&tokens, second, "one", May::Rollout), Err("refused"));
    }
}
