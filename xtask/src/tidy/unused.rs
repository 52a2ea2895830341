//! Dependencies that a manifest names and no line of the package uses.

use std::path::Path;

use super::{Finding, Source};
use crate::workspace::{Dependency, Metadata, Package};

/// Named for what they switch on in others, not for a line of ours.
const SILENT: &[(&str, &str)] = &[];

/// Checks every member of the workspace.
pub(super) fn check(root: &Path, metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    metadata.members().filter_map(|package| unused(root, package, sources)).collect()
}

fn unused(root: &Path, package: &Package, sources: &[Source]) -> Option<Finding> {
    let folder = package.manifest_path.parent()?.strip_prefix(root).ok()?;
    let own: Vec<&Source> = (sources.iter())
        .filter(|source| source.has_extension("rs") && source.path.starts_with(folder))
        .collect();
    let used = |dependency: &&Dependency| {
        let name = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
        let silent = SILENT.iter().any(|(of, silent)| *of == package.name && *silent == dependency.name);
        silent || own.iter().any(|source| contains_word(&source.text, &name))
    };
    let unused: Vec<&str> =
        package.dependencies.iter().filter(|one| !used(one)).map(|one| one.name.as_str()).collect();
    (!unused.is_empty()).then(|| Finding {
        file: folder.join("Cargo.toml"),
        line: 0,
        rule: "unused dependency",
        what: format!("no line of {} names {}", package.name, unused.join(", ")),
        mend: "Remove it from the manifest",
    })
}

fn contains_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !part(before) && !part(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str) -> bool {
        let package = serde_json::json!({
            "id": "a", "name": "a", "manifest_path": "/r/crates/a/Cargo.toml",
            "dependencies": [{ "name": "http-body", "rename": null }],
        });
        let package: Package = serde_json::from_value(package).unwrap();
        let inside = Source { path: "crates/a/src/lib.rs".into(), text: code.into() };
        let outside = Source { path: "crates/b/src/lib.rs".into(), text: "use http_body::Body;".into() };
        unused(Path::new("/r"), &package, &[inside, outside]).is_none()
    }

    #[test]
    fn a_dependency_is_used_by_its_own_package() {
        assert!(check("use http_body::Body;"));
        assert!(!check("use http_body_util::Full;"));
        assert!(!check(""));
    }
}
