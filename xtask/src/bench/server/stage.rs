//! A publisher's repository and an operator's folder: one app, then a thousand releases of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::sha256;

pub(super) const APP: &str = "bench";
const PLATFORM: &str = "linux-x86_64";
/// How many releases lie there at last, and how large each is: a file without blocks, whose digest is only in its name.
const RELEASES: u32 = 1000;
const LENGTH: u64 = 100_000_000;

/// What lies on the operator's disk.
pub(super) struct Stage {
    folder: PathBuf,
    artifact: String,
}

impl Stage {
    /// One app with one small release.
    pub(super) fn new(autoupdate: &Path, folder: &Path) -> Result<Self> {
        let program = folder.join(APP);
        // Bytes that do not compress: what nginx sends and what we send is the same.
        let bytes: Vec<u8> =
            (0..9600_u32).flat_map(|n| sha256::of_bytes(&n.to_le_bytes()).into_bytes()).collect();
        let bytes = bytes.get(..300_000).unwrap_or(&bytes);
        fs::write(&program, bytes)?;
        let repository = folder.join("repository");
        let run = |words: &[&str], paths: &[&Path]| {
            command::output(Command::new(autoupdate).args(words).args(paths))
        };
        run(&["init", "--app", APP, "--unencrypted"], &[&repository])?;
        run(&["add", "--version", "0.1.0", "--platform", PLATFORM], &[&repository, &program])?;
        run(&["publish"], &[&repository, &folder.join("served")])?;
        let artifact = format!("targets/releases/0.1.0/{PLATFORM}/{}.{APP}", sha256::of_bytes(bytes));
        Ok(Self { folder: folder.to_path_buf(), artifact })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What lies below `/` for any web server.
    pub(super) fn served(&self) -> PathBuf {
        self.folder.join("served")
    }

    /// The object of the small release.
    pub(super) fn artifact(&self) -> &str {
        &self.artifact
    }

    /// The object of one of the large ones.
    pub(super) fn large_artifact(&self) -> String {
        object(RELEASES)
    }

    /// Holds a thousand releases of 100 MB beside the small one, as bases for patches.
    pub(super) fn add_a_thousand(&self) -> Result<()> {
        for number in 1..=RELEASES {
            let file = self.served().join("apps").join(APP).join(object(number));
            fs::create_dir_all(file.parent().context("a folder")?)?;
            File::create(&file)?.set_len(LENGTH).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// A server's configuration without a budget per address: all requests come from one.
    pub(super) fn configuration(&self) -> Result<PathBuf> {
        let file = self.folder.join("autoupdate-server.toml");
        fs::write(
            &file,
            "listen = \"127.0.0.1:0\"\ndata = \"served/apps\"\n\n[log]\nfilter = \"warn\"\n\n\
             [limits]\nrequests_per_second = 0\n",
        )?;
        Ok(file)
    }
}

fn object(number: u32) -> String {
    let digest = sha256::of_bytes(&number.to_le_bytes());
    format!("targets/releases/1.{number}.0/{PLATFORM}/{digest}.{APP}")
}
