//! `autoupdate root rotate`: a new key for a role, where the needed keys are at hand.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;
use signing::{KeyFile, Passphrase, PublicKey, Repository, RootChange, SecretKey};

use super::super::passphrase::{Protecting, Unlocking};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Give a role a new key in place of an old one: root, targets, snapshot, timestamp, rollout or ingest.
///
/// Makes the new key in REPO/keys, and where the root keys lie in the repository too, signs and accepts everything in one
/// step. Where other holders must sign, it leaves a draft for them instead. After a theft of an online key this is the way
/// back: clients forget what the old key signed. A server needs the new online key before you publish; it is encrypted only
/// where --passphrase-file is given, and the server then needs that file too. A pending draft must be signed before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// The role.
    #[arg(long, value_parser = ["root", "targets", "snapshot", "timestamp", "rollout", "ingest"])]
    role: String,
    /// The key that goes, by enough of its id; needed where the role has more than one.
    #[arg(long, value_name = "KEYID", default_value = "", hide_default_value = true)]
    old: String,
    /// File (0600) whose first line is the passphrase of the existing keys; without it the terminal asks.
    #[arg(long, value_name = "FILE")]
    old_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    protecting: Protecting,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        // Before a key is made: some rotations sign the list of releases, and none may sign what nobody has looked at.
        repository.check_no_draft()?;
        let offline = ["root", "targets"].contains(&self.role.as_str());
        let passphrase = if offline {
            self.protecting.passphrase(out, &format!("the new {} key", self.role))?
        } else {
            self.protecting.passphrase_if_named()?
        };
        let folder = if offline { self.folder.join("keys") } else { repository.online_folder() };
        let key = SecretKey::generate()?;
        let file = folder.join(format!("{}-{}.pem", self.role, key.public().id().short()));
        KeyFile::create(&file, &key, passphrase.as_ref())?;
        // Whatever happens from here on, the file stays: a root may be written that names the key although a later step
        // failed. A key too many is litter, a trusted key that is gone is a disaster.
        self.rotate(&repository, &key.public(), &file, passphrase.as_ref(), out)
    }

    fn rotate(
        &self,
        repository: &Repository,
        new: &PublicKey,
        file: &Path,
        passphrase: Option<&Passphrase>,
        out: &Output,
    ) -> Result<Exit, Failure> {
        let unlocking = Unlocking::from_file(self.old_passphrase_file.clone());
        let mut ask = unlocking.unlock();
        // The key made a moment ago has its own passphrase, which was just given.
        let mut unlock = |locked: &KeyFile| {
            if locked.path() == file { Ok(passphrase.cloned()) } else { ask(locked) }
        };
        let answer = |what: &str, version: u64| json!({ "role": self.role, "key": new.id().as_str(), "file": file, what: version });
        match self.role.as_str() {
            "rollout" => repository.delegate("rollout", new)?,
            "ingest" => repository.delegate("ingest", new)?,
            _ => return self.top_level(repository, (new, file), &mut unlock, &answer, out),
        }
        let signed = repository.sign(&mut unlock, Timestamp::now());
        if signed.is_err() {
            // It holds nothing but this rotation, which can be begun again.
            repository.discard_draft()?;
        }
        let signed = signed?;
        let text =
            format!("{} has a new key, targets version {}; {}", self.role, signed.targets, self.next(file));
        Ok(out.done(&answer("targets", signed.targets), &text))
    }

    fn next(&self, file: &Path) -> String {
        match self.role.as_str() {
            "root" | "targets" => "publish it next".to_owned(),
            _ => format!("give {} to the server, if there is one, then publish", file.display()),
        }
    }

    fn top_level(
        &self,
        repository: &Repository,
        (new, file): (&PublicKey, &Path),
        unlock: &mut signing::Unlock<'_>,
        answer: &dyn Fn(&str, u64) -> serde_json::Value,
        out: &Output,
    ) -> Result<Exit, Failure> {
        let now = Timestamp::now();
        let role = || self.role.clone();
        // Removed first: an empty `--old` means the only key, which the new one must not make two.
        let changes = [
            RootChange::Remove { role: role(), key: self.old.clone() },
            RootChange::Add { role: role(), key: new.clone() },
        ];
        let mut draft = repository.draft_root(&changes, now)?;
        repository.sign_root(&mut draft, unlock)?;
        let summary = repository.root_progress(&draft)?;
        if !(summary.new.is_reached() && summary.old.as_ref().is_none_or(signing::Progress::is_reached)) {
            let copy = self.folder.join(format!("root-{}.draft.json", summary.version));
            draft.write(&copy)?;
            let text = format!(
                "{}\nother holders must sign: autoupdate root sign {} --key KEY.pem, then root assemble",
                super::text(&summary),
                copy.display()
            );
            out.done(&summary, &text);
            return Ok(Exit::PersonNeeded);
        }
        let accepted = repository.accept_root(&draft, unlock, now)?;
        let (role, next) = (&self.role, self.next(file));
        let text = format!("{role} has a new key, root version {}; {next}", accepted.version);
        Ok(out.done(&answer("root", accepted.version), &text))
    }
}
