//! `autoupdate enrol`: put a program's entry into `apps.d`.
//!
//! An enrolment decides which keys may replace a program, so nothing about it is taken on trust: what it trusts first (the root of
//! a repository, the key of a Lantern server) must have the SHA-256 that the enrolment names, and for an enrolment from the network
//! the person must know that SHA-256 already.

use std::path::{Path, PathBuf};

use autoupdate::fetch::{self, Ask, Client, Expect, Small};
use autoupdate::source::lantern::PublicKey;
use autoupdate::store::{Folders, write_atomically, write_for_everybody};
use autoupdate::text::plain;
use protocol::{AppId, Digest, Enrolment, SourceKind, SourceUrl};
use serde_json::json;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The longest enrolment, root or key that is read, in bytes.
const MAX_BYTES: u64 = 512 << 10;

/// Arguments of `enrol`.
#[derive(Debug, clap::Args)]
pub(crate) struct Enrol {
    /// The enrolment: a file, or an https URL. Its root, or the key of a Lantern server, lies beside it, under the name that it
    /// gives.
    enrolment: String,
    /// SHA-256 of the root, as the publisher tells it on another way. Needed for a URL.
    #[arg(long, value_name = "SHA256")]
    root_sha256: Option<Digest>,
    /// SHA-256 of the key's file, for an enrolment with `source = "lantern"`. Needed for a URL.
    #[arg(long, value_name = "SHA256", conflicts_with = "root_sha256")]
    key_sha256: Option<Digest>,
    /// Enrol it for everybody on this machine (needs root).
    #[arg(long)]
    pub(crate) machine: bool,
    /// Replace an enrolment of the same app.
    #[arg(long)]
    replace: bool,
}

/// Checks and writes an enrolment.
pub(crate) fn run(args: &Enrol, output: &Output) -> Result<Exit, Failure> {
    let (text, anchor) = read(args)?;
    let mut enrolment = parse(&text, args)?;
    check_anchor(&enrolment, &anchor, args)?;
    check_program(&enrolment.path, args.machine)?;

    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    let folder = if args.machine { folders.machine_apps() } else { folders.user_apps() };
    let file = folder.join(format!("{}.toml", enrolment.id));
    if file.exists() && !args.replace {
        let why = format!("{} is enrolled already in {}: use --replace", enrolment.id, file.display());
        return Err(Failure::engine("E-STATE-ENROLLED", why));
    }
    if !args.machine && folders.machine_apps().join(format!("{}.toml", enrolment.id)).exists() {
        let why =
            format!("the administrator enrolled {} for this machine: nothing is left to do", enrolment.id);
        return Err(Failure::engine("E-STATE-ENROLLED", why));
    }
    let anchor_file = folder.join(anchor_name(&enrolment.id, enrolment.source));
    enrolment.anchor.file = anchor_file.file_name().map(PathBuf::from).unwrap_or_default();
    let text =
        enrolment.to_toml().map_err(|error| Failure::engine("E-STATE-ENROLMENT", error.to_string()))?;
    let write = |file: &Path, bytes: &[u8]| {
        let written = if args.machine {
            write_for_everybody(&folders.machine, file, bytes)
        } else {
            write_atomically(file, bytes)
        };
        written.map_err(|error| Failure::of(error.fault(), &error))
    };
    write(&anchor_file, &anchor)?;
    write(&file, text.as_bytes())?;
    super::reach::tell_running_engine(&folders);
    let mut words = format!(
        "{} ({}) is kept up to date from {}",
        plain(&enrolment.name),
        enrolment.id,
        enrolment.sources[0]
    );
    if enrolment.source == SourceKind::Lantern {
        words.push_str(&format!(
            ", a Lantern server: its key (sha256 {}) alone decides what is installed, and nobody can tell whether that is the newest",
            enrolment.anchor.sha256
        ));
    }
    output.done(&json!({ "answer": "enrolled", "app": enrolment.id, "file": file }), &words);
    Ok(Exit::Done)
}

/// An app that is not enrolled.
pub(crate) fn unknown(app: &AppId) -> Failure {
    let why = format!(
        "{app} is not enrolled here: `autoupdate status` lists what is, `autoupdate enrol` adds to it"
    );
    Failure::engine("E-STATE-UNKNOWN-APP", why)
}

/// Under which name the file that an enrolment trusts first is kept beside it.
pub(super) fn anchor_name(app: &AppId, source: SourceKind) -> String {
    match source {
        SourceKind::Tuf => format!("{app}.root.json"),
        SourceKind::Lantern => format!("{app}.key.pem"),
    }
}

fn parse(text: &str, args: &Enrol) -> Result<Enrolment, Failure> {
    Enrolment::parse(text, args.machine)
        .map_err(|error| Failure::engine("E-STATE-ENROLMENT", format!("{}: {error}", args.enrolment)))
}

