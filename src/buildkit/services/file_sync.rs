//! File sync: sending of local directories to BuildKit.
//!
//! A thread lists and reads files, and sends packets through a bounded channel. It stops when the response is dropped.

use std::{
    future::{self, Ready},
    mem,
    sync::Arc,
    task::{Context, Poll, ready},
    vec,
};

use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use http::{Request, Response};
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;
use tonic::{
    Status, Streaming,
    body::Body,
    server::{Grpc, StreamingService},
};
use tonic_prost::ProstCodec;

use super::{MAX_REQUEST, Services};
use crate::{
    Error, Result,
    buildkit::fsutil::{Packet, kind},
    images::{Patterns, SyncTree},
    stream::run_blocking,
    transport::RequestBody,
};

mod request;
mod sender;
mod sent;
#[cfg(test)]
mod tests;

/// Maximum number of requested files that the thread has not sent yet. Further requests are not read from the connection.
const MAX_REQUESTED: usize = 128;

/// Capacity of the channel for packets, in batches.
const MAX_BATCHES: usize = 4;

impl Services {
    pub(super) async fn sync_files(&self, request: Request<RequestBody>) -> Response<Body> {
        let requested = request::parse(request.headers()).and_then(|(name, patterns)| {
            let tree = self.directories.get(&name);
            let tree = tree.ok_or_else(|| Status::not_found(format!("directory {name:?} not found")))?;
            Ok(Directory { tree: Arc::clone(tree), patterns })
        });
        match requested {
            Ok(directory) => {
                let codec = ProstCodec::<Packet, Packet>::default();
                Grpc::new(codec).max_decoding_message_size(MAX_REQUEST).streaming(directory, request).await
            }
            Err(status) => status.into_http(),
        }
    }
}

/// The requested part of a directory, as a service.
struct Directory {
    tree: Arc<SyncTree>,
    patterns: Patterns,
}

impl StreamingService<Packet> for Directory {
    type Response = Packet;
    type ResponseStream = BoxStream<'static, Result<Packet, Status>>;
    type Future = Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Packet>>) -> Self::Future {
        let patterns = mem::take(&mut self.patterns);
        let mut transfer = Transfer::start(Arc::clone(&self.tree), patterns, request.into_inner());
        future::ready(Ok(tonic::Response::new(stream::poll_fn(move |cx| transfer.poll_next(cx)).boxed())))
    }
}

/// The transfer of a directory.
struct Transfer {
    received: Streaming<Packet>,
    /// The requested files, for the thread.
    requested: PollSender<u32>,
    /// The packets of the thread.
    batches: mpsc::Receiver<Vec<Packet>>,
    /// The rest of the last batch.
    batch: vec::IntoIter<Packet>,
    thread: BoxFuture<'static, Result<()>>,
    /// Set once the last packet was returned, to the error that follows it, if any.
    end: Option<Option<Status>>,
}

impl Transfer {
    fn start(tree: Arc<SyncTree>, patterns: Patterns, received: Streaming<Packet>) -> Self {
        let (requested, requests) = mpsc::channel(MAX_REQUESTED);
        let (sender, batches) = mpsc::channel(MAX_BATCHES);
        let thread = run_blocking(move || sender::send(&tree, &patterns, requests, sender));
        Self {
            received,
            requested: PollSender::new(requested),
            batches,
            batch: Vec::new().into_iter(),
            thread: thread.boxed(),
            end: None,
        }
    }

    /// Returns the next packet.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Packet, Status>>> {
        loop {
            if let Some(status) = &mut self.end {
                return Poll::Ready(status.take().map(Err));
            }
            if let Some(packet) = self.batch.next() {
                return Poll::Ready(Some(Ok(packet)));
            }
            let end = match self.poll_received(cx) {
                Poll::Ready(end) => end,
                Poll::Pending => match ready!(self.batches.poll_recv(cx)) {
                    Some(batch) => {
                        self.batch = batch.into_iter();
                        continue;
                    }
                    None => Err(ready!(self.poll_thread(cx))),
                },
            };
            let last = match &end {
                Ok(()) => Packet { kind: kind::END, ..Packet::default() },
                Err(status) => {
                    Packet { kind: kind::ERROR, data: status.message().to_owned().into(), ..Packet::default() }
                }
            };
            self.end = Some(end.err());
            return Poll::Ready(Some(Ok(last)));
        }
    }

    /// Passes requests to the thread, while it accepts them. Returns when BuildKit has all files, or the error.
    fn poll_received(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // If the thread has ended, its error is returned.
        while ready!(self.requested.poll_reserve(cx)).is_ok() {
            let packet = match ready!(self.received.poll_next_unpin(cx)) {
                Some(packet) => packet?,
                None => return Poll::Ready(Err(Status::aborted("BuildKit ended the transfer too early"))),
            };
            match packet.kind {
                // Fails only if the thread has ended.
                kind::REQUEST => _ = self.requested.send_item(packet.id),
                kind::END => return Poll::Ready(Ok(())),
                kind::ERROR => return Poll::Ready(Err(Status::aborted("BuildKit reported an error"))),
                _ => return Poll::Ready(Err(Status::invalid_argument("BuildKit sent an unexpected packet"))),
            }
        }
        Poll::Pending
    }

    /// Waits for the end of the thread, which sends packets until an error.
    fn poll_thread(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let ended = ready!(self.thread.poll_unpin(cx));
        Poll::Ready(status(
            &ended.err().unwrap_or_else(|| Error::internal("the transfer ended before all files were sent")),
        ))
    }
}

fn status(error: &Error) -> Status {
    let message = error.to_string();
    if error.is_bad_request() { Status::invalid_argument(message) } else { Status::internal(message) }
}
