//! The progress of a build through BuildKit's control API.

use std::{
    collections::HashMap,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use futures_util::{future::BoxFuture, stream::BoxStream};
use serde_json::json;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;

use super::{failure::Failure, local_cache::LocalCaches, source_error::Details};
use crate::{
    Error,
    buildkit::grpc_error,
    generated::ReadTimeout,
    images::{BuildTrace, ProgressItem},
    transport::poll_connection,
};

/// How long to wait for further progress after the result. BuildKit ends the progress of a build that it did not begin only
/// after some seconds.
const GRACE: Duration = Duration::from_secs(3);

/// The beginnings of gRPC's messages about a method that the engine does not have.
const UNKNOWN_METHOD: [&str; 2] = ["unknown method ", "unknown service "];

/// The values that the exporters report, once the build has succeeded.
pub(in crate::images) type Response = HashMap<String, String>;

/// The parts of a build, which are polled together. Dropping them closes the connections, which cancels the build.
pub(super) struct Parts {
    /// Serves the session, until it ends for the returned reason.
    pub(super) session: BoxFuture<'static, Error>,
    /// Drives the connection of the calls, until it ends for the returned reason.
    pub(super) connection: BoxFuture<'static, Error>,
    pub(super) solve: BoxFuture<'static, Result<proto::SolveResponse, Status>>,
    /// The progress, if it is requested.
    pub(super) status: Option<BoxStream<'static, Result<proto::StatusResponse, Status>>>,
}

/// The items of a build that BuildKit solves: its traces, and its outcome. Ends after the first error.
pub(in crate::images) struct SolveStream {
    state: State,
    caches: LocalCaches,
    failure: Failure,
    read_timeout: ReadTimeout,
    object: Option<Box<str>>,
}

enum State {
    Running(Box<Running>),
    /// The build has succeeded; the caches on this machine are completed.
    Finishing(BoxFuture<'static, crate::Result<Response>>),
    /// Everything has succeeded; the end was not returned yet.
    Solved(Response),
    /// All items were returned. The response is empty if the build has failed, or if it was taken.
    Ended(Response),
}

struct Running {
    parts: Parts,
    outcome: Option<Result<Response, Status>>,
    /// Runs once there is an outcome.
    grace: Option<Pin<Box<Sleep>>>,
}

/// The next event of a build that runs.
enum Event {
    Trace(BuildTrace),
    Ended(Result<Response, Status>),
    /// A connection was lost before the end.
    Lost(Error),
}

impl SolveStream {
    pub(super) fn new(parts: Parts, failure: Failure) -> Self {
        let running = Running { parts, outcome: None, grace: None };
        Self {
            state: State::Running(Box::new(running)),
            caches: LocalCaches::default(),
            failure,
            read_timeout: ReadTimeout::default(),
            object: None,
        }
    }

    /// Completes these caches once the build has succeeded.
    pub(super) fn with_caches(self, caches: LocalCaches) -> Self {
        Self { caches, ..self }
    }

    /// Names the object of the build, in errors.
    pub(in crate::images) fn of(self, object: &str) -> Self {
        Self { object: Some(object.into()), ..self }
    }

    /// Limits the time without items; `None` is no limit.
    pub(in crate::images) fn set_read_timeout(&mut self, limit: Option<Duration>) {
        self.read_timeout = ReadTimeout::new(limit);
    }

    /// Closes the connections because of an error of the consumer, and returns the error with the operation's name.
    pub(in crate::images) fn fail(&mut self, error: Error) -> Error {
        self.state = State::Ended(Response::new());
        error.during("image_build").about(self.object.as_deref())
    }

    /// Returns what the exporters have reported, once the stream has ended.
    pub(in crate::images) fn take_response(&mut self) -> Response {
        match &mut self.state {
            State::Ended(response) => mem::take(response),
            State::Running(_) | State::Finishing(_) | State::Solved(_) => Response::new(),
        }
    }

    pub(in crate::images) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<crate::Result<ProgressItem>>> {
        let running = match &mut self.state {
            State::Running(running) => running,
            State::Finishing(finish) => {
                let response = match ready!(finish.as_mut().poll(cx)) {
                    Ok(response) => response,
                    Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
                };
                // The same item that `POST /build` returns.
                let image = response.get(super::outcome::DIGEST).map(|digest| json!({ "ID": digest }));
                self.state = State::Solved(response);
                return match image {
                    Some(image) => Poll::Ready(Some(Ok(ProgressItem::Outcome(image)))),
                    None => self.poll_item(cx),
                };
            }
            State::Solved(response) => {
                self.state = State::Ended(mem::take(response));
                return Poll::Ready(None);
            }
            State::Ended(_) => return Poll::Ready(None),
        };
        let event = running.poll(cx);
        let event = match ready!(self.read_timeout.apply(cx, event)) {
            Ok(event) => event,
            Err(timeout) => Event::Lost(timeout),
        };
        match event {
            Event::Trace(trace) => {
                self.failure.add(&trace);
                Poll::Ready(Some(Ok(ProgressItem::Trace(trace))))
            }
            Event::Ended(Ok(response)) => {
                self.state = State::Finishing(Box::pin(mem::take(&mut self.caches).finish(response)));
                self.poll_item(cx)
            }
            Event::Ended(Err(status)) => {
                let error = self.failed(status);
                Poll::Ready(Some(Err(self.fail(error))))
            }
            Event::Lost(error) => Poll::Ready(Some(Err(self.fail(error)))),
        }
    }

    /// Returns the error for a build that has failed.
    fn failed(&self, status: Status) -> Error {
        let (message, details) = (status.message().to_owned(), Details::decode(status.details()));
        let error = grpc_error::error(status);
        // A build that requires something that BuildKit lacks fails with the code of methods that are not implemented.
        let is_method = UNKNOWN_METHOD.iter().any(|prefix| message.starts_with(prefix));
        if error.is_operation_failed() || (error.is_unsupported() && !is_method) {
            // The engine only quotes the reason why this program did not write a cache.
            if let Some(failure) = self.caches.failure(&message) {
                return failure;
            }
            // Other gRPC codes carry no additional information, and could be mistaken for exit codes.
            let code = error.code().filter(|code| matches!(code, 401 | 403));
            return self.failure.error(error.message().unwrap_or(&message), code, &details);
        }
        error
    }
}

impl Running {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Parts { session, connection, solve, status } = &mut self.parts;
        let session_lost = poll_connection(session, cx);
        let connection_lost = poll_connection(connection, cx);
        // The traces that have arrived are returned before the end.
        if let Some(traces) = status {
            match traces.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(trace))) => {
                    self.grace = None;
                    return Poll::Ready(Event::Trace(BuildTrace::from_response(trace)));
                }
                // The outcome does not depend on the progress.
                Poll::Ready(Some(Err(_)) | None) => *status = None,
                Poll::Pending => {}
            }
        }
        if self.outcome.is_none()
            && let Poll::Ready(outcome) = solve.as_mut().poll(cx)
        {
            self.outcome = Some(outcome.map(|response| response.exporter_response));
        }
        let has_progress = status.is_some() && connection_lost.is_pending();
        let lost = match (connection_lost, session_lost) {
            (Poll::Ready(lost), _) | (Poll::Pending, Poll::Ready(lost)) => Some(lost),
            (Poll::Pending, Poll::Pending) => None,
        };
        let Some(outcome) = &self.outcome else {
            return lost.map_or(Poll::Pending, |lost| Poll::Ready(Event::Lost(lost)));
        };
        if let Err(status) = outcome
            && is_interrupted(status)
        {
            return Poll::Ready(Event::Lost(lost.unwrap_or_else(|| grpc_error::error(status.clone()))));
        }
        if has_progress && !self.poll_grace(cx) {
            return Poll::Pending;
        }
        self.outcome.take().map_or(Poll::Pending, |outcome| Poll::Ready(Event::Ended(outcome)))
    }

    /// Whether the grace period after the outcome has passed without progress.
    fn poll_grace(&mut self, cx: &mut Context<'_>) -> bool {
        let end = Instant::now() + GRACE;
        self.grace.get_or_insert_with(|| Box::pin(sleep_until(end))).as_mut().poll(cx).is_ready()
    }
}

