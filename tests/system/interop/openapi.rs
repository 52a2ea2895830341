//! What the server says that it answers is what it answers: schemathesis reads `/openapi.json` and tries everything in it, and
//! much that is not.

use std::process::Command;

use anyhow::{Result, ensure};
use autoupdate_tests::{Server, TOKEN, Workshop, program, run, skip};

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
    let server = Server::with(&workshop, "limits.requests_per_second = 0")?;
    workshop.release(&server, "1.0.0", &program("1.0.0"))?;
    workshop.release(&server, "2.0.0", &program("2.0.0"))?;
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
    Ok(())
}
