//! `setrlimit`.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub(super) fn limit_this_process(memory: u64, cpu_seconds: u64) -> io::Result<()> {
    #[cfg(not(target_os = "openbsd"))]
    lower(Resource::As, memory, memory)?;
    #[cfg(target_os = "openbsd")]
    lower(Resource::Data, memory, memory)?;
    // The soft limit sends SIGXCPU, the hard one a second later SIGKILL: the exit status tells why it ended.
    lower(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(1))
}

/// Sets both limits, never above what they are.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let least = |limit: u64, now: Option<u64>| Some(now.map_or(limit, |now| now.min(limit)));
    let maximum = least(hard, now.maximum);
    let current = least(least(soft, now.current).unwrap_or(soft), maximum);
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}
