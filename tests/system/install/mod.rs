//! The installer, hit by whatever may hit it.

mod attacker;
mod crash_loops;
mod crowd;
mod disk_full;
mod errno_sweep;
mod kill_sweep;
mod kills;
mod lost_syncs;
mod made_before;
mod power_cut;

use anyhow::Result;
use autoupdate_tests::skip;
use autoupdate_tests::sweep;

/// A user that is nobody here.
const STRANGER: u32 = 12_345;

/// Says so if `test` cannot run because there is no strace.
fn no_strace(test: &str) -> Result<bool> {
    let there = sweep::there_is_strace();
    if !there {
        skip(test, "strace is not installed")?;
    }
    Ok(!there)
}

/// Says so if `test` cannot run because nothing can be mounted.
fn no_disks(test: &str) -> Result<bool> {
    let why = sweep::no_disks();
    if let Some(why) = &why {
        skip(test, why)?;
    }
    Ok(why.is_some())
}

/// Says so if `test` cannot run because we cannot be anybody else.
fn no_strangers(test: &str) -> Result<bool> {
    if !sweep::is_root() {
        skip(test, "only root can act as another user")?;
    }
    Ok(!sweep::is_root())
}
