//! What a client has to do. Each counts what it got, so that no work is left out.

use std::path::Path;

use anyhow::Result;

pub mod bollard;
pub mod floor;
pub mod ours;

pub trait Client: Sized + Send + Sync + 'static {
    fn connect(socket: &Path) -> impl Future<Output = Result<Self>> + Send;

    /// For a call beside the others: a clone or, of what has one connection, another.
    fn another(&self) -> impl Future<Output = Result<Self>> + Send;

    fn ping(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// The length of the version, so that it was decoded.
    fn version(&mut self) -> impl Future<Output = Result<usize>> + Send;

    /// The length of the name.
    fn inspect(&mut self) -> impl Future<Output = Result<usize>> + Send;

    /// How many containers there are, if up to `limit` are wanted.
    fn list(&mut self, limit: u32) -> impl Future<Output = Result<usize>> + Send;

    /// The length of the id.
    fn create(&mut self) -> impl Future<Output = Result<usize>> + Send;

    /// How many events came of `count`.
    fn events(&mut self, count: u64) -> impl Future<Output = Result<u64>> + Send;

    /// How many samples of `container` came.
    fn stats(&mut self, container: &str) -> impl Future<Output = Result<u64>> + Send;

    /// How many bytes of output of `container` came or, of the floor, how many bytes at all.
    fn logs(&mut self, container: &str) -> impl Future<Output = Result<u64>> + Send;

    /// How many lines of progress came of pulling `image`.
    fn pull(&mut self, image: &str) -> impl Future<Output = Result<u64>> + Send;
}
