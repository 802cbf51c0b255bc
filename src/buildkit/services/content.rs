//! Directories with build caches, as content stores of containerd (`containerd.services.content.v1.Content`).
//!
//! BuildKit calls only three methods of this service: it reads the attributes of blobs, reads blobs, and writes them. The
//! others, which list, change and delete blobs, are not offered.

use std::sync::Arc;

use http::{HeaderMap, Request, Response};
use tonic::{Status, body::Body, server::Grpc};
use tonic_prost::ProstCodec;

use self::{
    digest::Digest,
    messages::{Info, InfoRequest, InfoResponse, ReadRequest, ReadResponse, WriteRequest, WriteResponse},
};
use super::{MAX_REQUEST, Services, unary};
use crate::{Error, stream::run_blocking, transport::RequestBody};

mod digest;
mod index;
mod messages;
mod new_file;
mod read;
mod store;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use self::store::{ContentStore, Manifest};

/// The header with the id of a content store.
const STORE: &str = "buildkit-attachable-store-id";

/// Maximum size of a message with a part of a blob, in bytes. BuildKit sends 1 MiB of a layer, and the description of a cache
/// as a whole.
const MAX_PART: usize = 16 << 20;

impl Services {
    /// Responds to a request for the attributes of a blob.
    pub(super) async fn content_info(&self, request: Request<RequestBody>) -> Response<Body> {
        match self.content_store(request.headers()) {
            Ok(store) => unary(request, |request: InfoRequest| info(Arc::clone(&store), request)).await,
            Err(status) => status.into_http(),
        }
    }

    /// Sends a blob.
    pub(super) async fn read_content(&self, request: Request<RequestBody>) -> Response<Body> {
        let store = match self.content_store(request.headers()) {
            Ok(store) => store,
            Err(status) => return status.into_http(),
        };
        let codec = ProstCodec::<ReadResponse, ReadRequest>::default();
        Grpc::new(codec).max_decoding_message_size(MAX_REQUEST).server_streaming(read::Read(store), request).await
    }

    /// Receives a blob.
    pub(super) async fn write_content(&self, request: Request<RequestBody>) -> Response<Body> {
        let store = match self.content_store(request.headers()) {
            Ok(store) if store.is_writable() => store,
            Ok(_) => return Status::permission_denied("the content store is read-only").into_http(),
            Err(status) => return status.into_http(),
        };
        let codec = ProstCodec::<WriteResponse, WriteRequest>::default();
        Grpc::new(codec).max_decoding_message_size(MAX_PART).streaming(write::Write(store), request).await
    }

    fn content_store(&self, headers: &HeaderMap) -> Result<Arc<ContentStore>, Status> {
        let id = headers.get(STORE).ok_or_else(|| Status::invalid_argument("the request names no content store"))?;
        let store = id.to_str().ok().and_then(|id| self.stores.get(id));
        store.cloned().ok_or_else(|| Status::not_found("content store not found"))
    }
}

async fn info(store: Arc<ContentStore>, request: InfoRequest) -> Result<InfoResponse, Status> {
    let digest = parse(&request.digest)?;
    let requested = digest.clone();
    let found = run_blocking(move || store.metadata(&requested)).await.map_err(|error| failed(&error))?;
    let blob = found.ok_or_else(|| not_found(&digest))?;
    let modified = blob.modified().ok().map(messages::timestamp);
    let size = messages::signed(blob.len());
    let info = Info { digest: digest.to_string(), size, created_at: modified, updated_at: modified };
    Ok(InfoResponse { info: Some(info) })
}

/// Returns the digest that a message contains.
fn parse(digest: &str) -> Result<Digest, Status> {
    Digest::parse(digest).ok_or_else(|| Status::invalid_argument("the digest of a blob is not a valid SHA-256 digest"))
}

fn not_found(digest: &Digest) -> Status {
    Status::not_found(format!("there is no blob {digest}"))
}

/// Returns the status for an error of this machine.
fn failed(error: &Error) -> Status {
    Status::internal(error.to_string())
}
