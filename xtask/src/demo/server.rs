//! `autoupdate-server` on loopback, and what its access log says about who fetched what.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command;

/// The longest that the server may take to listen, or to stop.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server. It ends with this value.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    /// Its address, for example `http://127.0.0.1:40123`.
    pub(super) url: String,
}

/// A line of the server's log, as far as it is about a request.
#[derive(Deserialize)]
struct Line {
    target: String,
    fields: Access,
}

/// A request that the server answered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Access {
    method: String,
    path: String,
    status: u16,
}

impl Server {
    /// Starts it and waits until it says where it listens.
    pub(super) fn start(program: &Path, configuration: &Path, log: &Path) -> Result<Self> {
        let mut server = Command::new(program);
        server.arg("--config").arg(configuration).stdin(Stdio::null()).stdout(Stdio::piped());
        server.stderr(File::create(log)?);
        let mut child = server.spawn().with_context(|| format!("starting `{}`", command::words(&server)))?;
        let output = child.stdout.take().context("the server's output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut server = Self { child, log: log.to_path_buf(), url: String::new() };
        let deadline = Instant::now() + LIMIT;
        while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if let Some(url) = line.strip_prefix("listening on ") {
                url.trim_end_matches('/').clone_into(&mut server.url);
                return Ok(server);
            }
        }
        bail!("the server does not listen; it says: {}", std::fs::read_to_string(log)?.trim());
    }

    /// Every request for an app's objects so far.
    pub(super) fn accesses(&self, app: &str) -> Result<Vec<Access>> {
        let prefix = format!("/apps/{app}/");
        let text = std::fs::read_to_string(&self.log).context("reading the server's log")?;
        Ok(accesses(&text).into_iter().filter(|access| access.path.starts_with(&prefix)).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Politely first: it may be writing.
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().is_ok_and(|status| status.success());
        let ended = asked
            && command::wait_until(&mut self.child, Instant::now() + LIMIT, |_| ())
                .is_ok_and(|status| status.is_some());
        if !ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Access {
    /// It gave out bytes of a patch.
    pub(super) fn is_patch(&self) -> bool {
        self.is_good() && self.path.contains("/patches/") && !self.path.ends_with("/index.json")
    }

    /// It gave out bytes of an artifact, plain or compressed. Release notes are targets as well.
    pub(super) fn is_full(&self) -> bool {
        self.is_good() && self.path.contains("/targets/releases/") && !self.path.contains("/notes/")
    }

    fn is_good(&self) -> bool {
        self.method == "GET" && matches!(self.status, 200 | 206)
    }
}

/// The access lines of a log in JSON.
fn accesses(log: &str) -> Vec<Access> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter(|line| line.target == "access").map(|line| line.fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, status: u16, patch: bool, full: bool) {
        let fields = format!(r#""method":"{method}","path":"/apps/a/{path}","status":{status},"more":1"#);
        let log = format!(r#"{{"target":"access","fields":{{{fields}}}}}"#);
        let [access] = &accesses(&format!("no json\n{log}\n"))[..] else { panic!("{log}") };
        assert_eq!((access.is_patch(), access.is_full()), (patch, full), "{log}");
    }

    #[test]
    fn what_was_given_out_is_told_apart() {
        check("GET", "patches/aa/bb.rt1", 200, true, false);
        check("GET", "patches/aa/bb.rt1", 206, true, false);
        check("GET", "patches/aa/bb.rt1", 202, false, false);
        check("GET", "patches/aa/index.json", 200, false, false);
        check("GET", "targets/releases/1.0.0/linux-x86_64/aa.app", 200, false, true);
        check("GET", "targets/releases/1.0.0/linux-x86_64/aa.app.zst", 200, false, true);
        check("HEAD", "targets/releases/1.0.0/linux-x86_64/aa.app", 200, false, false);
        check("GET", "targets/releases/1.0.0/linux-x86_64/aa.app", 404, false, false);
        check("GET", "targets/releases/1.0.0/notes/aa.en.md", 200, false, false);
        check("GET", "metadata/timestamp.json", 200, false, false);
    }
}
