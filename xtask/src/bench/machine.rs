//! What kind of machine the figures come from. Its kind alone: no name, no user, no path.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::Result;

use crate::command;

/// Processor, kernel, distribution and compiler, as a list in Markdown.
pub(super) fn kind() -> Result<String> {
    let processor = value("/proc/cpuinfo", "model name", ':');
    let distribution = value("/etc/os-release", "PRETTY_NAME", '=');
    let cores = available_parallelism().map_or(1, usize::from);
    let kernel = said("uname", &["-sr"])?;
    let compiler = said("rustc", &["--version"])?;
    Ok(format!("- {processor}, {cores} cores\n- {distribution}, {kernel}\n- {compiler}\n"))
}

/// Today, in Greenwich.
pub(super) fn today() -> Result<String> {
    said("date", &["-u", "+%F"])
}

/// What a program says in one line.
pub(super) fn said(program: &str, arguments: &[&str]) -> Result<String> {
    Ok(command::output(Command::new(program).args(arguments))?.trim().to_owned())
}

/// The value of a key in a file of lines.
fn value(file: &str, key: &str, between: char) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    find(&text, key, between).unwrap_or_else(|| format!("{key} unknown"))
}

fn find(text: &str, key: &str, between: char) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(between));
    let value = pairs.into_iter().find_map(|(name, value)| (name.trim() == key).then_some(value))?;
    Some(value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_whole_key() {
        let text = "NAME=\"x\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nmodel name\t: CPU @ 2:1\n";
        assert_eq!(find(text, "PRETTY_NAME", '=').as_deref(), Some("Debian GNU/Linux 12"));
        assert_eq!(find(text, "model name", ':').as_deref(), Some("CPU @ 2:1"));
        assert_eq!(find(text, "name", '='), None);
    }
}
