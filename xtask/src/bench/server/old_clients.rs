//! What checks of old Lantern clients cost: nothing new, and an update with a patch that is there.
//!
//! An update is signed with RSA for each client anew, because each gives another nonce, so the signature alone is measured in the
//! same run: the same function of the same library, blinded as it is there, under the same key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::{self, Load, Request};
use super::process::Served;
use super::{Programs, ROUNDS, median, waiting};
use crate::command;
use crate::sha256;
use crate::workspace::Workspace;

const APP: &str = "old";
/// A key that the tests have, too.
const KEY: &str = "crates/server/fixtures/lantern/pkcs1.pem";

/// Processor time, in microseconds.
pub(super) struct OldClients {
    /// Of a check that finds nothing new (204).
    pub(super) nothing: f64,
    /// Of a check that is told of an update by a patch (200).
    pub(super) update: f64,
    /// Of one signature.
    pub(super) signature: f64,
}

pub(super) fn measure(
    workspace: &Workspace,
    programs: &Programs,
    folder: &Path,
    seconds: Duration,
) -> Result<OldClients> {
    println!("checks of old clients");
    let pem = fs::read_to_string(workspace.root.join(KEY)).with_context(|| format!("reading {KEY}"))?;
    let (configuration, [old, new]) = stage(programs, &folder.join(APP), &pem)?;
    let served = Served::ours(&programs.server, &configuration, &folder.join(APP))?;
    let current = question("1.1.0", &new);
    let behind = question("1.0.0", &old);
    let load = |body, status| {
        let request = Request::Post("/update/old", body);
        Load { address: served.address(), request, status, connections: 32 }
    };
    let (nothing, update) = (load(&current, 204), load(&behind, 200));
    let words = update.words()?;
    waiting::until("the patch for old clients", || {
        Ok(load::answer(served.address(), &words)?.contains("\"patch_type\":\"bsdiff\""))
    })?;
    let (mut of_nothing, mut of_update, mut of_signature) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_nothing.push(served.cost_of(|| nothing.run(seconds))?);
        of_update.push(served.cost_of(|| update.run(seconds))?);
        of_signature.push(signature(programs, &workspace.root.join(KEY))?);
    }
    Ok(OldClients {
        nothing: median(&mut of_nothing),
        update: median(&mut of_update),
        signature: median(&mut of_signature),
    })
}

/// Two releases, and a server that old clients may ask. Its configuration, and the digests of both.
fn stage(programs: &Programs, folder: &Path, pem: &str) -> Result<(PathBuf, [String; 2])> {
    fs::create_dir_all(folder)?;
    let (repository, program) = (folder.join("repository"), folder.join(APP));
    let run = |words: &[&str], paths: &[&Path]| {
        command::output(Command::new(&programs.autoupdate).args(words).args(paths))
    };
    run(&["init", "--app", APP, "--unencrypted"], &[&repository])?;
    let mut digests = Vec::new();
    for version in ["1.0.0", "1.1.0"] {
        let bytes = waiting::bytes(200_000, version);
        digests.push(sha256::of_bytes(&bytes));
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
    Ok((file, digests.try_into().ok().context("two digests")?))
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
