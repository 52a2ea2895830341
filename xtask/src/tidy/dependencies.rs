//! Who may import whom: the normal dependency closure of each package.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Finding;
use crate::workspace::Metadata;

const RULE: &str = "dependency direction";

/// Our packages and those of ours that each may have in its closure. `docs/ARCHITECTURE.md` draws the same picture.
const ROOMS: &[(&str, &[&str])] = &[
    ("autoupdate-protocol", &[]),
    ("autoupdate-trust", &["autoupdate-protocol"]),
    ("autoupdate-delta", &["autoupdate-protocol"]),
    ("autoupdate-signing", &["autoupdate-protocol", "autoupdate-trust"]),
    ("autoupdate", &["autoupdate-protocol", "autoupdate-trust", "autoupdate-delta"]),
    (
        "autoupdate-server",
        &["autoupdate-protocol", "autoupdate-trust", "autoupdate-delta", "autoupdate-signing"],
    ),
    (
        "autoupdate-cli",
        &["autoupdate-protocol", "autoupdate-trust", "autoupdate-delta", "autoupdate-signing", "autoupdate"],
    ),
    ("autoupdate-tray", &["autoupdate-protocol", "autoupdate-trust", "autoupdate-delta", "autoupdate"]),
    ("demo-program", &[]),
];

/// Packages that may import anything, and that nothing may import.
const OUTSIDE: &[&str] = &["xtask", "autoupdate-tests"];

/// What must not be in the closure of these packages, and why.
const BANNED: &[(&[&str], &[&str], &str)] = &[
    (
        &["autoupdate-protocol", "autoupdate-trust", "autoupdate-delta"],
        &["tokio", "async-std", "smol", "mio", "reqwest", "hyper", "ureq", "curl", "axum", "rustls"],
        "protocol, trust and delta know no async runtime and no network",
    ),
    (&["autoupdate-signing"], &["tokio", "reqwest", "hyper", "axum"], "signing works on files alone"),
];

/// What must not be in anybody's closure, and why.
const BANNED_EVERYWHERE: &[(&str, &str)] = &[
    ("aws-lc-rs", "it accepts small-order Ed25519 keys; the provider is ours"),
    ("aws-lc-sys", "it accepts small-order Ed25519 keys; the provider is ours"),
    ("openssl-sys", "the build needs no C library of the system"),
    ("native-tls", "the build needs no C library of the system"),
];

/// Only the desktop app knows Tauri.
const DESKTOP: (&str, &[&str]) = ("autoupdate-tray", &["tauri", "tauri-runtime", "wry", "tao"]);

/// Checks every member of the workspace.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let ours: BTreeSet<&str> = metadata.members().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for member in metadata.members() {
        let closure: BTreeSet<&str> =
            closure(metadata, &member.id).iter().filter_map(|id| names.get(id.as_str()).copied()).collect();
        let mut say = |what: String, mend| {
            findings.push(Finding {
                file: PathBuf::from(manifest(metadata, &member.id)),
                line: 0,
                rule: RULE,
                what,
                mend,
            });
        };
        let name = member.name.as_str();
        for ban in reasons_against(name, &closure, &ours) {
            say(ban, "Move the code to the room that may know both, or pass plain data");
        }
    }
    findings
}

/// What in a package's closure should not be there.
fn reasons_against(name: &str, closure: &BTreeSet<&str>, ours: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let others = || closure.iter().copied().filter(|other| *other != name);
    match ROOMS.iter().find(|(room, _)| *room == name) {
        Some((_, allowed)) => {
            for other in others().filter(|other| ours.contains(other) && !allowed.contains(other)) {
                found.push(format!("{name} reaches {other}"));
            }
        }
        None if OUTSIDE.contains(&name) => {}
        None => found
            .push(format!("{name} is in no line of the table of rooms in xtask/src/tidy/dependencies.rs")),
    }
    for other in others().filter(|other| OUTSIDE.contains(other)) {
        found.push(format!("{name} imports {other}, which nothing may import"));
    }
    for (_, banned, why) in BANNED.iter().filter(|(rooms, ..)| rooms.contains(&name)) {
        for other in others().filter(|other| banned.contains(other)) {
            found.push(format!("{name} reaches {other}: {why}"));
        }
    }
    for (banned, why) in BANNED_EVERYWHERE.iter().filter(|(banned, _)| closure.contains(banned)) {
        found.push(format!("{name} reaches {banned}: {why}"));
    }
    let (desktop, tauri) = DESKTOP;
    if name != desktop {
        for other in others().filter(|other| tauri.contains(other)) {
            found.push(format!("{name} reaches {other}: only the desktop app knows Tauri"));
        }
    }
    found
}

