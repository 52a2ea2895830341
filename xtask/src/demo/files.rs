//! What the demo asks the disk.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, Result};

/// The whole file.
pub(super) fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| file.display().to_string())
}

/// A folder that only its owner may enter.
pub(super) fn private_folder(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("making {}", folder.display()))
}

/// The most memory that a process held so far, in bytes. `None`: it has ended.
pub(super) fn peak_memory(pid: u32) -> Option<u64> {
    high_water(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// The resident set's high-water mark in a `/proc/PID/status`.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_read() {
        assert_eq!(high_water("Name:\tx\nVmHWM:\t    5120 kB\nVmRSS:\t  10 kB\n"), Some(5120 * 1024));
        assert_eq!(high_water("Name:\tx\nState:\tZ (zombie)\n"), None);
        assert!(peak_memory(std::process::id()).unwrap() > 100 << 10);
    }
}
