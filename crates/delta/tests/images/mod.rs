//! Small programs in two releases each, put together here byte by byte, the same everywhere and for ever: for patches
//! that are kept and must apply for ever. They have every kind of reference that is known. None of them could run.

#![allow(dead_code, unreachable_pub, missing_docs)]

mod code;
mod elf;
mod go;
mod macho;
mod pe;

pub use code::Machine;

/// Which of the two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    First,
    Next,
}

/// A program in two releases.
#[derive(Debug, Clone)]
pub struct Image {
    pub name: &'static str,
    pub base: Vec<u8>,
    pub artifact: Vec<u8>,
}

/// All of them.
pub fn images() -> Vec<Image> {
    let image = |name, build: &dyn Fn(Release) -> Vec<u8>| Image {
        name,
        base: build(Release::First),
        artifact: build(Release::Next),
    };
    vec![
        image("elf-x86_64", &|release| elf::build(Machine::X86, release)),
        image("elf-aarch64", &|release| elf::build(Machine::Arm, release)),
        image("pe-x86_64", &pe::build),
        image("macho-arm64", &|release| macho::build(release, 12)),
        image("go-elf-x86_64", &go::build),
    ]
}

/// A signed program for macOS with pages of this size, as a logarithm.
pub fn signed(release: Release, page: u8) -> Vec<u8> {
    macho::build(release, page)
}

/// Bytes that grow.
#[derive(Debug, Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    pub fn at(&self) -> u64 {
        self.0.len() as u64
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    pub fn u16(&mut self, numbers: &[u64]) -> &mut Self {
        numbers.iter().for_each(|number| self.0.extend((*number as u16).to_le_bytes()));
        self
    }

    pub fn u32(&mut self, numbers: &[u64]) -> &mut Self {
        numbers.iter().for_each(|number| self.0.extend((*number as u32).to_le_bytes()));
        self
    }

    pub fn u64(&mut self, numbers: &[u64]) -> &mut Self {
        numbers.iter().for_each(|number| self.0.extend(number.to_le_bytes()));
        self
    }

    /// A name in a field of so many bytes.
    pub fn name(&mut self, name: &str, length: usize) -> &mut Self {
        self.0.extend(name.bytes().chain(std::iter::repeat(0)).take(length));
        self
    }

    pub fn align(&mut self, to: usize) -> &mut Self {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
        self
    }
}
