//! Writes `bsdiff40`, by the rules that every known reader accepts: one bzip2 stream per block, no negative
//! position in the base, no negative counts, counts that add up to the artifact.

use super::{MAGIC, bzip, sign_magnitude};
use crate::matching::{self, Costs};
use crate::steps::{self, Cursor, Step};
use crate::{Error, Options};

/// What bzip2 makes of triples and bytes, measured on releases of programs.
const COSTS: Costs =
    Costs { block: 512, seek: 5, gap: 64, literal: 72, difference: 144, next_difference: 96 };

/// The patch from `base` to `artifact`.
pub(crate) fn make(base: &[u8], artifact: &[u8], options: &Options<'_>) -> Result<Vec<u8>, Error> {
    let blocks = matching::blocks(base, artifact, &COSTS, options)?;
    write(&steps::of_blocks(&blocks, artifact.len()), base, artifact)
}

/// The patch that takes these steps.
pub(crate) fn write(steps: &[Step], base: &[u8], artifact: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut old, mut new) = (Cursor::new(base), Cursor::new(artifact));
    let (mut control, mut difference, mut extra) = (Vec::new(), Vec::new(), Vec::new());
    // In this format a step seeks after it gave its bytes: a first seek needs a triple of its own.
    if let Some(first) = steps.first().filter(|first| first.seek != 0) {
        triple(&mut control, 0, 0, first.seek)?;
    }
    let seeks = steps.iter().skip(1).map(|step| step.seek).chain([0]);
    for (step, seek_after) in steps.iter().zip(seeks) {
        triple(&mut control, step.add, step.copy, seek_after)?;
        old.seek(step.seek)?;
        let pairs = new.take(step.add)?.iter().zip(old.take(step.add)?);
        difference.extend(pairs.map(|(new, old)| new.wrapping_sub(*old)));
        extra.extend(new.take(step.copy)?);
    }
    let (control, difference, extra) = (bzip::pack(&control)?, bzip::pack(&difference)?, bzip::pack(&extra)?);
    let mut patch = MAGIC.to_vec();
    for length in [control.len(), difference.len(), artifact.len()] {
        patch.extend((length as u64).to_le_bytes());
    }
    Ok([patch, control, difference, extra].concat())
}

fn triple(control: &mut Vec<u8>, add: u64, copy: u64, seek: i64) -> Result<(), Error> {
    for count in [add, copy] {
        control
            .extend(sign_magnitude(i64::try_from(count).map_err(|_| Error::Malformed("a step too long"))?));
    }
    control.extend(sign_magnitude(seek));
    Ok(())
}
