//! Exports of builds: the directories and archives that BuildKit sends to this machine.

use std::{
    fmt,
    future::{Ready, ready},
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bollard_buildkit_proto::moby::filesync::packet::BytesMessage;
use bytes::Bytes;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::{self, BoxStream},
};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use tokio::io::AsyncWrite;
use tonic::{
    Code, Status, Streaming,
    body::Body,
    server::{Grpc, StreamingService},
};
use tonic_prost::ProstCodec;

use self::{
    memory::Memory,
    transfer::{Received, Replies, Transfer},
};
use super::Services;
use crate::{Error, ErrorKind, Result, buildkit::fsutil::Packet, error::Kind, transport::RequestBody};

mod archive;
mod memory;
mod order;
mod receiver;
#[cfg(test)]
mod tests;
mod transfer;
mod tree;

/// The header with the number of an exporter. Versions of BuildKit that have one exporter do not send it.
const EXPORTER: &str = "buildkit-attachable-exporter-id";

/// Maximum size of a message with a part of an archive, in bytes. BuildKit sends at most 3 MiB.
const MAX_PART: usize = 4 << 20;

/// Maximum size of a message of a transfer of a directory, in bytes. BuildKit sends 32 KiB of a file, or the attributes of one
/// entry.
const MAX_PACKET: usize = 1 << 20;

/// A writer of an archive.
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Where the result of an exporter is written. It is used for one build.
pub(crate) struct ExportTarget {
    sink: Sink,
    state: Mutex<State>,
    memory: Memory,
}

enum Sink {
    Directory(PathBuf),
    File(PathBuf),
    /// The writer, until it is used.
    Writer(Mutex<Option<Writer>>),
}

/// The state of the transfers. A directory is sent in several transfers, one for each platform.
#[derive(Default)]
struct State {
    started: usize,
    completed: usize,
    failure: Option<Error>,
}

impl ExportTarget {
    /// A directory, which is created if it does not exist.
    pub(crate) fn directory(path: PathBuf) -> Self {
        Self::new(Sink::Directory(path))
    }

    /// A file for an archive.
    pub(crate) fn file(path: PathBuf) -> Self {
        Self::new(Sink::File(path))
    }

    /// A writer for an archive.
    pub(crate) fn writer(writer: Writer) -> Self {
        Self::new(Sink::Writer(Mutex::new(Some(writer))))
    }

    fn new(sink: Sink) -> Self {
        Self { sink, state: Mutex::default(), memory: Memory::default() }
    }

    /// Whether everything was received and written.
    pub(crate) fn is_complete(&self) -> bool {
        let state = lock(&self.state);
        state.failure.is_none() && state.completed > 0 && state.completed == state.started
    }

    /// Returns the local error that ended a transfer. The engine's error for the build contains at most its message.
    pub(crate) fn failure(&self) -> Option<Error> {
        lock(&self.state).failure.clone()
    }

    /// Fails unless everything was received, for a build that succeeded.
    pub(crate) fn finish(&self) -> Result<()> {
        match self.failure() {
            Some(failure) => Err(failure),
            None if self.is_complete() => Ok(()),
            None => Err(Error::truncated(&format!("the engine did not send the output for {:?}", self.sink))),
        }
    }

    /// Starts a transfer, and returns their number.
    fn start(&self) -> usize {
        let mut state = lock(&self.state);
        state.started += 1;
        state.started
    }

    fn complete(&self) {
        lock(&self.state).completed += 1;
    }

    /// Keeps the error of a transfer, unless it is the engine that ended it.
    fn fail(&self, error: &Error) {
        if matches!(error.kind(), ErrorKind::LocalIo | ErrorKind::Decode) {
            lock(&self.state).failure.get_or_insert_with(|| error.clone());
        }
    }

    /// Receives a directory.
    fn receive_directory(&self, packets: Received, replies: &Replies) -> Result<()> {
        let Sink::Directory(path) = &self.sink else { return Err(Error::internal("the target is not a directory")) };
        self.start();
        let received = receiver::receive(path, &self.memory, packets, replies, || self.complete());
        received.inspect_err(|error| self.fail(error))
    }

