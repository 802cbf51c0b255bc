//! The end of a tar archive.

/// Length of the zero bytes that end an archive: two blocks.
const LENGTH: usize = 1024;

/// Recognizes whether an archive is complete.
///
/// An engine that fails after it has sent the response headers ends the body as if it were complete: Podman leaves out the rest,
/// and Docker appends its error message.
#[derive(Debug, Default)]
pub(super) struct ArchiveEnd {
    /// Number of zero bytes at the end of what was received, at most [`LENGTH`].
    zeros: usize,
}

impl ArchiveEnd {
    /// Adds the next bytes of the archive.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let zeros = bytes.iter().rev().take(LENGTH).take_while(|byte| **byte == 0).count();
        let before = if zeros == bytes.len() { self.zeros } else { 0 };
        self.zeros = LENGTH.min(before + zeros);
    }

    /// Returns whether the bytes can be a complete archive.
    pub(super) fn is_complete(&self) -> bool {
        self.zeros == LENGTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_ends_with_two_blocks_of_zeros() {
        let archive = [&[b'a'; 3000][..], &[0; LENGTH]].concat();
        for size in [1, 7, 512, 1000, 1024, 1025, 4024] {
            let mut end = ArchiveEnd::default();
            for chunk in archive.chunks(size) {
                assert!(!end.is_complete(), "{size}");
                end.add(chunk);
            }
            assert!(end.is_complete(), "{size}");
            end.add(&[]);
            assert!(end.is_complete(), "{size}");
            end.add(b"error");
            assert!(!end.is_complete(), "{size}");
        }
    }

    #[test]
    fn archive_without_zeros_at_its_end_is_not_complete() {
        for archive in [vec![], vec![0; LENGTH - 1], [&[0; 512][..], &[1], &[0; LENGTH - 1]].concat()] {
            let mut end = ArchiveEnd::default();
            end.add(&archive);
            assert!(!end.is_complete(), "{}", archive.len());
        }
    }
}
