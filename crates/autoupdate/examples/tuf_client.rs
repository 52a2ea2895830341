//! Lets any TUF test suite drive this engine's client: the same verification, the same fetch limits, the same store.
//!
//! ```text
//! tuf_client --metadata-dir D init ROOT.json
//! tuf_client --metadata-url U --metadata-dir D refresh
//! tuf_client --metadata-url U --metadata-dir D --target-name P … --target-dir T --target-base-url B download
//! ```
//!
//! Exit code 0 on success, 1 on any failure, with the reason on standard error. Ed25519 only, as the product.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use autoupdate::fetch::{Ask, Client, Config, Expect, Small};
use autoupdate::source::Mirror;
use autoupdate::source::tuf::Repository;
use autoupdate::store::{Metadata, percent_encoded, write_atomically};
use jiff::Timestamp;
use protocol::Digest;
use trust::{Crypto, LIMITS, Target, Verified};
use url::Url;

/// The longest target that is fetched, in bytes: it is held in memory here.
const MAX_TARGET: u64 = 64 << 20;

#[derive(Default)]
struct Arguments {
    metadata_url: Option<Url>,
    metadata_dir: Option<PathBuf>,
    target_names: Vec<String>,
    target_dir: Option<PathBuf>,
    target_base_url: Option<Url>,
    command: Vec<String>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            if !word.starts_with("--") {
                arguments.command.push(word);
                continue;
            }
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--metadata-url" => arguments.metadata_url = Some(folder_url(&value)?),
                "--metadata-dir" => arguments.metadata_dir = Some(value.into()),
                "--target-name" => arguments.target_names.push(value),
                "--target-dir" => arguments.target_dir = Some(value.into()),
                "--target-base-url" => arguments.target_base_url = Some(folder_url(&value)?),
                _ => bail!("there is no option {word}"),
            }
        }
        Ok(arguments)
    }

    fn metadata_dir(&self) -> Result<&Path> {
        self.metadata_dir.as_deref().context("--metadata-dir is missing")
    }
}

fn folder_url(text: &str) -> Result<Url> {
    let mut url = Url::parse(text).with_context(|| format!("{text} is no URL"))?;
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let command: Vec<_> = arguments.command.iter().map(String::as_str).collect();
    match command[..] {
        ["init", root] => init(arguments.metadata_dir()?, Path::new(root)),
        ["refresh"] => update(&arguments, &[]).await,
        ["download"] => update(&arguments, &arguments.target_names).await,
        _ => bail!("the command must be `init ROOT.json`, `refresh` or `download`"),
    }
}

/// Trusts a root as given. The first one is also kept apart: every walk begins at it or at a newer one.
fn init(folder: &Path, root: &Path) -> Result<()> {
    let bytes = read(root)?;
    write_atomically(&pinned(folder), &bytes)?;
    write_atomically(&folder.join("root.json"), &bytes)?;
    Ok(())
}

fn pinned(folder: &Path) -> PathBuf {
    folder.join("private/pinned-root.json")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    file.take(LIMITS.root_bytes + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= LIMITS.root_bytes, "{} is too long", path.display());
    Ok(bytes)
}

async fn update(arguments: &Arguments, names: &[String]) -> Result<()> {
    let folder = arguments.metadata_dir()?;
    let metadata_url = arguments.metadata_url.clone().context("--metadata-url is missing")?;
    let targets_url = arguments.target_base_url.clone().unwrap_or_else(|| metadata_url.clone());
    let mirror = Mirror { metadata: metadata_url, targets: targets_url };
    let client = Client::new(Config::default())?;
    let metadata = Metadata::at(folder.to_path_buf());
    let mut repository = Repository::new(&client, &mirror, &metadata);
    let mut verified = repository.walk(&read(&pinned(folder))?, Crypto::ed25519()?, Timestamp::now()).await?;
    if names.is_empty() {
        return Ok(());
    }
    let to = arguments.target_dir.as_deref().context("--target-dir is missing")?;
    for name in names {
        let target = find(&mut repository, &mut verified, name).await?;
        let target = target.with_context(|| format!("{name} is not listed"))?;
        store(&client, &mirror, verified.consistent_snapshot(), &target, &to.join(percent_encoded(name)))
            .await?;
    }
    Ok(())
}

/// Looks a target up in `targets` and in the roles to which it delegates, in pre-order, depth first (TUF 5.6.7).
async fn find(
    repository: &mut Repository<'_>,
    verified: &mut Verified,
    path: &str,
) -> Result<Option<Target>> {
    let (mut seen, mut ahead) = (BTreeSet::new(), vec![(None::<String>, trust::TARGETS.to_owned())]);
    while let Some((delegator, role)) = ahead.pop() {
        if seen.len() > LIMITS.delegations || !seen.insert(role.clone()) {
            continue;
        }
        if let Some(delegator) = delegator {
            repository.delegated(verified, &delegator, &role).await?;
        }
        if let Some(target) = verified.target_in(&role, path) {
            return Ok(Some(target));
        }
        let mut children = Vec::new();
        for delegation in
            verified.delegations(&role).into_iter().filter(|delegation| delegation.matches(path))
        {
            let terminating = delegation.terminating;
            children.push(delegation.name);
            if terminating {
                // Whatever it says is the last word: nobody after it, and nobody who still waits, is asked.
                ahead.clear();
                break;
            }
        }
        ahead.extend(children.into_iter().rev().map(|child| (Some(role.clone()), child)));
    }
    Ok(None)
}

/// Fetches a target, unless it is there and right.
async fn store(client: &Client, mirror: &Mirror, consistent: bool, target: &Target, to: &Path) -> Result<()> {
    if File::open(to).and_then(Digest::of_reader).is_ok_and(|there| there == (target.sha256, target.length)) {
        return Ok(());
    }
    ensure!(target.length <= MAX_TARGET, "{} is too long for this example", target.path);
    let name = match (consistent, target.path.rsplit_once('/')) {
        (false, _) => target.path.clone(),
        (true, Some((folder, file))) => format!("{folder}/{}.{file}", target.sha256),
        (true, None) => format!("{}.{}", target.sha256, target.path),
    };
    let mut url = mirror.targets.clone();
    url.set_path(&format!("{}{name}", mirror.targets.path()));
    let ask = Ask { limit: target.length, expect: Expect::Bytes, etag: None };
    let Small::Body { bytes, .. } = client.small(&url, ask).await? else { bail!("{name} does not exist") };
    target.check(&bytes)?;
    write_atomically(to, &bytes)?;
    Ok(())
}
