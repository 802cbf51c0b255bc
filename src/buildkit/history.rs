//! The history of builds with BuildKit: the handle [`BuildHistory`], and the requests that its methods return.

use bollard_buildkit_proto::moby::buildkit::v1::{UpdateBuildHistoryRequest, UpdateBuildHistoryResponse};

use super::control::{Control, require, within_response_timeout};
use crate::{
    ApiVersion, DockerClient, Error, Result,
    error::{ErrorKind, Kind},
    request::Settings,
};

mod list;
mod pin;
mod record;
mod remove;
mod watch;

pub use self::{
    list::ListBuildHistory,
    pin::PinBuildRecord,
    record::{BuildExporter, BuildRecord},
    remove::RemoveBuildRecord,
    watch::{BuildHistoryEvent, BuildHistoryStream, WatchBuildHistory},
};

/// The method that lists and watches records.
const LISTEN: &str = "/moby.buildkit.v1.Control/ListenBuildHistory";

/// The method that changes and removes records.
const UPDATE: &str = "/moby.buildkit.v1.Control/UpdateBuildHistory";

/// Docker 24.0, the first with a history.
const SINCE: ApiVersion = ApiVersion::new(1, 43);

/// A handle for the history of builds with BuildKit: list, watch, pin, remove. Returned by
/// [`DockerClient::build_history`]. Requires the feature `buildkit`, and API 1.43.
///
/// By default, the engine keeps the records of the last 50 builds, of all builds of the last two days, and pinned records.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let history = docker.build_history();
/// for record in history.list().await? {
///     match &record.error {
///         Some(error) => println!("{} failed: {error}", record.reference),
///         None => println!("{} {} of {} steps cached", record.reference, record.cached_steps, record.total_steps),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "history")]
#[derive(Clone, Debug)]
pub struct BuildHistory {
    docker: DockerClient,
}

impl BuildHistory {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    /// Connects to BuildKit, if the engine has a history.
    async fn open(&self, settings: &Settings) -> Result<Control> {
        require(&self.docker, "", SINCE).await?;
        Control::open(&self.docker, settings).await
    }

    /// Changes or removes a record.
    async fn update(&self, settings: &Settings, message: UpdateBuildHistoryRequest) -> Result<()> {
        if message.r#ref.is_empty() {
            return Err(Error::invalid_input("the reference of the build is empty"));
        }
        let mut control = self.open(settings).await?;
        within_response_timeout(&self.docker, settings, update(&mut control, message)).await
    }
}

async fn update(control: &mut Control, message: UpdateBuildHistoryRequest) -> Result<()> {
    let outcome: Result<UpdateBuildHistoryResponse> = control.unary(UPDATE, message).await;
    outcome.map(drop).map_err(missing)
}

/// Sets the kind of an error for a record that does not exist. BuildKit reports it without one.
fn missing(error: Error) -> Error {
    let is_missing = |message: &str| message.ends_with("not found") || message.ends_with("file does not exist");
    match error.message() {
        Some(message) if error.kind() == ErrorKind::OperationFailed && is_missing(message) => {
            Error::new(Kind::OperationFailed { status: None, code: 404, message: message.to_owned() })
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prost::Message as _;

    use super::{super::control::fake, *};

    #[tokio::test]
    async fn build_history_update_reports_missing_records() {
        let respond = |path: &str, message: Bytes| {
            assert_eq!(path, UPDATE);
            match &*UpdateBuildHistoryRequest::decode(message).unwrap().r#ref {
                "gone" => fake::response([fake::status("2", "failed to retrieve ref gone: file does not exist")]),
                "unleased" => fake::response([fake::status("2", "lease \"ref_unleased\": not found")]),
                "broken" => fake::response([fake::status("2", "failed to retrieve bucket")]),
                _ => fake::response([fake::message(&UpdateBuildHistoryResponse {}), fake::status("0", "")]),
            }
        };
        let mut control = fake::connect(respond).await;
        let mut outcomes = Vec::new();
        for reference in ["gone", "unleased", "broken", "there"] {
            let message = UpdateBuildHistoryRequest { r#ref: reference.into(), ..Default::default() };
            outcomes.push(update(&mut control, message).await.map_err(|error| error.kind()));
        }
        let (missing, failed) = (Err(ErrorKind::NotFound), Err(ErrorKind::OperationFailed));
        assert_eq!(outcomes, [missing, missing, failed, Ok(())]);
    }

    #[tokio::test]
    async fn build_history_requires_its_version() {
        let docker = DockerClient::builder().address("tcp://127.0.0.1:1").api_version(ApiVersion::new(1, 42));
        let history = docker.build().unwrap().build_history();
        for (outcome, action) in [
            (history.list().await.map(drop), "list the build history"),
            (history.watch().await.map(drop), "watch the build history"),
            (history.remove("k3v1").await, "remove build record k3v1"),
            (history.pin("k3v1").await, "update build record k3v1"),
            (history.unpin("k3v1").await, "update build record k3v1"),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!((error.required_version(), error.is_unsupported()), (Some(SINCE), true));
            assert!(error.to_string().starts_with(&format!("failed to {action}: requires API 1.43")), "{error}");
            assert_eq!(error.operation(), Some("buildkit_grpc"));
        }
    }

    #[tokio::test]
    async fn build_history_rejects_an_empty_reference() {
        let history = DockerClient::connect("tcp://127.0.0.1:1").unwrap().build_history();
        assert!(history.remove("").await.unwrap_err().is_bad_request());
        assert!(history.pin("").await.unwrap_err().is_bad_request());
    }
}
