//! Functions that call each other, jump, and look at texts and variables.

use super::{Bytes, Release};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    X86,
    Arm,
}

/// Functions of the first release.
const FUNCTIONS: u64 = 120;
/// Bytes of a text.
pub const TEXT: u64 = 24;
/// Bytes of a variable.
pub const VARIABLE: u64 = 16;

/// A part of a function.
#[derive(Debug, Clone)]
enum Part {
    /// Whatever it does.
    Work(Vec<u8>),
    /// A call of the function of this number.
    Call(u64),
    /// A jump to it, on a condition.
    Jump(u64),
    /// The address of a text.
    Text(u64),
    /// A variable is read.
    Read(u64),
    /// A constant is written to a variable.
    Write(u64),
}

/// The functions of a release, by number, and how they are laid out.
#[derive(Debug)]
pub struct Code {
    machine: Machine,
    release: Release,
    functions: Vec<(u64, Vec<Part>)>,
    /// Where each function starts, from the start of the code on; and where the last one ends.
    pub starts: Vec<u64>,
}

/// Where code, texts and variables are loaded.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    pub code: u64,
    pub texts: u64,
    pub variables: u64,
}

/// A number that looks random.
pub fn hash(number: u64) -> u64 {
    let hash = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
}

impl Code {
    pub fn new(machine: Machine, release: Release) -> Self {
        let numbers: Vec<u64> = (0..FUNCTIONS)
            .flat_map(|number| {
                let new = release == Release::Next && number % 17 == 4;
                [number].into_iter().chain(new.then_some(1000 + number))
            })
            .collect();
        let functions: Vec<_> =
            numbers.iter().map(|number| (*number, parts(machine, release, *number))).collect();
        let mut starts = vec![0];
        for (_, parts) in &functions {
            let length: u64 = parts.iter().map(|part| length(machine, part)).sum();
            starts.push((starts[starts.len() - 1] + length).next_multiple_of(16));
        }
        Self { machine, release, functions, starts }
    }

    /// How many functions there are.
    pub fn count(&self) -> usize {
        self.functions.len()
    }

    /// The bytes of the code.
    pub fn length(&self) -> u64 {
        self.starts[self.count()]
    }

    fn start_of(&self, number: u64) -> u64 {
        let at = self.functions.iter().position(|(known, _)| *known == number).unwrap_or(0);
        self.starts[at]
    }

    /// Texts, which are elsewhere in the next release; the last one ends with a zero, too.
    pub fn texts(&self) -> Vec<u8> {
        let mut bytes = if self.release == Release::Next {
            b"a new text of this release\0\0\0\0\0\0".to_vec()
        } else {
            Vec::new()
        };
        for number in 0..FUNCTIONS {
            bytes.extend(
                format!("{:<23}\0", format!("text {number} {:x}", hash(number))).bytes().take(TEXT as usize),
            );
        }
        bytes
    }

    fn text(&self, number: u64) -> u64 {
        let moved = if self.release == Release::Next { 32 } else { 0 };
        moved + number % FUNCTIONS * TEXT
    }

    /// How many bytes all variables have.
    pub fn variables(&self) -> u64 {
        FUNCTIONS * VARIABLE
    }

    /// The machine code.
    pub fn bytes(&self, places: Places) -> Vec<u8> {
        let mut bytes = Bytes::default();
        for ((_, parts), start) in self.functions.iter().zip(&self.starts) {
            let fill = if self.machine == Machine::X86 { &[0xcc][..] } else { &[0x1f, 0x20, 0x03, 0xd5] };
            while bytes.at() < *start {
                bytes.raw(fill);
            }
            for part in parts {
                let at = places.code + bytes.at();
                match self.machine {
                    Machine::X86 => self.x86(part, at, places, &mut bytes),
                    Machine::Arm => self.arm(part, at, places, &mut bytes),
                }
            }
        }
        bytes.0.resize(self.length() as usize, 0xcc);
        bytes.0
    }

    fn target(&self, part: &Part, places: Places) -> u64 {
        match part {
            Part::Work(_) => 0,
            Part::Call(number) | Part::Jump(number) => places.code + self.start_of(*number),
            Part::Text(number) => places.texts + self.text(*number),
            Part::Read(number) | Part::Write(number) => places.variables + number % FUNCTIONS * VARIABLE,
        }
    }

