//! Progress of pulls, pushes, builds, imports and loads.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::TryStreamExt;
#[cfg(feature = "buildkit")]
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{
    Error, Result,
    error::Kind,
    generated::Body,
    models::JsonMessage,
    stream::{Decoded, Document, DocumentDecoder},
};

#[cfg(feature = "buildkit")]
mod plain;
#[cfg(feature = "buildkit")]
mod trace;
mod watch;

pub use self::watch::WatchProgress;
#[cfg(feature = "buildkit")]
pub use self::{
    plain::PlainTrace,
    trace::{BuildTrace, Vertex, VertexLog, VertexStatus, VertexWarning},
};

/// The progress of a pull, push, build, import or load, as a stream, and its result.
///
/// Ends when the operation is complete. If the operation fails, the last item is an error with the engine's message
/// ([`is_operation_failed`](Error::is_operation_failed)) and its [`code`](Error::code).
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let mut progress = docker.image("busybox").pull().progress().await?;
/// while let Some(item) = progress.try_next().await? {
///     println!("{item:?}");
/// }
/// println!("{:?}", progress.finish().await?.digest);
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// Dropping this closes its connection. Engines since 1.6 then cancel a build, and since 1.10 also a pull or a push; older
/// engines continue. Waiting for the next item is cancel safe.
#[must_use = "streams do nothing unless polled"]
pub struct Progress<T> {
    items: Decoded<DocumentDecoder<ProgressItem>>,
    outcome: Box<dyn ProgressResult<T>>,
    failure: Option<Error>,
    /// Serves the session of a build; ends early, with the reason.
    #[cfg(feature = "buildkit")]
    session: Option<BoxFuture<'static, Error>>,
}

/// A result of the operation that is collected from its progress items.
pub(crate) trait ProgressResult<T>: Send {
    /// Updates the result from `item`.
    fn add_item(&mut self, item: &ProgressItem) -> Result<()>;

    /// Adds to the error of the operation what the items have reported about it.
    fn explain(&self, error: Error) -> Error {
        error
    }

    /// Returns the result, once the operation is complete.
    fn finish(self: Box<Self>) -> Result<T>;
}

impl<T> Progress<T> {
    pub(crate) fn new(
        body: Body,
        limit: usize,
        operation: &'static str,
        outcome: impl ProgressResult<T> + 'static,
    ) -> Self {
        let items = Decoded::new(body, DocumentDecoder::new(limit), operation);
        Self {
            items,
            outcome: Box::new(outcome),
            failure: None,
            #[cfg(feature = "buildkit")]
            session: None,
        }
    }

    /// Serves the session of the operation while the progress is polled.
    #[cfg(feature = "buildkit")]
    pub(super) fn with_session(self, session: Option<BoxFuture<'static, Error>>) -> Self {
        Self { session, ..self }
    }

    /// Polls the session and the items. Fails if the session ends before the operation.
    #[cfg(feature = "buildkit")]
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ProgressItem>>> {
        let lost = match &mut self.session {
            Some(session) => session.as_mut().poll(cx),
            None => Poll::Pending,
        };
        match (Pin::new(&mut self.items).poll_next(cx), lost) {
            (Poll::Pending, Poll::Ready(lost)) => {
                self.session = None;
                Poll::Ready(Some(Err(self.items.fail(lost))))
            }
            // The items that have arrived are returned first.
            (item @ Poll::Ready(Some(Ok(_))), Poll::Ready(lost)) => {
                self.session = Some(Box::pin(std::future::ready(lost)));
                item
            }
            (item @ Poll::Ready(Some(Err(_)) | None), _) => {
                self.session = None;
                item
            }
            (item, Poll::Pending) => item,
        }
    }

    #[cfg(not(feature = "buildkit"))]
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ProgressItem>>> {
        Pin::new(&mut self.items).poll_next(cx)
    }

    /// Names the image or plugin, in errors.
    pub(crate) fn of(self, name: &str) -> Self {
        Self { items: self.items.of(name), ..self }
    }

