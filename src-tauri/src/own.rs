//! The app as a program among others: its id, where its updates come from, and who else may be responsible for them.

use std::path::Path;

use protocol::SourceUrl;

/// The app's own id, where it is enrolled itself.
pub(crate) const ID: &str = "autoupdate-tray";

/// Where the updates of the app come from, and which root it trusts first.
#[derive(Debug, Clone)]
pub struct Source {
    /// The base URL.
    pub url: SourceUrl,
    /// The bytes of the root.
    pub root: Vec<u8>,
}

/// The source that was compiled in, if one was: `AUTOUPDATE_OWN_SOURCE` and `AUTOUPDATE_OWN_ROOT` in the environment of the
/// build, a URL and a file.
#[must_use]
pub fn built_in() -> Option<Source> {
    let url = option_env!("AUTOUPDATE_OWN_SOURCE")?;
    let root = include_bytes!(concat!(env!("OUT_DIR"), "/own.root.json"));
    match SourceUrl::parse(url, false) {
        Ok(url) if !root.is_empty() => Some(Source { url, root: root.to_vec() }),
        Ok(_) => None,
        Err(error) => {
            tracing::error!(url, %error, "this app was built with a source that is none: it does not update itself");
            None
        }
    }
}

/// Whether a package manager put this executable where it is. Then that one updates it: two who replace the same file break it
/// for each other.
#[must_use]
pub fn is_packaged(program: &Path) -> bool {
    let local = Path::new("/usr/local");
    let systems = ["/usr", "/bin", "/sbin", "/lib", "/snap", "/app", "/nix", "/gnu"];
    !program.starts_with(local) && systems.iter().any(|folder| program.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_own_the_systems_folders() {
        for (path, packaged) in [
            ("/usr/bin/autoupdate-tray", true),
            ("/usr/lib/autoupdate/autoupdate-tray", true),
            ("/app/bin/autoupdate-tray", true),
            ("/usr/local/bin/autoupdate-tray", false),
            ("/home/me/.local/lib/autoupdate/autoupdate-tray", false),
            ("/opt/autoupdate/autoupdate-tray", false),
            ("/usrlocal/autoupdate-tray", false),
        ] {
            assert_eq!(is_packaged(Path::new(path)), packaged, "{path}");
        }
    }
}
