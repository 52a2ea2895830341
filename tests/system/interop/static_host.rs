//! A plain static host is a complete update server, and its age is told.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use anyhow::Result;
use autoupdate_tests::{Person, Publisher, days_ago, poll_until, program};

const PROBE: &str = r#"{ probe = ["--version"] }"#;

/// `python3 -m http.server` on a free port; ends with its value.
struct Python {
    child: Child,
    url: String,
}

impl Python {
    fn serve(folder: &std::path::Path) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new("python3");
        command
            .args(["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1", "--directory"])
            .arg(folder);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let python = Self { child, url: format!("http://127.0.0.1:{port}/") };
        poll_until("python's http.server", || std::net::TcpStream::connect(("127.0.0.1", port)).ok())?;
        Ok(python)
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

#[test]
fn an_expired_timestamp_is_never_up_to_date_until_it_is_refreshed() -> Result<()> {
    let publisher = Publisher::at(days_ago(40))?;
    publisher.release("1.0.0", &program("1.0.0"), days_ago(40))?;
    let python = Python::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &python.url, PROBE)?;

    let answer = person.run(&["check", "demo"])?.expect(5)?.json()?;
    assert_eq!(answer["answer"], "cannot-verify", "{answer}");
    assert_eq!(answer["failure"]["code"], "E-META-EXPIRED", "{answer}");
    let view = person.run(&["status", "demo"])?.expect(0)?.json()?;
    assert_ne!(view["apps"][0]["state"]["state"], "up-to-date", "{view}");

    publisher.refresh(jiff::Timestamp::now())?;
    let answer = person.run(&["check", "demo"])?.expect(0)?.json()?;
    assert_eq!(answer["answer"], "up-to-date", "{answer}");
    Ok(())
}