/// The text of the enrolment and the bytes of what it trusts first.
fn read(args: &Enrol) -> Result<(String, Vec<u8>), Failure> {
    let not_text = |_| Failure::engine("E-STATE-ENROLMENT", format!("{} is not text", args.enrolment));
    if args.enrolment.contains("://") {
        if args.root_sha256.is_none() && args.key_sha256.is_none() {
            let why = "an enrolment from the network needs --root-sha256, or --key-sha256 for one with source = \"lantern\"";
            return Err(Failure::engine("E-USAGE", why));
        }
        // The rules for sources are the rules for enrolments: https, or http to this very machine.
        let url = SourceUrl::parse(&args.enrolment, false)
            .map_err(|error| Failure::engine("E-USAGE", error.to_string()))?;
        let url = Url::parse(args.enrolment.trim_end_matches('/')).unwrap_or_else(|_| url.as_url().clone());
        let text = String::from_utf8(get(&url)?).map_err(not_text)?;
        let name = anchor_file(&text, args)?;
        let anchor =
            url.join(&name).map_err(|error| Failure::engine("E-STATE-ENROLMENT", error.to_string()))?;
        if anchor.origin() != url.origin() {
            let why = "the root or key must lie beside the enrolment";
            return Err(Failure::engine("E-STATE-ENROLMENT", why));
        }
        return Ok((text, get(&anchor)?));
    }
    let path = Path::new(&args.enrolment);
    let text = String::from_utf8(read_file(path)?).map_err(not_text)?;
    let anchor = path.parent().unwrap_or(Path::new("")).join(anchor_file(&text, args)?);
    Ok((text, read_file(&anchor)?))
}

/// The name of the root or key as the enrolment gives it.
fn anchor_file(text: &str, args: &Enrol) -> Result<String, Failure> {
    Ok(parse(text, args)?.anchor.file.to_string_lossy().into_owned())
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let cannot =
        |why: String| Failure::engine("E-STATE-READ", format!("{} cannot be read: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| cannot(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| cannot(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(cannot(format!("it is longer than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

fn get(url: &Url) -> Result<Vec<u8>, Failure> {
    let failed = |error: fetch::Error| Failure::of(error.fault(), &error);
    let runtime = super::reach::runtime()?;
    runtime.block_on(async {
        let client = Client::new(fetch::Config::default()).map_err(failed)?;
        let ask = Ask { limit: MAX_BYTES, expect: Expect::Bytes, etag: None };
        match client.small(url, ask).await.map_err(failed)? {
            Small::Body { bytes, .. } => Ok(bytes.to_vec()),
            Small::NotModified | Small::NotFound => {
                Err(Failure::engine("E-NET-NOT-FOUND", format!("{url} does not exist")))
            }
        }
    })
}

/// What is trusted first must be what the enrolment, and the person, say; and a key must be one.
fn check_anchor(enrolment: &Enrolment, anchor: &[u8], args: &Enrol) -> Result<(), Failure> {
    let (what, code, told, option, other) = match enrolment.source {
        SourceKind::Tuf => ("root", "E-META-ROOT", args.root_sha256, "--root-sha256", args.key_sha256),
        SourceKind::Lantern => {
            ("key", "E-LANTERN-KEY-PIN", args.key_sha256, "--key-sha256", args.root_sha256)
        }
    };
    if other.is_some() {
        return Err(Failure::engine(
            "E-USAGE",
            format!("this enrolment pins a {what}: say {option} instead"),
        ));
    }
    let found = Digest::of(anchor);
    for (expected, who) in [(Some(enrolment.anchor.sha256), "the enrolment"), (told, option)] {
        if let Some(expected) = expected
            && expected != found
        {
            let why = format!(
                "the {what} has SHA-256 {found}, but {who} says {expected}: do not use it, ask the publisher"
            );
            return Err(Failure::engine(code, why));
        }
    }
    match enrolment.source {
        SourceKind::Tuf => Ok(()),
        SourceKind::Lantern => PublicKey::parse(anchor).map(drop).map_err(|why| {
            Failure::engine(
                "E-LANTERN-KEY",
                format!("the key {} cannot be used: {why}", enrolment.anchor.file.display()),
            )
        }),
    }
}

/// A person may only enrol a program that is theirs to replace.
fn check_program(path: &Path, machine: bool) -> Result<(), Failure> {
    let wrong = |why: String| Failure::engine("E-FILE-PROGRAM", format!("{}: {why}", path.display()));
    let found = std::fs::metadata(path).map_err(|error| wrong(format!("it cannot be found: {error}")))?;
    if !found.is_file() {
        return Err(wrong("it is not a file: `path` must name the executable itself".to_owned()));
    }
    if !machine && !is_ours(&found) {
        return Err(wrong(
            "it belongs to somebody else: the administrator can enrol it with --machine".to_owned(),
        ));
    }
    Ok(())
}

/// Whether the program belongs to whoever runs this.
#[cfg(unix)]
fn is_ours(program: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    program.uid() == nix::unistd::Uid::effective().as_raw()
}

/// Here access lists say who may replace a program, and replacing it is refused where they do not allow it.
#[cfg(not(unix))]
fn is_ours(_program: &std::fs::Metadata) -> bool {
    true
}
