//! The operations that each client implements. They return the size of the decoded result, so that no work is skipped.

use std::path::Path;

use anyhow::Result;

pub mod baseline;
#[cfg(feature = "bollard")]
pub mod bollard;
pub mod ours;

/// A client under measurement.
pub trait Client: Sized + Send + Sync + 'static {
    fn connect(socket: &Path) -> impl Future<Output = Result<Self>> + Send;

    /// A client for a concurrent call: a clone or, for a client with one connection, a new client.
    fn another(&self) -> impl Future<Output = Result<Self>> + Send;

    fn ping(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Returns the length of the version.
    fn version(&mut self) -> impl Future<Output = Result<usize>> + Send;

    /// Returns the length of the container's name.
    fn inspect(&mut self) -> impl Future<Output = Result<usize>> + Send;

    /// Returns the number of containers in a list of up to `limit`.
    fn list(&mut self, limit: u32) -> impl Future<Output = Result<usize>> + Send;

    /// Returns the length of the id of the created container.
    fn create(&mut self) -> impl Future<Output = Result<usize>> + Send;

    /// Requests `count` events, and returns the number of received ones.
    fn events(&mut self, count: u64) -> impl Future<Output = Result<u64>> + Send;

    /// Returns the number of stats samples of `container`.
    fn stats(&mut self, container: &str) -> impl Future<Output = Result<u64>> + Send;

    /// Returns the number of bytes of output of `container`; for the baseline, including the headers of frames.
    fn logs(&mut self, container: &str) -> impl Future<Output = Result<u64>> + Send;

    /// Returns the number of bytes of output of `container`, in batches if the client has these.
    fn batches(&mut self, container: &str) -> impl Future<Output = Result<u64>> + Send {
        self.logs(container)
    }

    /// Returns the number of progress messages of a pull of `image`.
    fn pull(&mut self, image: &str) -> impl Future<Output = Result<u64>> + Send;
}
