//! Numbers of variable length: seven bits per byte, the lowest first, the top bit says that more follow (LEB128).
//! Signed numbers are folded first, so that small ones of either sign are short (zigzag).

use crate::Error;

/// The most bytes of one number.
pub(super) const MAX_BYTES: u32 = 10;

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

/// Takes a number off the front of `bytes`.
pub(super) fn take(bytes: &mut &[u8]) -> Result<u64, Error> {
    let mut number = 0;
    for shift in (0..MAX_BYTES).map(|byte| byte * 7) {
        let (first, rest) = bytes.split_first().ok_or(Error::Malformed("a step is cut short"))?;
        *bytes = rest;
        let bits = u64::from(first & 0x7f);
        // Bits that a shift would push out of 64 are an error, not lost.
        if (bits << shift) >> shift != bits {
            break;
        }
        number |= bits << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Error::Malformed("a number of more than 64 bits"))
}

pub(super) fn take_signed(bytes: &mut &[u8]) -> Result<i64, Error> {
    let folded = take(bytes)?;
    Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_they_were_written() {
        for number in [0, 1, -1, 63, 64, -64, -65, 1 << 40, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            put(&mut bytes, number.cast_unsigned());
            let mut rest = bytes.as_slice();
            assert_eq!(take_signed(&mut rest).unwrap(), number);
            assert_eq!(take(&mut rest).unwrap(), number.cast_unsigned());
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn lengths_are_those_of_the_document() {
        for (number, expected) in [(0, &[0][..]), (127, &[0x7f]), (300, &[0xac, 0x02])] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn too_long_and_cut_numbers_are_errors() {
        for bad in [
            &[][..],
            &[0x80],
            &[0xff; 10],
            &[0x80; 11],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2],
        ] {
            assert!(take(&mut &*bad).is_err(), "{bad:?}");
        }
    }
}