    fn x86(&self, part: &Part, at: u64, places: Places, bytes: &mut Bytes) {
        let target = self.target(part, places);
        let away = target.wrapping_sub(at + length(self.machine, part));
        match part {
            Part::Work(work) => bytes.raw(work),
            Part::Call(_) => bytes.raw(&[0xe8]).u32(&[away]),
            Part::Jump(_) => bytes.raw(&[0x0f, 0x84]).u32(&[away]),
            Part::Text(_) => bytes.raw(&[0x48, 0x8d, 0x3d]).u32(&[away]),
            Part::Read(_) => bytes.raw(&[0x48, 0x8b, 0x05]).u32(&[away]),
            Part::Write(number) => bytes.raw(&[0x90, 0xc7, 0x05]).u32(&[away, *number]),
        };
    }

    fn arm(&self, part: &Part, at: u64, places: Places, bytes: &mut Bytes) {
        let target = self.target(part, places);
        let words = target.wrapping_sub(at) >> 2;
        let pages = (target >> 12).wrapping_sub(at >> 12);
        let adrp = |register: u64| 0x9000_0000 | (pages & 3) << 29 | (pages >> 2 & 0x7_ffff) << 5 | register;
        match part {
            Part::Work(work) => bytes.raw(work),
            Part::Call(_) => bytes.u32(&[0x9400_0000 | words & 0x03ff_ffff]),
            Part::Jump(number) if number % 2 == 0 => bytes.u32(&[0x5400_0000 | (words & 0x7_ffff) << 5 | 1]),
            Part::Jump(_) => bytes.u32(&[0xb400_0000 | (words & 0x7_ffff) << 5 | 3]),
            Part::Text(_) => bytes.u32(&[adrp(0), 0x9100_0000 | (target & 0xfff) << 10]),
            // Loads of 8 bytes, stores of 4: what their offsets count.
            Part::Read(_) => bytes.u32(&[adrp(8), 0xf940_0000 | (target & 0xfff) >> 3 << 10 | 8 << 5 | 9]),
            Part::Write(_) => bytes.u32(&[adrp(10), 0xb900_0000 | (target & 0xfff) >> 2 << 10 | 10 << 5 | 9]),
        };
    }
}

fn length(machine: Machine, part: &Part) -> u64 {
    match (machine, part) {
        (_, Part::Work(work)) => work.len() as u64,
        (Machine::X86, Part::Call(_)) => 5,
        (Machine::X86, Part::Jump(_)) => 6,
        (Machine::X86, Part::Text(_) | Part::Read(_)) => 7,
        (Machine::X86, Part::Write(_)) => 11,
        (Machine::Arm, Part::Call(_) | Part::Jump(_)) => 4,
        (Machine::Arm, _) => 8,
    }
}

/// What a function consists of: mostly the same in both releases.
fn parts(machine: Machine, release: Release, number: u64) -> Vec<Part> {
    let changed = release == Release::Next && number % 23 == 7;
    let seed = hash(number) + u64::from(changed);
    let work = |salt: u64| {
        let count = 1 + hash(seed + salt) % 4;
        let word = |at: u64| match machine {
            // Additions and moves between registers.
            Machine::X86 => [
                0x48,
                [0x01, 0x89, 0x31][(hash(seed ^ at ^ salt) % 3) as usize],
                0xc0 | (hash(at + salt + seed) % 64) as u8,
                0x90,
            ],
            Machine::Arm => (0x8b00_0000 | (hash(seed + at + salt) % 0x2_0000) as u32).to_le_bytes(),
        };
        Part::Work((0..count).flat_map(word).collect())
    };
    let mut parts = vec![work(1)];
    for step in 0..3 + seed % 5 {
        let other = hash(seed + step) % FUNCTIONS;
        parts.push(match hash(seed * 7 + step) % 6 {
            0 | 1 => Part::Call(other),
            2 => Part::Jump(other),
            3 => Part::Text(number + step),
            4 => Part::Read(other),
            _ => Part::Write(other),
        });
        parts.push(work(step + 10));
    }
    parts.push(Part::Work(match machine {
        Machine::X86 => vec![0xc3],
        Machine::Arm => 0xd65f_03c0u32.to_le_bytes().to_vec(),
    }));
    parts
}