    /// Fails if nothing arrives for longer than `limit`. Defaults to `None`: no limit.
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.items.set_read_timeout(limit.into());
        self
    }

    /// Waits until the operation is complete, and returns its result: that of the request without `progress()`.
    ///
    /// # Errors
    ///
    /// Fails if the operation fails, or has failed before.
    pub async fn finish(mut self) -> Result<T> {
        while self.try_next().await?.is_some() {}
        match self.failure {
            Some(failure) => Err(failure),
            None => self.outcome.finish(),
        }
    }

    /// Waits for the next item. Returns `None` once the operation is complete. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the operation or the connection does. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<ProgressItem>> {
        TryStreamExt::try_next(self).await
    }
}

impl<T> Stream for Progress<T> {
    type Item = Result<ProgressItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let error = match ready!(self.poll_item(cx)) {
            Some(Ok(item)) => match self.outcome.add_item(&item) {
                Ok(()) => return Poll::Ready(Some(Ok(item))),
                Err(error) => self.items.fail(error),
            },
            Some(Err(error)) => self.outcome.explain(error),
            None => return Poll::Ready(None),
        };
        self.failure = Some(error.clone());
        Poll::Ready(Some(Err(error)))
    }
}

impl<T> fmt::Debug for Progress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.items).finish()
    }
}

/// A list that is collected from progress items, with a limit for its size in memory.
pub(super) struct Collected<T> {
    items: Vec<T>,
    /// Number of bytes that further items may take.
    remaining: usize,
    limit: usize,
}

impl<T> Collected<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { items: Vec::new(), remaining: limit, limit }
    }

    /// Adds an item with `bytes` bytes of text, or returns an error if the limit is exceeded.
    pub(super) fn push(&mut self, item: T, bytes: usize) -> Result<()> {
        let size = bytes.saturating_add(size_of::<T>());
        let Some(remaining) = self.remaining.checked_sub(size) else {
            let message = format!("the results are larger than {} bytes (max_item_size)", self.limit);
            return Err(Error::new(Kind::Decode(message)));
        };
        self.remaining = remaining;
        self.items.push(item);
        Ok(())
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}

/// An item of the progress of an operation.
///
/// With serde, it is an object with one field, for example `{"Status":{"status":"Downloading",…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProgressItem {
    /// Output of a build, including line endings.
    Output(String),
    /// Status of a layer, a tag or the operation.
    Status(ProgressStatus),
    /// Changes of the state of a build with BuildKit. With the feature `buildkit`.
    #[cfg(feature = "buildkit")]
    Trace(BuildTrace),
    /// Result, as newer engines report it: of a push, `Tag`, `Digest` and `Size`; of a build, `ID`.
    Outcome(Value),
}

impl ProgressItem {
    /// Returns the digest in the registry, if this item of a pull reports it.
    pub(crate) fn digest(&self) -> Option<&str> {
        match self {
            Self::Status(status) => status.status.strip_prefix("Digest: "),
            _ => None,
        }
    }
}

/// Status of a layer, a tag or the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProgressStatus {
    /// The layer or tag; `None` for the whole operation.
    pub id: Option<String>,
    /// Status text, for example `Downloading` or `Pull complete`.
    pub status: String,
    /// Amount done, in `units`. May exceed `total` by a block.
    pub current: Option<u64>,
    /// Total amount, in `units`, if known.
    pub total: Option<u64>,
    /// Unit of `current` and `total`. Bytes in most cases; engines that use the containerd image store report seconds
    /// while they extract a layer.
    pub units: ProgressUnits,
    /// Whether clients should not display `current` and `total`.
    pub hides_counts: bool,
}

/// Unit of the counts of a [`ProgressStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum ProgressUnits {
    /// Bytes.
    #[default]
    Bytes,
    /// Seconds.
    Seconds,
    /// A unit that this version of the crate does not define, as sent by the engine.
    Other(String),
}

impl From<String> for ProgressUnits {
    fn from(units: String) -> Self {
        match &*units {
            "" | "B" | "bytes" => Self::Bytes,
            "s" => Self::Seconds,
            _ => Self::Other(units),
        }
    }
}

/// As text, for example `"B"`.
impl Serialize for ProgressUnits {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ProgressUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "B",
            Self::Seconds => "s",
            Self::Other(units) => units,
        })
    }
}

impl Document for ProgressItem {
    type Api = JsonMessage;

