//! A server that runs, and what it costs as the kernel counts it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::unistd::{SysconfVar, sysconf};

use super::load;
use crate::command;

/// The longest that a server may take to listen, to be ready, or to stop.
const LIMIT: Duration = Duration::from_secs(60);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A running server, with all its processes. It ends with this value.
pub(super) struct Served {
    child: Child,
    address: String,
}

impl Served {
    /// Ours, once it says where it listens.
    pub(super) fn ours(program: &Path, configuration: &Path, folder: &Path) -> Result<Self> {
        let mut server = Command::new(program);
        server.arg("--config").arg(configuration).stdin(Stdio::null()).stdout(Stdio::piped());
        server.stderr(File::create(folder.join("server.log"))?);
        let mut child = server.spawn().with_context(|| format!("starting `{}`", command::words(&server)))?;
        let output = child.stdout.take().context("the server's output")?;
        let mut served = Self { child, address: String::new() };
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let line = lines.recv_timeout(LIMIT).ok();
        let address = line.as_deref().and_then(|line| line.strip_prefix("listening on http://"));
        let Some(address) = address else {
            let said = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
            bail!("the server does not listen; it says: {}", said.trim());
        };
        address.clone_into(&mut served.address);
        Ok(served)
    }

    /// Another one, once it takes connections at this address.
    pub(super) fn other(server: &mut Command, address: &str) -> Result<Self> {
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.with_context(|| format!("starting `{}`", command::words(server)))?;
        let served = Self { child, address: address.to_owned() };
        let deadline = Instant::now() + LIMIT;
        while std::net::TcpStream::connect(address).is_err() {
            if Instant::now() >= deadline {
                bail!("`{}` does not listen on {address}", command::words(server));
            }
            thread::sleep(LOOK);
        }
        Ok(served)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until it says that it is ready.
    pub(super) fn until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while load::status_at(&self.address, "/readyz")? != 200 {
            if Instant::now() >= deadline {
                bail!("the server is not ready in time");
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Processor time per request, in microseconds, while `load` says how many it made.
    pub(super) fn cost_of(&self, load: impl FnOnce() -> Result<u64>) -> Result<f64> {
        let before = self.time()?;
        let requests = load()?;
        let spent = self.time()?.saturating_sub(before);
        if requests == 0 {
            bail!("nothing was answered");
        }
        Ok(spent.as_secs_f64() * 1e6 / requests as f64)
    }

    /// The most memory that is held while `work` is done, in bytes.
    pub(super) fn memory_while<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, u64)> {
        thread::scope(|scope| {
            let (stop, stopped) = mpsc::channel::<()>();
            let looking = scope.spawn(move || {
                let mut most = self.memory()?;
                while stopped.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                    most = most.max(self.memory()?);
                }
                anyhow::Ok(most)
            });
            let done = work();
            drop(stop);
            let most = looking.join().map_err(|_| anyhow::anyhow!("whoever looked at memory died"))??;
            Ok((done?, most))
        })
    }

    /// The memory that is held now, in bytes (`VmRSS`), of all its processes.
    pub(super) fn memory(&self) -> Result<u64> {
        self.processes()?.iter().map(|pid| memory(*pid)).sum()
    }

    fn time(&self) -> Result<Duration> {
        let ticks: u64 = self.processes()?.iter().map(|pid| ticks(*pid)).sum::<Result<_>>()?;
        let per_second = sysconf(SysconfVar::CLK_TCK)?.context("ticks per second")?;
        Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
    }

    /// The process and its children.
    fn processes(&self) -> Result<Vec<u32>> {
        let pid = self.child.id();
        let mut all = vec![pid];
        for entry in fs::read_dir("/proc")? {
            let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if parent(child) == Some(pid) {
                all.push(child);
            }
        }
        Ok(all)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Politely: nginx tells its workers.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let ended = command::wait_until(&mut self.child, Instant::now() + LIMIT, |_| ());
        if !matches!(ended, Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Field `number` of `/proc/{pid}/stat` (proc(5)), counted from 3, which is the first one behind the name.
fn field(pid: u32, number: usize) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    fields.split(' ').nth(number - 3)?.parse().ok()
}

fn parent(pid: u32) -> Option<u32> {
    u32::try_from(field(pid, 4)?).ok()
}

/// Time in its own code and in the kernel.
fn ticks(pid: u32) -> Result<u64> {
    field(pid, 14).zip(field(pid, 15)).map(|(user, system)| user + system).context("a process that ended")
}

fn memory(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
