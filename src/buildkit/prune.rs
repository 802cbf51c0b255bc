//! Removes the build cache, with BuildKit's control API.

use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::{PruneRequest, UsageRecord};

use super::{
    BuildKit, CacheRecord,
    cache_filters::expressions,
    control::{Control, require},
};
use crate::{
    ApiVersion, Filters, Pruned, Result, Size,
    request::{Settings, request},
};

const METHOD: &str = "/moby.buildkit.v1.Control/Prune";

const OPERATION: &str = "buildkit_prune";

/// Docker 28.0, the first API version whose engines all have the options `max_used_space` and `min_free_space`. Engines
/// before 27.4 ignore them.
const SPACE_LIMITS: ApiVersion = ApiVersion::new(1, 48);

impl BuildKit {
    /// Removes build cache that is not used, as `docker buildx prune` does, and returns the removed records. Requires
    /// the feature `buildkit`.
    ///
    /// In contrast to [`Images::prune_build_cache`](crate::images::Images::prune_build_cache), the result contains the
    /// records, and not only their ids. Dropping the future cancels the operation.
    ///
    /// Calls `moby.buildkit.v1.Control/Prune` over `POST /grpc`, since API 1.40, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if a filter or a size is not valid, or if the engine has no BuildKit (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// let week = Duration::from_secs(7 * 24 * 60 * 60);
    /// let pruned = docker.buildkit().prune().keep_duration(week).reserved_space("10g").await?;
    /// for record in &pruned.removed {
    ///     println!("{} {} bytes: {}", record.id, record.size, record.description);
    /// }
    /// println!("{} bytes", pruned.reclaimed);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "Prune")]
    #[doc(alias = "builder")]
    pub fn prune(&self) -> PruneCache {
        PruneCache {
            buildkit: self.clone(),
            all: false,
            keep_duration: Duration::ZERO,
            reserved_space: None,
            max_used_space: None,
            min_free_space: None,
            filters: Filters::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to remove build cache. Returned by [`BuildKit::prune`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PruneCache {
    buildkit: BuildKit,
    all: bool,
    keep_duration: Duration,
    reserved_space: Option<Size>,
    max_used_space: Option<Size>,
    min_free_space: Option<Size>,
    filters: Filters,
    settings: Settings,
}

request!(PruneCache => Pruned<CacheRecord>, "buildkit_prune");

impl PruneCache {
    /// Sets whether to remove all unused cache, including the layers that images consist of, frontend images and
    /// internal records. Defaults to `false`.
    pub fn all(mut self, all: bool) -> Self {
        self.all = all;
        self
    }

    /// Keeps cache that was used within this duration. Defaults to zero.
    #[doc(alias = "until")]
    pub fn keep_duration(mut self, duration: Duration) -> Self {
        self.keep_duration = duration;
        self
    }

    /// Sets how much cache to keep at least.
    #[doc(alias = "keep_storage")]
    pub fn reserved_space(mut self, size: impl Into<Size>) -> Self {
        self.reserved_space = Some(size.into());
        self
    }

    /// Sets how much cache to keep at most. Requires API 1.48.
    pub fn max_used_space(mut self, size: impl Into<Size>) -> Self {
        self.max_used_space = Some(size.into());
        self
    }

    /// Sets how much disk space should be free afterwards. Requires API 1.48.
    pub fn min_free_space(mut self, size: impl Into<Size>) -> Self {
        self.min_free_space = Some(size.into());
        self
    }

    /// Removes only records with this value of a field; see [`GetCacheUsage::filter`](super::GetCacheUsage::filter).
    /// Engines before 27.0 do not support the filter `description` here: it matches nothing.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Pruned<CacheRecord>> {
        let pruned = async {
            let (docker, message) = (&self.buildkit.docker, self.message()?);
            for (option, size) in [("max_used_space", &self.max_used_space), ("min_free_space", &self.min_free_space)] {
                if size.is_some() {
                    require(docker, &format!("the option {option} "), SPACE_LIMITS).await?;
                }
            }
            let limit = docker.limits().max_response_size;
            prune(&mut Control::open(docker, &self.settings).await?, message, limit).await
        };
        pruned.await.map_err(|error| error.during(OPERATION))
    }

    fn message(&self) -> Result<PruneRequest> {
        let bytes = |size: &Option<Size>| size.as_ref().map_or(Ok(0), Size::to_bytes);
        Ok(PruneRequest {
            filter: expressions(&self.filters)?,
            all: self.all,
            keep_duration: self.keep_duration.as_nanos().try_into().unwrap_or(i64::MAX),
            reserved_space: bytes(&self.reserved_space)?,
            max_used_space: bytes(&self.max_used_space)?,
            min_free_space: bytes(&self.min_free_space)?,
        })
    }
}

async fn prune(control: &mut Control, message: PruneRequest, limit: usize) -> Result<Pruned<CacheRecord>> {
    let records: Vec<UsageRecord> = control.list(METHOD, message, limit).await?;
    let removed: Vec<_> = records.into_iter().map(CacheRecord::new).collect();
    let reclaimed = removed.iter().fold(0_u64, |sum, record| sum.saturating_add(record.size));
    Ok(Pruned { removed, reclaimed })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prost::Message as _;

    use super::{super::control::fake, *};
    use crate::DockerClient;

    fn docker() -> DockerClient {
        let version = "1.47".parse().unwrap();
        DockerClient::builder().address("tcp://127.0.0.1:1").api_version(version).build().unwrap()
    }

    #[test]
    fn build_cache_prune_sends_its_options() {
        let prune = docker().buildkit().prune();
        assert_eq!(prune.message().unwrap(), PruneRequest::default());
        let prune =
            prune.all(true).keep_duration(Duration::from_secs(3)).reserved_space("1k").filter("type", "regular");
        let message = prune.max_used_space(7).min_free_space(8).message().unwrap();
        assert_eq!((message.all, message.keep_duration, message.reserved_space), (true, 3_000_000_000, 1024));
        assert_eq!((message.max_used_space, message.min_free_space), (7, 8));
        assert_eq!(message.filter, [r#"type=="regular""#]);
        let message = docker().buildkit().prune().keep_duration(Duration::MAX).message().unwrap();
        assert_eq!(message.keep_duration, i64::MAX);
    }

    #[tokio::test]
    async fn build_cache_prune_fails_if_an_option_is_not_valid() {
        let prune = || docker().buildkit().prune();
        for prune in [prune().reserved_space("much"), prune().max_used_space("-1"), prune().filter("a b", "c")] {
            let error = prune.await.unwrap_err();
            assert_eq!((error.is_bad_request(), error.operation()), (true, Some("buildkit_grpc")), "{error}");
        }
        for prune in [prune().max_used_space("1g"), prune().min_free_space("1g")] {
            let error = prune.await.unwrap_err();
            assert_eq!(error.required_version(), Some(SPACE_LIMITS), "{error}");
            assert!(error.to_string().starts_with("failed to prune the build cache: the option m"), "{error}");
        }
    }

    #[tokio::test]
    async fn build_cache_prune_returns_records_and_their_size() {
        let respond = |path: &str, message: Bytes| {
            assert_eq!(path, METHOD);
            let size = if PruneRequest::decode(message).unwrap().all { i64::MAX } else { 5 };
            let record = UsageRecord { id: "a".into(), size, ..Default::default() };
            fake::response([
                fake::message(&record),
                fake::message(&record),
                fake::message(&record),
                fake::status("0", ""),
            ])
        };
        let mut control = fake::connect(respond).await;
        let pruned = prune(&mut control, PruneRequest::default(), 1 << 20).await.unwrap();
        assert_eq!((pruned.removed.len(), pruned.reclaimed), (3, 15));
        let message = PruneRequest { all: true, ..Default::default() };
        assert_eq!(prune(&mut control, message, 1 << 20).await.unwrap().reclaimed, u64::MAX);
    }

    #[tokio::test]
    async fn build_cache_prune_fails_after_some_records() {
        let record = || fake::message(&UsageRecord { id: "a".into(), ..Default::default() });
        let respond = move |_: &str, _: Bytes| fake::response([record(), record(), fake::status("13", "broken")]);
        let error = prune(&mut fake::connect(respond).await, PruneRequest::default(), 1 << 20).await.unwrap_err();
        assert!(error.is_operation_failed() && error.to_string().contains("broken"), "{error}");
    }
}
