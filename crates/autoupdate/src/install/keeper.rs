//! Who keeps a program up to date already, or keeps us from doing it: a package manager, a bundle that is mounted read-only, a
//! share of another machine. Whoever is told so can do something about it before a byte was fetched.
//!
//! Decided by [`keeper`], a pure function of the path and of what the system says about it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::facts;

/// Somebody else's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper {
    /// It came in a package, which this tool (dpkg, rpm) updates.
    Package {
        /// The tool.
        tool: &'static str,
        /// The package.
        name: String,
    },
    /// It is inside of a mounted AppImage: the image itself is the program.
    AppImage,
    /// Flatpak installed it.
    Flatpak,
    /// Snap installed it.
    Snap,
    /// It is in a store whose files never change, of Nix or Guix.
    Store,
    /// macOS runs a copy of it from a random place, because it was never moved from where it was downloaded to.
    Translocated,
    /// It is on a file system of another machine, of this type.
    Share(String),
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package { tool, name } => {
                write!(f, "belongs to the package {name}; your package manager ({tool}) updates it")
            }
            Self::AppImage => f.write_str("is inside of an AppImage; enrol the image file itself"),
            Self::Flatpak => f.write_str("was installed by Flatpak, which updates it (flatpak update)"),
            Self::Snap => f.write_str("was installed by Snap, which updates it (snap refresh)"),
            Self::Store => {
                f.write_str("is in a store whose files never change; its package manager updates it")
            }
            Self::Translocated => {
                f.write_str("runs from a place that macOS chose for this start; move the app to Applications")
            }
            Self::Share(kind) => {
                write!(
                    f,
                    "is on a network share ({kind}) that other machines use; update it where it is stored"
                )
            }
        }
    }
}

/// What the system says about a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// The tool and the package that own it.
    pub(super) package: Option<(&'static str, String)>,
    /// Where the file system that it is on is mounted, and its type.
    pub(super) mount: Option<(PathBuf, String)>,
    /// This process runs inside of a Flatpak.
    pub(super) in_flatpak: bool,
}

/// File systems of other machines.
const SHARES: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "9p",
    "fuse.sshfs",
    "fuse.glusterfs",
    "davfs",
    "fuse.davfs2",
];

/// Who keeps the program at this path, which has no links. `None`: whoever installed it there.
pub(super) fn keeper(path: &Path, facts: &Facts) -> Option<Keeper> {
    if let Some((tool, name)) = &facts.package {
        return Some(Keeper::Package { tool, name: name.clone() });
    }
    let parts = || path.components().map(Component::as_os_str);
    let below = |folder: &str| path.starts_with(folder);
    if below("/nix/store") || below("/gnu/store") {
        return Some(Keeper::Store);
    }
    if parts().any(|part| part == "AppTranslocation") {
        return Some(Keeper::Translocated);
    }
    let flatpak = || parts().zip(parts().skip(1)).any(|(one, next)| one == "flatpak" && next == "app");
    if (facts.in_flatpak && below("/app")) || flatpak() {
        return Some(Keeper::Flatpak);
    }
    let (at, kind) = facts.mount.as_ref()?;
    let mounted = at.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if kind.starts_with("fuse") && mounted.starts_with(".mount_") {
        return Some(Keeper::AppImage);
    }
    if kind == "squashfs" && (at.starts_with("/snap") || at.starts_with("/var/lib/snapd/snap")) {
        return Some(Keeper::Snap);
    }
    SHARES.contains(&kind.as_str()).then(|| Keeper::Share(kind.clone()))
}

/// What the system says about a path. There is nothing to ask here that the path does not show.
#[cfg(not(target_os = "linux"))]
pub(super) fn facts(_path: &Path) -> Facts {
    Facts::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_it_shows_in_path_and_facts() {
        let on = |at: &str, kind: &str| Facts { mount: Some((at.into(), kind.into())), ..Facts::default() };
        let check = |path: &str, facts: &Facts, expected: Option<Keeper>| {
            assert_eq!(keeper(Path::new(path), facts), expected, "{path} {facts:?}");
        };
        let disk = on("/", "ext4");
        check("/home/x/apps/demo", &disk, None);
        check("/home/x/flatpak/demo", &disk, None);
        check("/home/x/app/flatpak", &disk, None);
        check("/opt/demo", &on("/", "overlay"), None);
        let packaged = Facts { package: Some(("dpkg", "demo".to_owned())), ..disk.clone() };
        check("/usr/bin/demo", &packaged, Some(Keeper::Package { tool: "dpkg", name: "demo".to_owned() }));
        check(
            "/tmp/.mount_demoXYZ/usr/bin/demo",
            &on("/tmp/.mount_demoXYZ", "fuse.demo"),
            Some(Keeper::AppImage),
        );
        check("/home/x/disk/demo", &on("/home/x/disk", "fuseblk"), None);
        check("/var/lib/flatpak/app/org.demo/current/files/bin/demo", &disk, Some(Keeper::Flatpak));
        check("/app/bin/demo", &Facts { in_flatpak: true, ..disk.clone() }, Some(Keeper::Flatpak));
        check("/app/bin/demo", &disk, None);
        check("/snap/demo/12/bin/demo", &on("/snap/demo/12", "squashfs"), Some(Keeper::Snap));
        check("/nix/store/abc-demo/bin/demo", &disk, Some(Keeper::Store));
        let mac = "/private/var/folders/a/b/AppTranslocation/C/d/Demo.app/Contents/MacOS/Demo";
        check(mac, &Facts::default(), Some(Keeper::Translocated));
        for kind in ["nfs4", "cifs", "fuse.sshfs"] {
            check("/home/x/demo", &on("/home", kind), Some(Keeper::Share(kind.to_owned())));
        }
    }
}
