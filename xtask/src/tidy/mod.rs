//! `cargo xtask tidy`: the laws of this repository that no compiler checks.
//!
//! Every finding names the place, the rule and how to mend it. Each rule is a pure function of the files or of
//! cargo's metadata, tested here with samples that break it.

mod dependencies;
mod files;
mod lines;
mod unused;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace::Workspace;

/// A broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    file: PathBuf,
    /// First line is 1; 0 means the file as a whole.
    line: usize,
    rule: &'static str,
    what: String,
    mend: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, what, mend } = self;
        write!(f, "{}:{line}: {rule}: {what}. {mend}", file.display())
    }
}

/// A file of the repository.
#[derive(Debug)]
struct Source {
    /// Relative to the root.
    path: PathBuf,
    /// Empty for a binary file.
    text: String,
}

impl Source {
    fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|own| own == extension)
    }

    /// Lines with their numbers, as compilers count.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn starts_with(&self, folder: &str) -> bool {
        self.path.starts_with(Path::new(folder))
    }

    fn finding(
        &self,
        line: usize,
        rule: &'static str,
        what: impl Into<String>,
        mend: &'static str,
    ) -> Finding {
        Finding { file: self.path.clone(), line, rule, what: what.into(), mend }
    }
}

/// The verb: prints every finding; whether there is none.
pub(crate) fn main(workspace: &Workspace) -> Result<bool> {
    let mut sources = Vec::new();
    for path in workspace.files()? {
        // Pictures and binary fixtures have no lines, but links lead to them; what is no UTF-8 is taken for one.
        match std::fs::read_to_string(workspace.root.join(&path)) {
            Ok(text) => sources.push(Source { path, text }),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                sources.push(Source { path, text: String::new() });
            }
            // Deleted, and not committed yet.
            Err(_) => {}
        }
    }
    let mut findings = dependencies::check(&workspace.metadata);
    findings.extend(unused::check(&workspace.root, &workspace.metadata, &sources));
    findings.extend(files::check(&sources));
    findings.extend(lines::check(&sources));
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", sources.len(), findings.len());
    Ok(findings.is_empty())
}
