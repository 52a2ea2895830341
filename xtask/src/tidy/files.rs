//! Rules about files as a whole: their length, their names, whether there is anything in them.

use std::path::Path;

use super::{Finding, Source};

/// The longest source file, in lines. Beyond it one name no longer says what is inside.
const LONGEST: usize = 500;

/// Words that say nothing about what a thing is; each hides a better name.
pub(super) const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Util", "Processor", "Service"];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        findings.extend(length(source));
        findings.extend(name(source));
        findings.extend(emptiness(source));
        findings.extend(lints(source));
        findings.extend(links(source, sources));
    }
    findings
}

fn is_code(source: &Source) -> bool {
    ["rs", "ts", "svelte"].iter().any(|extension| source.has_extension(extension))
}

fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    (is_code(source) && lines > LONGEST).then(|| {
        let what = format!("{lines} lines, more than {LONGEST}");
        source.finding(LONGEST + 1, "file length", what, "Split it by what its parts are about")
    })
}

fn name(source: &Source) -> Option<Finding> {
    let stem = source.path.file_stem()?.to_str()?.to_lowercase();
    let word = EMPTY_WORDS.iter().map(|word| word.to_lowercase()).find(|word| {
        stem.split(['_', '-']).any(|part| part == *word || part.strip_suffix('s') == Some(word))
    })?;
    is_code(source).then(|| {
        let what = format!("a file named after `{word}`");
        source.finding(0, "empty word", what, "Name it after the thing or the job inside")
    })
}

/// A folder appears with its first used function; nothing stands empty.
fn emptiness(source: &Source) -> Option<Finding> {
    let keeper = source.path.file_name().is_some_and(|name| name == ".gitkeep" || name == ".keep");
    let code = |line: &str| !line.is_empty() && !line.starts_with("//");
    let hollow = source.has_extension("rs") && !source.text.lines().map(str::trim).any(code);
    (keeper || hollow).then(|| {
        source.finding(0, "empty room", "nothing is in here", "Let it appear with its first used function")
    })
}

/// Every package of ours is under the workspace's lints.
fn lints(source: &Source) -> Option<Finding> {
    let manifest = source.path.file_name().is_some_and(|name| name == "Cargo.toml");
    let package = source.text.lines().any(|line| line.trim() == "[package]");
    let linted = source.text.replace("\r\n", "\n").contains("[lints]\nworkspace = true\n");
    (manifest && package && !linted).then(|| {
        source.finding(0, "lints", "this package has lints of its own", "Write `[lints]`, `workspace = true`")
    })
}

/// Relative links in our documents lead somewhere.
fn links(source: &Source, sources: &[Source]) -> Vec<Finding> {
    if !source.has_extension("md") {
        return Vec::new();
    }
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            let wanted = flat(&folder.join(file));
            if !elsewhere && !sources.iter().any(|other| other.path.starts_with(&wanted)) {
                let what = format!("`{link}` leads nowhere");
                findings.push(source.finding(number, "dead link", what, "Name a file of this repository"));
            }
        }
    }
    findings
}

/// The path without `.` and `..`.
fn flat(path: &Path) -> std::path::PathBuf {
    use std::path::Component::{CurDir, ParentDir};
    let mut out = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<&'static str> {
        let other = Source { path: "docs/PROTOCOL.md".into(), text: "words".into() };
        let source = Source { path: path.into(), text: text.into() };
        check(&[source, other]).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(found("src/a.rs", &"x\n".repeat(LONGEST)), [""; 0]);
        assert_eq!(found("src/a.rs", &"x\n".repeat(LONGEST + 1)), ["file length"]);
        assert_eq!(found("docs/a.md", &"x\n".repeat(LONGEST + 1)), [""; 0]);
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        for path in ["src/utils.rs", "src/file_helper.rs", "ui/service.ts"] {
            assert_eq!(found(path, "x"), ["empty word"], "{path}");
        }
        assert_eq!(found("src/utility_bill.rs", "x"), [""; 0]);
    }

    #[test]
    fn empty_rooms_are_found() {
        assert_eq!(found("src/a.rs", "//! Words only.\n\n"), ["empty room"]);
        assert_eq!(found("later/.gitkeep", ""), ["empty room"]);
        assert_eq!(found("src/a.rs", "//! Words.\nmod b;\n"), [""; 0]);
    }

    #[test]
    fn packages_without_our_lints_are_found() {
        assert_eq!(found("a/Cargo.toml", "[package]\nname = \"a\"\n"), ["lints"]);
        assert_eq!(found("a/Cargo.toml", "[package]\n[lints]\nworkspace = true\n"), [""; 0]);
        assert_eq!(found("Cargo.toml", "[workspace]\n"), [""; 0]);
    }

    #[test]
    fn links_lead_somewhere() {
        let good = "[a](docs/PROTOCOL.md#b) [b](https://example.org) [c](#here) [d](docs)";
        assert_eq!(found("README.md", good), [""; 0]);
        assert_eq!(found("docs/adr/0001.md", "[a](../PROTOCOL.md) [b](PROTOCOL.md)"), ["dead link"]);
    }
}
