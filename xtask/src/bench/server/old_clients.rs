//! What checks of old Lantern clients cost: nothing new, and an update with a patch that is there.
//!
//! An update is signed with RSA for each client anew, because each gives another nonce, so the signature alone is measured in the
//! same run: the same function of the same library under the same key. Who has the original server built has it asked the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::{self, Load, Request};
use super::process::Served;
use super::{Programs, ROUNDS, median, original, waiting};
use crate::command;
use crate::sha256;
use crate::workspace::Workspace;

pub(super) const APP: &str = "old";
/// The original ignores what is older than its fourth major version.
pub(super) const RELEASES: [&str; 2] = ["5.0.0", "5.1.0"];
/// A key that the tests have, too.
const KEY: &str = "crates/server/fixtures/lantern/pkcs1.pem";

/// Processor time, in microseconds.
pub(super) struct OldClients {
    pub(super) ours: Checks,
    /// If it was measured.
    pub(super) original: Option<Checks>,
    /// Of one signature.
    pub(super) signature: f64,
}

/// Of one check, in microseconds.
pub(super) struct Checks {
    /// That finds nothing new (204).
    pub(super) nothing: f64,
    /// That is told of an update by a patch (200).
    pub(super) update: f64,
}

pub(super) fn measure(
    workspace: &Workspace,
    programs: &Programs,
    folder: &Path,
    seconds: Duration,
) -> Result<OldClients> {
    println!("checks of old clients");
    let key = workspace.root.join(KEY);
    let pem = fs::read_to_string(&key).with_context(|| format!("reading {KEY}"))?;
    let artifacts = RELEASES.map(|version| waiting::bytes(200_000, version));
    let configuration = stage(programs, &folder.join(APP), &pem, &artifacts)?;
    let ours = Served::ours(&programs.server, &configuration, &folder.join(APP))?;
    let start =
        |program: &PathBuf| original::start(program, &folder.join("original"), &key, artifacts.clone());
    let original = programs.original.as_ref().map(start).transpose()?;
    let [behind, current] = {
        let [old, new] = &artifacts;
        let [before, now] = RELEASES;
        [question(before, &sha256::of_bytes(old)), question(now, &sha256::of_bytes(new))]
    };
    let nothing = |at| post(at, &current, 204);
    let update = |at| post(at, &behind, 200);
    for served in [Some(&ours), original.as_ref()].into_iter().flatten() {
        let words = update(served).words()?;
        waiting::until("the patch for old clients", || {
            Ok(load::answer(served.address(), &words)?.contains("\"patch_type\":\"bsdiff\""))
        })?;
    }
    let (mut of_ours, mut of_original) = (Costs::default(), Costs::default());
    let mut of_signature = Vec::new();
    for _ in 0..ROUNDS {
        for (served, costs) in [(Some(&ours), &mut of_ours), (original.as_ref(), &mut of_original)] {
            let Some(served) = served else { continue };
            costs.nothing.push(served.cost_of(|| nothing(served).run(seconds))?);
            costs.update.push(served.cost_of(|| update(served).run(seconds))?);
        }
        of_signature.push(signature(programs, &key)?);
    }
    Ok(OldClients {
        ours: of_ours.medians(),
        original: original.is_some().then(|| of_original.medians()),
        signature: median(&mut of_signature),
    })
}

#[derive(Default)]
struct Costs {
    nothing: Vec<f64>,
    update: Vec<f64>,
}

impl Costs {
    fn medians(mut self) -> Checks {
        Checks { nothing: median(&mut self.nothing), update: median(&mut self.update) }
    }
}

fn post<'a>(served: &'a Served, body: &'a str, status: u16) -> Load<'a> {
    let request = Request::Post("/update/old", body);
    Load { address: served.address(), request, status, connections: 32 }
}

/// The releases, and a server that old clients may ask. Its configuration.
fn stage(programs: &Programs, folder: &Path, pem: &str, artifacts: &[Vec<u8>; 2]) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let (repository, program) = (folder.join("repository"), folder.join(APP));
    let run = |words: &[&str], paths: &[&Path]| {
        command::output(Command::new(&programs.autoupdate).args(words).args(paths))
    };
    run(&["init", "--app", APP, "--unencrypted"], &[&repository])?;
    for (version, bytes) in RELEASES.iter().zip(artifacts) {
        fs::write(&program, bytes)?;
        run(&["add", "--version", version, "--platform", "linux-x86_64"], &[&repository, &program])?;
    }
    run(&["publish"], &[&repository, &folder.join("served")])?;
    let key = folder.join("old.pem");
    fs::write(&key, pem)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    let file = folder.join("autoupdate-server.toml");
    fs::write(
        &file,
        format!(
            "listen = \"127.0.0.1:0\"\ndata = \"served/apps\"\n[log]\nfilter = \"warn\"\n\
             [limits]\nrequests_per_second = 0\n[lantern]\nkey = \"old.pem\"\n\
             public_url = \"http://127.0.0.1/\"\n[lantern.apps.{APP}]\napp = \"{APP}\"\n"
        ),
    )?;
    Ok(file)
}

/// What a client of this version sends.
fn question(version: &str, checksum: &str) -> String {
    format!(
        "{{\"version\":1,\"app_id\":\"\",\"app_version\":\"{version}\",\"os_version\":\"6.1.0\",\"user_id\":\"\",\
         \"checksum\":\"{checksum}\",\"tags\":{{\"arch\":\"amd64\",\"channel\":\"stable\",\"os\":\"linux\"}}}}"
    )
}

/// The processor time of one signature, in microseconds, by a program that was compiled as the server is.
fn signature(programs: &Programs, key: &Path) -> Result<f64> {
    let mut xtask = Command::new(&programs.xtask);
    xtask.args(["bench", "server", "--signature"]).arg(key);
    let said = command::output(&mut xtask)?;
    said.trim().parse().with_context(|| format!("`{}` says {said}", command::words(&xtask)))
}
