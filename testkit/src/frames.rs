//! Frames, in which output travels where there is no terminal.

/// A frame of output: 1 is stdout, 2 is stderr.
///
/// # Panics
///
/// If the payload is 4 GiB or longer, which a frame cannot hold.
#[must_use]
pub fn frame(source: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame holds less than 4 GiB").to_be_bytes();
    [&[source, 0, 0, 0], &length[..], payload].concat()
}
