//! Reading blobs.

use std::{fs::File, io, sync::Arc};

use futures_util::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::{self, BoxStream},
};
use tonic::{Status, server::ServerStreamingService};

use super::{
    digest::Digest,
    failed,
    messages::{ReadRequest, ReadResponse, signed},
    not_found, parse,
    store::ContentStore,
};
use crate::{Error, Result, platform, stream::run_blocking};

/// Maximum number of bytes in a message.
const CHUNK: usize = 256 << 10;

/// Sends a blob or a part of it, as a service.
pub(super) struct Read(pub(super) Arc<ContentStore>);

impl ServerStreamingService<ReadRequest> for Read {
    type Response = ReadResponse;
    type ResponseStream = BoxStream<'static, Result<ReadResponse, Status>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<ReadRequest>) -> Self::Future {
        let store = Arc::clone(&self.0);
        async move {
            let part = Part::open(store, &request.into_inner()).await?;
            Ok(tonic::Response::new(stream::try_unfold(part, Part::next).boxed()))
        }
        .boxed()
    }
}

/// A part of a blob that was not sent yet.
struct Part {
    digest: Digest,
    file: File,
    offset: u64,
    /// Number of bytes to send.
    remaining: u64,
}

impl Part {
    async fn open(store: Arc<ContentStore>, request: &ReadRequest) -> Result<Self, Status> {
        let digest = parse(&request.digest)?;
        let requested = digest.clone();
        let found = run_blocking(move || store.open(&requested)).await.map_err(|error| failed(&error))?;
        let (file, length) = found.ok_or_else(|| not_found(&digest))?;
        let offset = u64::try_from(request.offset).unwrap_or(0);
        let Some(available) = length.checked_sub(offset) else {
            return Err(Status::out_of_range(format!("the blob {digest} has only {length} bytes")));
        };
        let remaining = match u64::try_from(request.size) {
            Ok(size @ 1..) => size.min(available),
            _ => available,
        };
        Ok(Self { digest, file, offset, remaining })
    }

    async fn next(self) -> Result<Option<(ReadResponse, Self)>, Status> {
        if self.remaining == 0 {
            return Ok(None);
        }
        run_blocking(move || self.read()).await.map(Some).map_err(|error| failed(&error))
    }

    fn read(mut self) -> Result<(ReadResponse, Self)> {
        let length = self.remaining.min(CHUNK as u64);
        let mut data = vec![0; usize::try_from(length).unwrap_or(CHUNK)];
        let read = read_exact_at(&self.file, &mut data, self.offset);
        read.map_err(|error| Error::local_io(format!("failed to read the blob {}: {error}", self.digest)))?;
        let response = ReadResponse { offset: signed(self.offset), data: data.into() };
        (self.offset, self.remaining) = (self.offset + length, self.remaining - length);
        Ok((response, self))
    }
}

/// Reads as many bytes as the buffer has.
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match platform::read_at(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                buffer = &mut buffer[length..];
                offset += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
