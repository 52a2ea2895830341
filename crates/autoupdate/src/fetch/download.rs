/// a
#[derive(Debug)]
pub struct Download {}
/// a
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// a
    Exactly(u64),
    /// a
    AtMost(u64),
}
/// a
#[derive(Debug)]
pub struct Received {}
