//! This client.

use std::path::Path;

use anyhow::Result;
use dockerclient::{
    DockerClient, Timestamp,
    containers::{CreateOptions, ListOptions, LogsOptions},
    images::PullOptions,
    models::{ContainerConfig, HostConfig},
    system::EventsOptions,
};
use futures_util::TryStreamExt as _;

use super::Client;

impl Client for DockerClient {
    async fn connect(socket: &Path) -> Result<Self> {
        Ok(Self::builder().address(format!("unix://{}", socket.display())).build()?)
    }

    async fn another(&self) -> Result<Self> {
        Ok(self.clone())
    }

    async fn ping(&mut self) -> Result<()> {
        Ok(Self::ping(self).await?)
    }

    async fn version(&mut self) -> Result<usize> {
        Ok(Self::version(self).await?.version.len())
    }

    async fn inspect(&mut self) -> Result<usize> {
        Ok(self.container("web").inspect().await?.name.len())
    }

    async fn list(&mut self, limit: u32) -> Result<usize> {
        Ok(self.containers().list(&ListOptions::default().all().limit(limit)).await?.len())
    }

    async fn create(&mut self) -> Result<usize> {
        let config = ContainerConfig {
            image: "busybox".into(),
            cmd: vec!["echo".into(), "hello".into()],
            env: vec!["LANG=C.UTF-8".into()],
            ..Default::default()
        };
        let host = HostConfig { binds: vec!["/srv:/srv:ro".into()], ..Default::default() };
        let options = CreateOptions::new(config).name("web").host_config(host);
        Ok(self.containers().create(&options).await?.container.id().len())
    }

    async fn events(&mut self, count: u64) -> Result<u64> {
        let since = Timestamp::from_unix_seconds(count.try_into()?)?;
        let mut events = Self::events(self, &EventsOptions::default().since(since)).await?;
        let mut came = 0;
        while events.try_next().await?.is_some() {
            came += 1;
        }
        Ok(came)
    }

    async fn stats(&mut self, container: &str) -> Result<u64> {
        let mut stats = self.container(container).stats().await?;
        let mut came = 0;
        while stats.try_next().await?.is_some() {
            came += 1;
        }
        Ok(came)
    }

    async fn logs(&mut self, container: &str) -> Result<u64> {
        let mut logs = self.container(container).logs(&LogsOptions::default()).await?;
        let mut came = 0;
        while let Some(output) = logs.try_next().await? {
            came += output.bytes().len() as u64;
        }
        Ok(came)
    }

    async fn pull(&mut self, image: &str) -> Result<u64> {
        let mut progress = self.image(image).pull_progress(&PullOptions::default()).await?;
        let mut came = 0;
        while progress.try_next().await?.is_some() {
            came += 1;
        }
        Ok(came)
    }
}
