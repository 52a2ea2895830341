//! What everybody else feels of a large patch: the time of a check and of a cached patch, while one to 100 MB is being made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Programs;
use super::load::{self, Load, Request};
use super::pace;
use super::process::Served;
use super::report::Wait;
use crate::command;
use crate::sha256;

const APP: &str = "waiting";
/// The length of both ends of the large pair.
const LARGE: usize = 100_000_000;
/// The longest that a patch may take to begin or, for the small one, to come.
const LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// At rest, then while the large patch is being made.
pub(super) fn measure(programs: &Programs, folder: &Path, seconds: Duration) -> Result<Vec<Wait>> {
    println!("while a large patch is being made");
    let stage = Stage::new(&programs.autoupdate, &folder.join(APP))?;
    let timestamp = format!("/apps/{APP}/metadata/timestamp.json");
    let kinds = [
        ("a check of unchanged metadata", Request::Unchanged(&timestamp), 304),
        ("a cached patch", Request::Get(&stage.patch), 200),
    ];
    let p99s = |served: &Served| {
        let address = served.address();
        // Both at once: the large patch takes some seconds, and has to be on its way until the end.
        thread::scope(|scope| {
            let each = kinds.map(|(_, request, status)| {
                scope.spawn(move || pace::p99(&Load { address, request, status, connections: 4 }, seconds))
            });
            let joined = each.map(|one| one.join().map_err(|_| anyhow::anyhow!("whoever asked died"))?);
            joined.into_iter().collect::<Result<Vec<_>>>()
        })
    };
    // Compressed twins are looked for at every start, and are no matter of patches.
    let twins = |served: &Served| {
        until("two twins", || {
            Ok(sum(&load::body(served.address(), "/metrics")?, "autoupdate_twins_total{") == 2)
        })
    };
    let served = Served::ours(&programs.server, &stage.configuration(0)?, &stage.folder)?;
    until("the small patch", || Ok(load::status_at(served.address(), &stage.patch)? == 200))?;
    twins(&served)?;
    let idle = p99s(&served)?;
    drop(served);
    let served = Served::ours(&programs.server, &stage.configuration(1)?, &stage.folder)?;
    let is_being_made =
        || Ok(load::body(served.address(), "/metrics")?.contains("\nautoupdate_patches_running 1\n"));
    twins(&served)?;
    until("the large patch", is_being_made)?;
    let busy = p99s(&served)?;
    if !is_being_made()? {
        bail!("the large patch was made before everything was measured: ask for fewer --seconds");
    }
    let both = idle.into_iter().zip(busy);
    Ok(kinds.iter().zip(both).map(|((what, ..), (idle, busy))| Wait { what, idle, busy }).collect())
}

/// The sum of a counter over all its labels.
fn sum(metrics: &str, begin: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(begin));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Looks until something is there, for a while.
pub(super) fn until(what: &str, there: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !there()? {
        if Instant::now() >= deadline {
            bail!("{what} does not come");
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Two releases for two platforms: large ones for Linux, small ones for Windows.
struct Stage {
    folder: PathBuf,
    patch: String,
}

impl Stage {
    fn new(autoupdate: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (repository, program) = (folder.join("repository"), folder.join(APP));
        let run = |words: &[&str], paths: &[&Path]| {
            command::output(Command::new(autoupdate).args(words).args(paths))
        };
        run(&["init", "--app", APP, "--unencrypted"], &[&repository])?;
        let mut small = Vec::new();
        for version in ["1.0.0", "1.1.0"] {
            for (platform, length) in [("windows-x86_64", 200_000), ("linux-x86_64", LARGE)] {
                let bytes = bytes(length, version);
                if length != LARGE {
                    small.push(sha256::of_bytes(&bytes));
                }
                fs::write(&program, bytes)?;
                run(&["add", "--version", version, "--platform", platform], &[&repository, &program])?;
            }
        }
        run(&["publish"], &[&repository, &folder.join("served")])?;
        let [base, artifact] = small.as_slice() else { bail!("two small releases") };
        let patch = format!("/apps/{APP}/patches/{artifact}/{base}.rt1");
        Ok(Self { folder: folder.to_path_buf(), patch })
    }

    /// With so many bases from which patches are made ahead.
    fn configuration(&self, bases: usize) -> Result<PathBuf> {
        let file = self.folder.join("autoupdate-server.toml");
        let text = format!(
            "listen = \"127.0.0.1:0\"\ndata = \"served/apps\"\n[log]\nfilter = \"warn\"\n\
             [limits]\nrequests_per_second = 0\n[patches]\nformats = [\"rt1\"]\nbases = {bases}\n"
        );
        fs::write(&file, text).context("the configuration")?;
        Ok(file)
    }
}

/// Bytes that do not compress, with a change every few thousand between versions (xorshift64*, Vigna 2014).
pub(super) fn bytes(length: usize, version: &str) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    for chunk in bytes.chunks_mut(5000) {
        chunk.iter_mut().zip(version.bytes()).for_each(|(byte, with)| *byte ^= with);
    }
    bytes
}
