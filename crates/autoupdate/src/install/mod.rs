//! One program's place on disk: what is installed, what is staged, how new bytes get in and old bytes come back.
//!
//! Why it is shaped like this: the program must at every instant be byte-exact the old or byte-exact the signed new one,
//! whatever dies when. So every change is one `rename` between two folders whose descriptors are held, everything
//! before it only writes files nobody runs, and the journal says what is going on, so that the next start finishes or
//! undoes what a dead process left.
//!
//! The rules:
//! - synchronous and single-threaded; nothing here knows a network or an async runtime;
//! - after the path is resolved once, every file is reached relative to a held folder, and no link is followed;
//! - a failed fsync ends the attempt and is never tried again;
//! - the journal never claims more than the disk holds: it is written after what it says is stored, or before what it
//!   announces begins;
//! - bytes are hashed through the descriptor that is then put in place, never "the file of that name";
//! - what to do after a crash is decided by one pure function, in `recover.rs`.
//!
//! Beside the program `app` lies the private folder `.app.autoupdate` (0700):
//!
//! | file | what | when |
//! |---|---|---|
//! | `lock` | the operating system's lock; one updater per program | always |
//! | `record.json` | what is known about the program, see `record.rs` | once a version is known |
//! | `journal` | what is in progress, see `journal.rs` | while something is |
//! | `stage` | verified new bytes | until activated or thrown away |
//! | `keep` | the old bytes while the new ones are being put in place | during activation |
//! | `previous` | the old bytes, for a roll back | after activation; one only |

mod activate;
mod error;
#[cfg(unix)]
mod executable;
mod folder;
mod ground;
mod holder;
mod journal;
mod journal_file;
mod keeper;
mod place;
mod preflight;
pub mod probation;
mod record;
mod recover;
mod resolve;
mod roll_back;
mod stage;
mod supervise;
mod trial;

pub use error::Error;
pub use holder::Holder;
pub use journal::{Probation, RollBackReason, Staged};
pub use keeper::Keeper;
pub use place::{Glance, Installed, Place, Recorded, Recovered};
pub use preflight::{Need, free_bytes, owner_name};
pub use record::Kept;
pub(crate) use resolve::previous_path;
pub use roll_back::{Committed, RolledBack};
pub use stage::StageWriter;
pub use supervise::{MAX_STARTS, Start, confirm};
pub(crate) use trial::Trial;

#[cfg(test)]
mod tests;
