//! Which programs are enrolled: the files in `apps.d` of the administrator and of the person.
//!
//! - One bad file never hides the others: it becomes a [`Problem`] with file, line and key.
//! - The administrator's files must belong to the administrator, a person's to that person, and nobody else may be able to
//!   write them: whoever can write an enrolment decides whose signature counts.
//! - A person's file may only name a program that belongs to that person, and never an id that the administrator
//!   has enrolled.
//! - Bounded: so many files per folder, so many bytes per file.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use protocol::{AppId, Enrolment, EnrolmentError};

use crate::store::Folders;
use crate::view::{Owner, Problem};

/// Files per folder; further ones are told as one problem. Nobody enrols this many programs by hand.
const MAX_FILES: usize = 256;
/// Bytes per file; the parser has the same limit.
const MAX_BYTES: u64 = 64 << 10;

/// An enrolled program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Its enrolment.
    pub enrolment: Enrolment,
    /// Whose it is.
    pub owner: Owner,
    /// The file it stands in; relative paths in it are beside this file.
    pub file: PathBuf,
}

/// All enrolled programs, and what could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrolments {
    /// The programs, the administrator's first, each group ordered by file name.
    pub apps: Vec<Enrolled>,
    /// What cannot be used.
    pub problems: Vec<Problem>,
}

impl Enrolments {
    /// The program with this id.
    #[must_use]
    pub fn app(&self, id: &AppId) -> Option<&Enrolled> {
        self.apps.iter().find(|app| &app.enrolment.id == id)
    }
}

/// Reads all enrolments. What cannot be read is told, not fatal.
#[must_use]
pub fn load(folders: &Folders) -> Enrolments {
    let mut all = Enrolments::default();
    read_folder(&folders.machine_apps(), Owner::Machine, &mut all);
    read_folder(&folders.user_apps(), Owner::User, &mut all);
    all
}

fn read_folder(folder: &Path, owner: Owner, all: &mut Enrolments) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return all.problems.push(problem(folder, None, None, error.to_string())),
    };
    let mut files: Vec<_> = (entries.filter_map(Result::ok).map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .take(MAX_FILES + 1)
        .collect();
    if files.len() > MAX_FILES {
        let text = format!("it holds more than {MAX_FILES} enrolments; the others are left out");
        all.problems.push(problem(folder, None, None, text));
        files.truncate(MAX_FILES);
    }
    files.sort();
    let mut seen: BTreeSet<AppId> = all.apps.iter().map(|app| app.enrolment.id.clone()).collect();
    for file in files {
        match read_file(&file, owner) {
            Ok(enrolment) if !seen.insert(enrolment.id.clone()) => {
                let text = format!("`{}` is enrolled already", enrolment.id);
                all.problems.push(problem(&file, None, Some("id"), text));
            }
            Ok(enrolment) => all.apps.push(Enrolled { enrolment, owner, file }),
            Err(problem) => all.problems.push(problem),
        }
    }
}

/// Reads one enrolment.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read_file(path: &Path, owner: Owner) -> Result<Enrolment, Problem> {
    let failed = |error: std::io::Error| problem(path, None, None, error.to_string());
    let mut file = fs::File::open(path).map_err(failed)?;
    ownership::check_file(&file, owner).map_err(|why| problem(path, None, None, why.to_owned()))?;
    let mut text = String::new();
    // One byte more than is allowed, so that the parser can say "too long".
    file.by_ref().take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    let machine_owned = owner == Owner::Machine;
    let enrolment = Enrolment::parse(&text, machine_owned).map_err(|error| {
        let (line, key) = match &error {
            EnrolmentError::TooLong => (None, None),
            EnrolmentError::Toml { line, .. } => (*line, None),
            EnrolmentError::Key { line, key, .. } => (*line, Some(*key)),
        };
        problem(path, line, key, error.to_string())
    })?;
    if owner == Owner::User {
        ownership::check_program(&enrolment.path).map_err(|why| {
            problem(path, None, Some("path"), format!("{}: {why}", enrolment.path.display()))
        })?;
    }
    Ok(enrolment)
}

fn problem(file: &Path, line: Option<u32>, key: Option<&str>, text: String) -> Problem {
    Problem { file: file.display().to_string(), line, key: key.map(ToOwned::to_owned), text }
}

#[cfg(unix)]
mod ownership {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use crate::view::Owner;

