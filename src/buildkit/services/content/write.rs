//! Writing blobs.

use std::{
    future::{Ready, ready},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Status, Streaming, server::StreamingService};

use super::{
    digest::Digest,
    failed,
    messages::{WriteRequest, WriteResponse, action, signed, timestamp},
    parse,
    store::{ContentStore, Ingest},
};
use crate::stream::run_blocking;

/// Receives a blob, as a service.
pub(super) struct Write(pub(super) Arc<ContentStore>);

impl StreamingService<WriteRequest> for Write {
    type Response = WriteResponse;
    type ResponseStream = BoxStream<'static, Result<WriteResponse, Status>>;
    type Future = Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<WriteRequest>>) -> Self::Future {
        let transaction = Transaction::new(Arc::clone(&self.0), request.into_inner());
        ready(Ok(tonic::Response::new(stream::try_unfold(transaction, Transaction::next).boxed())))
    }
}

/// A write of one blob. BuildKit waits for the response to each message. Dropping this removes a blob that is not complete: a
/// write cannot be resumed.
struct Transaction {
    store: Arc<ContentStore>,
    received: Streaming<WriteRequest>,
    /// Held from before the first message.
    permit: Option<OwnedSemaphorePermit>,
    started: SystemTime,
    /// The blob, from the first message until it is complete.
    ingest: Option<Ingest>,
    expected: Option<Digest>,
    /// The length that the blob must have, in bytes; 0 if it is not known.
    total: u64,
    is_complete: bool,
}

impl Transaction {
    fn new(store: Arc<ContentStore>, received: Streaming<WriteRequest>) -> Self {
        Self {
            store,
            received,
            permit: None,
            started: SystemTime::now(),
            ingest: None,
            expected: None,
            total: 0,
            is_complete: false,
        }
    }

    /// Returns the response to the next message, or `None` after the last one.
    async fn next(mut self) -> Result<Option<(WriteResponse, Self)>, Status> {
        if self.is_complete {
            return Ok(None);
        }
        if self.permit.is_none() {
            self.permit = Some(self.store.permit().await?);
        }
        let Some(request) = self.received.message().await? else { return Ok(None) };
        let response = self.respond(request).await?;
        Ok(Some((response, self)))
    }

    async fn respond(&mut self, request: WriteRequest) -> Result<WriteResponse, Status> {
        let action = request.action;
        if !matches!(action, action::STAT | action::WRITE | action::COMMIT) {
            return Err(Status::invalid_argument(format!("unknown action {action} of a write")));
        }
        self.require(request.total, &request.expected).await?;
        let mut ingest = self.take(&request.reference).await?;
        if action != action::STAT {
            ingest = self.write(ingest, request.offset, request.data).await?;
        }
        let mut response = WriteResponse {
            action,
            started_at: Some(timestamp(self.started)),
            updated_at: Some(timestamp(SystemTime::now())),
            offset: signed(ingest.length()),
            total: signed(self.total),
            digest: String::new(),
        };
        if action == action::COMMIT {
            response.digest = self.commit(ingest).await?.to_string();
        } else {
            self.ingest = Some(ingest);
        }
        Ok(response)
    }

    /// Sets the length and the digest that the blob must have. Fails if it exists.
    async fn require(&mut self, total: i64, expected: &str) -> Result<(), Status> {
        if let Ok(total @ 1..) = u64::try_from(total) {
            self.total = total;
        }
        if expected.is_empty() {
            return Ok(());
        }
        let digest = parse(expected)?;
        let (store, expected) = (Arc::clone(&self.store), digest.clone());
        let found = run_blocking(move || store.metadata(&expected)).await.map_err(|error| failed(&error))?;
        // A blob of another length is damaged, and is replaced.
        if found.is_some_and(|blob| self.total == 0 || blob.len() == self.total) {
            return Err(Status::already_exists(format!("the blob {digest} already exists")));
        }
        self.expected = Some(digest);
        Ok(())
    }

    /// Returns the blob, which the first message begins. Its name has no meaning here, because a write is not resumed.
    async fn take(&mut self, reference: &str) -> Result<Ingest, Status> {
        if let Some(ingest) = self.ingest.take() {
            return Ok(ingest);
        }
        if reference.is_empty() {
            return Err(Status::invalid_argument("the first message of a write has no reference"));
        }
        let store = Arc::clone(&self.store);
        run_blocking(move || store.create()).await.map_err(|error| self.store.failed(error))
    }

    /// Adds data to the end of the blob, or to an empty blob if the offset is 0.
    async fn write(&mut self, mut ingest: Ingest, offset: i64, data: Bytes) -> Result<Ingest, Status> {
        let length = ingest.length();
        let offset = match u64::try_from(offset) {
            Ok(offset) if offset == 0 || offset == length => offset,
            _ => return Err(Status::out_of_range(format!("write at offset {offset}, expected {length}"))),
        };
        if self.total > 0 && offset.saturating_add(data.len() as u64) > self.total {
            return Err(Status::out_of_range(format!("the blob is longer than the announced {} bytes", self.total)));
        }
        let written = run_blocking(move || {
            if offset < length {
                ingest.clear()?;
            }
            ingest.write(&data)?;
            Ok(ingest)
        });
        written.await.map_err(|error| self.store.failed(error))
    }

    /// Checks the blob, and moves it to its place.
    async fn commit(&mut self, ingest: Ingest) -> Result<Digest, Status> {
        let (digest, length) = (ingest.digest(), ingest.length());
        if self.total > 0 && length != self.total {
            let message = format!("the blob has {length} bytes instead of the announced {}", self.total);
            return Err(Status::failed_precondition(message));
        }
        if let Some(expected) = self.expected.as_ref().filter(|expected| **expected != digest) {
            return Err(Status::failed_precondition(format!("the blob has the digest {digest} instead of {expected}")));
        }
        let store = Arc::clone(&self.store);
        run_blocking(move || ingest.complete(&store)).await.map_err(|error| self.store.failed(error))?;
        self.is_complete = true;
        Ok(digest)
    }
}
