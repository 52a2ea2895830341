//! Systems without `setrlimit`: the caller is told, and decides whether to make patches at all.

use std::io;

pub(super) fn limit_this_process(_memory: u64, _cpu_seconds: u64) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no per-process limits"))
}
