//! The progress of what takes its time: pulls, pushes, builds, imports and loads.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::TryStreamExt as _;
use serde_json::Value;

use crate::{
    Error, Result,
    error::Kind,
    models::JsonMessage,
    stream::{Decoded, Document, DocumentDecoder},
    wire::Body,
};

/// The progress of a pull, push, build, import or load, and at its end what came of it.
///
/// Ends when the work is done. If it fails on the way, the last item is an error with
/// the engine's message ([`is_failure`](Error::is_failure)) and its
/// [`code`](Error::code).
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::images::PullOptions;
/// use futures_util::TryStreamExt as _;
///
/// let mut progress = docker.image("busybox").pull_progress(&PullOptions::default()).await?;
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
/// Dropping this closes its connection. Engines since 1.6 stop a build then, since
/// 1.10 pulls and pushes too; older ones go on. Waiting for the next item is cancel
/// safe: none is lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct Progress<T> {
    items: Decoded<DocumentDecoder<ProgressItem>>,
    outcome: Box<dyn Gather<T>>,
    failure: Option<Error>,
}

/// What comes of the work, gathered on the way.
pub(super) trait Gather<T>: Send {
    fn see(&mut self, item: &ProgressItem);

    /// What it is, now that the work is done.
    fn value(self: Box<Self>) -> Result<T>;
}

impl<T> Progress<T> {
    pub(super) fn new(body: Body, longest: usize, operation: &'static str, outcome: impl Gather<T> + 'static) -> Self {
        let items = Decoded::new(body, DocumentDecoder::new(longest), operation);
        Self { items, outcome: Box::new(outcome), failure: None }
    }

    /// Fails if nothing comes for longer than `limit`. Without, waits for as long as it takes.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.items.set_idle_timeout(limit);
        self
    }

    /// Waits until the work is done, and returns what came of it: what the call returns that tells no progress.
    ///
    /// # Errors
    ///
    /// Fails if the work does, or did before.
    pub async fn finish(mut self) -> Result<T> {
        while self.try_next().await?.is_some() {}
        match self.failure {
            Some(failure) => Err(failure),
            None => self.outcome.value(),
        }
    }
}

impl<T> Stream for Progress<T> {
    type Item = Result<ProgressItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.items).poll_next(cx));
        match &item {
            Some(Ok(item)) => self.outcome.see(item),
            Some(Err(error)) => self.failure = Some(error.clone()),
            None => {}
        }
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for Progress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.items).finish()
    }
}

/// A step on the way.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProgressItem {
    /// What a build prints, line ends included.
    Output(String),
    /// How far something is.
    Status(ProgressStatus),
    /// What came of it, as newer engines tell it: of a push, `Tag`, `Digest` and `Size`; of a build, `ID`.
    Outcome(Value),
}

/// How far something is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressStatus {
    /// What it is about: a layer or a tag. None if it is about the whole.
    pub id: Option<String>,
    /// What happens to it: `Downloading`, `Pull complete`.
    pub status: String,
    /// Bytes done, if told. May pass `total` by a block.
    pub current: Option<u64>,
    /// Bytes in all, if known.
    pub total: Option<u64>,
}

impl Document for ProgressItem {
    type Wire = JsonMessage;

    fn read(message: JsonMessage) -> Result<Self> {
        let detail = message.error_detail.unwrap_or_default();
        let failure = if detail.message.is_empty() { message.error } else { detail.message };
        if !failure.is_empty() || detail.code != 0 {
            return Err(Error::new(Kind::Failed { code: detail.code, message: failure.trim().to_owned() }));
        }
        if let Some(outcome) = message.aux {
            return Ok(Self::Outcome(outcome));
        }
        if !message.stream.is_empty() {
            return Ok(Self::Output(message.stream));
        }
        let progress = message.progress_detail.unwrap_or_default();
        let bytes = |count: i64| u64::try_from(count).ok().filter(|&count| count > 0);
        Ok(Self::Status(ProgressStatus {
            id: Some(message.id).filter(|id| !id.is_empty()),
            status: message.status,
            current: bytes(progress.current),
            total: bytes(progress.total),
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
    fn steps_are_told_apart() {
        assert_eq!(
            decoded(r#"{"stream":"Step 0 : FROM a\n"}"#).unwrap(),
            ProgressItem::Output("Step 0 : FROM a\n".into())
        );
        let status = |id: Option<&str>, status: &str, current, total| {
            ProgressItem::Status(ProgressStatus { id: id.map(Into::into), status: status.into(), current, total })
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
    fn a_failure_is_an_error_in_whatever_form_it_comes() {
        for (document, code) in [
            (r#"{"error":"no space left\n"}"#, None),
            (r#"{"errorDetail":{"message":"no space left"}}"#, None),
            (r#"{"errorDetail":{"code":3,"message":"no space left"},"error":"no space left"}"#, Some(3)),
        ] {
            let error = decoded(document).unwrap_err();
            assert!(error.is_failure());
            assert_eq!((error.message(), error.code()), (Some("no space left"), code), "{document}");
        }
        assert_eq!(decoded(r#"{"errorDetail":{"code":1}}"#).unwrap_err().code(), Some(1));
        assert!(decoded(r#"{"error":null,"status":"fine"}"#).is_ok());
    }
}
