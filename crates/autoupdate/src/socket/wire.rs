//! The messages of the local socket.

use serde::{Deserialize, Serialize};

use crate::handle::{Answer, Command};
use crate::view::View;

/// The format version that this code writes and reads.
pub const FORMAT: u32 = 1;

/// A line from the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine {
    /// Format version, [`FORMAT`].
    pub format: u32,
    /// What is wanted.
    #[serde(flatten)]
    pub request: Request,
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// The present View.
    View,
    /// The present View and each later one.
    Subscribe,
    /// That something is done.
    Command(Command),
    /// That the app around the engine shows itself: a person started it a second time.
    Show,
}

/// A line from the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyLine {
    /// Format version, [`FORMAT`].
    pub format: u32,
    /// The reply.
    #[serde(flatten)]
    pub reply: Reply,
}

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// A View.
    View {
        /// The View.
        view: Box<View>,
    },
    /// What a command came to.
    Answer {
        /// The answer.
        answer: Box<Answer>,
    },
    /// The request was not understood; the connection ends.
    NotUnderstood {
        /// The format version that the engine knows.
        known_format: u32,
        /// What was wrong.
        text: String,
    },
}

/// Only the version of a line, which is read first: everything else may be different in another version.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// Parses a request.
///
/// # Errors
/// What to tell the client.
pub fn parse_request(line: &[u8]) -> Result<Request, Reply> {
    let wrong = |text: String| Reply::NotUnderstood { known_format: FORMAT, text };
    let head: Head = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
    if head.format != FORMAT {
        return Err(wrong(format!("format {} is not known", head.format)));
    }
    let line: RequestLine = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
    Ok(line.request)
}
