//! `autoupdate rollout`: who gets a release when.

use std::path::PathBuf;

use jiff::Timestamp;
use protocol::{BasisPoints, Channel, Os, OsPin, Rollout, Version};
use serde_json::json;
use signing::{Repository, RolloutChange};

use super::http::Token;
use super::options;
use super::passphrase::Unlocking;
use super::place::Place;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Phase, halt or recall a release, or hold old systems at one version. Without a change, show the rollout.
///
/// It is signed by an online key: it can delay and withdraw what you signed, never add to it. With --server the server's
/// key signs and it counts at once; without, the key in REPO/keys/online does, and `publish` brings it out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// The channel.
    #[arg(long, default_value = "stable")]
    channel: Channel,
    #[command(flatten)]
    change: Change,
    /// The update server's base URL.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// File (0600) whose first line is the server's token.
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// Allow http:// beyond this machine.
    #[arg(long)]
    allow_http: bool,
    #[command(flatten)]
    unlocking: Unlocking,
}

#[derive(Debug, clap::Args)]
struct Change {
    /// The version that --share, --halt, --resume and --recall are about.
    #[arg(long)]
    version: Option<Version>,
    /// Offer it to this share of installations: 5%, 0.25%, 100%.
    #[arg(long, value_parser = options::share, requires = "version", group = "change")]
    share: Option<BasisPoints>,
    /// Offer it to nobody for now.
    #[arg(long, requires = "version", group = "change")]
    halt: bool,
    /// End a halt or a recall.
    #[arg(long, requires = "version", group = "change")]
    resume: bool,
    /// Offer it to nobody, and take those who have it back.
    #[arg(long, requires = "version", group = "change")]
    recall: bool,
    /// Hold systems below a version at one release, for example macos:11.0=7.1.0.
    #[arg(long, value_name = "OS:BELOW=VERSION", value_parser = options::pin, group = "change")]
    pin: Option<OsPin>,
    /// End the pins of an operating system.
    #[arg(long, value_name = "OS", group = "change")]
    unpin: Option<Os>,
}

impl Change {
    fn get(self) -> Option<RolloutChange> {
        match (self.version, self.share, self.pin, self.unpin) {
            (Some(version), Some(basis_points), ..) => Some(RolloutChange::Share { version, basis_points }),
            (Some(version), ..) if self.halt => Some(RolloutChange::Halt { version }),
            (Some(version), ..) if self.resume => Some(RolloutChange::Resume { version }),
            (Some(version), ..) if self.recall => Some(RolloutChange::Recall { version }),
            (_, _, Some(pin), _) => Some(RolloutChange::Pin(pin)),
            (.., Some(os)) => Some(RolloutChange::Unpin { os }),
            _ => None,
        }
    }
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let Some(change) = self.change.get() else {
            let rollout = signing::rollout_of(repository.tree(), &self.channel)?;
            return Ok(out.done(&rollout, &text(&rollout)));
        };
        if let RolloutChange::Share { version, .. } | RolloutChange::Recall { version } = &change
            && !repository.artifacts()?.iter().any(|artifact| artifact.release.version == *version)
        {
            out.note(&format!("warning: version {version} is not listed in this repository"));
        }
        if let Some(server) = &self.server {
            let place = Place::parse(server, &repository.settings().app, self.allow_http)?;
            let Place::Server(mut http) = place else {
                let why = "it must be a URL".to_owned();
                return Err(Failure::Option { option: "--server", why });
            };
            http.set_token(self.token_file.as_deref().map(Token::from_file).transpose()?);
            let answer = http.post("rollout", &json!({ "channel": self.channel, "change": change }))?;
            return Ok(out.done(&answer, &format!("done on {}", http.base())));
        }
        let keys = repository.online_keys(&mut self.unlocking.unlock())?;
        let keys = keys.ok_or_else(|| Failure::NoOnlineKeys { folder: repository.online_folder() })?;
        let validity = &repository.settings().validity;
        let now = Timestamp::now();
        let rollout = signing::set_rollout(repository.tree(), &keys, validity, &self.channel, &change, now)?;
        Ok(out.done(&rollout, &text(&rollout)))
    }
}

fn text(rollout: &Rollout) -> String {
    let mut lines = vec![format!("{} {}:", rollout.app, rollout.channel)];
    for (version, release) in &rollout.releases {
        let share = release.basis_points.get();
        let state = match (release.recalled, release.halted) {
            (true, _) => ", recalled",
            (false, true) => ", halted",
            (false, false) => "",
        };
        lines.push(format!("  {version}: {}.{:02} %{state}", share / 100, share % 100));
    }
    for pin in &rollout.os_pins {
        lines.push(format!("  {} below {}: {}", pin.os, pin.below, pin.version));
    }
    lines.push("  every other version: 100 %".to_owned());
    lines.join("\n")
}
