//! `autoupdate refresh`: renew what online keys sign, for a host without an update server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use protocol::AppId;
use signing::{OnlineKeys, Renew, Renewed, Repository, Settings, Tree, Validity};

use super::passphrase::{self, Unlocking};
use super::{options, sign};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Renew the online roles when a third of their life is gone: run it daily, from cron.
///
/// For a plain web server; an update server renews by itself. PATH is a repository, whose tree you then publish again, or
/// the folder that `publish` wrote, right where it is served: that needs only the online keys (--keys).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A repository, or the folder that is served.
    path: PathBuf,
    /// For a served folder: the folder with the online keys.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// For a served folder with more than one app: which.
    #[arg(long)]
    app: Option<AppId>,
    /// For a served folder: how long signatures of a role are valid, for example timestamp=30d. May be repeated.
    #[arg(long, value_name = "ROLE=DURATION", value_parser = options::validity)]
    validity: Vec<(String, Duration)>,
    /// Sign even what is not due.
    #[arg(long)]
    now: bool,
    /// File (0600) whose first line is the passphrase of the online keys, if they are encrypted.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let reason = if self.now { Renew::Changed } else { Renew::IfDue };
        let now = Timestamp::now();
        let renewed = if self.path.join(Settings::FILE).is_file() {
            let repository = Repository::open(&self.path)?;
            let unlocking = Unlocking::from_file(self.passphrase_file);
            repository.refresh(&mut unlocking.unlock(), now, reason)?
        } else {
            let Some(folder) = &self.keys else {
                let why =
                    format!("{} is no repository, so say where the online keys are", self.path.display());
                return Err(Failure::Option { option: "--keys", why });
            };
            let passphrase = self.passphrase_file.as_deref().map(passphrase::from_file).transpose()?;
            let keys = OnlineKeys::load(folder, passphrase.as_ref())?;
            let app = self.app.map_or_else(|| only_app(&self.path), Ok)?;
            let tree = Tree::open(&self.path.join("apps").join(app.as_str()), &app)?;
            let mut validity = Validity::static_host();
            for (role, life) in &self.validity {
                validity.set(role, *life);
            }
            signing::renew(&tree, &keys, &validity, now, reason)?
        };
        Ok(out.done(&sign::renewed(&renewed), &text(&renewed)))
    }
}

fn text(renewed: &Renewed) -> String {
    let Some(timestamp) = renewed.timestamp else {
        return format!("nothing was due; next by {}", renewed.next);
    };
    format!("timestamp version {timestamp} signed; next by {}", renewed.next)
}

/// The app of a folder that holds one.
pub(super) fn only_app(folder: &Path) -> Result<AppId, Failure> {
    let apps = folder.join("apps");
    let entries = std::fs::read_dir(&apps).map_err(Failure::io("list", &apps))?;
    let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let found: Vec<AppId> = names.iter().filter_map(|name| AppId::parse(name).ok()).collect();
    match <[AppId; 1]>::try_from(found) {
        Ok([app]) => Ok(app),
        Err(found) => {
            let why = format!("{} holds {} apps: say which", folder.display(), found.len());
            Err(Failure::Option { option: "--app", why })
        }
    }
}
