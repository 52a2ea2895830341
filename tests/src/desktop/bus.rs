//! A bus that nobody else is on.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Owned;

/// No folder of services: what is not started by the test is not there, whatever this machine has installed.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

#[derive(Debug)]
pub(super) struct Bus {
    address: String,
    _daemon: Owned,
    _folder: tempfile::TempDir,
}

impl Bus {
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("bus.conf");
        std::fs::write(&file, CONFIGURATION)?;
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&file).args(["--print-address", "--nofork", "--nopidfile"]);
        // What it says on standard error is only that it cannot raise its own limits where root may not.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut daemon = command.spawn().context("dbus-daemon")?;
        let out = daemon.stdout.take().context("its output")?;
        let daemon = Owned(daemon);
        let mut address = String::new();
        BufReader::new(out).read_line(&mut address)?;
        let address = address.trim().to_owned();
        ensure!(!address.is_empty(), "dbus-daemon ended without an address");
        Ok(Self { address, _daemon: daemon, _folder: folder })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}