/// The package and everything that it needs at run time, by id.
fn closure(metadata: &Metadata, id: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::from([id.to_owned()]);
    let mut open = vec![id.to_owned()];
    while let Some(id) = open.pop() {
        let node = metadata.resolve.nodes.iter().find(|node| node.id == id);
        for edge in node.iter().flat_map(|node| &node.deps) {
            let normal = edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
            if normal && seen.insert(edge.pkg.clone()) {
                open.push(edge.pkg.clone());
            }
        }
    }
    seen
}

fn manifest(metadata: &Metadata, id: &str) -> String {
    metadata.package(id).map_or_else(String::new, |package| package.manifest_path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `edges` are `(from, to, kind)`.
    fn metadata(edges: &[(&str, &str, Option<&str>)], members: &[&str]) -> Metadata {
        let names: BTreeSet<&str> = edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        let packages: Vec<_> =
            names.iter().map(|name| serde_json::json!({ "id": name, "name": name })).collect();
        let nodes: Vec<_> = (names.iter())
            .map(|name| {
                let deps: Vec<_> = (edges.iter().filter(|(from, ..)| from == name))
                    .map(|(_, to, kind)| serde_json::json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] }))
                    .collect();
                serde_json::json!({ "id": name, "deps": deps })
            })
            .collect();
        let whole = serde_json::json!({
            "packages": packages, "workspace_members": members, "resolve": { "nodes": nodes },
        });
        serde_json::from_value(whole).unwrap()
    }

    fn found(edges: &[(&str, &str, Option<&str>)], members: &[&str]) -> Vec<String> {
        check(&metadata(edges, members)).into_iter().map(|finding| finding.what).collect()
    }

    const ALL: &[&str] = &[
        "autoupdate-protocol",
        "autoupdate-trust",
        "autoupdate-delta",
        "autoupdate-signing",
        "autoupdate",
        "autoupdate-tests",
    ];

    #[test]
    fn the_plan_is_allowed() {
        let edges = [
            ("autoupdate-trust", "autoupdate-protocol", None),
            ("autoupdate-delta", "autoupdate-protocol", None),
            ("autoupdate-signing", "autoupdate-trust", None),
            ("autoupdate", "autoupdate-trust", None),
            ("autoupdate", "tokio", None),
            ("autoupdate", "autoupdate-signing", Some("dev")),
            ("autoupdate-tests", "autoupdate-signing", None),
        ];
        assert_eq!(found(&edges, ALL), [""; 0]);
    }

    #[test]
    fn signing_never_reaches_the_engine_by_any_way() {
        let edges = [("autoupdate", "between", None), ("between", "autoupdate-signing", None)];
        assert_eq!(found(&edges, ALL), ["autoupdate reaches autoupdate-signing"]);
    }

    #[test]
    fn pure_rooms_know_no_runtime() {
        let edges = [("autoupdate-delta", "zstd", None), ("zstd", "tokio", None)];
        assert!(found(&edges, ALL)[0].contains("delta reaches tokio"), "{:?}", found(&edges, ALL));
    }

    #[test]
    fn nothing_imports_the_outside() {
        let edges = [("autoupdate", "autoupdate-tests", None)];
        assert!(found(&edges, ALL).iter().any(|what| what.contains("nothing may import")));
    }

    #[test]
    fn a_ban_for_all_and_a_new_room_are_seen() {
        let edges = [("autoupdate", "aws-lc-rs", None), ("attic", "serde", None)];
        let found = found(&edges, &["autoupdate", "attic"]);
        for expected in ["small-order", "attic is in no line"] {
            assert!(found.iter().any(|what| what.contains(expected)), "{found:?}");
        }
    }
}
