//! A setting of the machine that a test changes for a while.

use std::fs::File;

use anyhow::Result;

use super::fast_folder;

/// How often xfs writes its log by itself, lowered for a while.
#[derive(Debug)]
pub struct XfsInterval {
    before: String,
    /// There is one interval for the whole machine, and who runs these tests may not be alone on it.
    _alone: File,
}

impl XfsInterval {
    const FILE: &str = "/proc/sys/fs/xfs/xfssyncd_centisecs";
    const SHORT: &str = "100";
    const USUAL: &str = "3000";

    /// Lowers it to a second until the value is dropped. Waits for others who have.
    ///
    /// # Errors
    /// If it may not be changed.
    pub fn shorten() -> Result<Self> {
        let alone = File::create(fast_folder().join("autoupdate-xfs-interval"))?;
        alone.lock()?;
        let before = std::fs::read_to_string(Self::FILE)?.trim().to_owned();
        std::fs::write(Self::FILE, Self::SHORT)?;
        // An earlier run that was killed left ours.
        let before = if before == Self::SHORT { Self::USUAL.to_owned() } else { before };
        Ok(Self { before, _alone: alone })
    }
}

impl Drop for XfsInterval {
    fn drop(&mut self) {
        let _ = std::fs::write(Self::FILE, &self.before);
    }
}
