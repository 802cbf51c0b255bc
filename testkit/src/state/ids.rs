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
