//! A limit for the memory of transfers.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, Result, error::Kind};

/// Maximum size of the incomplete entries, in bytes. A tree with hundreds of thousands of files does not reach it, because
/// files are completed while further ones are announced.
const LIMIT: usize = 64 << 20;

/// Memory that an entry takes in addition to its path, in bytes.
const ENTRY: usize = 128;

/// The memory that all transfers to one target take.
#[derive(Default)]
pub(super) struct Memory(AtomicUsize);

/// The memory that one transfer takes. Dropping it releases all of it.
pub(super) struct Reservation<'a> {
    memory: &'a Memory,
    bytes: usize,
}

impl Memory {
    pub(super) fn reservation(&self) -> Reservation<'_> {
        Reservation { memory: self, bytes: 0 }
    }
}

impl Reservation<'_> {
    /// Adds an entry with paths of this length, unless the limit is exceeded.
    pub(super) fn add(&mut self, length: usize) -> Result<()> {
        let bytes = ENTRY.saturating_add(length);
        let used = self.memory.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(bytes);
        if used.saturating_add(bytes) > LIMIT {
            return Err(Error::new(Kind::Decode(format!("the entries of the export take more than {LIMIT} bytes"))));
        }
        Ok(())
    }

    /// Removes an entry that was added.
    pub(super) fn remove(&mut self, length: usize) {
        let bytes = ENTRY.saturating_add(length).min(self.bytes);
        self.bytes -= bytes;
        self.memory.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn export_memory_is_limited_and_released() {
        let memory = Memory::default();
        let (mut one, mut other) = (memory.reservation(), memory.reservation());
        one.add(LIMIT / 2).unwrap();
        other.add(LIMIT / 4).unwrap();
        assert!(other.add(LIMIT / 4).unwrap_err().is_decode(), "the limit is for all transfers");
        drop(other);
        one.remove(LIMIT / 2);
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
        memory.reservation().add(LIMIT - ENTRY).unwrap();
    }
}
