//! The installer, hit by whatever may hit it.

mod errno_sweep;
mod kill_sweep;
mod kills;

use anyhow::Result;
use autoupdate_tests::skip;
use autoupdate_tests::sweep::there_is_strace;

/// Says so if `test` cannot run because there is no strace.
fn no_strace(test: &str) -> Result<bool> {
    let there = there_is_strace();
    if !there {
        skip(test, "strace is not installed")?;
    }
    Ok(!there)
}
