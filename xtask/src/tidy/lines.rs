//! Rules about single lines.

use super::files::EMPTY_WORDS;
use super::{Finding, Source};

/// Files with `unsafe` code, and why.
const MAY_BE_UNSAFE: &[(&str, &str)] =
    &[("src-tauri/src/window/trim.rs", "malloc_trim(3), which no safe crate offers")];

/// Rooms of decisions, verification and signing: the time is an argument.
const PURE: &[&str] = &[
    "crates/protocol/src",
    "crates/trust/src",
    "crates/delta/src",
    "crates/signing/src",
    "crates/autoupdate/src/policy",
    "crates/autoupdate/src/machine",
];

/// What asks a clock.
const CLOCKS: &[&str] = &["Timestamp::now(", "SystemTime::now(", "Instant::now(", "Zoned::now("];

/// Folders of the machines that this was written on. In two parts, so that this file does not break its own rule.
const MACHINES: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        findings.extend(machine_paths(source));
        if source.has_extension("rs") {
            findings.extend(sleeps(source));
            findings.extend(words(source));
            findings.extend(unsafe_code(source));
            findings.extend(clocks(source));
        }
    }
    findings
}

/// The line without its comment. (A `//` inside a string cuts too: then the rest goes unchecked, which is harmless.)
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Lines of code before the tests of the file.
fn product_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let begin = if is_test_file(source) { 0 } else { tests_begin(source) };
    source.lines().take(begin).map(|(number, line)| (number, code(line)))
}

/// The number of lines before the tests. A declaration such as `mod tests;` is one line and no beginning.
fn tests_begin(source: &Source) -> usize {
    const MARKS: &[&str] = &["#[cfg(test)]", "#[cfg(all(test"];
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let begins = |pair: &[&str]| {
        let [mark, next] = pair else { return false };
        MARKS.iter().any(|begin| mark.starts_with(begin)) && !next.ends_with(';')
    };
    lines.windows(2).position(begins).unwrap_or(lines.len())
}

fn is_test_file(source: &Source) -> bool {
    let named =
        source.path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| stem.ends_with("tests"));
    named || source.path.iter().any(|part| part == "tests")
}

fn sleeps(source: &Source) -> Vec<Finding> {
    // In simulated time a sleep costs nothing and cannot be too short.
    let simulated = source.text.contains("start_paused") || source.text.contains("time::pause()");
    // The demo program is a program that tests run, not a test.
    if simulated || source.starts_with("tests/demo-program") {
        return Vec::new();
    }
    let tests_begin = product_lines(source).count();
    let asleep = |line: &str| line.contains("sleep(") && !line.contains("fn sleep(");
    (source.lines().skip(tests_begin))
        .filter(|(_, line)| asleep(code(line)))
        .map(|(number, _)| {
            let mend = "Wait for the condition, use paused time, or a channel";
            source.finding(number, "sleep in a test", "a wait that is too long or too short", mend)
        })
        .collect()
}

fn words(source: &Source) -> Vec<Finding> {
    const KINDS: &[&str] = &["struct", "enum", "trait", "type", "union", "interface", "class"];
    const BEFORE: &[&str] = &["pub", "pub(crate)", "pub(super)", "unsafe", "export", "abstract"];
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        let mut parts = line.split_whitespace().skip_while(|part| BEFORE.contains(part));
        if !parts.next().is_some_and(|part| KINDS.contains(&part)) {
            continue;
        }
        let name = parts.next().unwrap_or_default();
        let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let Some(word) = EMPTY_WORDS.iter().find(|word| has_word(&name, word)) {
            let what = format!("`{name}` contains `{word}`");
            findings.push(source.finding(
                number,
                "empty word",
                what,
                "Name it after the thing or the job it does",
            ));
        }
    }
    findings
}

/// Whether a camel-case name has this word, alone or in the plural.
fn has_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        let rest = name.get(at + word.len()..).unwrap_or_default();
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        rest.chars().next().is_none_or(|next| !next.is_lowercase())
    })
}

fn unsafe_code(source: &Source) -> Vec<Finding> {
    if MAY_BE_UNSAFE.iter().any(|(file, _)| source.path.as_os_str() == *file) {
        return Vec::new();
    }
    let marks = [
        concat!("unsafe", " {"),
        concat!("unsafe", " fn"),
        concat!("unsafe", " impl"),
        concat!("allow(unsafe", "_code)"),
    ];
    (source.lines())
        .filter(|(_, line)| marks.iter().any(|mark| code(line).contains(mark)))
        .map(|(number, _)| {
            let mend =
                "Use a safe wrapper (rustix), or list the file with its reason in xtask/src/tidy/lines.rs";
            source.finding(number, "unsafe", "unsafe code outside the listed files", mend)
        })
        .collect()
}

