//! Measuring the build cache.

use bollard_buildkit_proto::moby::buildkit::v1::{DiskUsageRequest, DiskUsageResponse};

use super::{BuildKit, CacheRecord, cache_filters::expressions, control::Control};
use crate::{
    Filters, Result,
    request::{Settings, request},
};

const METHOD: &str = "/moby.buildkit.v1.Control/DiskUsage";

const OPERATION: &str = "buildkit_disk_usage";

impl BuildKit {
    /// Returns the records of the build cache, as `docker buildx du` does, the smallest first. Requires the
    /// feature `buildkit`.
    ///
    /// In contrast to [`DockerClient::disk_usage`](crate::DockerClient::disk_usage), only the build cache is measured,
    /// and filters are supported. The engine reads the size of files, which may take long.
    ///
    /// Calls `moby.buildkit.v1.Control/DiskUsage` over `POST /grpc`, since API 1.40, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if a filter is not valid, or if the engine has no BuildKit (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mounts = docker.buildkit().disk_usage().filter("type", "exec.cachemount").await?;
    /// for record in mounts.iter().filter(|record| !record.in_use) {
    ///     println!("{} {} bytes: {}", record.id, record.size, record.description);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "du")]
    #[doc(alias = "DiskUsage")]
    pub fn disk_usage(&self) -> GetCacheUsage {
        GetCacheUsage { buildkit: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to get the disk usage of the build cache. Returned by [`BuildKit::disk_usage`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct GetCacheUsage {
    buildkit: BuildKit,
    filters: Filters,
    settings: Settings,
}

request!(GetCacheUsage => Vec<CacheRecord>, "buildkit_disk_usage");

impl GetCacheUsage {
    /// Includes only records with this value of a field: `id` (a regular expression), `type`, `description` or
    /// `parents`, or records for which `inuse`, `mutable`, `immutable`, `shared` or `private` is `true`.
    ///
    /// Append `~` to the name to match a regular expression, or `!` to exclude records with the value:
    /// `filter("description~", "apt-get")`.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Vec<CacheRecord>> {
        let usage = async {
            let filter = expressions(&self.filters)?;
            measure(&mut Control::open(&self.buildkit.docker, &self.settings).await?, filter).await
        };
        usage.await.map_err(|error| error.during(OPERATION))
    }
}

/// Returns the records that match one of the expressions.
async fn measure(control: &mut Control, filter: Vec<String>) -> Result<Vec<CacheRecord>> {
    let usage: DiskUsageResponse = control.unary(METHOD, DiskUsageRequest { filter, ..Default::default() }).await?;
    let mut records: Vec<_> = usage.record.into_iter().map(CacheRecord::new).collect();
    records.sort_by(|a, b| (a.size, &a.id).cmp(&(b.size, &b.id)));
    Ok(records)
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::v1::UsageRecord;
    use bytes::Bytes;
    use prost::Message as _;

    use super::{super::control::fake, *};
    use crate::DockerClient;

    #[tokio::test]
    async fn build_cache_usage_is_sorted_by_size() {
        let respond = |path: &str, message: Bytes| {
            assert_eq!(path, METHOD);
            assert_eq!(DiskUsageRequest::decode(message).unwrap().filter, ["shared"]);
            let record = |id: &str, size| UsageRecord { id: id.into(), size, ..Default::default() };
            let record = vec![record("c", 1), record("a", 2), record("b", 1)];
            fake::response([fake::message(&DiskUsageResponse { record }), fake::status("0", "")])
        };
        let records = measure(&mut fake::connect(respond).await, vec!["shared".into()]).await.unwrap();
        assert_eq!(records.iter().map(|record| &*record.id).collect::<Vec<_>>(), ["b", "c", "a"]);
    }

    #[tokio::test]
    async fn build_cache_usage_with_an_invalid_filter_fails() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let error = docker.buildkit().disk_usage().filter("shared", "no").await.unwrap_err();
        assert!(error.is_bad_request() && error.to_string().contains("shared"), "{error}");
        assert_eq!(error.operation(), Some("buildkit_grpc"));
    }
}
