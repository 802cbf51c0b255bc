//! BuildKit: the handle [`BuildKit`], and the requests that its methods return.
//!
//! BuildKit is controlled over gRPC. This module opens the connections for programs with their own gRPC implementation.
//! With the feature `buildkit`, it also measures and removes build cache, and its handle `BuildHistory` is for the history
//! of builds. Builds are requests of [`Images::build`](crate::images::Images::build); with the feature `buildkit`, they have
//! their own session.

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CONNECTION, UPGRADE},
};

use crate::{DockerClient, Error, Result, error::Kind, generated::Api, raw::RawConnection, transport::Connection};

#[cfg(feature = "buildkit")]
mod build_session;
#[cfg(feature = "buildkit")]
mod cache_filters;
#[cfg(feature = "buildkit")]
mod cache_record;
#[cfg(feature = "buildkit")]
mod control;
#[cfg(feature = "buildkit")]
mod disk_usage;
#[cfg(feature = "buildkit")]
mod fsutil;
mod grpc;
#[cfg(feature = "buildkit")]
pub(crate) mod grpc_error;
#[cfg(feature = "buildkit")]
mod grpc_requests;
#[cfg(feature = "buildkit")]
mod history;
#[cfg(feature = "buildkit")]
mod prune;
#[cfg(feature = "buildkit")]
mod services;
mod session;

#[cfg(all(test, feature = "buildkit"))]
pub(crate) use self::grpc_requests::reported;
#[cfg(feature = "buildkit")]
pub(crate) use self::{
    build_session::{BuildSession, random_id},
    control::{Control, ControlCalls},
    services::{ContentStore, ExportTarget, Manifest, Services, UploadSource},
};
#[cfg(feature = "buildkit")]
pub use self::{
    cache_record::CacheRecord,
    disk_usage::GetCacheUsage,
    history::{
        BuildExporter, BuildHistory, BuildHistoryEvent, BuildHistoryStream, BuildRecord, ListBuildHistory,
        PinBuildRecord, RemoveBuildRecord, WatchBuildHistory,
    },
    prune::PruneCache,
};
pub use self::{grpc::ConnectGrpc, session::OpenSession};

/// A handle for BuildKit, the builder that is part of the engine. Returned by [`DockerClient::buildkit`].
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let buildkit = docker.buildkit();
/// let session = buildkit.session("k3v1q9").await?; // the engine calls services of this program
/// let control = buildkit.grpc().await?; // this program calls services of the engine
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BuildKit {
    docker: DockerClient,
}

impl BuildKit {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// Returns the headers that request an upgrade to HTTP/2 without TLS.
fn upgrade() -> HeaderMap {
    let headers = [(CONNECTION, "Upgrade"), (UPGRADE, "h2c")];
    headers.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect()
}

/// Returns the connection, which carries HTTP/2 if the engine has switched protocols.
fn upgraded(api: &Api<'_>, response: Response<Connection>) -> Result<RawConnection> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let message = format!("the engine did not switch to HTTP/2 (status {})", response.status().as_u16());
        return api.during(Err(Error::new(Kind::ConnectionLost(message))));
    }
    Ok(RawConnection::new(response))
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[test]
    fn buildkit_requests_can_be_sent_between_threads() {
        fn check<R: IntoFuture<IntoFuture: Send> + Send + Sync + fmt::Debug + 'static>(_: R) {}

        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        check(docker.buildkit().session("s1").name("web").shared_key("key").methods(["/a.B/C"]));
        check(docker.buildkit().grpc());
        #[cfg(feature = "buildkit")]
        {
            let history = docker.build_history();
            check(docker.buildkit().disk_usage());
            check(docker.buildkit().prune());
            check(history.list());
            check(history.watch());
            check(history.remove("k3v1"));
            check(history.pin("k3v1"));
        }
    }
}