    /// Whether nobody but `owner` can have written the file.
    pub(super) fn check_file(file: &fs::File, owner: Owner) -> Result<(), &'static str> {
        let metadata = file.metadata().map_err(|_| "it cannot be looked at")?;
        if !metadata.is_file() {
            return Err("it is no plain file");
        }
        let uid = metadata.uid();
        match owner {
            Owner::Machine if uid != 0 => return Err("it must belong to root"),
            Owner::User | Owner::Program if uid != 0 && uid != own_uid() => {
                return Err("it must belong to you");
            }
            Owner::Machine | Owner::User | Owner::Program => {}
        }
        if metadata.mode() & 0o022 != 0 { Err("only its owner may be allowed to write it") } else { Ok(()) }
    }

    /// Whether the program that a person's enrolment names belongs to that person.
    pub(super) fn check_program(path: &Path) -> Result<(), &'static str> {
        let metadata = fs::metadata(path).map_err(|_| "there is no such file")?;
        if !metadata.is_file() {
            return Err("it is no plain file");
        }
        if metadata.uid() == own_uid() { Ok(()) } else { Err("the program must belong to you") }
    }

    fn own_uid() -> u32 {
        rustix::process::geteuid().as_raw()
    }
}

#[cfg(not(unix))]
mod ownership {
    use std::fs;
    use std::path::Path;

    use crate::view::Owner;

    /// Here the folder's access list says who may write; only the kind of file is checked.
    pub(super) fn check_file(file: &fs::File, _owner: Owner) -> Result<(), &'static str> {
        let metadata = file.metadata().map_err(|_| "it cannot be looked at")?;
        if metadata.is_file() { Ok(()) } else { Err("it is no plain file") }
    }

    /// See [`check_file`].
    pub(super) fn check_program(path: &Path) -> Result<(), &'static str> {
        if path.is_file() { Ok(()) } else { Err("there is no such file") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn enrol(folder: &Path, file: &str, id: &str, program: &Path) {
        fs::create_dir_all(folder).unwrap();
        let text = format!(
            "id = {id:?}\nname = {id:?}\npath = {program:?}\nsources = [\"https://x.org\"]\n\
             root = {{ file = \"root.json\", sha256 = \"{ROOT}\" }}\n"
        );
        fs::write(folder.join(file), text).unwrap();
    }

    fn world() -> (tempfile::TempDir, Folders, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let program = folder.path().join("program");
        fs::write(&program, "x").unwrap();
        (folder, folders, program)
    }

    #[test]
    fn one_bad_file_does_not_hide_the_others() {
        let (_guard, folders, program) = world();
        let apps = folders.user_apps();
        enrol(&apps, "b.toml", "beta", &program);
        enrol(&apps, "a.toml", "alpha", &program);
        fs::write(apps.join("broken.toml"), "id = \"x\"\nname = 7\n").unwrap();
        fs::write(apps.join("ignored.txt"), "?").unwrap();
        fs::write(apps.join("bytes.toml"), b"\xff\xfe").unwrap();
        enrol(&apps, "gone.toml", "gone", &folders.state);
        enrol(&apps, "twice.toml", "alpha", &program);
        let all = load(&folders);
        let ids: Vec<_> = all.apps.iter().map(|app| app.enrolment.id.as_str()).collect();
        assert_eq!(ids, ["alpha", "beta"]);
        let problems: Vec<_> = (all.problems.iter())
            .map(|problem| {
                let file = problem.file.rsplit(std::path::is_separator).next().unwrap();
                (file, problem.line, problem.key.as_deref())
            })
            .collect();
        assert_eq!(
            problems,
            [
                ("broken.toml", Some(2), None),
                ("bytes.toml", None, None),
                ("gone.toml", None, Some("path")),
                ("twice.toml", None, Some("id"))
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn who_can_write_an_enrolment_matters() {
        use std::os::unix::fs::PermissionsExt;
        let (_guard, folders, program) = world();
        enrol(&folders.user_apps(), "a.toml", "alpha", &program);
        let file = folders.user_apps().join("a.toml");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let all = load(&folders);
        assert!(all.apps.is_empty() && all.problems[0].text.contains("only its owner"), "{all:?}");
        // The administrator's folder: what does not belong to root is not the administrator's.
        enrol(&folders.machine_apps(), "m.toml", "machine", &program);
        let all = load(&folders);
        let root = rustix::process::geteuid().is_root();
        assert_eq!(all.app(&AppId::parse("machine").unwrap()).is_some(), root, "{all:?}");
    }

    #[test]
    fn what_was_enrolled_first_is_never_shadowed() {
        let (_guard, folders, program) = world();
        enrol(&folders.machine_apps(), "m.toml", "alpha", &program);
        enrol(&folders.user_apps(), "a.toml", "alpha", &program);
        let mut all = Enrolments::default();
        // Both read as the person's, so that this does not need root; the order is that of `load`.
        read_folder(&folders.machine_apps(), Owner::User, &mut all);
        read_folder(&folders.user_apps(), Owner::User, &mut all);
        assert_eq!(all.apps.len(), 1);
        assert!(all.apps[0].file.starts_with(folders.machine_apps()));
        assert_eq!(all.problems[0].key.as_deref(), Some("id"));
    }

    #[test]
    fn no_folder_is_no_problem() {
        let (_guard, folders, _) = world();
        assert_eq!(load(&folders), Enrolments::default());
    }
}
