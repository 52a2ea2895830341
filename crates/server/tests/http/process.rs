//! The built program: what only a process of its own can show.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use protocol::Digest;
use signing::{KeyFile, Passphrase, SecretKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::{APP, PATIENCE, Stage, TOKEN, client, noise, status, target};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_autoupdate-server");

/// A running server process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
}

impl Process {
    pub(crate) fn start(stage: &Stage, more: &str) -> Self {
        Self::start_as(stage, "server", &stage.config_text(more))
    }

    /// Starts one of several with a configuration and a log of this name. What it logs goes behind what is there.
    pub(crate) fn start_as(stage: &Stage, name: &str, config: &str) -> Self {
        Self::start_by(Command::new(PROGRAM), stage, name, config)
    }

    /// The same by another command, which is given the words of ours.
    pub(crate) fn start_by(mut command: Command, stage: &Stage, name: &str, config: &str) -> Self {
        let (file, log) = (stage.path(&format!("{name}.toml")), stage.path(&format!("{name}.log")));
        std::fs::write(&file, config).unwrap();
        let mut child = command
            .arg("--config")
            .arg(file)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::options().create(true).append(true).open(log).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let mut reader = BufReader::new(stdout);
            reader.read_line(&mut text).unwrap();
            sender.send(text).unwrap();
            // Nothing else may come.
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "");
        });
        let line = line.recv_timeout(PATIENCE).unwrap();
        let address = line.strip_prefix("listening on http://").unwrap().trim_end().to_owned();
        Self { child, address }
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(name).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn exit_code(mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::yield_now();
        }
        panic!("it does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(stage: &Stage, arguments: &[&str], more: &str) -> Output {
    std::fs::write(stage.path("server.toml"), stage.config_text(more)).unwrap();
    let config = stage.path("server.toml");
    Command::new(PROGRAM).args(arguments).arg("--config").arg(config).output().unwrap()
}

fn check_refused(stage: &Stage, parts: &[&str]) {
    for arguments in [&["serve"][..], &["check-config"]] {
        let output = run(stage, arguments, "");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        for part in parts {
            assert!(text.contains(part), "{arguments:?}: {text}");
        }
    }
}

/// The first line of the access log with these fields.
fn logged(stage: &Stage, fits: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let log = std::fs::read_to_string(stage.path("server.log")).unwrap();
        let mut lines = log.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            (line["target"] == "access").then(|| line["fields"].clone())
        });
        if let Some(found) = lines.find(&fits) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "no such line: {log}");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn every_answer_has_a_line_in_the_log_with_the_bytes_that_were_sent() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let short = target(&stage.publish(&server, "1.0.0", &noise(1, 300_000)).await);
    // More than the kernel's buffers on both sides take.
    let long = target(&stage.publish(&server, "1.1.0", &noise(2, 24 << 20)).await);
    server.stop().await;
    let server = Process::start(&stage, "log.format = \"json\"");
    let path = |name: &str| format!("/apps/{APP}/{name}");
    let get = |name: &str| client().get(format!("http://{}{}", server.address, path(name)));
    let root = "metadata/1.root.json";
    let root_length = std::fs::metadata(stage.object(root)).unwrap().len();
    for (request, name, status, bytes) in [
        (get(root), root, 200, Some(root_length)),
        (get(&short), short.as_str(), 200, Some(300_000)),
        (get(&short).header("range", "bytes=1000-1999"), &short, 206, Some(1000)),
        (get(&short).header("range", "bytes=300000-"), &short, 416, Some(0)),
        (get(&short).header("if-none-match", "*"), &short, 304, Some(0)),
        // Nothing that is served has a query, which may hold anything.
        (get(&format!("{root}?secret")), root, 404, None),
    ] {
        request.header("authorization", "Bearer secret").send().await.unwrap().bytes().await.unwrap();
        let line = logged(&stage, |line| line["path"] == path(name) && line["status"] == status);
        assert_eq!((&line["method"], &line["cut"]), (&"GET".into(), &false.into()), "{line}");
        assert!(bytes.is_none_or(|bytes| line["bytes"] == bytes), "{line}");
        assert!(line["address"].as_str().unwrap().starts_with("127."), "{line}");
    }
    client().head(format!("http://{}{}", server.address, path(&short))).send().await.unwrap();
    let head = logged(&stage, |line| line["method"] == "HEAD");
    assert_eq!((&head["bytes"], &head["cut"]), (&0.into(), &false.into()), "{head}");
    // A client that goes away in the middle.
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path(&long));
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.read_exact(&mut [0; 1000]).await.unwrap();
    drop(stream);
    let line = logged(&stage, |line| line["path"] == path(&long));
    assert_eq!((&line["status"], &line["cut"]), (&200.into(), &true.into()), "{line}");
    assert!((1..24 << 20).contains(&line["bytes"].as_u64().unwrap()), "{line}");
    let log = std::fs::read_to_string(stage.path("server.log")).unwrap();
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test]
async fn sigterm_lets_a_running_upload_end() {
    let stage = Stage::new();
    let server = Process::start(&stage, "");
    let content = b"two halves";
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "PUT /apps/{APP}/objects/{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        Digest::of(content),
        content.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It asks for the body, so it is at work.
    let mut hundred = [0; 25];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut hundred)).await.unwrap().unwrap();
    assert_eq!(status(&hundred), 100);
    stream.write_all(&content[..5]).await.unwrap();
    server.signal("-TERM");
    let begun = Instant::now();
    while TcpStream::connect(&server.address).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it still takes connections");
    }
    stream.write_all(&content[5..]).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(status(&answer), 201, "{}", String::from_utf8_lossy(&answer));
    assert_eq!(server.exit_code(), Some(0));
    let place = stage.path("data/.incoming").join(APP).join(Digest::of(content).to_string());
    assert_eq!(std::fs::read(place).unwrap(), content);
}

