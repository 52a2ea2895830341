//! What came out, what was promised, and the page that says both.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::super::machine;
use super::ROUNDS;
use super::old_clients::OldClients;

/// One kind of request, in microseconds of processor time for each.
pub(super) struct Pair {
    pub(super) what: &'static str,
    pub(super) ours: f64,
    pub(super) nginx: f64,
}

impl Pair {
    /// How much of nginx's work per core we do.
    fn share(&self) -> f64 {
        self.nginx / self.ours
    }
}

/// How long 99 of 100 of a kind of request take.
pub(super) struct Wait {
    pub(super) what: &'static str,
    pub(super) idle: Duration,
    pub(super) busy: Duration,
}

impl Wait {
    fn times(&self) -> f64 {
        self.busy.as_secs_f64() / self.idle.as_secs_f64()
    }
}

/// Everything that was measured.
pub(super) struct Figures {
    /// The first one is judged.
    pub(super) checks: Vec<Pair>,
    pub(super) old_clients: OldClients,
    pub(super) waits: Vec<Wait>,
    pub(super) many: Many,
}

/// A server with a thousand releases.
pub(super) struct Many {
    /// From the start of the process until it is ready.
    pub(super) start: Duration,
    /// In bytes.
    pub(super) idle: u64,
    /// In bytes.
    pub(super) under_load: u64,
}

/// One promise.
pub(super) struct Goal {
    promise: &'static str,
    measured: String,
    pub(super) met: bool,
}

/// An unchanged timestamp: at least so much of nginx's work per core.
const CHECK: f64 = 0.8;
/// While a large patch is being made, at most so many times as long as otherwise.
const WAIT: f64 = 3.0;
/// An old client's check without news: at most this much of what the original server takes.
const NOTHING: f64 = 0.2;
/// What the original server took at its best, in microseconds, where it is not measured.
const ORIGINAL: f64 = 95.0;
/// An old client's check with an update: at most so many microseconds beside its signature.
const UPDATE: f64 = 30.0;
const START: Duration = Duration::from_secs(1);
const IDLE: u64 = 40_000_000;
const UNDER_LOAD: u64 = 80_000_000;

impl Figures {
    pub(super) fn goals(&self) -> Vec<Goal> {
        let check = self.checks.first().map_or(0.0, Pair::share);
        let old = &self.old_clients;
        let wait = self.waits.iter().map(Wait::times).fold(0.0, f64::max);
        vec![
            Goal {
                promise: "a check of unchanged metadata, per core: at least 0.8 of what nginx does with the same files",
                measured: format!("{check:.2}"),
                met: check >= CHECK,
            },
            Goal {
                promise: "a check of an old Lantern client that finds nothing new: at most a fifth of what the original server takes (95 to 143 µs \
                          on another machine with 2 cores, where it is not measured here)",
                measured: match &old.original {
                    Some(original) => format!(
                        "{:.2} of its {:.1} µs",
                        old.ours.nothing / original.nothing,
                        original.nothing
                    ),
                    None => format!("{:.1} µs", old.ours.nothing),
                },
                met: old.ours.nothing
                    <= NOTHING * old.original.as_ref().map_or(ORIGINAL, |original| original.nothing),
            },
            Goal {
                promise: "a check of an old Lantern client with a cached patch: at most 30 µs more than its RSA-2048 signature alone",
                measured: format!("{:.0} µs more than {:.0}", old.ours.update - old.signature, old.signature),
                met: old.ours.update - old.signature <= UPDATE,
            },
            Goal {
                promise: "p99 of a check and of a cached patch while a patch to 100 MB is being made: at most 3 times that at rest",
                measured: format!("{wait:.2}"),
                met: wait <= WAIT,
            },
            Goal {
                promise: "memory with 1,000 releases of 100 MB, at rest: at most 40 MB",
                measured: megabytes(self.many.idle),
                met: self.many.idle <= IDLE,
            },
            Goal {
                promise: "the same while 32 connections ask: at most 80 MB",
                measured: megabytes(self.many.under_load),
                met: self.many.under_load <= UNDER_LOAD,
            },
            Goal {
                promise: "from the start of the process to `/readyz`, with the same releases: at most 1 s",
                measured: format!("{:.0} ms", self.many.start.as_secs_f64() * 1e3),
                met: self.many.start <= START,
            },
        ]
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

pub(super) fn render(figures: &Figures) -> Result<String> {
    let mut text = format!(
        "# What the server costs\n\nMade by `cargo xtask bench server` on {}. Do not edit.\n\n{}\n## Promises\n\n\
         | promise | measured | |\n|---|---:|---|\n",
        machine::today()?,
        machine::kind()?
    );
    for goal in figures.goals() {
        let word = if goal.met { "met" } else { "**missed**" };
        writeln!(text, "| {} | {} | {word} |", goal.promise, goal.measured)?;
    }
    write!(
        text,
        "\n## Processor time per request\n\nIn microseconds, of all threads, in user code and kernel; 32 connections that \
         stay open, no log; the median of {ROUNDS} rounds, in turns. nginx has one worker.\n\n\
         | request | ours | nginx | ours per core, of nginx |\n|---|---:|---:|---:|\n"
    )?;
    for pair in &figures.checks {
        writeln!(text, "| {} | {:.1} | {:.1} | {:.2} |", pair.what, pair.ours, pair.nginx, pair.share())?;
    }
    if let Some(original) = &figures.old_clients.original {
        let ours = &figures.old_clients.ours;
        text.push_str(
            "\nThe same of old Lantern clients, beside the original server in Go, built without its traces.\n\n\
             | request | ours | original | times |\n|---|---:|---:|---:|\n",
        );
        for (what, ours, theirs) in [
            ("a check without news (204)", ours.nothing, original.nothing),
            ("a check with a cached patch (200)", ours.update, original.update),
        ] {
            writeln!(text, "| {what} | {ours:.1} | {theirs:.1} | {:.1} |", theirs / ours)?;
        }
    }
    text.push_str(
        "\n## While a patch to 100 MB is being made\n\nThe time within which 99 of 100 answers come, of 4 clients for each kind with 100 requests a second each.\n\n\
         | request | at rest | meanwhile | times |\n|---|---:|---:|---:|\n",
    );
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    for wait in &figures.waits {
        let (idle, busy) = (ms(wait.idle), ms(wait.busy));
        writeln!(text, "| {} | {idle:.2} ms | {busy:.2} ms | {:.2} |", wait.what, wait.times())?;
    }
    text.push_str(
        "\nMemory is the resident memory of the process. The releases are files without blocks under names with made-up digests: \
         nothing is hashed at a start. The load is unchanged metadata, whole metadata, and whole artifacts, one after the other.\n",
    );
    Ok(text)
}
