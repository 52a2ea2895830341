//! (being built)

/// An object that was fetched, for reports and tests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FetchedObject {
    /// Its name below `/apps/{app}/`.
    pub name: String,
    /// Bytes that came over the wire.
    pub bytes: u64,
}
