use super::*;
use std::path::Path;
/// a
#[derive(Debug, Clone)]
pub struct Spool {}
impl Spool {
    /// a
    pub fn open(folder: &Path) -> Result<Self, Error> {
        todo!()
    }
}
/// a
#[derive(Debug)]
pub struct SpoolFile {}
/// a
#[derive(Debug)]
pub struct Follow {}
