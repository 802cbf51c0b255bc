//! Deterministic ids, so that transcripts can be compared.

/// The id with a serial number.
pub(crate) fn id(number: u64) -> String {
    (0..4).map(|part| format!("{:016x}", split_mix(number.wrapping_mul(4) + part))).collect()
}

/// The id of some content: a hash.
pub(crate) fn of(content: &[u8]) -> String {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    id(content.iter().fold(0xcbf2_9ce4_8422_2325, fnv))
}

/// The id of a swarm object with a serial number: 25 letters and digits.
pub(crate) fn swarm_id(number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest =
        (u128::from(split_mix(number.wrapping_mul(2))) << 64) | u128::from(split_mix(number.wrapping_mul(2) + 1));
    let mut digits = Vec::with_capacity(25);
    while digits.len() < 25 {
        digits.push(char::from(DIGITS[usize::try_from(rest % 36).unwrap_or_default()]));
        rest /= 36;
    }
    digits.into_iter().rev().collect()
}

/// The SplitMix64 hash of `number`.
fn split_mix(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The first twelve digits of an id, without `sha256:`.
pub(crate) fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..12).unwrap_or(digits)
}
