//! Whether the system would start a file at all, found out without starting it.
//!
//! For versions that nobody starts now: a program that is closed, or that a person starts later, is not watched. What is no
//! program for this machine shows in its first bytes (ELF: System V ABI, chapter 4, "ELF Header", and chapter 5, "Program
//! Header"; scripts: execve(2), "Interpreter scripts").
//!
//! The bytes from before ran here. So what the system can be taught to start (binfmt_misc: other processors, other systems)
//! passes if they were of the same kind.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::io::Errno;

/// As much as the kernel reads to tell what a file is, and more than any table of segments in practice.
const HEAD: u64 = 64 << 10;
/// The kernel takes no longer line (execve(2)).
const MAX_SCRIPT_LINE: usize = 256;

/// 64-bit ELF, little-endian.
const ELF64: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
/// A segment that names the loader.
const PT_INTERP: u32 = 3;

/// This machine's own programs (ELF `e_machine`).
#[cfg(target_arch = "x86_64")]
const NATIVE: Option<u16> = Some(62);
#[cfg(target_arch = "aarch64")]
const NATIVE: Option<u16> = Some(183);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const NATIVE: Option<u16> = None;

/// What a file is to the system.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// 64-bit ELF for this processor.
    Elf(u16),
    Script,
    /// Told apart by its first bytes.
    Other([u8; 4]),
}

/// Whether `new` would start, given that `old` did.
///
/// # Errors
/// What the system would answer: no program, or its loader is missing. A file that cannot be read.
pub(super) fn check(new: &File, old: Option<&File>) -> io::Result<()> {
    let head = head(new)?;
    let kind = Kind::of(&head);
    let native = match kind {
        Kind::Elf(machine) => NATIVE == Some(machine),
        Kind::Script => true,
        Kind::Other(_) => false,
    };
    if !native && old.map(self::head).transpose()?.is_none_or(|old| Kind::of(&old) != kind) {
        return Err(Errno::NOEXEC.into());
    }
    match interpreter(&head, &kind) {
        Some(path) if path.is_absolute() && !path.exists() => Err(io::ErrorKind::NotFound.into()),
        _ => Ok(()),
    }
}

fn head(mut file: &File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

impl Kind {
    fn of(head: &[u8]) -> Self {
        match (head.first_chunk::<6>(), u16_at(head, 18)) {
            (Some(&ELF64), Some(machine)) => Self::Elf(machine),
            _ if head.starts_with(b"#!") => Self::Script,
            _ => {
                let mut first = [0; 4];
                head.iter().zip(&mut first).for_each(|(byte, first)| *first = *byte);
                Self::Other(first)
            }
        }
    }
}

/// The program that the system would start to run this one.
fn interpreter<'a>(head: &'a [u8], kind: &Kind) -> Option<&'a Path> {
    let path = match kind {
        Kind::Elf(_) => loader(head)?,
        Kind::Script => {
            let line = head.get(2..)?.split(|byte| *byte == b'\n').next()?;
            let line = line.get(..line.len().min(MAX_SCRIPT_LINE))?.trim_ascii();
            line.split(|byte| matches!(byte, b' ' | b'\t')).next()?
        }
        Kind::Other(_) => return None,
    };
    (!path.is_empty()).then(|| Path::new(OsStr::from_bytes(path)))
}

/// What the segment of the loader names, without its final zero. `None` also where it lies beyond what was read.
fn loader(head: &[u8]) -> Option<&[u8]> {
    let (table, size, count) = (u64_at(head, 32)?, u16_at(head, 54)?, u16_at(head, 56)?);
    for number in 0..u64::from(count) {
        let at = usize::try_from(table.checked_add(number * u64::from(size))?).ok()?;
        if u32_at(head, at)? == PT_INTERP {
            let (offset, length) = (u64_at(head, at + 8)?, u64_at(head, at + 32)?);
            let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
            return head.get(offset..offset.checked_add(length)?)?.split(|byte| *byte == 0).next();
        }
    }
    None
}

fn u16_at(head: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

fn u32_at(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

fn u64_at(head: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn verdict(new: &[u8], old: Option<&[u8]>) -> Result<(), Option<Errno>> {
        let old = old.map(file);
        check(&file(new), old.as_ref()).map_err(|error| Errno::from_io_error(&error))
    }

    #[test]
    fn what_runs_here_passes() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(verdict(&own, None), Ok(()));
        assert!(interpreter(&own[..HEAD as usize], &Kind::of(&own)).is_some_and(Path::exists));
        assert_eq!(verdict(b"#! /bin/sh -e\nexit 0\n", None), Ok(()));
    }

    #[test]
    fn what_is_no_program_here_does_not() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for bad in [&b""[..], b"\x7fELF", b"PK\x03\x04", b"text", b"MZ\x90\x00"] {
            assert_eq!(verdict(bad, Some(&own)), Err(Some(Errno::NOEXEC)), "{bad:?}");
        }
        let mut foreign = own.clone();
        foreign[18..20].copy_from_slice(&243_u16.to_le_bytes());
        assert_eq!(verdict(&foreign, Some(&own)), Err(Some(Errno::NOEXEC)));
        assert_eq!(verdict(b"#!/no/such/interpreter\n", None), Err(None));
        let loader = loader(&own).unwrap().to_vec();
        let at = own.windows(loader.len()).position(|bytes| bytes == loader).unwrap();
        let mut lost = own;
        lost[at + 1] = b'_';
        assert_eq!(verdict(&lost, None), Err(None));
    }

    #[test]
    fn what_ran_before_may_run_again() {
        assert_eq!(verdict(b"MZ\x90\x00new", Some(b"MZ\x90\x00old")), Ok(()));
        assert_eq!(verdict(b"PK\x03\x04new", Some(b"MZ\x90\x00old")), Err(Some(Errno::NOEXEC)));
    }

    #[test]
    fn no_table_leads_astray() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for (at, length) in [(32, 8), (54, 4)] {
            let mut wild = own.clone();
            wild[at..at + length].fill(0xff);
            assert_eq!(verdict(&wild, None), Ok(()), "{at}");
        }
        for length in 0..120 {
            let _any = verdict(&own[..length], None);
        }
    }
}
