//! `autoupdate enrol`: put a program's entry into `apps.d`.
//!
//! An enrolment decides which keys may replace a program, so nothing about it is taken on trust: the root must have the
//! SHA-256 that the enrolment names, and for an enrolment from the network the person must know that SHA-256 already.

use std::path::{Path, PathBuf};

use autoupdate::fetch::{self, Ask, Client, Expect, Small};
use autoupdate::store::{Folders, write_atomically, write_for_everybody};
use autoupdate::text::plain;
use protocol::{AppId, Digest, Enrolment, RootPin, SourceUrl};
use serde_json::json;
use url::Url;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The longest enrolment or root that is read, in bytes.
const MAX_BYTES: u64 = 512 << 10;

/// Arguments of `enrol`.
#[derive(Debug, clap::Args)]
pub(crate) struct Enrol {
    /// The enrolment: a file, or an https URL. Its root lies beside it, under the name that it gives.
    enrolment: String,
    /// SHA-256 of the root, as the publisher tells it on another way. Needed for a URL.
    #[arg(long, value_name = "SHA256")]
    root_sha256: Option<Digest>,
    /// Enrol it for everybody on this machine (needs root).
    #[arg(long)]
    pub(crate) machine: bool,
    /// Replace an enrolment of the same app.
    #[arg(long)]
    replace: bool,
}

/// Checks and writes an enrolment.
pub(crate) fn run(args: &Enrol, output: &Output) -> Result<Exit, Failure> {
    let (text, root) = read(args)?;
    let mut enrolment = Enrolment::parse(&text, args.machine)
        .map_err(|error| Failure::engine("E-STATE-ENROLMENT", format!("{}: {error}", args.enrolment)))?;
    check_root(&enrolment.root, &root, args.root_sha256)?;
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
    let root_file = folder.join(format!("{}.root.json", enrolment.id));
    enrolment.root.file = root_file.file_name().map(PathBuf::from).unwrap_or_default();
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
    write(&root_file, &root)?;
    write(&file, text.as_bytes())?;
    super::reach::tell_running_engine(&folders);
    let words = format!(
        "{} ({}) is kept up to date from {}",
        plain(&enrolment.name),
        enrolment.id,
        enrolment.sources[0]
    );
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

/// The text of the enrolment and the bytes of its root.
fn read(args: &Enrol) -> Result<(String, Vec<u8>), Failure> {
    let not_text = |_| Failure::engine("E-STATE-ENROLMENT", format!("{} is not text", args.enrolment));
    if args.enrolment.contains("://") {
        if args.root_sha256.is_none() {
            return Err(Failure::engine("E-USAGE", "an enrolment from the network needs --root-sha256"));
        }
        // The rules for sources are the rules for enrolments: https, or http to this very machine.
        let url = SourceUrl::parse(&args.enrolment, false)
            .map_err(|error| Failure::engine("E-USAGE", error.to_string()))?;
        let url = Url::parse(args.enrolment.trim_end_matches('/')).unwrap_or_else(|_| url.as_url().clone());
        let text = String::from_utf8(get(&url)?).map_err(not_text)?;
        let name = root_name(&text, args)?;
        let root =
            url.join(&name).map_err(|error| Failure::engine("E-STATE-ENROLMENT", error.to_string()))?;
        if root.origin() != url.origin() {
            return Err(Failure::engine("E-STATE-ENROLMENT", "the root must lie beside the enrolment"));
        }
        return Ok((text, get(&root)?));
    }
    let path = Path::new(&args.enrolment);
    let text = String::from_utf8(read_file(path)?).map_err(not_text)?;
    let root = path.parent().unwrap_or(Path::new("")).join(root_name(&text, args)?);
    Ok((text, read_file(&root)?))
}

/// The root's file name as the enrolment gives it.
fn root_name(text: &str, args: &Enrol) -> Result<String, Failure> {
    let enrolment = Enrolment::parse(text, args.machine)
        .map_err(|error| Failure::engine("E-STATE-ENROLMENT", format!("{}: {error}", args.enrolment)))?;
    Ok(enrolment.root.file.to_string_lossy().into_owned())
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

fn check_root(pin: &RootPin, root: &[u8], told: Option<Digest>) -> Result<(), Failure> {
    let found = Digest::of(root);
    for (expected, who) in [(Some(pin.sha256), "the enrolment"), (told, "--root-sha256")] {
        if let Some(expected) = expected
            && expected != found
        {
            let why = format!(
                "the root has SHA-256 {found}, but {who} says {expected}: do not use it, ask the publisher"
            );
            return Err(Failure::engine("E-META-ROOT", why));
        }
    }
    Ok(())
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
