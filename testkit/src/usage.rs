//! The resource usage of a container.

/// The resource usage of a container, as `docker stats` reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// CPU time of all processors since the start, in nanoseconds.
    pub cpu: u64,
    /// Memory in use, in bytes.
    pub memory: u64,
    /// Memory limit, in bytes.
    pub memory_limit: u64,
    /// Bytes received over the network.
    pub received: u64,
    /// Bytes sent over the network.
    pub sent: u64,
}

impl Usage {
    /// Creates the usage of a container that has reported none: 20 ms of CPU time, and 1 MiB of a memory limit of 1 GiB.
    #[must_use]
    pub fn new() -> Self {
        Self { cpu: 20_000_000, memory: 1 << 20, memory_limit: 1 << 30, received: 0, sent: 0 }
    }

    /// Sets the CPU time since the start, in nanoseconds.
    #[must_use]
    pub fn cpu(self, nanoseconds: u64) -> Self {
        Self { cpu: nanoseconds, ..self }
    }

    /// Sets the memory in use, in bytes.
    #[must_use]
    pub fn memory(self, bytes: u64) -> Self {
        Self { memory: bytes, ..self }
    }

    /// Sets the bytes received and sent over the network.
    #[must_use]
    pub fn network(self, received: u64, sent: u64) -> Self {
        Self { received, sent, ..self }
    }
}
