//! How a patch is made.

use std::num::NonZeroUsize;

/// How much work goes into a patch of `rt1`; the other formats know one level. Every level gives a patch that every client of the format applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Little work: for people who wait.
    Fast,
    /// What a server makes.
    #[default]
    Default,
    /// Whatever makes the patch smaller.
    Best,
}

/// What a maker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Looking for what the artifact has in common with the base; done once or several times.
    Match,
    /// Writing the patch.
    Write,
    /// Applying the finished patch, to be sure of it.
    Prove,
}

/// How far a maker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// How many bytes of the artifact are done in this phase.
    pub done: u64,
    /// How many bytes the phase has.
    pub total: u64,
}

/// How a patch is made.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How much work goes into it.
    pub level: Level,
    /// How many threads may work.
    pub threads: NonZeroUsize,
    /// The most memory that making may take beside the two files, in bytes; about seven times the length of the
    /// larger file is enough for the best patch. With less, files are matched piece by piece.
    pub memory: u64,
    /// Is told how far the work is, from any of the threads.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

impl Default for Options<'_> {
    /// The default level, one thread, 2 GiB, nobody told.
    fn default() -> Self {
        Self { level: Level::default(), threads: NonZeroUsize::MIN, memory: 2 << 30, progress: &|_| () }
    }
}
