//! What publishing to an update server sends, and what it refuses to send.

#![allow(missing_docs, reason = "test code")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::Desk;

/// A server that answers from a folder and takes whatever is sent.
struct Server {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(folder: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::default();
        let server = Self { url, taken: Arc::clone(&taken) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &folder, &taken);
            }
        });
        server
    }

    /// What was sent since the last call.
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }
}

fn answer(stream: TcpStream, folder: &Path, taken: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut sent = vec![0; length];
    reader.read_exact(&mut sent).unwrap();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let (status, body) = match (method, fs::read(folder.join(path.trim_start_matches('/')))) {
        ("PUT" | "POST", _) => {
            taken.lock().unwrap().push(format!("{method} {path}"));
            (200, br#"{"targets": 2}"#.to_vec())
        }
        (_, Ok(body)) => (200, body),
        (_, Err(_)) => (404, Vec::new()),
    };
    let stream = reader.get_mut();
    write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())
        .unwrap();
    if method != "HEAD" {
        stream.write_all(&body).unwrap();
    }
}

#[test]
fn a_rollout_that_the_server_does_not_have_is_not_lost_in_silence() {
    let desk = Desk::with_release(&[]);
    desk.publish();
    let server = Server::start(desk.path("public"));
    let publish = ["publish", "repo", &server.url, "--passphrase-file", "passphrase"];
    let rollout = |change: &[&str]| desk.done(&[&["rollout", "repo"], change].concat());
    let check = |change: &[&str], fits: bool| {
        if !change.is_empty() {
            rollout(change);
        }
        if fits {
            desk.done(&publish);
            assert_eq!(server.taken(), ["POST /apps/tool/targets"], "{change:?}");
        } else {
            let complained = desk.fails(&publish, 1, "E-REPO-CONFLICT");
            let way = format!("rollout repo --channel stable … --server {}", server.url);
            assert!(complained.contains(&way), "{change:?}: {complained}");
            assert!(server.taken().is_empty(), "{change:?}");
        }
    };
    let one = ["--version", "1.0.0"];
    let with = |more: &[&'static str]| [&one[..], more].concat();
    check(&[], true);
    check(&with(&["--share", "5%"]), false);
    check(&with(&["--share", "100%"]), true);
    check(&with(&["--halt"]), false);
    check(&with(&["--resume"]), true);
    check(&with(&["--recall"]), false);
    check(&with(&["--resume"]), true);
    check(&["--pin", "macos:11.0=0.9.0"], false);
    check(&["--unpin", "macos"], true);
    // What the server has too is not lost, and what only the server has is its own.
    rollout(&with(&["--share", "5%"]));
    desk.publish();
    check(&[], true);
    check(&with(&["--share", "10%"]), false);
    check(&with(&["--share", "100%"]), true);
}

#[test]
fn a_rollout_before_the_first_publication_is_not_lost_either() {
    let desk = Desk::with_release(&[]);
    let server = Server::start(desk.path("nothing"));
    let publish = ["publish", "repo", &server.url, "--passphrase-file", "passphrase"];
    desk.done(&["rollout", "repo", "--version", "1.0.0", "--share", "5%"]);
    desk.fails(&publish, 1, "E-REPO-CONFLICT");
    assert!(server.taken().is_empty());
    desk.done(&["rollout", "repo", "--version", "1.0.0", "--share", "100%"]);
    desk.done(&publish);
    assert_eq!(server.taken().last().unwrap(), "POST /apps/tool/targets");
}
