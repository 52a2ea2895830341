//! `cargo xtask corpus`: real releases of real programs, which patches are measured on.
//!
//! They lie outside of the repository, as `{program}/{version}.bin`, and are fetched once. What lies there is checked
//! against [`table`] whenever it is used.

mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::table::{PROGRAMS, Program, Release};
use crate::workspace::Workspace;
use crate::{python, registry, sha256};

/// What is fetched, and to where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder of the corpus [default: autoupdate/corpus in your cache folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Which pairs of releases.
    #[arg(long, value_enum, default_value_t = Set::All)]
    set: Set,
}

/// Pairs of releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Set {
    /// Releases that follow each other.
    Adjacent,
    /// Releases with others between them.
    Far,
    /// Other programs, which nobody tunes to.
    HeldOut,
    /// Everything.
    All,
}

/// What a program was made by, as far as it matters for a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Go.
    Go,
    /// Rust or C++.
    Native,
}

/// One pair of releases as files on this disk.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// `program:old-new`.
    pub(crate) label: String,
    pub(crate) language: Language,
    /// [`Set::All`] is never said here.
    pub(crate) set: Set,
    pub(crate) old: Side,
    pub(crate) new: Side,
}

/// One file of a pair.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) file: PathBuf,
    /// In bytes.
    pub(crate) length: u64,
    pub(crate) sha256: &'static str,
}

/// The verb.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    let pairs = pairs(workspace, options.dir.as_deref(), &[options.set], "")?;
    for Pair { label, old, new, .. } in &pairs {
        println!("{label:<44} {:>12} {:>12}", old.length, new.length);
    }
    Ok(true)
}

/// The pairs of these sets whose label contains `only`, fetched where they are not there yet, and checked.
pub(crate) fn pairs(
    workspace: &Workspace,
    dir: Option<&Path>,
    sets: &[Set],
    only: &str,
) -> Result<Vec<Pair>> {
    let dir = match dir {
        Some(dir) => dir.to_path_buf(),
        None => default_folder()?,
    };
    let mut found = Vec::new();
    for (program, old, new, set) in PROGRAMS.iter().flat_map(pairs_of) {
        let label = format!("{}:{}-{}", program.name, old.version, new.version);
        let wanted = sets.contains(&set) || sets.contains(&Set::All);
        if wanted && label.contains(only) {
            let (old, new) =
                (present(workspace, program, old, &dir)?, present(workspace, program, new, &dir)?);
            found.push(Pair { label, language: program.language, set, old, new });
        }
    }
    if found.is_empty() {
        bail!("no pair's name contains `{only}`");
    }
    Ok(found)
}

/// Which pairs a program gives.
fn pairs_of(program: &Program) -> Vec<(&Program, &Release, &Release, Set)> {
    match program.releases {
        [old, new] if program.held_out => vec![(program, old, new, Set::HeldOut)],
        [far, old, new] => vec![(program, old, new, Set::Adjacent), (program, far, new, Set::Far)],
        _ => Vec::new(),
    }
}

fn default_folder() -> Result<PathBuf> {
    let folders = directories::BaseDirs::new().context("you have no home, and so no cache: say --dir")?;
    Ok(folders.cache_dir().join("autoupdate/corpus"))
}

/// The file of a release, fetched if it is not there.
fn present(workspace: &Workspace, program: &Program, release: &Release, dir: &Path) -> Result<Side> {
    let Release { version, length, sha256 } = *release;
    let folder = dir.join(program.name);
    let file = folder.join(format!("{version}.bin"));
    let new = !file.is_file();
    if new {
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        println!("fetching {} {version} for {}", program.registry, program.name);
        let python = python::interpreter(workspace)?;
        registry::fetch(&program.registry, version, python.as_deref(), &file)?;
    }
    if let Err(error) = check(&file, release) {
        // What came just now is not kept: the next run would take it for a file that somebody put there.
        if new {
            fs::remove_file(&file)?;
        }
        return Err(error.context(format!("{} {version}", program.registry)));
    }
    Ok(Side { file, length, sha256 })
}

fn check(file: &Path, release: &Release) -> Result<()> {
    let length = fs::metadata(file).with_context(|| file.display().to_string())?.len();
    if length != release.length {
        bail!("{} has {length} bytes, expected are {}", file.display(), release.length);
    }
    let found = sha256::of_file(file)?;
    if found != release.sha256 {
        bail!("{} has SHA-256 {found}, expected is {}", file.display(), release.sha256);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_program_gives_pairs_and_has_a_folder_of_its_own() {
        let names: BTreeSet<&str> = PROGRAMS.iter().map(|program| program.name).collect();
        assert_eq!(names.len(), PROGRAMS.len());
        for program in PROGRAMS {
            let sets: Vec<Set> = pairs_of(program).into_iter().map(|pair| pair.3).collect();
            let expected: &[Set] =
                if program.held_out { &[Set::HeldOut] } else { &[Set::Adjacent, Set::Far] };
            assert_eq!(sets, expected, "{}", program.name);
        }
    }

    #[test]
    fn digests_are_written_in_full_and_once() {
        let digests: BTreeSet<&str> =
            PROGRAMS.iter().flat_map(|program| program.releases).map(|release| release.sha256).collect();
        assert!(
            digests.iter().all(|digest| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()))
        );
        assert_eq!(digests.len(), PROGRAMS.iter().map(|program| program.releases.len()).sum::<usize>());
    }

    #[test]
    fn a_changed_package_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("1.bin");
        fs::write(&file, "abc").unwrap();
        // FIPS 180-4's own example.
        const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let release = |length, sha256| Release { version: "1", length, sha256 };
        assert!(check(&file, &release(3, ABC)).is_ok());
        assert!(check(&file, &release(4, ABC)).unwrap_err().to_string().contains("3 bytes"));
        fs::write(&file, "abd").unwrap();
        assert!(check(&file, &release(3, ABC)).unwrap_err().to_string().contains("SHA-256"));
    }
}
