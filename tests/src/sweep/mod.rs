//! Proofs by exhaustion: the installer, hit at every step by whatever may hit it.
//!
//! Everything that is hit is the program `install-step`, one thread that does one verb on a real place, so that the same
//! call is the same number in every run. What a hit may leave is said once, in [`Law`].
//!
//! - [`steps`] what `install-step` does, and what tests do in their own process to prepare and to go on;
//! - [`Scenario`] a state to begin with and a verb; [`Scene`] a folder in which one is played;
//! - [`Call`] one system call of a verb; [`Fault`] what strace makes of it;
//! - [`Law`] what must hold at any instant and after the next start;
//! - [`Snapshot`] a folder as a value: to begin there again, and to see that two states are the same;
//! - [`Disk`] a file system of its own, whose power can be cut; [`Narrow`] one that is full;
//! - [`Sweep`] many points by a few workers, counted, with one line at the end.

mod calls;
mod crew;
mod disk;
mod fault;
mod law;
mod narrow;
mod scene;
mod snapshot;
pub mod steps;
mod xfs_interval;

pub use calls::Call;
pub use crew::Sweep;
pub use disk::{Disk, Kind, Template, no_disks};
pub use fault::{Ended, Fault, around_the_exchange, there_is_strace};
pub use law::Law;
pub use narrow::{Narrow, Scarce};
pub use scene::{Scenario, Scene, fast_folder, is_root};
pub use snapshot::Snapshot;
pub use xfs_interval::XfsInterval;
