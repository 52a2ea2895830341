//! A small restartable program: it says who it is in a status file, and keeps running until it is told to end.
//!
//! Its two versions are two programs of this package, so that one build makes both and neither is rebuilt for the
//! other. What an observer wants to know stands in the status file, as JSON in one line:
//!
//! ```text
//! {"version":"1.0.0","pid":4711,"started":1767225600123,"arguments":["--status","/tmp/x","--name","a b"]}
//! ```
//!
//! `started` is in milliseconds since 1970. The file is replaced as a whole: a reader sees one start or the next.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "usage: demo-program --status FILE [anything else] | --version";

/// Runs one version: `--version` prints it, `--status FILE` writes the status and runs until a signal ends it.
/// Other arguments mean nothing here; they are written down, so that an observer sees whether they were kept.
#[must_use]
pub fn run(version: &str) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--version") {
        println!("demo-program {version}");
        return ExitCode::SUCCESS;
    }
    let after = arguments.iter().position(|argument| argument == "--status").map(|at| at + 1);
    let Some(file) = after.and_then(|at| arguments.get(at)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Err(error) = replace(Path::new(file), &status(version, &arguments)) {
        eprintln!("demo-program: {file}: {error}");
        return ExitCode::FAILURE;
    }
    loop {
        // Parking may end by itself.
        thread::park();
    }
}

fn status(version: &str, arguments: &[String]) -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let arguments: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
    let pid = std::process::id();
    let arguments = arguments.join(",");
    format!(
        "{{\"version\":{},\"pid\":{pid},\"started\":{started},\"arguments\":[{arguments}]}}\n",
        quoted(version)
    )
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Writing to a string cannot fail.
            c if c < ' ' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    fs::write(&part, text)?;
    fs::rename(&part, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_json_whatever_the_arguments() {
        let text = status("1.0.0", &["a \"b\"\\".to_owned(), "line\nend".to_owned()]);
        assert!(text.starts_with("{\"version\":\"1.0.0\",\"pid\":"), "{text}");
        assert!(text.ends_with("\"arguments\":[\"a \\\"b\\\"\\\\\",\"line\\u000aend\"]}\n"), "{text}");
    }
}
