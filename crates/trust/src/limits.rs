//! Every bound of this room, in one place.

/// Bounds, each with its unit and the attack it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Roots in one walk. An endless chain of roots would keep a client busy for ever.
    pub root_steps: u32,
    /// Bytes of a root.
    pub root_bytes: u64,
    /// Bytes of timestamp, the one file that is fetched without a signed length.
    pub timestamp_bytes: u64,
    /// Bytes of snapshot.
    pub snapshot_bytes: u64,
    /// Bytes of the top-level targets.
    pub targets_bytes: u64,
    /// Bytes of a delegated targets file.
    pub delegated_bytes: u64,
    /// Delegated roles in one file, and delegated files in one check. Stops delegation graphs that never end.
    pub delegations: usize,
    /// Levels of nested JSON. Stops a stack overflow.
    pub json_depth: usize,
    /// Keys in a root or in a delegation. Stops verification that costs minutes.
    pub keys: usize,
    /// Signatures on a file. As [`Self::keys`].
    pub signatures: usize,
    /// Roles in a root.
    pub roles: usize,
    /// Path patterns of one delegation.
    pub patterns: usize,
    /// Bytes of a path pattern, a role name or a key id.
    pub name_bytes: usize,
    /// The highest version of a file. Signed 64 bit, because other clients read versions into that.
    pub version: u64,
}

/// The bounds that hold.
pub const LIMITS: Limits = Limits {
    root_steps: 1024,
    root_bytes: 256 << 10,
    timestamp_bytes: 16 << 10,
    snapshot_bytes: 256 << 10,
    targets_bytes: 1 << 20,
    delegated_bytes: 1 << 20,
    delegations: 32,
    json_depth: 16,
    keys: 64,
    signatures: 64,
    roles: 16,
    patterns: 64,
    name_bytes: 256,
    version: i64::MAX as u64,
};

impl Limits {
    /// The limit in bytes of the metadata file of a role.
    pub(crate) fn bytes_of(&self, role: &str) -> u64 {
        match role {
            crate::ROOT => self.root_bytes,
            crate::TIMESTAMP => self.timestamp_bytes,
            crate::SNAPSHOT => self.snapshot_bytes,
            crate::TARGETS => self.targets_bytes,
            _ => self.delegated_bytes,
        }
    }
}
