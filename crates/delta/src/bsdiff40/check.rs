//! Looks for what breaks old readers of `bsdiff40`. The one in deployed Lantern clients (kr/binarydist) believes the lengths in
//! the header and ends the whole program at a negative or excessive count, where others only refuse.

use std::io::Read;

use super::apply::{Kept, empty_steps, step};
use super::bzip::Unpacker;
use super::{Header, MAGIC, from_sign_magnitude};
use crate::Error;
use crate::input::Input;

/// See [`crate::check_bsdiff40`].
pub(crate) fn check(patch: &mut dyn Read, artifact: u64) -> Result<(), Error> {
    let mut input = Input::new(patch);
    if &input.array()? != MAGIC {
        return Err(Error::NoPatch);
    }
    let header = Header::read_after_magic(&mut input)?;
    if header.artifact != artifact {
        return Err(Error::OtherArtifact { expected_length: artifact, found_length: header.artifact });
    }
    let mut control = Unpacker::new(Kept::read(&mut input, header.control)?);
    // That the second block is as long as the header claims; a piece at a time.
    let mut left = header.difference;
    while left > 0 {
        let mut piece = [0; 4096];
        let length = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
        input.fill(piece.get_mut(..length).unwrap_or_default())?;
        left -= length as u64;
    }
    let (mut given, mut position, mut empty_steps_left) = (0u64, 0i64, empty_steps(artifact));
    while given < artifact {
        let [add, copy, seek] = step(&mut control, &mut empty_steps_left)?;
        let more = add.checked_add(copy).and_then(|count| given.checked_add(count));
        given =
            more.filter(|given| *given <= artifact).ok_or(Error::Malformed("counts beyond the artifact"))?;
        let after = position.checked_add_unsigned(add);
        let after = after.and_then(|position| position.checked_add(from_sign_magnitude(seek)));
        position =
            after.filter(|position| *position >= 0).ok_or(Error::Malformed("a position before the base"))?;
    }
    control.end()
}

#[cfg(test)]
mod tests {
    use super::super::{bzip, make, sign_magnitude};
    use super::*;
    use crate::Options;

    /// A patch with these triples and lengths of its blocks.
    fn patch(triples: &[[i64; 3]], artifact: i64, lengths: Option<[i64; 2]>) -> Vec<u8> {
        let control: Vec<u8> = triples.iter().flatten().flat_map(|number| sign_magnitude(*number)).collect();
        let [control, other] = [control, vec![1; 10]].map(|block| bzip::pack(&block).unwrap());
        let real = [control.len(), other.len()].map(|length| i64::try_from(length).unwrap());
        let [first, second] = lengths.unwrap_or(real);
        let head: Vec<u8> = [first, second, artifact].into_iter().flat_map(sign_magnitude).collect();
        [&MAGIC[..], &head, &control, &other, &other].concat()
    }

    fn takes(patch: &[u8], artifact: u64) -> bool {
        check(&mut &*patch, artifact).is_ok()
    }

    #[test]
    fn what_breaks_old_readers_is_found() {
        for (triples, artifact, lengths, good) in [
            (&[[0, 0, 100], [10, 10, -110]][..], 20, None, true),
            (&[[10, 10, -10]], 20, None, true),
            (&[], 0, None, true),
            (&[[10, 10, -11]], 20, None, false),
            (&[[0, 0, -1], [10, 10, 0]], 20, None, false),
            (&[[10, 9, 0]], 20, None, false),
            (&[[10, 11, 0]], 20, None, false),
            (&[[-5, 25, 0]], 20, None, false),
            (&[[25, -5, 0]], 20, None, false),
            (&[[1, 0, 0], [i64::MAX, 0, 0]], 20, None, false),
            (&[[10, 10, 0], [0, 0, 0]], 20, None, false),
            (&[[0, 0, i64::MAX], [10, 10, 0]], 20, None, false),
            (&[[10, 10, 0]], 1 << 47, None, false),
            (&[[10, 10, 0]], -20, None, false),
            (&[[10, 10, 0]], 20, Some([-1, 10]), false),
            (&[[10, 10, 0]], 20, Some([1 << 62, 10]), false),
            (&[[10, 10, 0]], 20, Some([40, 1 << 36]), false),
        ] {
            let expected = u64::try_from(artifact).unwrap_or(20).min(20);
            assert_eq!(
                takes(&patch(triples, artifact, lengths), expected),
                good,
                "{triples:?} {artifact} {lengths:?}"
            );
        }
        let mut endless = vec![[0, 0, 0]; 10_000];
        endless.push([10, 10, 0]);
        assert!(!takes(&patch(&endless, 20, None), 20));
        let good = patch(&[[10, 10, 0]], 20, None);
        assert!(!takes(&good, 21) && !takes(b"", 20) && !takes(&good[..31], 20));
        assert!(!takes(&[b"BSDIFF41", &good[8..]].concat(), 20));
    }

    #[test]
    fn what_we_make_breaks_nobody() {
        let text: Vec<u8> = (0..40_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let moved = [&text[20_000..], &text[..20_000], b"more"].concat();
        let files = [&[][..], b"a", &text, &moved, &text[9_000..]];
        for (base, artifact) in files.iter().flat_map(|base| files.map(|artifact| (*base, artifact))) {
            let patch = make(base, artifact, &Options::default()).unwrap();
            assert!(takes(&patch, artifact.len() as u64), "{} → {}", base.len(), artifact.len());
        }
    }
}
