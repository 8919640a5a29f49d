//! Whole numbers in few bytes: seven bits in each, the lowest first, and a mark on all but the last.

/// Appends `number`.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Takes a number from the beginning of `bytes`; `None` when there is none.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Appends what leads from `before` to `number`, which may be less.
pub(super) fn put_step(bytes: &mut Vec<u8>, before: u64, number: u64) {
    let step = number.wrapping_sub(before);
    // The sign goes to the lowest bit, so that a small step down is short, too.
    let sign = step >> 63;
    put(bytes, step << 1 ^ sign.wrapping_neg());
}

/// Takes what [`put_step`] has put.
pub(super) fn take_step(bytes: &mut &[u8], before: u64) -> Option<u64> {
    let step = take(bytes)?;
    Some(before.wrapping_add(step >> 1 ^ (step & 1).wrapping_neg()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers: Vec<u64>) {
            let mut bytes = Vec::new();
            let mut before = 0;
            for number in &numbers {
                put(&mut bytes, *number);
                put_step(&mut bytes, before, *number);
                before = *number;
            }
            let mut rest = bytes.as_slice();
            let mut before = 0;
            for number in numbers {
                prop_assert_eq!(take(&mut rest), Some(number));
                prop_assert_eq!(take_step(&mut rest, before), Some(number));
                before = number;
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_bytes_are_numbers_or_none(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            while take(&mut rest).is_some() {}
            prop_assert!(rest.len() <= bytes.len());
        }
    }

    #[test]
    fn a_small_step_takes_one_byte_in_either_direction() {
        for number in [1_000_000, 1_000_063, 999_937] {
            let mut bytes = Vec::new();
            put_step(&mut bytes, 1_000_000, number);
            assert_eq!(bytes.len(), 1, "{number}");
        }
    }
}
