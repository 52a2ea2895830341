//! Where the objects of one app lie at one source.

use protocol::{AppId, SourceUrl};
use url::Url;

/// The two folders of a TUF repository. Both URLs end in `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Where `timestamp.json` is.
    pub metadata: Url,
    /// Where targets are.
    pub targets: Url,
}

impl Mirror {
    /// The folders of an app below a source.
    #[must_use]
    pub fn of(source: &SourceUrl, app: &AppId) -> Self {
        Self { metadata: source.object(app, "metadata/"), targets: source.object(app, "targets/") }
    }

    /// The URL of a file in the metadata folder.
    pub(super) fn metadata_file(&self, name: &str) -> Url {
        below(&self.metadata, name)
    }

    /// The URL of an object whose name begins with `targets/`.
    pub(super) fn target_object(&self, object: &str) -> Url {
        below(&self.targets, object.strip_prefix("targets/").unwrap_or(object))
    }
}

/// Not `Url::join`: a name must never be read as an address of its own.
fn below(folder: &Url, name: &str) -> Url {
    let mut url = folder.clone();
    let path = format!("{}{name}", folder.path());
    url.set_path(&path);
    url
}
