//! The reference client of The Update Framework reads what publishers publish. See `tests/interop/ngclient.py`.

#![allow(missing_docs, reason = "test code")]

use std::path::Path;
use std::process::Command;

#[test]
fn python_tuf_reads_what_we_publish_and_refuses_what_was_changed() {
    let Some(python) = std::env::var_os("AUTOUPDATE_PYTHON") else {
        println!(
            "SKIP python_tuf_reads_what_we_publish_and_refuses_what_was_changed: no Python with the package tuf"
        );
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/ngclient.py");
    let run = Command::new(python)
        .arg(script)
        .arg("--whole")
        .arg(env!("CARGO_BIN_EXE_autoupdate"))
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{said}\n{complained}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok: ")).count(), 11, "{said}");
}
