//! Whoever may talk to the engine may say anything: bytes that are nothing, and commands that nobody would give.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::*;
use crate::socket::{LIMITS, Remote, Server};
use crate::store::{Folders, Key};

/// What is set in a file: program (none: at the top), key, value.
type Lines = BTreeMap<(Option<String>, String), String>;

/// Runs a property on one engine with a program that could be updated, served on its socket. The engine must be alive
/// afterwards, and the program what it was.
fn with_an_engine<S: Strategy>(
    cases: u32,
    given: &S,
    check: impl Fn(&Runtime, &Folders, S::Value) -> TestCaseResult,
) {
    let runtime = Runtime::new().unwrap();
    let (world, handle, server) = runtime.block_on(async {
        let mut world = World::probed(Mode::Off).await;
        world.publish("1.1.0", &sleeper("1.1.0"));
        world.background = true;
        let handle = world.engine().await;
        let server = Server::start(world.simulator.store.folders(), handle.clone(), None).unwrap();
        (world, handle, server)
    });
    let folders = world.simulator.store.folders();
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) });
    let ran = runner.run(given, |value| check(&runtime, folders, value));
    runtime.block_on(async {
        let view = Remote::connect(folders).await.unwrap().view().await.unwrap();
        assert_eq!(view.apps.len(), 1, "the engine is alive");
        handle.shutdown().await;
    });
    drop(server);
    world.assert_installed("1.0.1");
    world.simulator.store.settings().unwrap();
    ran.unwrap();
}

/// Sends bytes and hangs up; gives everything that comes back.
fn said(runtime: &Runtime, folders: &Folders, bytes: &[u8]) -> Vec<u8> {
    runtime.block_on(async {
        let mut stream = UnixStream::connect(folders.socket()).await.unwrap();
        // The engine may hang up before it has read everything.
        let _hung_up = stream.write_all(bytes).await;
        let _hung_up = if bytes.ends_with(b"\n") { Ok(()) } else { stream.shutdown().await };
        let mut reply = vec![0; 4 << 20];
        let mut length = 0;
        let reads = async {
            while !reply[..length].ends_with(b"\n") {
                match stream.read(&mut reply[length..]).await {
                    Ok(count) if count > 0 => length += count,
                    _ => break,
                }
            }
        };
        timeout(LONG, reads).await.expect("the engine answers or hangs up");
        reply.truncate(length);
        reply
    })
}

#[test]
fn bytes_that_are_nothing_do_nothing() {
    let line = prop::collection::vec(any::<u8>(), 0..200);
    let almost =
        "\\{\"format\":1,\"request\":\"(command|view|show)\"[ -~]{0,80}\\}?\n?".prop_map(String::into_bytes);
    let long = (16_300_usize..16_500).prop_map(|length| vec![b'{'; length]);
    let given = prop_oneof![4 => line, 4 => almost, 1 => long];
    with_an_engine(200, &given, |runtime, folders, bytes| {
        let reply = said(runtime, folders, &bytes);
        let reply = String::from_utf8(reply).unwrap();
        prop_assert!(reply.is_empty() || reply.starts_with("{\"format\":1,\"reply\":"), "{reply}");
        Ok(())
    });
}

#[test]
fn commands_that_nobody_would_give_change_nothing_but_what_they_may() {
    let set = std::cell::RefCell::new(Lines::new());
    with_an_engine(1000, &commands(), |runtime, folders, command| {
        let mut line = json!({ "format": 1, "request": "command" });
        line.as_object_mut().unwrap().extend(command.as_object().unwrap().clone());
        let line = format!("{line}\n");
        let reply = said(runtime, folders, line.as_bytes());
        if line.len() as u64 > LIMITS.request_bytes {
            prop_assert!(reply.is_empty());
            return Ok(());
        }
        let reply: Value = serde_json::from_slice(&reply).unwrap_or_default();
        prop_assert!(reply["reply"] == "answer" || reply["reply"] == "not-understood", "{reply}");
        if command["command"] == "set" && reply["answer"]["answer"] == "done" {
            let text = |name: &str| command[name].as_str().map(str::to_owned);
            let key = (text("app"), text("key").unwrap());
            match text("value") {
                Some(value) => drop(set.borrow_mut().insert(key, value)),
                None => drop(set.borrow_mut().remove(&key)),
            }
        }
        prop_assert_eq!(&lines(folders), &*set.borrow(), "after {}", command);
        Ok(())
    });
}

