//! `tests/allowed-skips.txt`: what may stay unproved on a CI machine, and why.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Skip;

/// The list, relative to the root.
pub(crate) const FILE: &str = "tests/allowed-skips.txt";

/// The names that may be skipped with `CI=true`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed(Vec<String>);

impl Allowed {
    /// Reads the list; no file is an empty list.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        match std::fs::read_to_string(root.join(FILE)) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).context(FILE),
        }
    }

    /// One `name: reason` per line, `#` begins a comment line.
    fn parse(text: &str) -> Result<Self> {
        let mut names = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            if line.starts_with('#') {
                continue;
            }
            match line.split_once(": ") {
                Some((name, reason)) if !reason.trim().is_empty() => names.push(name.trim().to_owned()),
                _ => bail!("{FILE}:{}: a line is `name: reason`", index + 1),
            }
        }
        Ok(Self(names))
    }

    /// Whether this may be skipped.
    pub(crate) fn contains(&self, skip: &Skip) -> bool {
        self.0.contains(&skip.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_name_and_a_reason() {
        let allowed = Allowed::parse("# why\n\na::b: no second disk\n").unwrap();
        assert!(allowed.contains(&Skip { name: "a::b".into(), reason: String::new() }));
        assert!(!allowed.contains(&Skip { name: "a".into(), reason: String::new() }));
        for bad in ["a::b", "a::b:", "a::b:  "] {
            let error = Allowed::parse(&format!("# first\n{bad}\n")).unwrap_err().to_string();
            assert!(error.contains(":2:"), "{error}");
        }
    }
}
