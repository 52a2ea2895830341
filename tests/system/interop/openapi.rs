//! What the server says that it answers is what it answers: schemathesis reads `/openapi.json` and tries everything in it, and
//! much that is not.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::{APP, LANTERN_PRIVATE_KEY, Server, TOKEN, Workshop, poll_until, program, run, skip};
use protocol::Digest;

const NAME: &str = "interop::openapi::the_server_answers_as_its_document_says";

/// What is asked of every answer. A 5xx is a failure whatever was sent.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

#[test]
fn the_server_answers_as_its_document_says() -> Result<()> {
    let Some(python) = std::env::var_os("AUTOUPDATE_PYTHON") else {
        return skip(NAME, "no Python with the package schemathesis; `cargo xtask test interop` makes one");
    };
    let workshop = Workshop::new(&[])?;
    let mut server = Server::of(&workshop)?;
    server.write_secret("lantern.pem", LANTERN_PRIVATE_KEY)?;
    server.start_with(&format!(
        "limits.requests_per_second = 0\n[lantern]\nkey = \"lantern.pem\"\npublic_url = \"{}\"\nunnamed = \"lantern\"\n\
         [lantern.apps.lantern]\napp = \"{APP}\"\n",
        server.url()
    ))?;
    workshop.release(&server, "1.0.0", &program("1.0.0"))?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
    let (base, artifact) = (Digest::of(&program("1.0.0")), Digest::of(&program("2.0.0")));
    let patch = server.path(&format!("data/{APP}/patches/{artifact}/{base}.bsdiff40"));
    poll_until("the patch of old clients is made", || patch.exists().then_some(()))?;
    // No document can name a patch that is there.
    let id = Digest::of(format!("{base}|{artifact}").as_bytes());
    let known = format!(
        "[dictionaries.patches]\nvalues = [\"{id}\"]\n[[operations]]\ninclude-path = \"/patches/{{id}}\"\n\
         parameters = {{ \"path.id\" = {{ dictionary = \"patches\", probability = 0.5 }} }}\n"
    );
    std::fs::write(workshop.path("schemathesis.toml"), known)?;
    let mut command = Command::new(python);
    command.args(["-m", "schemathesis.cli", "run", &format!("{}openapi.json", server.url())]);
    command.args(["--checks", CHECKS, "--header", &format!("Authorization: Bearer {TOKEN}")]);
    // The same requests in every run: a failure that comes and goes helps nobody.
    command.args(["--generation-deterministic", "--max-examples", "60"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--no-color", "--warnings", "off"]);
    let answer = run(command.current_dir(workshop.path(".")))?;
    ensure!(answer.code == Some(0), "{}\n{}", answer.out, answer.err);
    // It did try: every operation of the document.
    ensure!(answer.out.contains("No issues found"), "{}", answer.out);
    // And it came behind the first door of each that old clients know.
    let log = std::fs::read_to_string(server.path("log")).context("the log of the server")?;
    for (path, statuses) in [
        ("/update".to_owned(), &[200, 204, 400, 404, 417][..]),
        ("/update/lantern".to_owned(), &[200, 204, 400, 417][..]),
        (format!("/patches/{id}"), &[200][..]),
    ] {
        for status in statuses {
            let line = format!("path=\"{path}\" status={status} ");
            ensure!(log.contains(&line), "never tried: {line}");
        }
    }
    Ok(())
}
