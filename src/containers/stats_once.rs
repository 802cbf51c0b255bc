//! Measuring the resource usage of a container once.

use super::{Container, StatsStream};
use crate::{
    ApiVersion, Error, Result,
    generated::Client,
    models::Stats,
    request::{Settings, request},
};

/// Since this version, engines support requests for a single sample, which includes the previous one.
const SINGLE: ApiVersion = ApiVersion::new(1, 19);

/// Since this version, engines support requests for a single sample without the previous one.
const ONE_SHOT: ApiVersion = ApiVersion::new(1, 41);

impl Container {
    /// Measures the resource usage of the container once, as `docker stats --no-stream` does.
    ///
    /// The sample has no predecessor to compute [`cpu_percent`](Stats::cpu_percent) from, unless
    /// [`one_shot(false)`](ReadStatsOnce::one_shot) is set.
    ///
    /// Calls `GET /containers/{id}/stats`, since API 1.17. Below API 1.41, closes the connection after the sample.
    ///
    /// # Errors
    ///
    /// Fails as [`stats`](Self::stats) does, and if no sample arrives within the client's
    /// [`read_timeout`](crate::DockerClientBuilder::read_timeout). Engines before 1.7 send none for a container that is
    /// not running.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.container("web");
    /// println!("{:?} bytes", web.stats_once().await?.memory_used());
    /// println!("{:?} %", web.stats_once().one_shot(false).await?.cpu_percent(None));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerStats")]
    pub fn stats_once(&self) -> ReadStatsOnce {
        ReadStatsOnce { container: self.clone(), one_shot: true, settings: Settings::default() }
    }
}

/// A request to measure the resource usage of a container once. Returned by [`Container::stats_once`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReadStatsOnce {
    container: Container,
    one_shot: bool,
    settings: Settings,
}

request!(ReadStatsOnce => Stats, "container_stats", container.id);

impl ReadStatsOnce {
    /// Sets whether to return the first sample immediately. If not, the engine measures twice, about a second apart,
    /// and returns the second sample with the CPU usage of the first, so that it has a
    /// [`cpu_percent`](Stats::cpu_percent). Defaults to `true`.
    pub fn one_shot(mut self, one_shot: bool) -> Self {
        self.one_shot = one_shot;
        self
    }

    async fn call(self) -> Result<Stats> {
        let (api, id) = self.container.api("container_stats", &self.settings).await?;
        let Parameters { one_shot, stream, skip } = Parameters::new(self.one_shot, api.version());
        let call = async |client: &Client| client.container_stats(id, one_shot, stream).await;
        let (_, body) = api.stream(call).await?;
        let client = self.container.docker.limits();
        let limit = self.settings.limits(client).unwrap_or(*client).read_timeout;
        let mut samples = StatsStream::new(body, api.max_item_size()).read_timeout(limit);
        for _ in 0..skip {
            samples.try_next().await?;
        }
        let sample = samples.try_next().await?;
        sample.ok_or_else(|| Error::truncated("the engine sent no sample").during("container_stats"))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Parameters {
    one_shot: Option<bool>,
    stream: Option<bool>,
    /// The number of samples before the one to return.
    skip: usize,
}

impl Parameters {
    fn new(one_shot: bool, version: ApiVersion) -> Self {
        match one_shot {
            true if version >= ONE_SHOT => Self { one_shot: Some(true), stream: Some(false), skip: 0 },
            // Engines without `one-shot` would measure twice.
            true => Self { one_shot: None, stream: None, skip: 0 },
            false if version >= SINGLE => Self { one_shot: None, stream: Some(false), skip: 0 },
            false => Self { one_shot: None, stream: None, skip: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_once_parameters_depend_on_the_version() {
        let parameters = |one_shot, minor| Parameters::new(one_shot, ApiVersion::new(1, minor));
        let streamed = |skip| Parameters { one_shot: None, stream: None, skip };
        assert_eq!(parameters(true, 40), streamed(0));
        assert_eq!(parameters(true, 41), Parameters { one_shot: Some(true), stream: Some(false), skip: 0 });
        assert_eq!(parameters(false, 18), streamed(1));
        assert_eq!(parameters(false, 19), Parameters { one_shot: None, stream: Some(false), skip: 0 });
    }
}
