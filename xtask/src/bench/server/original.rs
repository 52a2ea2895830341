//! The original server of old clients, for whoever has built it, with the two releases of the bench: asked the same as ours in turns.
//!
//! It is `getlantern/autoupdate-server` (48822a8) with two changes: `mockServerAddr` in `server/github_prod.go` is [`GITHUB`] and a `/`
//! behind it, because it takes releases from GitHub alone and has no flag for its address; and `instrument` sends no traces, because
//! no module proxy gives `getlantern/telemetry` any more. Here is as much of GitHub as it asks for.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::old_clients::{APP, RELEASES};
use super::process::Served;

/// Where it looks for GitHub.
const GITHUB: &str = "127.0.0.1:8877";

/// Starts it on a free port, once it has fetched the artifacts: one for each of the releases.
pub(super) fn start(program: &Path, folder: &Path, key: &Path, artifacts: [Vec<u8>; 2]) -> Result<Served> {
    let github = TcpListener::bind(GITHUB).with_context(|| format!("listening on {GITHUB}"))?;
    let artifacts = Arc::new(artifacts);
    thread::spawn(move || {
        for stream in github.incoming().map_while(Result::ok) {
            let artifacts = Arc::clone(&artifacts);
            // Who breaks off asks again or says so.
            thread::spawn(move || answer(&stream, &artifacts).ok());
        }
    });
    fs::create_dir_all(folder)?;
    let program = fs::canonicalize(program).with_context(|| format!("finding {}", program.display()))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let mut server = Command::new(program);
    server.current_dir(folder).arg("-k").arg(key).args(["-l", &address, "-p", &format!("http://{address}/")]);
    server.args(["-repos", &format!("{APP}:o/r"), "-o", "o", "-n", "r"]);
    Served::other(&mut server, &address)
}

/// One request, one answer: the list of releases, a page without any behind it, or an artifact.
fn answer(stream: &TcpStream, artifacts: &[Vec<u8>; 2]) -> Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().context("an empty request")??;
    while !lines.next().context("half a request")??.is_empty() {}
    let path = first.split(' ').nth(1).unwrap_or_default();
    let list;
    let body: &[u8] = match path.strip_prefix("/artifacts/").and_then(|rest| rest.split_once('/')) {
        Some((version, _)) => {
            let at = RELEASES.iter().position(|release| *release == version);
            at.and_then(|at| artifacts.get(at)).context("no such release")?
        }
        None if path.ends_with("page=1") => {
            list = releases();
            list.as_bytes()
        }
        None => b"[]",
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(body)?;
    Ok(())
}

/// As GitHub lists them: what of it is read.
fn releases() -> String {
    const NAME: &str = "update_linux_amd64";
    let each = RELEASES.iter().enumerate().map(|(id, version)| {
        let url = format!("http://{GITHUB}/artifacts/{version}/{NAME}");
        let asset = json!({"id": id, "name": NAME, "browser_download_url": url});
        json!({"id": id, "tag_name": version, "zipball_url": "", "assets": [asset]})
    });
    Value::Array(each.collect()).to_string()
}
