//! Watching the records of builds.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use futures_util::{StreamExt as _, TryFutureExt as _, TryStreamExt};
use serde::{Deserialize, Serialize};
use tonic::Status;

use super::{BuildHistory, BuildRecord, LISTEN};
use crate::{
    Error, LazyStream, Result,
    buildkit::{control::Control, grpc_error},
    request::{Settings, request},
    transport::poll_connection,
};

const OPERATION: &str = "build_history_watch";

impl BuildHistory {
    /// Returns a stream of changes of the history. It begins with the running builds and the records, and does not end.
    ///
    /// Resolves once the connection to BuildKit is open. The stream does not reconnect.
    ///
    /// Calls `moby.buildkit.v1.Control/ListenBuildHistory` over `POST /grpc`, since API 1.43.
    ///
    /// # Errors
    ///
    /// Fails if the API version is older than 1.43, or if the engine has no BuildKit (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::buildkit::BuildHistoryEvent;
    ///
    /// let mut events = docker.build_history().watch().running(true).await?;
    /// while let Some(event) = events.try_next().await? {
    ///     match event {
    ///         BuildHistoryEvent::Started(record) => println!("{} is running", record.reference),
    ///         BuildHistoryEvent::Completed(record) => println!("{} {:?}", record.reference, record.error),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "follow")]
    #[doc(alias = "ListenBuildHistory")]
    pub fn watch(&self) -> WatchBuildHistory {
        WatchBuildHistory { history: self.clone(), running: false, settings: Settings::default() }
    }
}

/// A request to watch the history of builds. Returned by [`BuildHistory::watch`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WatchBuildHistory {
    history: BuildHistory,
    running: bool,
    settings: Settings,
}

request!(WatchBuildHistory => BuildHistoryStream, "build_history_watch");

impl WatchBuildHistory {
    /// Begins with the running builds only, without the records of builds that have ended. Defaults to `false`.
    pub fn running(mut self, running: bool) -> Self {
        self.running = running;
        self
    }

    /// Returns the stream without waiting: the request is sent when the stream is first polled, and an error of the
    /// request is the first item.
    pub fn stream(self) -> LazyStream<BuildHistoryStream> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<BuildHistoryStream> {
        let control = self.history.open(&self.settings).await.map_err(|error| error.during(OPERATION))?;
        Ok(BuildHistoryStream::new(control, self.running))
    }
}

/// A change of the history of builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BuildHistoryEvent {
    /// A build runs.
    Started(BuildRecord),
    /// A build has ended, or the record of one has changed, for example because it was pinned.
    Completed(BuildRecord),
    /// The record of the build with this reference was removed.
    Removed(String),
}

impl BuildHistoryEvent {
    /// Returns `None` for an event of another type.
    pub(super) fn new(event: proto::BuildHistoryEvent) -> Option<Self> {
        let record = BuildRecord::new(event.record?);
        Some(match proto::BuildHistoryEventType::try_from(event.r#type).ok()? {
            proto::BuildHistoryEventType::Started => Self::Started(record),
            proto::BuildHistoryEventType::Complete => Self::Completed(record),
            proto::BuildHistoryEventType::Deleted => Self::Removed(record.reference),
        })
    }
}

/// Changes of the history of builds. Returned by [`BuildHistory::watch`].
///
/// The engine sends the state of a record, and not every change of it: a build may begin with
/// [`Completed`](BuildHistoryEvent::Completed), and be reported again. If the engine ends the stream, for example
/// because it stops, the last item is an error.
///
/// # Cancellation
///
/// Dropping this closes its connection. Waiting for the next event is cancel safe.
#[must_use = "streams do nothing unless polled"]
pub struct BuildHistoryStream {
    events: BoxStream<'static, Result<proto::BuildHistoryEvent, Status>>,
    connection: BoxFuture<'static, Error>,
    ended: bool,
}

impl BuildHistoryStream {
    fn new(control: Control, running: bool) -> Self {
        let message = proto::BuildHistoryRequest { active_only: running, ..Default::default() };
        // Not awaited: engines may send the headers of the response with the first event.
        let events = control.calls().stream::<_, proto::BuildHistoryEvent>(LISTEN, message);
        let events = events.try_flatten_stream().boxed();
        Self { events, connection: control.into_connection(), ended: false }
    }

