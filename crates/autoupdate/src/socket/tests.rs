//! The socket with a real engine behind it, and with strangers in front of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use protocol::{AppId, Language, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::wire::{FORMAT, Request, RequestLine, parse_request};
use super::{Error, LIMITS, Remote, Server};
use crate::driver::{Config, Engine, Patience, SystemClock, ThisMachine};
use crate::enrolments::Enrolments;
use crate::fetch::tests::client;
use crate::handle::{Answer, Command, Handle, How, Later, Refusal};
use crate::policy::schedule::Timing;
use crate::store::{Folders, Settings};
use crate::view::View;

const LONG: Duration = Duration::from_secs(30);

async fn engine(folders: &Folders) -> Handle {
    let config = Config {
        folders: folders.clone(),
        enrolments: Enrolments::default(),
        background: false,
        timing: Timing::default(),
        patience: Patience::default(),
        patch_memory: 0,
        settings: Settings::default(),
        clock: Arc::new(SystemClock),
        platform: Arc::new(ThisMachine),
        client: client(),
        own: None,
    };
    Engine::start(config).await.unwrap()
}

fn world() -> (tempfile::TempDir, Folders) {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::below(folder.path());
    (folder, folders)
}

/// Sends bytes and gives everything that comes back until the engine hangs up.
async fn raw(folders: &Folders, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(folders.socket()).await.unwrap();
    // The engine may hang up before it has read everything.
    let _hung_up = stream.write_all(bytes).await;
    let mut reply = Vec::new();
    let _reset = timeout(LONG, stream.read_to_end(&mut reply)).await.expect("the engine hangs up");
    String::from_utf8(reply).unwrap()
}

#[tokio::test]
async fn questions_are_answered_in_order_on_one_connection() {
    let (_guard, folders) = world();
    let handle = engine(&folders).await;
    let _server = Server::start(&folders, handle.clone(), None).unwrap();
    let mut remote = Remote::connect(&folders).await.unwrap();
    assert_eq!(remote.view().await.unwrap(), View::new(Vec::new(), Vec::new()));
    let app = AppId::parse("demo").unwrap();
    let answer = remote.command(Command::Check { app, force: false }).await.unwrap();
    assert_eq!(answer, Answer::Refused { why: Refusal::UnknownApp });
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folders.socket()), mode(folders.runtime.clone())), (0o600, 0o700));
}

#[tokio::test]
async fn whoever_subscribes_sees_the_present_and_each_change() {
    let (_guard, folders) = world();
    let handle = engine(&folders).await;
    let _server = Server::start(&folders, handle.clone(), None).unwrap();
    let mut views = Remote::connect(&folders).await.unwrap().subscribe().await.unwrap();
    assert_eq!(timeout(LONG, views.next()).await.unwrap().unwrap().problems, []);
    // A broken enrolment appears.
    fs::create_dir_all(folders.user_apps()).unwrap();
    fs::write(folders.user_apps().join("broken.toml"), "id = 7").unwrap();
    assert_eq!(
        Remote::connect(&folders).await.unwrap().command(Command::Reload).await.unwrap(),
        Answer::Done
    );
    assert_eq!(timeout(LONG, views.next()).await.unwrap().unwrap().problems.len(), 1);
    handle.shutdown().await;
    assert!(matches!(timeout(LONG, views.next()).await.unwrap(), Err(Error::NoAnswer)));
}

