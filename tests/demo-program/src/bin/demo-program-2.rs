//! The demo program, version 2.0.0: besides, it greets. A release changes more than a number.

use std::collections::BTreeMap;
use std::process::ExitCode;

fn main() -> ExitCode {
    let greetings = BTreeMap::from([
        ("de", "Guten Tag"),
        ("en", "Good day"),
        ("fa", "روز به خیر"),
        ("ru", "Добрый день"),
    ]);
    let language = std::env::var("LANG").unwrap_or_default();
    let greeting = greetings.get(language.get(..2).unwrap_or("en")).unwrap_or(&"Good day");
    eprintln!("{greeting}! This is the second version.");
    demo_program::run("2.0.0")
}
