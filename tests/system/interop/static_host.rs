//! A plain static host is a complete update server, and its age is told.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use autoupdate::view::AppState;
use autoupdate::{Config, Engine, View};
use autoupdate_tests::{APP, Person, Publisher, Workshop, poll_until, program};
use protocol::AppId;

const PROBE: &str = r#"{ probe = ["--version"] }"#;

/// `python3 -m http.server` on a free port; ends with its value.
struct Python {
    child: Child,
    url: String,
}

impl Python {
    fn serve(folder: &std::path::Path) -> Result<Self> {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        // It says on which port it listens: "Serving HTTP on 127.0.0.1 port 40961 (http://127.0.0.1:40961/) ..."
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let url = line.split(['(', ')']).nth(1).with_context(|| format!("no address in {line:?}"))?;
        Ok(Self { child, url: url.to_owned() })
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn updates_by_a_patch_from_python_s_http_server() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let python = Python::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &python.url, PROBE)?;

    let offered = person.run(&["check", "demo"])?.expect(0)?.json()?;
    assert_eq!((&offered["answer"], &offered["offer"]["version"]), (&"offered".into(), &"2.0.0".into()));
    let updated = person.run(&["apply", "demo"])?.expect(0)?.json()?;

    assert_eq!(person.installed()?, program("2.0.0"));
    let report = &updated["report"];
    assert_eq!(
        (&report["route"]["way"], &report["patches_fetched"]),
        (&"patch".into(), &1.into()),
        "{report}"
    );
    assert!(report["bytes_fetched"].as_u64() < report["full_bytes"].as_u64(), "{report}");
    let again = person.run(&["apply", "demo"])?.expect(0)?.json()?;
    assert_eq!(again["answer"], "up-to-date");
    Ok(())
}

/// A published folder as its publisher's verbs make it, with a timestamp that expires while we look.
#[test]
fn an_expired_timestamp_is_never_up_to_date_until_it_is_refreshed() -> Result<()> {
    let workshop = Workshop::new(&["--validity", "timestamp=3s"])?;
    workshop.add("1.0.0", &program("1.0.0"), &[])?;
    workshop.verb("publish", &["public"])?;
    let python = Python::serve(&workshop.path("public"))?;
    let person = Person::with(&program("1.0.0"), &workshop.root()?, &python.url, PROBE)?;

    // The engine that runs has seen it fresh, if it was quick enough; in the end its View says what it does not know.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let engine = runtime.block_on(async {
        Engine::start(Config { background: false, ..Config::of_user(person.folders())? }).await
    })?;
    let app = AppId::parse(APP)?;
    let check = || {
        runtime.block_on(async {
            engine.check(&app, false).await;
            let settled = |view: &View| {
                view.app(&app).is_some_and(|app| !matches!(app.state, AppState::Checking { .. }))
            };
            let mut view = engine.view();
            let view = view.wait_for(settled).await.ok()?;
            view.app(&app).map(|app| app.state.clone())
        })
    };
    let state = poll_until("the timestamp expires", || {
        check().filter(|state| matches!(state, AppState::CannotVerify { .. }))
    })?;
    let AppState::CannotVerify { failure, .. } = state else { bail!("{state:?}") };
    assert_eq!(failure.code, "E-META-EXPIRED", "{failure:?}");
    let answer = person.run(&["apply", "demo"])?.expect(5)?.json()?;
    assert_eq!(answer["failure"]["code"], "E-META-EXPIRED", "{answer}");
    assert_eq!(person.installed()?, program("1.0.0"));

    let keys = workshop.repository().join("keys/online");
    let keys = keys.to_str().context("a temporary path is Unicode")?;
    workshop.run(&["refresh", "public", "--keys", keys])?.expect(0)?;
    ensure!(matches!(check(), Some(AppState::UpToDate { .. })), "{:?}", check());

    // From now on the publisher signs for longer, and the next release comes as always.
    let settings = workshop.repository().join("repository.toml");
    std::fs::write(&settings, std::fs::read_to_string(&settings)?.replace("\"3s\"", "\"30d\""))?;
    workshop.add("2.0.0", &program("2.0.0"), &[])?;
    workshop.verb("publish", &["public"])?;
    person.run(&["apply", "demo"])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}