    fn read(message: JsonMessage) -> Result<Self> {
        let detail = message.error_detail.unwrap_or_default();
        let failure = if detail.message.is_empty() { message.error } else { detail.message };
        if !failure.is_empty() || detail.code != 0 {
            return Err(Error::new(Kind::OperationFailed {
                status: None,
                code: detail.code,
                message: failure.trim().to_owned(),
            }));
        }
        if let Some(outcome) = message.aux {
            #[cfg(feature = "buildkit")]
            if let Some(trace) = BuildTrace::decode(&message.id, &outcome) {
                return trace.map(Self::Trace);
            }
            return Ok(Self::Outcome(outcome));
        }
        if !message.stream.is_empty() {
            return Ok(Self::Output(message.stream));
        }
        let progress = message.progress_detail.unwrap_or_default();
        let known = |count: i64| u64::try_from(count).ok().filter(|&count| count > 0);
        Ok(Self::Status(ProgressStatus {
            id: Some(message.id).filter(|id| !id.is_empty()),
            status: message.status,
            current: known(progress.current),
            total: known(progress.total),
            units: progress.units.into(),
            hides_counts: progress.hidecounts,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(document: &str) -> Result<ProgressItem> {
        ProgressItem::decode(document.as_bytes())
    }

    #[test]
    fn progress_items_are_decoded() {
        assert_eq!(
            decoded(r#"{"stream":"Step 0 : FROM a\n"}"#).unwrap(),
            ProgressItem::Output("Step 0 : FROM a\n".into())
        );
        let status = |id: Option<&str>, status: &str, current, total| {
            let id = id.map(Into::into);
            ProgressItem::Status(ProgressStatus { id, status: status.into(), current, total, ..Default::default() })
        };
        assert_eq!(
            decoded(r#"{"status":"Downloading","progressDetail":{"current":5,"total":9},"progress":"[=>]","id":"a"}"#)
                .unwrap(),
            status(Some("a"), "Downloading", Some(5), Some(9))
        );
        assert_eq!(
            decoded(r#"{"status":"Pulling","progressDetail":{}}"#).unwrap(),
            status(None, "Pulling", None, None)
        );
        let pushed = decoded(r#"{"progressDetail":{},"aux":{"Tag":"1"}}"#).unwrap();
        assert_eq!(pushed, ProgressItem::Outcome(serde_json::json!({ "Tag": "1" })));
    }

    #[test]
    fn progress_units_are_kept() {
        let units = |detail: &str| match decoded(&format!(r#"{{"status":"Extracting","progressDetail":{detail}}}"#)) {
            Ok(ProgressItem::Status(status)) => (status.current, status.units, status.hides_counts),
            other => panic!("{other:?}"),
        };
        assert_eq!(units(r#"{"current":3}"#), (Some(3), ProgressUnits::Bytes, false));
        assert_eq!(units(r#"{"current":3,"units":"s"}"#), (Some(3), ProgressUnits::Seconds, false));
        assert_eq!(
            units(r#"{"current":3,"units":"files","hidecounts":true}"#),
            (Some(3), ProgressUnits::Other("files".into()), true)
        );
    }

    #[test]
    fn progress_items_round_trip_through_serde() {
        for document in [
            r#"{"stream":"Step 0 : FROM a\n"}"#,
            r#"{"status":"Extracting","id":"a","progressDetail":{"current":3,"units":"s"}}"#,
            r#"{"status":"Extracting","progressDetail":{"current":3,"total":5,"units":"files"}}"#,
            r#"{"aux":{"Tag":"1"}}"#,
        ] {
            let item = decoded(document).unwrap();
            let text = serde_json::to_string(&item).unwrap();
            assert_eq!(serde_json::from_str::<ProgressItem>(&text).unwrap(), item, "{text}");
        }
    }

    #[test]
    fn progress_errors_are_decoded_in_all_forms() {
        for (document, code) in [
            (r#"{"error":"no space left\n"}"#, None),
            (r#"{"errorDetail":{"message":"no space left"}}"#, None),
            (r#"{"errorDetail":{"code":3,"message":"no space left"},"error":"no space left"}"#, Some(3)),
        ] {
            let error = decoded(document).unwrap_err();
            assert!(error.is_operation_failed());
            assert_eq!((error.message(), error.code()), (Some("no space left"), code), "{document}");
        }
        assert_eq!(decoded(r#"{"errorDetail":{"code":1}}"#).unwrap_err().code(), Some(1));
        assert!(decoded(r#"{"error":null,"status":"fine"}"#).is_ok());
    }
}
