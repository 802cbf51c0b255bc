//! The `dockerclient` crate.

use std::path::Path;

use anyhow::Result;
use dockerclient::{DockerClient, Timestamp};

use super::Client;

/// The time of the fixture's responses. Events end then, so that the end of the stream is not an error.
const FIXTURE_TIME: i64 = 1_795_603_212;

impl Client for DockerClient {
    async fn connect(socket: &Path) -> Result<Self> {
        Ok(Self::builder().address(format!("unix://{}", socket.display())).build()?)
    }

    async fn another(&self) -> Result<Self> {
        Ok(self.clone())
    }

    async fn ping(&mut self) -> Result<()> {
        Self::ping(self).await?;
        Ok(())
    }

    async fn version(&mut self) -> Result<usize> {
        Ok(Self::version(self).await?.version.len())
    }

    async fn inspect(&mut self) -> Result<usize> {
        Ok(self.container("web").inspect().await?.name.len())
    }

    async fn list(&mut self, limit: u32) -> Result<usize> {
        Ok(self.containers().list().all(true).limit(limit).await?.len())
    }

    async fn create(&mut self) -> Result<usize> {
        let create = self.containers().create("busybox").cmd(["echo", "hello"]).env("LANG", "C.UTF-8");
        Ok(create.bind_read_only("/srv", "/srv").name("web").await?.id().len())
    }

    async fn events(&mut self, count: u64) -> Result<u64> {
        let since = Timestamp::from_unix_seconds(count.try_into()?)?;
        let mut events = Self::events(self).since(since).until(Timestamp::from_unix_seconds(FIXTURE_TIME)?).await?;
        let mut received = 0;
        while events.try_next().await?.is_some() {
            received += 1;
        }
        Ok(received)
    }

    async fn stats(&mut self, container: &str) -> Result<u64> {
        let mut stats = self.container(container).stats().await?;
        let mut received = 0;
        while stats.try_next().await?.is_some() {
            received += 1;
        }
        Ok(received)
    }

    async fn logs(&mut self, container: &str) -> Result<u64> {
        let mut logs = self.container(container).logs().await?;
        let mut received = 0;
        while let Some(output) = logs.try_next().await? {
            received += output.bytes().len() as u64;
        }
        Ok(received)
    }

    async fn batches(&mut self, container: &str) -> Result<u64> {
        let mut logs = self.container(container).logs().await?;
        let mut received = 0;
        while let Some(batch) = logs.next_batch().await? {
            received += batch.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        }
        Ok(received)
    }

    async fn pull(&mut self, image: &str) -> Result<u64> {
        let mut progress = self.image(image).pull().progress().await?;
        let mut received = 0;
        while progress.try_next().await?.is_some() {
            received += 1;
        }
        Ok(received)
    }
}