#[tokio::test]
async fn there_is_one_engine_and_a_dead_one_leaves_no_trace() {
    let (_guard, folders) = world();
    assert!(matches!(Remote::connect(&folders).await, Err(Error::NotRunning)));
    let handle = engine(&folders).await;
    let server = Server::start(&folders, handle.clone(), None).unwrap();
    assert!(matches!(Server::start(&folders, handle.clone(), None), Err(Error::Running)));
    drop(server);
    // The end of the task comes a moment later.
    let again = timeout(LONG, async {
        loop {
            match Server::start(&folders, handle.clone(), None) {
                Ok(server) => return server,
                Err(Error::Running) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    });
    drop(again.await.unwrap());
    // What a killed engine leaves: a socket that nobody serves.
    let (_other, folders) = world();
    fs::create_dir_all(&folders.runtime).unwrap();
    fs::set_permissions(&folders.runtime, fs::Permissions::from_mode(0o700)).unwrap();
    drop(std::os::unix::net::UnixListener::bind(folders.socket()).unwrap());
    assert!(matches!(Remote::connect(&folders).await, Err(Error::NotRunning)));
    let _server = Server::start(&folders, handle, None).unwrap();
    Remote::connect(&folders).await.unwrap().view().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_others_can_use_is_refused() {
    let (_guard, folders) = world();
    fs::create_dir_all(&folders.runtime).unwrap();
    fs::set_permissions(&folders.runtime, fs::Permissions::from_mode(0o755)).unwrap();
    let started = Server::start(&folders, engine(&folders).await, None);
    assert!(matches!(started, Err(Error::UnsafeFolder { .. })), "{started:?}");
}

#[tokio::test]
async fn nonsense_gets_one_reply_and_the_end() {
    let (_guard, folders) = world();
    let _server = Server::start(&folders, engine(&folders).await, None).unwrap();
    for bad in [
        "{}\n",
        "[]\n",
        "{\"format\":2,\"request\":\"view\"}\n",
        "{\"format\":1,\"request\":\"install\"}\n",
        "{\"format\":1,\"request\":\"command\",\"command\":\"check\",\"app\":\"../etc\"}\n",
        "{\"format\":1,\"request\":\"command\",\"command\":\"activate\"}\n",
        "\n",
        "\u{0}\n",
    ] {
        let reply = raw(&folders, bad.as_bytes()).await;
        assert_eq!(reply.lines().count(), 1, "{bad:?}: {reply}");
        assert!(reply.contains("\"reply\":\"not-understood\""), "{bad:?}: {reply}");
    }
    // Too long, or without an end: not even a reply.
    let long = vec![b' '; usize::try_from(LIMITS.request_bytes).unwrap() + 1];
    assert_eq!(raw(&folders, &long).await, "");
}

#[tokio::test]
async fn connections_are_bounded() {
    let (_guard, folders) = world();
    let _server = Server::start(&folders, engine(&folders).await, None).unwrap();
    let mut open = Vec::new();
    for _ in 0..LIMITS.connections {
        let mut views = Remote::connect(&folders).await.unwrap().subscribe().await.unwrap();
        timeout(LONG, views.next()).await.unwrap().unwrap();
        open.push(views);
    }
    assert_eq!(raw(&folders, b"{\"format\":1,\"request\":\"view\"}\n").await, "");
}

#[tokio::test]
async fn an_engine_that_hangs_up_gives_no_answer_whatever_it_said_before() {
    // Hung up with the question unread, which resets the connection; with it read; in the middle of an answer.
    for (reads, says) in [(false, ""), (true, ""), (true, "{\"format\":1,\"re")] {
        let (_guard, folders) = world();
        fs::create_dir_all(&folders.runtime).unwrap();
        let listener = tokio::net::UnixListener::bind(folders.socket()).unwrap();
        let mut remote = Remote::connect(&folders).await.unwrap();
        let (mut engine, _) = listener.accept().await.unwrap();
        let hangs_up = async {
            engine.readable().await.unwrap();
            if reads {
                let mut question = [0; 1024];
                let _length = engine.read(&mut question).await.unwrap();
                engine.write_all(says.as_bytes()).await.unwrap();
            }
            drop(engine);
        };
        let (answer, ()) = tokio::join!(remote.view(), hangs_up);
        assert!(matches!(answer, Err(Error::NoAnswer)), "{reads} {says:?}: {answer:?}");
    }
}

#[test]
fn requests_are_read_as_they_were_in_format_1() {
    let golden = include_str!("../../fixtures/v1/socket-requests.jsonl");
    let app = AppId::parse("demo").unwrap();
    let how = How { force: true, consent: true, full: false };
    let languages = ["de", "en"].map(|language| Language::parse(language).unwrap()).to_vec();
    let expected = [
        Request::View,
        Request::Subscribe,
        Request::Command(Command::Check { app: app.clone(), force: true }),
        Request::Command(Command::Prepare { app: app.clone(), how: How::default() }),
        Request::Command(Command::Activate { app: app.clone(), how }),
        Request::Command(Command::RollBack { app: app.clone() }),
        Request::Command(Command::Cancel { app: app.clone(), drop: false }),
        Request::Command(Command::Confirm { app: app.clone() }),
        Request::Command(Command::Why { app: app.clone() }),
        Request::Command(Command::Reload),
        Request::Command(Command::Notes { app: app.clone(), languages }),
        Request::Show,
        Request::Command(Command::Hold { app: app.clone() }),
        Request::Command(Command::Skip { app: app.clone(), version: Version::parse("1.2.0").unwrap() }),
        Request::Command(Command::Release { app: app.clone() }),
        Request::Command(Command::Repair { app: app.clone(), consent: true }),
        Request::Command(Command::Plan { app: app.clone(), when: Some(Later::Tonight) }),
        Request::Command(Command::Plan { app: app.clone(), when: None }),
        Request::Command(Command::Busy { app: app.clone(), until: crate::testing::noon() }),
        Request::Command(Command::Pause { until: Some(crate::testing::noon()) }),
        Request::Command(Command::Pause { until: None }),
        Request::Command(Command::Resume),
        Request::Command(Command::Settings),
        Request::Command(Command::Set {
            app: Some(app.clone()),
            key: "mode".into(),
            value: Some("ask".into()),
        }),
        Request::Command(Command::Set { app: None, key: "look".into(), value: None }),
        Request::Command(Command::History { last: 20 }),
        Request::Command(Command::Examine { app: app.clone() }),
        Request::Command(Command::Cancel { app, drop: true }),
    ];
    assert_eq!(golden.lines().count(), expected.len());
    for (line, request) in golden.lines().zip(expected) {
        assert_eq!(parse_request(line.as_bytes()), Ok(request.clone()), "{line}");
        let written = serde_json::to_string(&RequestLine { format: FORMAT, request }).unwrap();
        assert_eq!(written, line, "what is written today is what format 1 was");
    }
    // What may be left away.
    let short = br#"{"format":1,"request":"command","command":"check","app":"demo"}"#;
    assert!(matches!(parse_request(short), Ok(Request::Command(Command::Check { force: false, .. }))));
}

proptest::proptest! {
    #[test]
    fn whatever_comes_is_a_request_or_an_answer_to_nonsense(bytes: Vec<u8>, text in "\\{\"format\":1[ -~]{0,80}\\}") {
        for line in [bytes.as_slice(), text.as_bytes()] {
            match parse_request(line) {
                Ok(_) | Err(super::wire::Reply::NotUnderstood { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_second_start_shows_the_app_that_runs() {
    let (_guard, folders) = world();
    let (show, mut shown) = tokio::sync::mpsc::channel(1);
    let server = Server::start(&folders, engine(&folders).await, Some(show)).unwrap();
    for _ in 0..3 {
        let answer = Remote::connect(&folders).await.unwrap().show().await.unwrap();
        assert_eq!(answer, Answer::Done, "one wish is as good as many");
    }
    timeout(LONG, shown.recv()).await.unwrap().unwrap();
    drop(server);
    let (_guard, folders) = world();
    let _without = Server::start(&folders, engine(&folders).await, None).unwrap();
    let answer = Remote::connect(&folders).await.unwrap().show().await.unwrap();
    assert_eq!(answer, Answer::Refused { why: Refusal::NothingToShow });
}