    /// Receives an archive.
    async fn receive_archive(&self, parts: Streaming<BytesMessage>) -> Result<()> {
        let received = match &self.sink {
            _ if self.start() > 1 => Err(sent_twice()),
            Sink::File(path) => archive::to_file(parts, path.clone()).await,
            Sink::Writer(writer) => {
                let writer = lock(writer).take();
                match writer {
                    Some(writer) => archive::to_writer(parts, writer).await,
                    None => Err(sent_twice()),
                }
            }
            Sink::Directory(_) => Err(Error::internal("the target is a directory")),
        };
        match &received {
            Ok(()) => self.complete(),
            Err(error) => self.fail(error),
        }
        received
    }
}

fn sent_twice() -> Error {
    Error::new(Kind::Decode("the engine sent an archive more than once".into()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ExportTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sink.fmt(f)
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Writer(_) => f.write_str("Writer"),
        }
    }
}

impl Services {
    /// Receives the result of an exporter.
    pub(super) async fn receive_export(&self, request: Request<RequestBody>) -> Response<Body> {
        receive(&self.exports, request).await
    }
}

/// Receives the result of an exporter. The index of its target is its number in the build.
async fn receive(targets: &[Option<Arc<ExportTarget>>], request: Request<RequestBody>) -> Response<Body> {
    let target = match target(targets, request.headers()) {
        Ok(target) => Arc::clone(target),
        Err(status) => return status.into_http(),
    };
    let request = request.map(Whole);
    if let Sink::Directory(_) = target.sink {
        let codec = ProstCodec::<Packet, Packet>::default();
        Grpc::new(codec).max_decoding_message_size(MAX_PACKET).streaming(ReceiveDirectory(target), request).await
    } else {
        let codec = ProstCodec::<BytesMessage, BytesMessage>::default();
        Grpc::new(codec).max_decoding_message_size(MAX_PART).streaming(ReceiveArchive(target), request).await
    }
}

/// The body of a request. If the request is cancelled, it fails: `tonic` would report that as the end of the messages, as
/// `hyper` does if the request is reset with the code `NO_ERROR`.
struct Whole(RequestBody);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let cancelled = || Status::unavailable("the request was cancelled");
        Pin::new(&mut self.0).poll_frame(cx).map(|frame| match frame {
            Some(frame) => Some(frame.map_err(|_| cancelled())),
            None if self.0.is_end_stream() => None,
            None => Some(Err(cancelled())),
        })
    }
}

fn target<'a>(targets: &'a [Option<Arc<ExportTarget>>], headers: &HeaderMap) -> Result<&'a Arc<ExportTarget>, Status> {
    let number = match headers.get(EXPORTER) {
        Some(number) => number.to_str().ok().and_then(|number| number.parse::<usize>().ok()),
        None => Some(0),
    };
    let number = number.ok_or_else(|| Status::invalid_argument("invalid exporter number in the request"))?;
    let target = targets.get(number).and_then(Option::as_ref);
    target.ok_or_else(|| Status::not_found(format!("no output is configured for exporter {number}")))
}

/// Receives a directory, as a service.
struct ReceiveDirectory(Arc<ExportTarget>);

impl StreamingService<Packet> for ReceiveDirectory {
    type Response = Packet;
    type ResponseStream = BoxStream<'static, Result<Packet, Status>>;
    type Future = Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Packet>>) -> Self::Future {
        let target = Arc::clone(&self.0);
        let transfer =
            Transfer::new(request.into_inner(), move |packets, replies| target.receive_directory(packets, &replies));
        ready(Ok(tonic::Response::new(transfer.map_err(|error| status(&error)).boxed())))
    }
}

/// Receives an archive, as a service.
struct ReceiveArchive(Arc<ExportTarget>);

impl StreamingService<BytesMessage> for ReceiveArchive {
    type Response = BytesMessage;
    type ResponseStream = stream::Empty<Result<BytesMessage, Status>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<BytesMessage>>) -> Self::Future {
        let target = Arc::clone(&self.0);
        async move {
            let received = target.receive_archive(request.into_inner()).await;
            received.map(|()| tonic::Response::new(stream::empty())).map_err(|error| status(&error))
        }
        .boxed()
    }
}

/// Returns the error for a message that was not received.
fn lost(status: &Status) -> Error {
    match status.code() {
        Code::Unavailable => Error::truncated("the engine cancelled the export"),
        _ => Error::new(Kind::Decode(format!("failed to decode a message of the export: {}", status.message()))),
    }
}

/// Returns the error for the engine.
fn status(error: &Error) -> Status {
    match error.kind() {
        ErrorKind::Decode => Status::invalid_argument(error.to_string()),
        ErrorKind::Truncated => Status::aborted(error.to_string()),
        _ => Status::internal(error.to_string()),
    }
}
