//! `autoupdate init`: a new repository with its keys.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use protocol::AppId;
use serde_json::json;
use signing::{NewKeys, Repository, Settings, Validity};

use super::options;
use super::passphrase::{self, Protecting};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Make a repository: keys, the first root, an empty signed list of releases.
///
/// Keys of root and targets are encrypted with a passphrase and stay on your machine, in REPO/keys. Those of the online
/// roles, in REPO/keys/online, are not encrypted, because a server uses them unattended: they can say what is newest and
/// hold a release back, never make one. What is printed at the end, the SHA-256 of the first root, is what users pin when
/// they enrol the program: publish it where they trust you.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to make.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// Short name of the program: a-z, 0-9 and '-'.
    #[arg(long)]
    app: AppId,
    /// What people call the program. [default: the short name]
    #[arg(long)]
    name: Option<String>,
    /// For a plain web server without an update server behind: longer validities, because a person or cron renews them.
    #[arg(long)]
    static_host: bool,
    /// How long signatures of a role are valid, for example timestamp=30d. May be repeated.
    #[arg(long, value_name = "ROLE=DURATION", value_parser = options::validity)]
    validity: Vec<(String, Duration)>,
    /// No rollout role: releases can never be held back, phased or recalled.
    #[arg(long)]
    without_rollout: bool,
    /// Let an online key list releases of its own below releases/. Whoever steals it can publish: read the threat model.
    #[arg(long)]
    with_ingest: bool,
    /// Encrypt the online keys too, with the passphrase in this file (0600). The server then needs the same file.
    #[arg(long, value_name = "FILE")]
    online_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    protecting: Protecting,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let mut validity = if self.static_host { Validity::static_host() } else { Validity::default() };
        for (role, life) in &self.validity {
            validity.set(role, *life);
        }
        let name = self.name.unwrap_or_else(|| self.app.to_string());
        let settings = Settings { format: Settings::FORMAT, app: self.app, name, validity };
        let offline = self.protecting.passphrase(out, "the keys of root and targets")?;
        let online = self.online_passphrase_file.as_deref().map(passphrase::from_file).transpose()?;
        let keys = NewKeys {
            offline: offline.as_ref(),
            online: online.as_ref(),
            without_rollout: self.without_rollout,
            with_ingest: self.with_ingest,
        };
        if self.with_ingest {
            out.note("warning: the online ingest key can list releases: whoever steals it can publish");
        }
        let repository = Repository::init(&self.folder, &settings, &keys, Timestamp::now())?;
        let (root, sha256) = repository.first_root()?;
        let (app, online) = (&settings.app, repository.online_folder());
        let text = format!(
            "{app}: repository made in {folder}\n\
             back up {keys} and keep it secret; a server gets {online} and nothing else\n\
             root, to be pinned by users: {root}\n\
             root SHA-256: {sha256}\n\
             next: autoupdate add {folder} --version 1.0.0 --platform linux-x86_64 FILE",
            folder = self.folder.display(),
            keys = self.folder.join("keys").display(),
            online = online.display(),
            root = root.display(),
        );
        let answer = json!({ "app": app, "root": root, "root_sha256": sha256, "online_keys": online });
        Ok(out.done(&answer, &text))
    }
}
