//! Executables to publish: real enough to be started, small enough for hundreds of updates.

/// A program that prints its version for `--version` and exits 0 for everything else, with a body of 96 KiB that
/// differs from version to version in a few places, as builds of one source do.
#[must_use]
pub fn program(version: &str) -> Vec<u8> {
    let mut bytes =
        format!("#!/bin/sh\nif [ \"$1\" = --version ]; then echo {version}; fi\nexit 0\n").into_bytes();
    let mut noise = Noise::new(0);
    for line in 0..1536_u32 {
        let word = noise.next();
        let own = if line % 97 == 0 { version } else { "-" };
        bytes.extend(
            format!("# {line:05} {word:016x} {:032x} {own}\n", u128::from(word) * u128::from(word)).bytes(),
        );
    }
    bytes
}

/// xorshift64 (Marsaglia 2003): the same numbers on every machine and in every run.
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// Numbers from a seed; any but 0 is another sequence.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next number. Not an iterator: it never ends.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