    /// Waits for the next event. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost or the response is not valid. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<BuildHistoryEvent>> {
        TryStreamExt::try_next(self).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<BuildHistoryEvent>> {
        let lost = poll_connection(&mut self.connection, cx);
        loop {
            return match self.events.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(event))) => match BuildHistoryEvent::new(event) {
                    Some(event) => Poll::Ready(Ok(event)),
                    None => continue,
                },
                Poll::Ready(Some(Err(status))) => Poll::Ready(Err(grpc_error::error(status))),
                Poll::Ready(None) => Poll::Ready(Err(Error::truncated("the engine ended the stream"))),
                Poll::Pending => lost.map(Err),
            };
        }
    }
}

impl Stream for BuildHistoryStream {
    type Item = Result<BuildHistoryEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.poll_event(cx).map(|event| {
            self.ended = event.is_err();
            Some(event.map_err(|error| error.during(OPERATION)))
        })
    }
}

impl fmt::Debug for BuildHistoryStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildHistoryStream").field("ended", &self.ended).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bollard_buildkit_proto::google::protobuf::Timestamp;
    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use prost::Message as _;
    use proto::BuildHistoryEventType as Type;

    use super::*;
    use crate::buildkit::control::fake;

    pub(crate) fn event_of(event: i32, record: Option<proto::BuildHistoryRecord>) -> proto::BuildHistoryEvent {
        proto::BuildHistoryEvent { r#type: event, record }
    }

    /// An event for the build, which was created at this time.
    pub(crate) fn event(event: Type, reference: &str, created: i64) -> proto::BuildHistoryEvent {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let completed_at = at(created + 1).filter(|_| event == Type::Complete);
        let created_at = at(created);
        let record =
            proto::BuildHistoryRecord { r#ref: reference.into(), created_at, completed_at, ..Default::default() };
        event_of(event.into(), Some(record))
    }

    #[tokio::test]
    async fn build_history_stream_yields_events() {
        let respond = |path: &str, message: Bytes| {
            let request = proto::BuildHistoryRequest::decode(message).unwrap();
            assert_eq!((path, request.active_only, request.early_exit), (LISTEN, true, false));
            let unknown = event_of(9, event(Type::Started, "b", 1).record);
            let events =
                [event(Type::Started, "a", 1), unknown, event(Type::Complete, "a", 1), event(Type::Deleted, "a", 1)];
            fake::endless(events.iter().map(fake::message))
        };
        let mut events = BuildHistoryStream::new(fake::connect(respond).await, true);
        let first = events.try_next().await.unwrap().unwrap();
        assert!(matches!(&first, BuildHistoryEvent::Started(record) if record.reference == "a"), "{first:?}");
        let second = events.try_next().await.unwrap().unwrap();
        assert!(matches!(&second, BuildHistoryEvent::Completed(record) if record.completed.is_some()), "{second:?}");
        let third = events.try_next().await.unwrap().unwrap();
        assert_eq!(third, BuildHistoryEvent::Removed("a".into()));
        assert!(events.try_next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn build_history_stream_ends_after_an_error() {
        for (frames, is_expected) in [
            (vec![fake::status("0", "")], Error::is_truncated as fn(&Error) -> bool),
            (vec![fake::status("12", "unknown method")], Error::is_unsupported),
            (vec![fake::data(&b"\0\xff\xff\xff\xff"[..])], Error::is_decode),
        ] {
            let frames = std::sync::Mutex::new(frames);
            let respond = move |_: &str, _: Bytes| fake::response(std::mem::take(&mut *frames.lock().unwrap()));
            let mut events = BuildHistoryStream::new(fake::connect(respond).await, false);
            let error = events.try_next().await.unwrap_err();
            assert!(is_expected(&error), "{error}");
            assert!(error.to_string().starts_with("failed to watch the build history: "), "{error}");
            assert_eq!(events.try_next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn build_history_stream_fails_if_its_connection_is_lost() {
        let (near, far) = tokio::io::duplex(64 << 10);
        let control = Control::over(near, fake::MAX_MESSAGE).await.unwrap();
        let mut events = BuildHistoryStream::new(control, false);
        assert!(events.try_next().now_or_never().is_none());
        drop(far);
        assert!(events.try_next().await.unwrap_err().is_connection_lost());
        assert_eq!(events.try_next().await.unwrap(), None);
    }
}
