//! Starting the programs under test, and reading what they answer.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The path of a program built by this workspace. `cargo xtask test` names it in the environment
/// (`AUTOUPDATE_BIN_{NAME}`); a plain `cargo test` finds what `cargo build` left beside the test.
///
/// # Errors
/// If it was not built.
pub fn binary(name: &str) -> Result<PathBuf> {
    built("BIN", name, name)
}

/// The path of an example of this workspace, found like [`binary`].
///
/// # Errors
/// If it was not built.
pub fn example(name: &str) -> Result<PathBuf> {
    built("EXAMPLE", name, &format!("examples/{name}"))
}

fn built(kind: &str, name: &str, file: &str) -> Result<PathBuf> {
    let variable = format!("AUTOUPDATE_{kind}_{}", name.replace('-', "_").to_uppercase());
    if let Some(path) = std::env::var_os(&variable) {
        return Ok(path.into());
    }
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).context("a test binary lies two folders below the profile's")?;
    let path = folder.join(file);
    if !path.exists() {
        bail!(
            "{} is not built: run `cargo build --workspace --bins --examples` or set {variable}",
            path.display()
        );
    }
    Ok(path)
}

/// What a program answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Exit code; `None` = ended by a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// The last line of standard output as JSON.
    ///
    /// # Errors
    /// If there is none.
    pub fn json(&self) -> Result<Value> {
        let line = self.out.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        serde_json::from_str(line).with_context(|| format!("the answer is no JSON: {self:?}"))
    }

    /// The answer if the exit code is the expected one.
    ///
    /// # Errors
    /// If it is another: the error shows everything the program said.
    pub fn expect(self, code: i32) -> Result<Self> {
        if self.code == Some(code) { Ok(self) } else { bail!("expected exit code {code}: {self:#?}") }
    }
}

/// Runs a command to its end, with nothing on standard input. Ends it after two minutes.
///
/// # Errors
/// If it cannot be started or takes longer.
pub fn run(command: &mut Command) -> Result<Answer> {
    run_within(command, PATIENCE)
}

/// [`run`], with another limit.
///
/// # Errors
/// If it cannot be started or takes longer.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<Answer> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("starting {command:?}"))?;
    let id = child.id();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = match receiver.recv_timeout(limit) {
        Ok(output) => output?,
        Err(_) => {
            Command::new("kill").args(["-9", &id.to_string()]).status()?;
            bail!("{command:?} took longer than {} seconds and was ended", limit.as_secs());
        }
    };
    Ok(Answer {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The longest that anything is waited for. A disk that others keep busy needs up to half a minute for one `fsync`, and an
/// update has several.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until `question` has an answer, for two minutes at most.
///
/// # Errors
/// If there is none by then; `what` names what was waited for.
pub fn poll_until<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = question() {
            return Ok(answer);
        }
        if Instant::now() > end {
            bail!("waited {} seconds in vain: {what}", PATIENCE.as_secs());
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Whether the long form of a test is wanted: `cargo xtask test --exhaustive`.
#[must_use]
pub fn exhaustive() -> bool {
    std::env::var_os("AUTOUPDATE_EXHAUSTIVE").is_some()
}

/// Says that a test cannot run here. With `CI=true` that is an error, unless `tests/allowed-skips.txt` allows it.
///
/// # Errors
/// If it may not be skipped.
pub fn skip(name: &str, reason: &str) -> Result<()> {
    println!("SKIP {name}: {reason}");
    let allowed = include_str!("../allowed-skips.txt").lines();
    let mut allowed = allowed.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    if std::env::var("CI").is_ok_and(|ci| ci == "true") && !allowed.any(|(one, _)| one == name) {
        bail!(
            "{name} cannot run here ({reason}), and tests/allowed-skips.txt does not say that it may be skipped"
        );
    }
    Ok(())
}
