//! The reference client of The Update Framework reads what our server serves, and refuses what was changed on the way.
//!
//! `crates/cli/tests/interop_python_tuf.rs` has it read a published folder in every state; here it reads from the real
//! update server, whose online keys signed what is newest, over a root ceremony that the publisher held meanwhile.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{APP, Answer, Harm, Host, Server, Workshop, here, program, run, skip};

const NAME: &str = "interop::python_tuf::reads_our_server_over_a_two_of_three_root";

#[test]
fn reads_our_server_over_a_two_of_three_root() -> Result<()> {
    let Some(python) = std::env::var_os("AUTOUPDATE_PYTHON") else {
        return skip(NAME, "no Python with the package tuf; `cargo xtask test interop` makes one");
    };
    let client = Client { python: python.into(), workshop: Workshop::new(&[])? };
    let workshop = &client.workshop;
    let server = Server::of(workshop)?;
    workshop.release(&server, "1.0.0", &program("1.0.0"))?;
    client.reads(server.url(), "1.0.0", "old", &["--root-version", "1", "--root-threshold", "1"])?;

    two_of_three(workshop)?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    let root3 = ["--root-version", "3", "--root-threshold", "2", "--root-keys", "3"];
    client.reads(server.url(), "2.0.0", "new", &root3)?;
    client.reads(server.url(), "2.0.0", "old", &root3)?;

    // The same objects behind a host that changes a byte of one.
    let site = workshop.path("site");
    std::fs::create_dir_all(&site)?;
    std::os::unix::fs::symlink(server.path("data"), site.join("apps"))?;
    let host = Host::serve(&site)?;
    client.reads(&host.url(), "2.0.0", "honest", &root3)?;
    let fetched: Vec<_> = host.take_log().into_iter().filter(|one| one.status == 200).collect();
    ensure!(fetched.len() == 6, "two roots, three roles, one release: {fetched:?}");
    for (number, served) in fetched.iter().enumerate() {
        host.harm_only(&served.object, Harm::Flip { at: served.bytes / 2, with: 1 });
        let refused = client.run(&host.url(), "2.0.0", &format!("harmed-{number}"), &[])?;
        ensure!(
            refused.code == Some(1) && refused.err.starts_with("refused: "),
            "{}: {refused:?}",
            served.object
        );
        ensure!(!client.out().exists(), "{}: a file came of it", served.object);
    }
    Ok(())
}

/// Root 2 is held by two of three, each holder signing a copy; root 3 is signed by another two.
fn two_of_three(workshop: &Workshop) -> Result<()> {
    let holders = ["anna", "ben", "cleo"];
    let mut first = vec!["--threshold".to_owned(), "root=2".to_owned()];
    for holder in holders {
        workshop.run(&["keygen", &format!("{holder}.pem"), "--unencrypted"])?.expect(0)?;
        first.extend(["--add".to_owned(), format!("root={holder}.pub.pem")]);
    }
    let own = std::fs::read_to_string(workshop.repository().join("keys/root.pem"))?;
    let id = own.lines().find_map(|line| line.strip_prefix("id: ")).context("a key file names its key")?;
    first.extend(["--remove".to_owned(), format!("root={id}")]);
    let first: Vec<_> = first.iter().map(String::as_str).collect();

    let ceremonies: [(&str, &[&str], &[&str]); 2] = [
        ("root-2.json", &first, &["repository/keys/root.pem", "anna.pem", "ben.pem"]),
        ("root-3.json", &[], &["ben.pem", "cleo.pem"]),
    ];
    for (draft, changes, signers) in ceremonies {
        workshop.verb("root draft", &[changes, &["--out", draft]].concat())?;
        let mut copies = Vec::new();
        for (number, key) in signers.iter().enumerate() {
            let copy = format!("{number}-{draft}");
            std::fs::copy(workshop.path(draft), workshop.path(&copy))?;
            workshop.run(&["root", "sign", &copy, "--key", key])?.expect(0)?;
            copies.push(copy);
        }
        let copies: Vec<_> = copies.iter().map(String::as_str).collect();
        workshop.verb("root assemble", &copies)?;
    }
    Ok(())
}

struct Client {
    python: std::path::PathBuf,
    workshop: Workshop,
}

impl Client {
    /// The client with the metadata that it keeps under the name `state` gets the release, byte for byte.
    fn reads(&self, url: &str, version: &str, state: &str, wanted: &[&str]) -> Result<()> {
        self.run(url, version, state, wanted)?.expect(0)?;
        ensure!(std::fs::read(self.out())? == program(version), "{state} got other bytes than {version}'s");
        Ok(())
    }

    fn run(&self, url: &str, version: &str, state: &str, wanted: &[&str]) -> Result<Answer> {
        if self.out().exists() {
            std::fs::remove_file(self.out())?;
        }
        let mut command = Command::new(&self.python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/ngclient.py"));
        command.args(["--base", &format!("{url}apps/{APP}")]);
        command.arg("--root").arg(self.workshop.repository().join("public/metadata/1.root.json"));
        command.args(["--target", &format!("releases/{version}/{}/{APP}", here()?)]);
        command.arg("--state").arg(self.workshop.path(state)).arg("--out").arg(self.out());
        run(command.args(wanted))
    }

    fn out(&self) -> std::path::PathBuf {
        self.workshop.path("downloaded")
    }
}
