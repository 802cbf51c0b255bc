//! bollard, used as in its documentation.

use std::{path::Path, pin::pin};

use anyhow::{Context, Result};
use bollard::{
    API_DEFAULT_VERSION, Docker,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        CreateContainerOptionsBuilder, CreateImageOptionsBuilder, EventsOptionsBuilder, InspectContainerOptions,
        ListContainersOptionsBuilder, LogsOptionsBuilder, StatsOptionsBuilder,
    },
};
use futures_util::{Stream, TryStreamExt as _};

use super::Client;

async fn count<T>(items: impl Stream<Item = Result<T, bollard::errors::Error>>) -> Result<u64> {
    let mut items = pin!(items);
    let mut received = 0;
    while items.try_next().await?.is_some() {
        received += 1;
    }
    Ok(received)
}

impl Client for Docker {
    async fn connect(socket: &Path) -> Result<Self> {
        let docker = Self::connect_with_unix(&socket.display().to_string(), 120, API_DEFAULT_VERSION)?;
        Ok(docker.negotiate_version().await?)
    }

    async fn another(&self) -> Result<Self> {
        Ok(self.clone())
    }

    async fn ping(&mut self) -> Result<()> {
        Self::ping(self).await?;
        Ok(())
    }

    async fn version(&mut self) -> Result<usize> {
        Ok(Self::version(self).await?.version.context("no version")?.len())
    }

    async fn inspect(&mut self) -> Result<usize> {
        Ok(self.inspect_container("web", None::<InspectContainerOptions>).await?.name.context("no name")?.len())
    }

    async fn list(&mut self, limit: u32) -> Result<usize> {
        let options = ListContainersOptionsBuilder::default().all(true).limit(limit.try_into()?).build();
        Ok(self.list_containers(Some(options)).await?.len())
    }

    async fn create(&mut self) -> Result<usize> {
        let options = CreateContainerOptionsBuilder::default().name("web").build();
        let body = ContainerCreateBody {
            image: Some("busybox".into()),
            cmd: Some(vec!["echo".into(), "hello".into()]),
            env: Some(vec!["LANG=C.UTF-8".into()]),
            host_config: Some(HostConfig { binds: Some(vec!["/srv:/srv:ro".into()]), ..Default::default() }),
            ..Default::default()
        };
        Ok(self.create_container(Some(options), body).await?.id.len())
    }

    async fn events(&mut self, events: u64) -> Result<u64> {
        count(Self::events(self, Some(EventsOptionsBuilder::default().since(&events.to_string()).build()))).await
    }

    async fn stats(&mut self, container: &str) -> Result<u64> {
        count(Self::stats(self, container, Some(StatsOptionsBuilder::default().stream(true).build()))).await
    }

    async fn logs(&mut self, container: &str) -> Result<u64> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
        let mut logs = pin!(Self::logs(self, container, Some(options)));
        let mut received = 0;
        while let Some(output) = logs.try_next().await? {
            received += output.as_ref().len() as u64;
        }
        Ok(received)
    }

    async fn pull(&mut self, image: &str) -> Result<u64> {
        let options = CreateImageOptionsBuilder::default().from_image(image).build();
        count(self.create_image(Some(options), None, None)).await
    }
}
