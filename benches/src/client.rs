//! What a client has to do. Each counts what it got, so that no work is left out.

use std::path::Path;

use anyhow::Result;

pub mod bollard;
pub mod floor;
pub mod ours;

#[allow(async_fn_in_trait)] // one thread does it all
pub trait Client: Sized + 'static {
    async fn connect(socket: &Path) -> Result<Self>;

    /// For a call beside the others: a clone or, of what has one connection, another.
    async fn another(&self) -> Result<Self>;

    async fn ping(&mut self) -> Result<()>;

    /// The length of the version, so that it was decoded.
    async fn version(&mut self) -> Result<usize>;

    /// The length of the name.
    async fn inspect(&mut self) -> Result<usize>;

    /// How many containers there are, if up to `limit` are wanted.
    async fn list(&mut self, limit: u32) -> Result<usize>;

    /// The length of the id.
    async fn create(&mut self) -> Result<usize>;

    /// How many events came of `count`.
    async fn events(&mut self, count: u64) -> Result<u64>;

    /// How many samples of `container` came.
    async fn stats(&mut self, container: &str) -> Result<u64>;

    /// How many bytes of output of `container` came or, of the floor, how many bytes at all.
    async fn logs(&mut self, container: &str) -> Result<u64>;

    /// How many lines of progress came of pulling `image`.
    async fn pull(&mut self, image: &str) -> Result<u64>;
}