#[tokio::test]
async fn an_upload_that_does_not_end_does_not_hold_the_server() {
    let stage = Stage::new();
    let server = Process::start(&stage, "limits.shutdown_timeout = \"1s\"");
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "PUT /apps/{APP}/objects/{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        Digest::of(b"x")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut hundred = [0; 25];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut hundred)).await.unwrap().unwrap();
    server.signal("-INT");
    let begun = Instant::now();
    assert_eq!(server.exit_code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_killed_server_leaves_no_lock_and_no_rubbish() {
    let stage = Stage::new();
    let server = Process::start(&stage, "");
    let second = run(&stage, &["serve"], "");
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.contains("another autoupdate-server"), "{text}");
    server.signal("-KILL");
    assert_eq!(server.exit_code(), None);
    std::fs::write(stage.path("data/.incoming").join(APP).join(".tmp-half"), "half").unwrap();
    std::fs::write(stage.path("data/.scratch/patch-half"), "half").unwrap();
    let server = Process::start(&stage, "");
    assert!(!stage.path("data/.incoming").join(APP).join(".tmp-half").exists());
    assert!(!stage.path("data/.scratch/patch-half").exists());
    let url = format!("http://{}/apps/{APP}/metadata/1.root.json", server.address);
    assert_eq!(client().get(url).send().await.unwrap().status(), 200);
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn offline_keys_in_reach_stop_it() {
    let stage = Stage::new();
    let root = stage.path("repository/keys/root.pem");
    let targets = std::fs::read_dir(stage.path("repository/keys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("targets"))
        .unwrap();
    let place = |from: &std::path::Path, to: &str| {
        std::fs::copy(from, stage.path(to)).unwrap();
        stage.path(to)
    };
    assert_eq!(run(&stage, &["check-config"], "").status.code(), Some(0));
    for (from, to, part) in [
        (&root, "data/tool/targets.pem", "among the files that are served"),
        (&root, "keys/root.pem", "offline role"),
        (&targets, "keys/tool/targets.pem", "offline role"),
        // Another name does not help: the key itself is known from the root.
        (&targets, "keys/tool/snapshot-2.pem", "offline role"),
        (&targets, "keys/backup.txt", "offline role"),
    ] {
        let copy = place(from, to);
        check_refused(&stage, &[part, "offline_keys_accepted"]);
        std::fs::remove_file(copy).unwrap();
    }
    // Nor does a mode that lets others read it.
    let backup = place(&targets, "keys/backup.txt");
    for mode in [0o640, 0o644] {
        std::fs::set_permissions(&backup, std::fs::Permissions::from_mode(mode)).unwrap();
        check_refused(&stage, &["backup.txt", "offline role"]);
    }
    std::fs::remove_file(backup).unwrap();
    // Nor a folder that is only linked to; links in a circle end.
    std::fs::create_dir(stage.path("safe")).unwrap();
    let copy = place(&targets, "safe/backup.txt");
    std::os::unix::fs::symlink(stage.path("safe"), stage.path("keys/more")).unwrap();
    std::os::unix::fs::symlink(stage.path("keys"), stage.path("keys/circle")).unwrap();
    check_refused(&stage, &["keys/more/backup.txt", "offline role"]);
    std::fs::remove_file(copy).unwrap();
    assert_eq!(run(&stage, &["check-config"], "").status.code(), Some(0));

    place(&targets, "keys/backup.txt");
    let sentence = "offline_keys_accepted = \"whoever breaks into this machine may sign releases\"";
    assert_eq!(run(&stage, &["check-config"], sentence).status.code(), Some(0));
}

#[test]
fn a_private_key_that_cannot_be_identified_stops_it() {
    let stage = Stage::new();
    let passphrase = Passphrase::new("a passphrase of the online keys".to_owned());
    let create = |name: &str| {
        let (path, key) = (stage.path(name), SecretKey::generate().unwrap());
        KeyFile::create(&path, &key, Some(&passphrase)).unwrap();
        path
    };
    let whole = std::fs::read_to_string(create("whole.pem")).unwrap();
    let (head, block) = whole.split_at(whole.find("-----BEGIN").unwrap());
    let place = create("keys/more.pem");
    assert_eq!(run(&stage, &["check-config"], "").status.code(), Some(0), "known, and no offline role's");
    for text in
        [block.to_owned(), format!("{whole}{block}"), format!("{head}{whole}"), block.replace('-', "--")]
    {
        std::fs::write(&place, text).unwrap();
        check_refused(&stage, &["more.pem", "cannot be identified"]);
    }
    // Without its first lines it is known by unlocking it.
    std::fs::write(&place, block).unwrap();
    let file = stage.path("passphrase");
    std::fs::write(&file, "a passphrase of the online keys").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let more = "keys_passphrase_file = \"passphrase\"";
    let output = run(&stage, &["check-config"], more);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_encrypted_online_key_needs_the_passphrase_that_the_configuration_names() {
    let stage = Stage::new();
    let passphrase = Passphrase::new("a passphrase of the online keys".to_owned());
    // As a rotation with `--passphrase-file` leaves it: the new key encrypted, the others not.
    let key = SecretKey::generate().unwrap();
    KeyFile::create(&stage.path("keys/tool/snapshot-2.pem"), &key, Some(&passphrase)).unwrap();
    check_refused(&stage, &["app tool", "snapshot-2.pem", "is encrypted", "keys_passphrase_file"]);
    let file = stage.path("passphrase");
    let more = "keys_passphrase_file = \"passphrase\"";
    for (text, expected) in [("another passphrase", Some(1)), ("a passphrase of the online keys", Some(0))] {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let output = run(&stage, &["check-config"], more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), expected, "{said}");
        assert_eq!(said.contains("keys_passphrase_file"), expected == Some(1), "{said}");
    }
}

#[test]
fn keys_and_tokens_that_others_may_touch_stop_it() {
    let stage = Stage::new();
    let key = stage.path("keys/tool/snapshot.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    check_refused(&stage, &["snapshot.pem", "app tool"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let tokens = stage.path("tokens.toml");
    std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o666)).unwrap();
    check_refused(&stage, &["tokens.toml", "chmod"]);
}

#[test]
fn arguments_and_configuration_are_explained() {
    let stage = Stage::new();
    let help = Command::new(PROGRAM).arg("--help").output().unwrap();
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for part in ["listening on http://", "check-config", "--config", "reverse proxy"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("make-patch"));
    assert_eq!(Command::new(PROGRAM).arg("serve").output().unwrap().status.code(), Some(2));
    let wrong = run(&stage, &["check-config"], "[limits]\nburts = 7");
    let text = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text.contains("server.toml") && text.contains("burts") && text.contains("line 6"), "{text}");
    // A folder without the first root is no app, and does not keep the others from being served.
    std::fs::create_dir_all(stage.path("data/half/metadata")).unwrap();
    std::fs::write(stage.path("data/half/metadata/7.snapshot.json"), "{}").unwrap();
    let good = run(&stage, &["check-config"], "");
    assert!(String::from_utf8_lossy(&good.stdout).contains("apps: tool\n"));
}
