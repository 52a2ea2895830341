//! Who holds the lock of a program, in words for people: one line in the locked file, `PID NAME`.

use std::fmt;

use super::folder::{Folder, LOCK};

/// The longest line that is read, in bytes.
const MAX_BYTES: u64 = 1024;

/// The process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The name of its executable.
    pub name: String,
}

impl Holder {
    pub(super) fn ourselves() -> Self {
        let program = std::env::current_exe().ok();
        let name = program.as_ref().and_then(|program| program.file_name()).unwrap_or_default();
        Self { pid: std::process::id(), name: name.to_string_lossy().into_owned() }
    }

    /// Who signed the lock in this folder. `None` where nobody did, or just does.
    pub(super) fn of(private: &Folder) -> Option<Self> {
        let bytes = private.read(LOCK, MAX_BYTES).ok()??;
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (pid, name) = text.strip_suffix('\n')?.split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, name: crate::text::plain(name) })
    }

    pub(super) fn words(holder: Option<&Self>) -> String {
        holder.map(|Self { pid, name }| format!(" (process {pid}, {name})")).unwrap_or_default()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.pid, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_read_and_anything_else_is_none() {
        let ours = Holder::ourselves();
        assert_eq!(Holder::parse(&ours.to_string()), Some(ours));
        let named = Some(Holder { pid: 7, name: "two words".to_owned() });
        assert_eq!(Holder::parse("7 two words\n"), named);
        assert_eq!(Holder::words(named.as_ref()), " (process 7, two words)");
        for text in ["", "7", "7 cut", "x name\n", " name\n"] {
            assert_eq!(Holder::parse(text), None, "{text:?}");
        }
    }
}
