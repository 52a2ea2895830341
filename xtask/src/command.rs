//! Starting other programs, with errors that say which one failed and how.

use std::ffi::OsStr;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// How long the output of a program that has ended is waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Cargo, the one that started us if any.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What cargo says about *this* package while it runs us is wrong for what we start.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR") {
            command.env_remove(name);
        }
    }
    command
}

/// The command as a person would type it.
pub(crate) fn words(command: &Command) -> String {
    let all = std::iter::once(command.get_program()).chain(command.get_args());
    all.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs it to its end with our terminal; whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("starting `{}`", words(command)))?;
    Ok(status.success())
}

/// Runs it to its end and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("starting `{}`", words(command)))?;
    if !done.status.success() {
        let why = String::from_utf8_lossy(&done.stderr);
        bail!("`{}` ended with {}: {}", words(command), done.status, why.trim());
    }
    String::from_utf8(done.stdout).with_context(|| format!("the output of `{}`", words(command)))
}

/// Whether a program of this name can be found.
pub(crate) fn exists(program: &str) -> bool {
    find(program).is_some()
}

/// The program of this name, looked up as a shell would.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // bspatch, tinyproxy and their like lie in sbin on some systems, which is not in everybody's PATH.
    let sbin = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(sbin).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether a person can be asked.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal()
}

/// What a program did within its time.
pub(crate) struct Ended {
    /// `None` if it was stopped at the deadline.
    pub(crate) status: Option<ExitStatus>,
    /// Standard output and standard error in the order they were read.
    pub(crate) text: String,
    /// Wall time.
    pub(crate) took: Duration,
}

/// Runs it with captured output, at most until the deadline.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<Ended> {
    let begun = Instant::now();
    let (mut reader, writer) = std::io::pipe().context("making a pipe")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("starting `{}`", words(command)))?;
    // The command keeps its ends of the pipe; the reader would never see the end of it.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, chunks) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                break;
            }
        }
    });
    let mut bytes: Vec<u8> = Vec::new();
    let status = wait_until(&mut child, begun + limit, |_| bytes.extend(chunks.try_iter().flatten()))?;
    if status.is_none() {
        child.kill().context("stopping a program that took too long")?;
        child.wait()?;
    }
    // A grandchild that lives on keeps the pipe open: what comes soon is what we take.
    let last = Instant::now() + LAST_WORDS;
    while let Ok(chunk) = chunks.recv_timeout(last.saturating_duration_since(Instant::now())) {
        bytes.extend(chunk);
    }
    Ok(Ended { status, text: String::from_utf8_lossy(&bytes).into_owned(), took: begun.elapsed() })
}

/// Waits for a child until the deadline and looks at it meanwhile. `None`: it still runs.
pub(crate) fn wait_until(
    child: &mut Child,
    deadline: Instant,
    mut look: impl FnMut(u32),
) -> Result<Option<ExitStatus>> {
    loop {
        look(child.id());
        if let Some(status) = child.try_wait().context("waiting for a program")? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        run_within(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn output_and_end_are_captured() {
        let ended = shell("echo out; echo err >&2; exit 3", Duration::from_secs(60));
        assert_eq!(ended.text, "out\nerr\n");
        assert_eq!(ended.status.and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn more_output_than_a_pipe_holds_does_not_stop_it() {
        let ended = shell("head -c 1000000 /dev/zero", Duration::from_secs(60));
        assert_eq!(ended.text.len(), 1_000_000);
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let ended = shell("echo begun; exec sleep 600", Duration::from_millis(300));
        assert!(ended.status.is_none() && ended.text == "begun\n");
    }

    #[test]
    fn what_cannot_be_started_is_named() {
        let error = output(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert_eq!(error, "starting `no-such-program`");
    }
}
