//! One text per ECDSA signature: `(r, s)` and `(r, n − s)` both verify, so we sign with the lower `s` and refuse the higher.
//!
//! Without this, whoever sees a token could write a second, different text of it that verifies as well.

const SCALAR_LEN: usize = 32;

/// The order of P-256 (SEC 2 §2.4.2), big-endian.
const ORDER: [u8; SCALAR_LEN] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Half of the order, rounded down.
const HALF: [u8; SCALAR_LEN] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d,
    0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// True for `r ‖ s` of 64 bytes whose `s` is in the lower half.
pub(crate) fn is_low(signature: &[u8]) -> bool {
    match signature.split_first_chunk::<SCALAR_LEN>() {
        Some((_, s)) => s.len() == SCALAR_LEN && s <= HALF.as_slice(),
        None => false,
    }
}

/// Replaces a high `s` by `n − s`. The signature is public, so nothing here need run in constant time.
pub(crate) fn make_low(signature: &mut [u8]) {
    if is_low(signature) {
        return;
    }
    let Some((_, s)) = signature.split_first_chunk_mut::<SCALAR_LEN>() else { return };
    let mut borrow = 0i16;
    for (digit, order) in s.iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = difference.rem_euclid(256) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_high_s_becomes_what_is_missing_to_the_order() {
        let mut signature = [[7u8; SCALAR_LEN], ORDER].concat();
        signature[63] -= 1;
        assert!(!is_low(&signature));
        make_low(&mut signature);
        let mut one = [0u8; SCALAR_LEN];
        one[31] = 1;
        assert_eq!(signature, [[7u8; SCALAR_LEN], one].concat());
    }

    #[test]
    fn half_the_order_is_low_and_one_more_is_high() {
        let mut signature = [[7u8; SCALAR_LEN], HALF].concat();
        assert!(is_low(&signature));
        signature[63] += 1;
        assert!(!is_low(&signature));
        make_low(&mut signature);
        assert_eq!(signature, [[7u8; SCALAR_LEN], HALF].concat());
        assert!(!is_low(&signature[..63]));
        assert!(!is_low(&[]));
    }
}
