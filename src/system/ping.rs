//! Checking that the engine responds.

use std::fmt;

use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};

use crate::{
    ApiVersion, DockerClient, Result,
    request::{Settings, request},
};

impl DockerClient {
    /// Checks that the engine responds, and returns the properties in its response headers.
    ///
    /// Calls `GET /_ping`.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// println!("{:?}", docker.ping().await?.api_version);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SystemPing")]
    pub fn ping(&self) -> PingEngine {
        PingEngine { docker: self.clone(), settings: Settings::default() }
    }
}

/// A request to check that the engine responds. Returned by [`DockerClient::ping`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PingEngine {
    docker: DockerClient,
    settings: Settings,
}

request!(PingEngine => Ping, "system_ping");

impl PingEngine {
    /// Replaces the settings of the request.
    pub(crate) fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    async fn call(self) -> Result<Ping> {
        self.read(Ping::from_headers).await
    }

    /// Returns what `read` makes of the response headers.
    pub(super) async fn read<T>(&self, read: impl FnOnce(&HeaderMap) -> T) -> Result<T> {
        let api = self.docker.api("system_ping", &self.settings).await?;
        api.head(api.system_ping().await, read)
    }
}

/// Properties of the engine that it reports in the response headers of [`ping`](crate::DockerClient::ping).
///
/// A property that the engine did not send is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ping {
    /// Newest version of the API that the engine supports. Sent by engines since 1.13.
    pub api_version: Option<ApiVersion>,
    /// Builder that clients should use by default: `1` is the classic builder, `2` is BuildKit. Sent by engines since 23.0,
    /// and since 18.09 by those whose configuration sets the feature `buildkit`.
    pub builder_version: Option<String>,
    /// Operating system that the engine runs on, `linux` or `windows`. Sent by engines since 17.04.
    pub os_type: Option<String>,
    /// Whether experimental features are enabled. Sent by engines since 1.13.
    pub experimental: Option<bool>,
    /// State of the engine in a swarm. Sent by engines since 23.0.
    pub swarm: Option<SwarmState>,
}

const API_VERSION: HeaderName = HeaderName::from_static("api-version");
const BUILDER_VERSION: HeaderName = HeaderName::from_static("builder-version");
const OS_TYPE: HeaderName = HeaderName::from_static("ostype");
const EXPERIMENTAL: HeaderName = HeaderName::from_static("docker-experimental");
const SWARM: HeaderName = HeaderName::from_static("swarm");

impl Ping {
    fn from_headers(head: &HeaderMap) -> Self {
        let header = |name: &HeaderName| head.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty());
        Self {
            api_version: header(&API_VERSION).and_then(|version| version.parse().ok()),
            builder_version: header(&BUILDER_VERSION).map(str::to_owned),
            os_type: header(&OS_TYPE).map(str::to_owned),
            experimental: header(&EXPERIMENTAL).and_then(|flag| flag.parse().ok()),
            swarm: header(&SWARM).map(SwarmState::from),
        }
    }
}

/// State of an engine in a swarm.
///
/// Future engines may report more states; an unknown one is [`Other`](Self::Other).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum SwarmState {
    /// The engine is not part of a swarm.
    Inactive,
    /// The engine is joining a swarm.
    Pending,
    /// The engine could not join its swarm.
    Error,
    /// The engine is a manager whose keys are locked.
    Locked,
    /// The engine is a worker.
    Worker,
    /// The engine is a manager.
    Manager,
    /// A state that this version of the crate does not define.
    Other(String),
}

impl SwarmState {
    /// Returns the engine's name for the state, for example `active/manager`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Error => "error",
            Self::Locked => "locked",
            Self::Worker => "active/worker",
            Self::Manager => "active/manager",
            Self::Other(state) => state,
        }
    }
}

impl fmt::Display for SwarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<SwarmState> for String {
    fn from(state: SwarmState) -> Self {
        state.as_str().to_owned()
    }
}

impl From<String> for SwarmState {
    fn from(state: String) -> Self {
        state.as_str().into()
    }
}

impl From<&str> for SwarmState {
    fn from(state: &str) -> Self {
        let known = [Self::Inactive, Self::Pending, Self::Error, Self::Locked, Self::Worker, Self::Manager];
        known.into_iter().find(|known| known.as_str() == state).unwrap_or_else(|| Self::Other(state.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ping(headers: &[(&str, &str)]) -> Ping {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        Ping::from_headers(&headers.collect())
    }

    #[test]
    fn ping_reads_response_headers() {
        let headers = [
            ("Api-Version", "1.55"),
            ("Builder-Version", "2"),
            ("Ostype", "linux"),
            ("Docker-Experimental", "false"),
            ("Swarm", "active/manager"),
        ];
        let all = Ping {
            api_version: Some(ApiVersion::new(1, 55)),
            builder_version: Some("2".into()),
            os_type: Some("linux".into()),
            experimental: Some(false),
            swarm: Some(SwarmState::Manager),
        };
        assert_eq!(ping(&headers), all);
        assert_eq!(ping(&[("Swarm", "drained")]).swarm, Some(SwarmState::Other("drained".into())));
    }

    #[test]
    fn ping_headers_that_were_not_sent_are_absent() {
        assert_eq!(ping(&[("Server", "Docker/1.6.2 (linux)")]), Ping::default());
        let invalid =
            [("Api-Version", "newest"), ("Builder-Version", ""), ("Docker-Experimental", "?"), ("Swarm", "é")];
        assert_eq!(ping(&invalid), Ping::default());
    }
}
