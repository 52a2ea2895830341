//! Everything that installing can fail with. Each text names the file and the remedy; people see it as it is.

use std::io;
use std::path::{Path, PathBuf};

use protocol::Digest;

use super::holder::Holder;
use super::keeper::Keeper;
use crate::error::{Actor, Fault, Phase};

/// A failure of the install room. The program is whole whenever one of these is returned: old or new, never between.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path leads to nothing.
    #[error("{path} does not exist; install the program again, or correct the path in its enrolment")]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// The path leads to a folder, a device or something else that is no plain file.
    #[error("{path} is no plain file; the enrolment must name the program's executable itself")]
    NotAFile {
        /// The resolved path.
        path: PathBuf,
    },
    /// The path is not absolute or has no file name.
    #[error("{path} is no absolute path of a file; write the whole path")]
    NotAbsolute {
        /// The path as given.
        path: PathBuf,
    },
    /// A symbolic link on the way belongs to somebody who could point it elsewhere.
    #[error(
        "the link {link} belongs to user {owner}, who could point it elsewhere; name the real path of the program"
    )]
    ForeignLink {
        /// The link.
        link: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// Links lead to links without an end.
    #[error("{path} leads through too many symbolic links; name the real path of the program")]
    LinkLoop {
        /// The path as given.
        path: PathBuf,
    },
    /// The program's folder belongs to somebody who could replace anything in it.
    #[error("the folder {path} belongs to user {owner}; run the update as that user, or move the program")]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// Everybody may replace files in the program's folder.
    #[error("everybody may write to the folder {path}; take that right away (chmod o-w) or move the program")]
    OpenFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The program belongs to another user.
    #[error("{path} belongs to user {owner}; run the update as that user or as the administrator")]
    NotOurs {
        /// The program.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
    /// The program runs with its owner's rights.
    #[error(
        "{path} is set-user-id or set-group-id; such a program is updated only where its administrator's enrolment \
         says `rights = \"keep\"`"
    )]
    SetId {
        /// The program.
        path: PathBuf,
    },
    /// The program carries file capabilities.
    #[error(
        "{path} has file capabilities; such a program is updated only where its administrator's enrolment says \
         `rights = \"keep\"`"
    )]
    Capabilities {
        /// The program.
        path: PathBuf,
    },
    /// Somebody else keeps the program up to date, or keeps us from doing it.
    #[error("{path} {by}")]
    Kept {
        /// The program.
        path: PathBuf,
        /// Who.
        by: Keeper,
    },
    /// The program or its folder is marked immutable or append-only.
    #[error("{path} is marked immutable; take the mark away (chattr -i -a) to allow updates")]
    Immutable {
        /// The program or its folder.
        path: PathBuf,
    },
    /// The file system is mounted read-only.
    #[error("the file system of {path} is read-only; mount it writable to allow updates")]
    ReadOnly {
        /// A path on that file system.
        path: PathBuf,
    },
    /// The program's folder may not be written by this user.
    #[error("there is no permission to write to {path}; run the update as a user who may")]
    NoPermission {
        /// The folder.
        path: PathBuf,
    },
    /// The program is a mount point or its private folder is on another file system, so nothing can be moved over it.
    #[error("{path} is mounted from another file system than its folder; update it where it comes from")]
    Mounted {
        /// The program or the private folder.
        path: PathBuf,
    },
    /// The private folder is a link, a file, foreign or open to others.
    #[error("{path} is not a private folder of ours ({why}); look at it, then remove it")]
    UnsafePrivate {
        /// The private folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file in the private folder is not what we put there.
    #[error("{path} is not as it was left ({why}); the next start of the updater removes it")]
    UnsafeFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another process updates this program now.
    #[error("another updater is at work on {path}{}; wait until it is done", Holder::words(holder.as_ref()))]
    Locked {
        /// The program.
        path: PathBuf,
        /// Who it is, where that can be told.
        holder: Option<Holder>,
    },
    /// A file of ours was written by a newer version of this software.
    #[error("{path} was written by a newer version (format {format}); update this software")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format it has.
        format: u32,
    },
    /// Not enough free space.
    #[error("{path} needs {needed} bytes of free space and has {available}; free some space")]
    NoSpace {
        /// A path on that file system.
        path: PathBuf,
        /// Bytes needed, margin included.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// No free inodes.
    #[error("the file system of {path} cannot hold more files (no free inodes); remove some files")]
    NoInodes {
        /// A path on that file system.
        path: PathBuf,
    },
    /// More bytes came than were signed.
    #[error("more than the signed {limit} bytes came; the bytes were thrown away")]
    TooLong {
        /// The signed length in bytes.
        limit: u64,
    },
    /// The staged bytes are too few.
    #[error("{actual} bytes came instead of the signed {expected}; the bytes were thrown away")]
    WrongLength {
        /// The signed length in bytes.
        expected: u64,
        /// The length there was.
        actual: u64,
    },
    /// The bytes are not the signed ones.
    #[error("the bytes have SHA-256 {actual} instead of the signed {expected}; they were thrown away")]
    WrongHash {
        /// The signed digest.
        expected: Digest,
        /// The digest there was.
        actual: Digest,
    },
    /// An attribute of the program cannot be given to the new bytes.
    #[error(
        "{attribute} of {path} cannot be kept: {source}; run the update as the owner or the administrator"
    )]
    Attribute {
        /// The program.
        path: PathBuf,
        /// What cannot be kept: `mode`, `owner` or the name of an extended attribute.
        attribute: String,
        /// Why.
        source: io::Error,
    },
    /// There is nothing staged to put in place.
    #[error("no verified new version is staged for {path}; check for updates first")]
    NoStage {
        /// The program.
        path: PathBuf,
    },
    /// The program on disk is not the one that was looked at before.
    #[error("{path} was changed by somebody else meanwhile; check for updates again")]
    Changed {
        /// The program.
        path: PathBuf,
    },
    /// The path leads into another folder than before.
    #[error("{path} was moved or replaced meanwhile; check for updates again")]
    Moved {
        /// The program's folder.
        path: PathBuf,
    },
    /// Something else than the stage came to be in place; the old bytes were put back.
    #[error(
        "while {path} was being replaced, somebody else changed it; the old version was put back, try again"
    )]
    Raced {
        /// The program.
        path: PathBuf,
    },
    /// Another version still has to prove that it lives, or is being undone.
    #[error("the last update of {path} is not finished; wait for the end of its probation")]
    Unfinished {
        /// The program.
        path: PathBuf,
    },
    /// There is no fresh version on probation.
    #[error("no fresh version of {path} is on probation")]
    NotInProbation {
        /// The program.
        path: PathBuf,
    },
    /// No previous version is kept.
    #[error("no previous version of {path} is kept; install the version you want by hand")]
    NoPrevious {
        /// The program.
        path: PathBuf,
    },
    /// The kept previous version is not what it was.
    #[error("the kept previous version of {path} is damaged; install the version you want by hand")]
    PreviousDamaged {
        /// The program.
        path: PathBuf,
    },
    /// The disk did not confirm that bytes are stored. Never tried again: what it holds is unknown.
    #[error("the disk failed to store {path}: {source}; check the disk, then try again")]
    Sync {
        /// The step.
        phase: Phase,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another call to the operating system failed.
    #[error("could not {doing} {path}: {source}")]
    Io {
        /// The step.
        phase: Phase,
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// What this means to people.
    #[must_use]
    pub fn fault(&self) -> Fault {
        use Actor::{Bug, Machine, Repository};
        match self {
            Self::Missing { .. } => Fault::lasting("E-FILE-MISSING", Phase::Preflight, Machine),
            Self::NotAFile { .. } => Fault::lasting("E-FILE-KIND", Phase::Preflight, Machine),
            Self::NotAbsolute { .. } => Fault::lasting("E-FILE-PATH", Phase::Preflight, Machine),
            Self::ForeignLink { .. } | Self::LinkLoop { .. } => {
                Fault::lasting("E-FILE-LINK", Phase::Preflight, Machine)
            }
            Self::ForeignFolder { .. } | Self::OpenFolder { .. } => {
                Fault::lasting("E-FILE-FOLDER", Phase::Preflight, Machine)
            }
            Self::NotOurs { .. } => Fault::lasting("E-FILE-OWNER", Phase::Preflight, Machine),
            Self::SetId { .. } => Fault::lasting("E-FILE-SETID", Phase::Preflight, Machine),
            Self::Capabilities { .. } => Fault::lasting("E-FILE-CAPABILITIES", Phase::Preflight, Machine),
            Self::Kept { by: Keeper::Share(_), .. } => {
                Fault::lasting("E-FILE-SHARED", Phase::Preflight, Machine)
            }
            Self::Kept { .. } => Fault::lasting("E-FILE-PACKAGED", Phase::Preflight, Machine),
            Self::Immutable { .. } => Fault::lasting("E-FILE-IMMUTABLE", Phase::Preflight, Machine),
            Self::ReadOnly { .. } => Fault::lasting("E-DISK-READ-ONLY", Phase::Preflight, Machine),
            Self::NoPermission { .. } => Fault::lasting("E-FILE-PERMISSION", Phase::Preflight, Machine),
            Self::Mounted { .. } => Fault::lasting("E-FILE-MOUNTED", Phase::Preflight, Machine),
            Self::UnsafePrivate { .. } => Fault::lasting("E-FILE-PRIVATE", Phase::Preflight, Machine),
            Self::UnsafeFile { .. } => Fault::passing("E-FILE-STAGE", Phase::Activate, Machine),
            Self::Locked { .. } => Fault::passing("E-LOCK-HELD", Phase::Preflight, Machine),
            Self::Newer { .. } => Fault::lasting("E-STATE-NEWER", Phase::Setup, Machine),
            Self::NoSpace { .. } => Fault::passing("E-DISK-FULL", Phase::Preflight, Machine),
            Self::NoInodes { .. } => Fault::passing("E-DISK-INODES", Phase::Preflight, Machine),
            Self::TooLong { .. } | Self::WrongLength { .. } => {
                Fault::passing("E-FILE-LENGTH", Phase::Verify, Repository)
            }
            Self::WrongHash { .. } => Fault::passing("E-FILE-HASH", Phase::Verify, Repository),
            Self::Attribute { .. } => Fault::lasting("E-FILE-ATTRIBUTE", Phase::Stage, Machine),
            Self::NoStage { .. } => Fault::lasting("E-STATE-NO-STAGE", Phase::Activate, Bug),
            Self::Changed { .. } => Fault::passing("E-FILE-CHANGED", Phase::Activate, Machine),
            Self::Moved { .. } => Fault::passing("E-FILE-MOVED", Phase::Activate, Machine),
            Self::Raced { .. } => Fault::passing("E-FILE-RACED", Phase::Activate, Machine),
            Self::Unfinished { .. } => Fault::passing("E-STATE-UNFINISHED", Phase::Probation, Machine),
            Self::NotInProbation { .. } => Fault::lasting("E-STATE-NO-PROBATION", Phase::Probation, Bug),
            Self::NoPrevious { .. } => Fault::lasting("E-STATE-NO-PREVIOUS", Phase::RollBack, Machine),
            Self::PreviousDamaged { .. } => {
                Fault::lasting("E-STATE-PREVIOUS-DAMAGED", Phase::RollBack, Machine)
            }
            Self::Sync { phase, .. } => Fault::lasting("E-DISK-SYNC", *phase, Machine),
            Self::Io { phase, source, .. } => system(*phase, source),
        }
    }

    /// The install error that a [`super::StageWriter`] gave as an I/O error, or `error` as a failure to write the stage.
    /// For code that writes through other people's `io::Write` adapters and wants the cause back.
    #[must_use]
    pub fn of_write(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => Self::Io {
                phase: Phase::Stage,
                doing: "write the new version of",
                path: PathBuf::new(),
                source,
            },
        }
    }
}