/// Whether the outcome was not received, because the connection was lost.
fn is_interrupted(status: &Status) -> bool {
    grpc_error::error(status.clone()).is_connection_lost()
}

impl fmt::Debug for SolveStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_open = matches!(self.state, State::Running(_));
        f.debug_struct("SolveStream").field("operation", &"image_build").field("open", &is_open).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};

    use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _, stream};
    use tokio::sync::oneshot;
    use tonic::Code;

    use super::*;
    use crate::{
        DockerClient,
        buildkit::reported,
        error::Kind,
        images::{
            BuildOutput, Cache, Progress,
            build::{
                builder_version::Route,
                outcome::{Built, DIGEST, Outputs},
                source_error::tests::{source, status},
            },
        },
    };

    fn trace(name: &str, error: &str) -> Result<proto::StatusResponse, Status> {
        let time = Some(bollard_buildkit_proto::google::protobuf::Timestamp { seconds: 1, nanos: 0 });
        let vertex = proto::Vertex {
            digest: name.into(),
            name: name.into(),
            started: time,
            completed: time,
            error: error.into(),
            ..Default::default()
        };
        Ok(proto::StatusResponse { vertexes: vec![vertex], ..Default::default() })
    }

    fn response(digest: Option<&str>) -> Result<proto::SolveResponse, Status> {
        let digest = digest.map(|digest| ("containerimage.digest".to_owned(), digest.to_owned()));
        Ok(proto::SolveResponse { exporter_response: digest.into_iter().collect() })
    }

    fn failed(message: &str) -> Result<proto::SolveResponse, Status> {
        Err(reported(Code::Unknown, message, &[]))
    }

    fn connection_lost(message: &str) -> Error {
        Error::new(Kind::ConnectionLost(message.into()))
    }

    fn interrupted<T>() -> Result<T, Status> {
        Err(Status::from_error(Box::new(connection_lost("connection lost before the end of the response"))))
    }

    /// A build that does nothing.
    fn parts() -> Parts {
        Parts {
            session: Box::pin(pending()),
            connection: Box::pin(pending()),
            solve: Box::pin(pending()),
            status: Some(stream::pending().boxed()),
        }
    }

    fn stream_of(parts: Parts) -> SolveStream {
        SolveStream::new(parts, Failure::default())
    }

    async fn next(stream: &mut SolveStream) -> Option<crate::Result<ProgressItem>> {
        poll_fn(|cx| stream.poll_item(cx)).await
    }

    /// Returns the names of steps, the outcome, and the error, in their order.
    async fn items(stream: &mut SolveStream) -> Vec<String> {
        let mut items = Vec::new();
        while let Some(item) = next(stream).await {
            items.push(match item {
                Ok(ProgressItem::Trace(trace)) => trace.vertices.into_iter().map(|vertex| vertex.name).collect(),
                Ok(item) => format!("{item:?}"),
                Err(error) => format!("{error}"),
            });
        }
        assert!(next(stream).await.is_none(), "the stream has ended");
        items
    }

    const BUILT: &str = r#"Outcome(Object {"ID": String("sha256:00")})"#;

    #[tokio::test]
    async fn solve_stream_returns_traces_and_the_outcome() {
        let status = stream::iter([trace("a", ""), trace("b", "")]).boxed();
        let solve = Box::pin(ready(response(Some("sha256:00"))));
        let mut stream = stream_of(Parts { solve, status: Some(status), ..parts() });
        assert_eq!(items(&mut stream).await, ["a", "b", BUILT]);
        assert_eq!(stream.take_response()["containerimage.digest"], "sha256:00");
    }

    #[tokio::test(start_paused = true)]
    async fn solve_stream_ends_in_any_order_of_its_parts() {
        let delayed = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
        for (solved, last_trace, ended) in [(1, 2, 3), (1, 3, 2), (3, 1, 2), (2, 1, 3), (9, 1, 2)] {
            let status = async move {
                delayed(last_trace).await;
                let rest = async move {
                    delayed(ended).await;
                    None
                };
                Ok::<_, Status>(stream::iter([trace("a", "")]).chain(stream::once(rest).filter_map(ready)))
            };
            let status = status.try_flatten_stream().boxed();
            let solve = async move {
                delayed(solved).await;
                response(None)
            };
            let mut stream = stream_of(Parts { solve: Box::pin(solve), status: Some(status), ..parts() });
            assert_eq!(items(&mut stream).await, ["a"], "{solved} {last_trace} {ended}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn solve_stream_limits_the_wait_for_progress_after_the_outcome() {
        let begin = Instant::now();
        let mut stream = stream_of(Parts { solve: Box::pin(ready(failed("no such exporter"))), ..parts() });
        assert_eq!(items(&mut stream).await, ["failed to build image: no such exporter"]);
        assert_eq!(begin.elapsed(), GRACE);
    }

    #[tokio::test]
    async fn solve_stream_does_not_depend_on_the_progress() {
        let error = || stream::iter([Err(Status::unimplemented("no method Status"))]).boxed();
        for status in [None, Some(stream::empty().boxed()), Some(error())] {
            let solve = Box::pin(ready(response(Some("sha256:00"))));
            assert_eq!(items(&mut stream_of(Parts { solve, status, ..parts() })).await, [BUILT]);
        }
    }

    #[tokio::test]
    async fn solve_stream_explains_a_failure() {
        let status = stream::iter([trace("[2/2] RUN make", "exit code: 2")]).boxed();
        let details = self::status([source("FROM a\nRUN make", 2, 2)]);
        let solve = Box::pin(ready(Err(reported(Code::Unknown, "process failed: exit code: 2", &details))));
        let mut stream = stream_of(Parts { solve, status: Some(status), ..parts() });
        assert!(next(&mut stream).await.unwrap().is_ok());
        let error = next(&mut stream).await.unwrap().unwrap_err();
        let expected = "[2/2] RUN make: process failed: exit code: 2; \
                        Dockerfile:2\n   1 |     FROM a\n   2 | >>> RUN make";
        assert_eq!((error.message(), error.code(), error.is_operation_failed()), (Some(expected), Some(2), true));
        assert!(next(&mut stream).await.is_none());
    }

    #[tokio::test]
    async fn solve_stream_explains_named_contexts_that_the_frontend_lacks() {
        let message = "unsupported frontend capability moby.buildkit.frontend.contexts";
        for code in [Code::Unimplemented, Code::Unknown] {
            let solve = Box::pin(ready(Err(reported(code, message, &[]))));
            let error = next(&mut stream_of(Parts { solve, status: None, ..parts() })).await.unwrap().unwrap_err();
            assert!(error.is_operation_failed() && error.to_string().contains("named contexts require"), "{error}");
        }
    }

    #[tokio::test]
    async fn solve_stream_unsupported_calls_are_not_failed_builds() {
        for (message, is_failure) in [
            ("unknown service moby.buildkit.v1.Control", false),
            ("unknown method Solve for service moby.buildkit.v1.Control", false),
            ("requested experimental feature mergeop has been disabled", true),
        ] {
            let solve = Box::pin(ready(Err(reported(Code::Unimplemented, message, &[]))));
            let error = next(&mut stream_of(Parts { solve, status: None, ..parts() })).await.unwrap().unwrap_err();
            assert_eq!((error.is_operation_failed(), error.is_unsupported()), (is_failure, !is_failure), "{error}");
        }
    }

    #[tokio::test]
    async fn progress_of_a_solve_has_the_image_and_the_attributes() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let solved = || {
            let solve = Box::pin(ready(response(Some("sha256:00"))));
            stream_of(Parts { solve, status: None, ..parts() })
        };
        let built = Progress::of_solve(solved(), Built::new(docker.clone(), Route::Solve));
        assert!(format!("{built:?}").contains("image_build"), "{built:?}");
        assert_eq!(built.finish().await.unwrap().name(), "sha256:00");
        let exported =
            Progress::of_solve(solved(), Outputs::new(docker, &[BuildOutput::image()])).finish().await.unwrap();
        assert_eq!((exported.image.unwrap().name(), &*exported.attributes[DIGEST]), ("sha256:00", "sha256:00"));
    }

    #[tokio::test]
    async fn progress_of_a_solve_explains_its_failure_once() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let status = stream::iter([trace("[2/2] RUN make", "exit code: 2")]).boxed();
        let solve = Box::pin(ready(failed("process failed: exit code: 2")));
        let items = stream_of(Parts { solve, status: Some(status), ..parts() });
        let error = Progress::of_solve(items, Built::new(docker, Route::Solve)).finish().await.unwrap_err();
        assert_eq!(error.message(), Some("[2/2] RUN make: process failed: exit code: 2"));
    }

    #[tokio::test]
    async fn solve_stream_fails_if_a_connection_is_lost() {
        let lost = || Box::pin(ready(connection_lost("it was lost")));
        let traces = || Some(stream::iter([trace("a", "")]).chain(stream::pending()).boxed());
        let (session, connection) = (Parts { session: lost(), ..parts() }, Parts { connection: lost(), ..parts() });
        let interrupted = Parts { connection: lost(), solve: Box::pin(ready(interrupted())), ..parts() };
        for parts in [session, connection, interrupted] {
            let mut stream = stream_of(Parts { status: traces(), ..parts });
            assert_eq!(items(&mut stream).await, ["a", "failed to build image: it was lost"]);
        }
    }

    #[tokio::test]
    async fn solve_stream_prefers_the_error_of_the_engine() {
        let lost = || Box::pin(ready(connection_lost("it was lost")));
        let solve = || Box::pin(ready(failed("no space left")));
        let (session, connection) = (Parts { session: lost(), ..parts() }, Parts { connection: lost(), ..parts() });
        for parts in [session, connection] {
            let mut stream = stream_of(Parts { solve: solve(), status: Some(stream::empty().boxed()), ..parts });
            assert_eq!(items(&mut stream).await, ["failed to build image: no space left"]);
        }
    }

    #[tokio::test]
    async fn solve_stream_completes_local_caches() {
        let folder = tempfile::tempdir().unwrap();
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let build = docker.images().build(Vec::new()).cache_to(Cache::local(folder.path()));
        let caches = LocalCaches::open(&mut { build.options }).await.unwrap();
        for (caches, is_valid) in [(LocalCaches::default(), true), (caches, false)] {
            let values = [("containerimage.digest", "sha256:00"), ("cache.manifest", "{}")];
            let exporter_response = values.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
            let solve = Box::pin(ready(Ok::<_, Status>(proto::SolveResponse { exporter_response })));
            let mut stream = stream_of(Parts { solve, status: None, ..parts() }).with_caches(caches);
            let items = items(&mut stream).await;
            assert_eq!((items.len(), items[0] == BUILT), (1, is_valid), "{items:?}");
            assert!(is_valid || items[0].contains("the manifest of the build cache"), "{items:?}");
        }
    }

    #[tokio::test]
    async fn solve_stream_fails_if_the_engine_resets_the_call() {
        let mut stream = stream_of(Parts { solve: Box::pin(ready(interrupted())), ..parts() });
        let error = next(&mut stream).await.unwrap().unwrap_err();
        assert!(error.is_connection_lost(), "{error}");
    }

    #[tokio::test]
    async fn solve_stream_succeeds_if_a_connection_ends_after_the_outcome() {
        let lost = || Box::pin(ready(connection_lost("it was lost")));
        let solve = Box::pin(ready(response(None)));
        let mut stream = stream_of(Parts { session: lost(), connection: lost(), solve, ..parts() });
        assert!(items(&mut stream).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn solve_stream_read_timeout_applies_between_items() {
        let status = stream::iter([trace("a", "")]).chain(stream::pending()).boxed();
        let mut stream = stream_of(Parts { status: Some(status), ..parts() });
        stream.set_read_timeout(Some(Duration::from_secs(60)));
        let (begin, items) = (Instant::now(), items(&mut stream).await);
        assert_eq!(items, ["a", "failed to build image: response body stalled: no data for 60s (read_timeout)"]);
        assert_eq!(begin.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test]
    async fn solve_stream_is_cancel_safe_and_cancels_when_dropped() {
        let (sender, receiver) = oneshot::channel::<()>();
        let (mut dropped, guard) = oneshot::channel::<()>();
        let solve = async move {
            let _guard = guard;
            _ = receiver.await;
            response(Some("sha256:00"))
        };
        let mut stream = stream_of(Parts { solve: Box::pin(solve), status: None, ..parts() });
        for _ in 0..3 {
            assert!(next(&mut stream).now_or_never().is_none());
        }
        assert!(format!("{stream:?}").contains("open: true"), "{stream:?}");
        assert!(!dropped.is_closed());
        let error = stream.fail(Error::internal("the consumer failed"));
        assert_eq!(error.operation(), Some("image_build"));
        dropped.closed().await;
        assert!(sender.send(()).is_err() && next(&mut stream).await.is_none());
    }
}
