//! Frames of multiplexed output, which engines send if the container has no TTY.

/// Returns a frame of multiplexed output; `source` is 1 for stdout and 2 for stderr.
///
/// # Panics
///
/// Panics if the payload is 4 GiB or longer, which the header of a frame cannot express.
#[must_use]
pub fn frame(source: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame holds less than 4 GiB").to_be_bytes();
    [&[source, 0, 0, 0], &length[..], payload].concat()
}