/// What stands in the person's file.
fn lines(folders: &Folders) -> Lines {
    let text = fs::read_to_string(folders.config.join("settings.toml")).unwrap_or_default();
    let text_of = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines = Lines::new();
    for (name, value) in toml::from_str::<toml::Table>(&text).unwrap() {
        let toml::Value::Table(apps) = value else {
            lines.insert((None, name), text_of(&value));
            continue;
        };
        for (app, values) in apps {
            for (name, value) in values.as_table().unwrap() {
                lines.insert((Some(app.clone()), name.clone()), text_of(value));
            }
        }
    }
    lines
}

/// Commands that can be read, and some that nearly can. Nothing that would rightly put a version in place.
fn commands() -> impl Strategy<Value = Value> {
    let id = crate::testing::app().to_string();
    let app = prop_oneof![3 => Just(json!(id)), 1 => odd().prop_map(|text| json!(text)), 1 => Just(json!("unknown"))];
    let whose = prop_oneof![2 => Just(Value::Null), 3 => app.clone()];
    let keys: Vec<String> = Key::ALL.into_iter().map(|key| key.name().to_owned()).collect();
    let key = prop_oneof![4 => prop::sample::select(keys), 1 => odd()];
    let set = (whose, key, prop::option::of(odd())).prop_map(|(app, key, value)| {
        let mut set = json!({ "command": "set", "key": key });
        let more = [("app", app), ("value", json!(value))].into_iter().filter(|(_, value)| !value.is_null());
        set.as_object_mut().unwrap().extend(more.map(|(name, value)| (name.to_owned(), value)));
        set
    });
    let plain = (
        app.clone(),
        prop::sample::select(vec![
            "check",
            "roll-back",
            "hold",
            "release",
            "cancel",
            "confirm",
            "why",
            "examine",
            "plan",
            "settings",
            "resume",
        ]),
    );
    let plain =
        plain.prop_map(|(app, word)| json!({ "command": word, "app": app, "when": null, "force": true }));
    let until = (moment(), app.clone(), any::<bool>()).prop_map(|(until, app, busy)| {
        if busy {
            json!({ "command": "busy", "app": app, "until": until })
        } else {
            json!({ "command": "pause", "until": until })
        }
    });
    let skip = (app.clone(), odd())
        .prop_map(|(app, version)| json!({ "command": "skip", "app": app, "version": version }));
    let history = any::<u64>().prop_map(|last| json!({ "command": "history", "last": last }));
    let notes = (app, prop::collection::vec(odd(), 0..40));
    let notes =
        notes.prop_map(|(app, languages)| json!({ "command": "notes", "app": app, "languages": languages }));
    let nearly =
        (odd(), odd()).prop_map(|(word, name)| json!({ "command": word, name: word, "path": "/bin/sh" }));
    prop_oneof![6 => set, 3 => plain, 3 => until, 1 => skip, 1 => history, 1 => notes, 1 => nearly]
}

/// Moments at the ends of time and beyond.
fn moment() -> impl Strategy<Value = Value> {
    let ends = [
        "9999-12-30T22:00:00Z",
        "-009999-01-02T01:59:59Z",
        "9999-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00Z",
        "soon",
    ];
    let ends = prop::sample::select(ends.to_vec()).prop_map(|text| json!(text));
    prop_oneof![ends, any::<i64>().prop_map(|number| json!(number)), Just(Value::Null)]
}

/// Texts that files, paths, versions and other formats read as something else.
fn odd() -> impl Strategy<Value = String> {
    let words = [
        "",
        "none",
        "off",
        "download",
        "wait",
        "ignore",
        "dark",
        "fa",
        "system",
        "stable",
        "2.0.0",
        "0",
        "64",
        "365",
        "15m",
        "168h",
        "22:00-07:00",
        "24:00-00:60",
        "x\"\nmode = \"automatic\"",
        "\"\"\"",
        "'''\n[app.demo]\nsources = [\"http://x\"]",
        "# no",
        "\\u0022",
        "../../etc",
        "a b",
        "\u{0}",
        "\u{feff}",
        "\u{202e}",
        "999999999999999999999",
        "99999999999.0.0",
        "mode\n",
        "\"mode\"",
        "app",
        "app.demo",
        "__proto__",
        "http://user:secret@proxy:1/",
        "file:///etc/passwd",
    ];
    prop_oneof![
        6 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        2 => "\\PC{0,40}",
        1 => (0_usize..15_000).prop_map(|length| "x".repeat(length)),
    ]
}
