//! Runs one maker process, to its end or its deadline.

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::maker::USELESS;

/// The most bytes of a child's output that are read.
const MAX_OUTPUT: u64 = 8 << 10;

/// Why a child made nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    #[error("it is no gain")]
    Useless,
    #[error("the process that makes it cannot be started: {0}")]
    Start(#[source] std::io::Error),
    #[error("the process that makes it took longer than {} s and was killed", after.as_secs())]
    Deadline { after: Duration },
    #[error("the process that makes it ended with {status}: {text:?}")]
    Failed { status: ExitStatus, text: String },
    #[error("the process that makes it said something that cannot be understood")]
    Babble,
}

/// Runs a child process that makes something; what it says it made. Dropping the future kills the child.
pub(crate) async fn run<T: DeserializeOwned>(
    program: &Path,
    arguments: &[OsString],
    deadline: Duration,
) -> Result<T, ChildError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(ChildError::Start)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let all = async {
        let (out, text) = tokio::join!(output(stdout), output(stderr));
        (out, text, child.wait().await)
    };
    let Ok((out, text, status)) = tokio::time::timeout(deadline, all).await else {
        // Ends with the future; waited for here so that no dead child is left over.
        let _ = child.kill().await;
        return Err(ChildError::Deadline { after: deadline });
    };
    let status = status.map_err(ChildError::Start)?;
    if status.success() {
        return serde_json::from_slice(&out).map_err(|_| ChildError::Babble);
    }
    if status.code() == Some(i32::from(USELESS)) {
        return Err(ChildError::Useless);
    }
    Err(ChildError::Failed {
        status,
        text: String::from_utf8_lossy(&text).trim().chars().take(500).collect(),
    })
}

/// What a child writes, up to a limit; what is beyond is read and dropped, or the child would wait for us.
async fn output(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = (&mut pipe).take(MAX_OUTPUT).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    bytes
}
