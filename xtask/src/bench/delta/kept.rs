//! Figures of rivals from earlier runs: they take long, and do not change with our code.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::tool::{Figures, Step, Tool};
use crate::bench::machine;
use crate::corpus::Pair;
use crate::workspace::Workspace;

/// Kept figures by tool, settings and files.
pub(super) struct Kept {
    file: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// Figures and the day that they were taken on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) day: String,
    pub(super) figures: Figures,
}

impl Kept {
    /// What earlier runs left below `target/`.
    pub(super) fn open(workspace: &Workspace) -> Result<Self> {
        let file = workspace.target.join("bench/delta/rivals.json");
        let entries = match fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).with_context(|| file.display().to_string())?,
            Err(_) => BTreeMap::new(),
        };
        Ok(Self { file, entries })
    }

    pub(super) fn find(&self, tool: &Tool, pair: &Pair) -> Option<&Entry> {
        self.entries.get(&key(tool, pair))
    }

    /// Keeps figures of today, at once: a run that is cut loses nothing.
    pub(super) fn keep(&mut self, tool: &Tool, pair: &Pair, figures: Figures) -> Result<()> {
        self.entries.insert(key(tool, pair), Entry { day: machine::today()?, figures });
        let folder = self.file.parent().context("the folder of kept figures")?;
        fs::create_dir_all(folder)?;
        let part = self.file.with_extension("part");
        fs::write(&part, serde_json::to_string_pretty(&self.entries)?)?;
        fs::rename(&part, &self.file).with_context(|| self.file.display().to_string())
    }
}

/// Everything that the figures depend on but the machine.
fn key(tool: &Tool, pair: &Pair) -> String {
    let words = |steps: &[Step]| steps.iter().map(|step| step.words.as_str()).collect::<Vec<_>>().join(" + ");
    let (make, apply) = (words(&tool.make), words(&tool.apply));
    format!("{} {} | {make} | {apply} | {} {}", tool.name, tool.version, pair.old.sha256, pair.new.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Language, Set, Side};

    #[test]
    fn other_settings_and_other_files_are_other_figures() {
        let side = |sha256| Side { file: "f".into(), length: 1, sha256 };
        let pair = |old, new| Pair {
            label: String::new(),
            language: Language::Go,
            set: Set::Far,
            old: side(old),
            new: side(new),
        };
        let tool = |version: &str, words: &str| Tool {
            name: "t",
            version: version.into(),
            make: vec![Step { program: "p".into(), words: words.into() }],
            apply: Vec::new(),
            patch: None,
        };
        let all = [
            key(&tool("1", "-9"), &pair("a", "b")),
            key(&tool("2", "-9"), &pair("a", "b")),
            key(&tool("1", "-8"), &pair("a", "b")),
            key(&tool("1", "-9"), &pair("b", "a")),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
