//! The packets of a transfer, between the connection and the thread that writes files.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::mpsc;
use tonic::Streaming;

use super::lost;
use crate::{Error, Result, buildkit::fsutil::Packet, stream::run_blocking};

/// Maximum number of packets that wait for the thread, and for the connection.
const MAX_WAITING: usize = 4;

/// A transfer: a stream of the replies to BuildKit. It ends with the error of the thread.
///
/// Polling it also passes on BuildKit's packets. Once it is dropped, the thread stops receiving them.
pub(super) struct Transfer {
    forward: Option<BoxFuture<'static, ()>>,
    replies: mpsc::Receiver<Packet>,
    outcome: Option<BoxFuture<'static, Result<()>>>,
}

/// The thread's end of the channel for BuildKit's packets.
pub(super) struct Received(mpsc::Receiver<Result<Packet>>);

/// The thread's end of the replies.
pub(super) struct Replies(mpsc::Sender<Packet>);

impl Transfer {
    /// Starts `work` on the blocking thread pool.
    pub(super) fn new(
        received: Streaming<Packet>,
        work: impl FnOnce(Received, Replies) -> Result<()> + Send + 'static,
    ) -> Self {
        let (packets, waiting) = mpsc::channel(MAX_WAITING);
        let (sender, replies) = mpsc::channel(MAX_WAITING);
        let outcome = run_blocking(move || work(Received(waiting), Replies(sender)));
        Self { forward: Some(forward(received, packets).boxed()), replies, outcome: Some(outcome.boxed()) }
    }
}

impl Stream for Transfer {
    type Item = Result<Packet>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let transfer = &mut *self;
        if let Some(forward) = &mut transfer.forward
            && forward.as_mut().poll(cx).is_ready()
        {
            transfer.forward = None;
        }
        if let Some(reply) = ready!(transfer.replies.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(reply)));
        }
        let Some(outcome) = &mut transfer.outcome else { return Poll::Ready(None) };
        let outcome = ready!(outcome.as_mut().poll(cx));
        (transfer.forward, transfer.outcome) = (None, None);
        Poll::Ready(outcome.err().map(Err))
    }
}

/// Passes packets to the thread, one at a time, until it or BuildKit ends the transfer.
async fn forward(mut received: Streaming<Packet>, packets: mpsc::Sender<Result<Packet>>) {
    while let Ok(place) = packets.reserve().await {
        let packet = match received.message().await {
            Ok(Some(packet)) => Ok(packet),
            Ok(None) => return,
            Err(status) => Err(lost(&status)),
        };
        let is_last = packet.is_err();
        place.send(packet);
        if is_last {
            return;
        }
    }
}

impl Received {
    /// Waits for the next packet. Fails once BuildKit has ended the transfer, or the transfer was dropped.
    pub(super) fn next(&mut self) -> Result<Packet> {
        let ended = || Err(Error::truncated("the engine ended the export before it was complete"));
        self.0.blocking_recv().unwrap_or_else(ended)
    }
}

impl Replies {
    /// Sends a packet without content.
    pub(super) fn send(&self, kind: i32, id: u32) -> Result<()> {
        let packet = Packet { kind, id, ..Default::default() };
        self.0.blocking_send(packet).map_err(|_| Error::truncated("the export was cancelled"))
    }
}