/// What a failed call to the operating system means.
fn system(phase: Phase, source: &io::Error) -> Fault {
    use io::ErrorKind as Kind;
    match source.kind() {
        Kind::StorageFull => Fault::passing("E-DISK-FULL", phase, Actor::Machine),
        Kind::QuotaExceeded => Fault::passing("E-DISK-QUOTA", phase, Actor::Machine),
        Kind::ReadOnlyFilesystem => Fault::lasting("E-DISK-READ-ONLY", phase, Actor::Machine),
        Kind::PermissionDenied => Fault::lasting("E-FILE-PERMISSION", phase, Actor::Machine),
        Kind::ExecutableFileBusy | Kind::ResourceBusy => Fault::passing("E-FILE-BUSY", phase, Actor::Machine),
        Kind::NotFound => Fault::passing("E-FILE-CHANGED", phase, Actor::Machine),
        _ => Fault::passing("E-DISK-IO", phase, Actor::Machine),
    }
}

/// Says what was being done when a call to the operating system failed.
pub(super) trait During<T> {
    /// `doing` is a verb phrase that continues "could not …", followed by the path.
    fn during(self, phase: Phase, doing: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, phase: Phase, doing: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|error| Error::Io { phase, doing, path: path.to_owned(), source: error.into() })
    }
}

/// Says which file or folder the disk failed to store.
pub(super) fn synced(done: io::Result<()>, phase: Phase, path: &Path) -> Result<(), Error> {
    done.map_err(|source| Error::Sync { phase, path: path.to_owned(), source })
}
