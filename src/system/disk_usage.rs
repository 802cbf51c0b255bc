//! Measuring disk usage.

use super::disk_totals;
use crate::{
    DockerClient, Result,
    models::DiskUsage,
    request::{Settings, request},
};

impl DockerClient {
    /// Returns the disk usage of images, containers, volumes and the build cache, as `docker system df` does. The engine
    /// reads the size of every file, which may take long.
    ///
    /// The totals (`image_usage`, `container_usage`, `volume_usage` and `build_cache_usage`) are sent by engines since
    /// API 1.52, and computed from the lists of older engines. A total that the engine did not send is `None`, for
    /// example that of the build cache below API 1.39, for which engines send at most
    /// [`builder_size`](DiskUsage::builder_size).
    ///
    /// Calls `GET /system/df`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine is measuring already (409; 500 from engines before 23).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(images) = docker.disk_usage().await?.image_usage {
    ///     println!("{} images, {} bytes", images.total_count, images.total_size);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SystemDataUsage")]
    #[doc(alias = "df")]
    pub fn disk_usage(&self) -> GetDiskUsage {
        GetDiskUsage { docker: self.clone(), kinds: Vec::new(), settings: Settings::default() }
    }
}

/// A request to get the disk usage. Returned by [`DockerClient::disk_usage`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct GetDiskUsage {
    docker: DockerClient,
    kinds: Vec<DiskUsageKind>,
    settings: Settings,
}

request!(GetDiskUsage => DiskUsage, "system_data_usage");

/// Kind of objects whose disk usage is computed; see [`GetDiskUsage::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiskUsageKind {
    /// Containers.
    Containers,
    /// Images.
    Images,
    /// Volumes.
    Volumes,
    /// The build cache.
    BuildCache,
}

impl DiskUsageKind {
    pub(super) const ALL: [Self; 4] = [Self::Containers, Self::Images, Self::Volumes, Self::BuildCache];

    /// The value of the parameter `type`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Containers => "container",
            Self::Images => "image",
            Self::Volumes => "volume",
            Self::BuildCache => "build-cache",
        }
    }
}

impl GetDiskUsage {
    /// Measures only this kind, which may be much faster (repeat for several). Defaults to all kinds. Requires API
    /// 1.42.
    pub fn kind(mut self, kind: DiskUsageKind) -> Self {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        self
    }

    async fn call(self) -> Result<DiskUsage> {
        let api = self.docker.api("system_data_usage", &self.settings).await?;
        let (version, kinds) = (api.version(), &*self.kinds);
        let types = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        let types = Some(types).filter(|types: &Vec<String>| !types.is_empty());
        let verbose = disk_totals::verbose(version);
        let mut usage: DiskUsage = api.document(api.system_data_usage(types.as_ref(), verbose).await)?;
        usage.add_totals(if kinds.is_empty() { &DiskUsageKind::ALL } else { kinds }, version);
        Ok(usage)
    }
}
