//! A fast hash of bytes, the same on every machine.

use crate::stats::mix;

/// A hash of bytes. It is not safe against made-up collisions: bytes that hash
/// alike are compared before anything is reported about them.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9fb2_1c65_1e98_df25;
    // Four lanes that don't wait for each other.
    let mut lanes = [1, 2, 3, bytes.len() as u64];
    let (chunks, rest) = bytes.as_chunks::<32>();
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    for chunk in chunks.iter().chain([&last]) {
        for (lane, word) in lanes.iter_mut().zip(chunk.as_chunks::<8>().0) {
            *lane = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(31);
        }
    }
    lanes.into_iter().fold(0, |hash, lane| mix(hash ^ lane))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_in_a_hash() {
        let bytes: Vec<u8> = (0..100).collect();
        let whole = hash(&bytes);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(hash(&other), whole);
            assert_ne!(hash(&bytes[..at]), whole);
        }
        assert_ne!(hash(&[]), hash(&[0]));
    }
}
