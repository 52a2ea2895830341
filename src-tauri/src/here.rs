//! Which copy of the app this is: where its executable lies, and who may replace it.

use std::io;
use std::path::{Path, PathBuf};

/// Folders whose contents come from a package manager, whatever it is called.
const PACKAGED: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/nix/store", "/gnu/store", "/snap"];
/// What an administrator puts there by hand.
const BY_HAND: &str = "/usr/local";
/// Beside `bin/`: a package that installs elsewhere says with this file that it owns the copy.
const MARK: &str = "share/autoupdate-tray/packaged";

/// The path of this executable, also after an update or a package manager has put another one there.
///
/// # Errors
/// The system does not say.
pub(crate) fn program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let plain = path.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(Path::new);
    Ok(match plain {
        Some(plain) if !path.exists() => plain.to_owned(),
        Some(_) | None => path,
    })
}

/// Whether both paths lead to the same file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Whether a package manager owns what lies at this path, which has no links: then nobody else replaces it.
pub(crate) fn is_packaged(path: &Path) -> bool {
    let marked = || {
        let root = path.parent().filter(|folder| folder.ends_with("bin")).and_then(Path::parent);
        root.is_some_and(|root| root.join(MARK).exists())
    };
    let system = PACKAGED.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(BY_HAND);
    system || marked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_package_manager() {
        let check = |path: &str, expected| assert_eq!(is_packaged(Path::new(path)), expected, "{path}");
        check("/usr/bin/autoupdate-tray", true);
        check("/usr/lib/autoupdate/autoupdate-tray", true);
        check("/nix/store/abc-autoupdate/bin/autoupdate-tray", true);
        check("/usr/local/bin/autoupdate-tray", false);
        check("/usr/local/lib/autoupdate/autoupdate-tray", false);
        check("/usrlocal/bin/autoupdate-tray", false);
        check("/home/x/.local/lib/autoupdate/autoupdate-tray", false);
        check("/opt/autoupdate/bin/autoupdate-tray", false);
    }

    #[test]
    fn a_package_elsewhere_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bin/autoupdate-tray");
        assert!(!is_packaged(&program));
        let mark = folder.path().join(MARK);
        std::fs::create_dir_all(mark.parent().unwrap()).unwrap();
        std::fs::write(mark, "").unwrap();
        assert!(is_packaged(&program));
        assert!(!is_packaged(&folder.path().join("lib/autoupdate/autoupdate-tray")));
    }
}