fn clocks(source: &Source) -> Vec<Finding> {
    if !PURE.iter().any(|room| source.starts_with(room)) {
        return Vec::new();
    }
    product_lines(source)
        .filter(|(_, line)| CLOCKS.iter().any(|clock| line.contains(clock)))
        .map(|(number, _)| {
            source.finding(
                number,
                "clock in a pure room",
                "this asks the time by itself",
                "Take `now` as an argument",
            )
        })
        .collect()
}

fn machine_paths(source: &Source) -> Vec<Finding> {
    let begins = |line: &str, at: usize| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !"_-.}/*".contains(c))
    };
    (source.lines())
        .filter(|(_, line)| {
            MACHINES.iter().any(|path| line.match_indices(path).any(|(at, _)| begins(line, at)))
        })
        .map(|(number, _)| {
            let mend = "Use a relative path, a temporary folder or an argument";
            source.finding(number, "machine path", "a folder of one machine", mend)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.into(), text: text.into() };
        check(&[source]).into_iter().map(|finding| format!("{}:{}", finding.line, finding.rule)).collect()
    }

    fn check_lines(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(found(path, text), expected, "{path}: {text}");
    }

    #[test]
    fn sleeps_are_found_in_tests_alone() {
        let beside =
            "fn a() {\n  sleep(X);\n}\n#[cfg(test)]\nmod tests {\n  fn b() { thread::sleep(X); }\n}\n";
        check_lines("crates/a/src/a.rs", beside, &["6:sleep in a test"]);
        check_lines("crates/a/tests/a.rs", "fn a() {\n sleep(X).await;\n}", &["2:sleep in a test"]);
        check_lines("crates/a/src/b/tests.rs", "x.sleep(X);", &["1:sleep in a test"]);
        check_lines("crates/a/src/a.rs", "fn a() { sleep(X); }", &[]);
        check_lines("crates/a/src/a.rs", "#[cfg(test)]\nmod tests;\nfn a() { sleep(X); }", &[]);
        check_lines("tests/system/a.rs", "// sleep(X)", &[]);
        check_lines("crates/a/tests/a.rs", "#[tokio::test(start_paused = true)]\nsleep(X);", &[]);
    }

    #[test]
    fn words_that_say_nothing_are_found() {
        for bad in [
            "pub struct UpdateManager;",
            "enum Helpers {",
            "type FileUtils = X;",
            "pub(crate) trait Service: X {",
        ] {
            check_lines("crates/a/src/a.rs", bad, &["1:empty word"]);
        }
        for good in ["struct Utility;", "// struct Manager", "impl Service for X {", "struct Serviceable;"] {
            check_lines("crates/a/src/a.rs", good, &[]);
        }
    }

    #[test]
    fn unsafe_code_is_found() {
        let block = concat!("let x = unsafe", " { y() };");
        check_lines("crates/a/src/a.rs", block, &["1:unsafe"]);
        check_lines("crates/a/src/a.rs", concat!("#[allow(unsafe", "_code)]"), &["1:unsafe"]);
        check_lines("crates/a/src/a.rs", "// this is unsafe to do", &[]);
    }

    #[test]
    fn pure_rooms_ask_no_clock() {
        let asks = "let now = Timestamp::now();\n#[cfg(test)]\nmod tests {\nlet now = Timestamp::now();\n";
        check_lines("crates/trust/src/roots.rs", asks, &["1:clock in a pure room"]);
        check_lines("crates/autoupdate/src/policy/gate.rs", asks, &["1:clock in a pure room"]);
        check_lines("crates/autoupdate/src/driver.rs", asks, &[]);
    }

    #[test]
    fn machine_paths_are_found() {
        let path = concat!("see /wo", "rk/x");
        check_lines("docs/A.md", path, &["1:machine path"]);
        check_lines("a/b.toml", concat!("\"/ro", "ot/y\""), &["1:machine path"]);
        check_lines("docs/A.md", concat!("metadata/ro", "ot/1.json and a/wo", "rk/"), &[]);
    }
}
