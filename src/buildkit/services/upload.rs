//! Uploads of archives to BuildKit, which downloads them from the session as if from a URL.

use std::{
    fmt,
    future::{self, Ready},
    iter, mem,
    sync::{Arc, Mutex, PoisonError},
};

use bollard_buildkit_proto::moby::upload::v1::BytesMessage;
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use http::{HeaderValue, Request, Response};
use prost::Message;
use tonic::{
    Status, Streaming,
    body::Body,
    server::{Grpc, StreamingService},
};
use tonic_prost::ProstCodec;

use super::{MAX_REQUEST, Services};
use crate::{Error, Upload, transport::RequestBody};

/// The header with the path of the URL.
const PATH: &str = "urlpath";

/// Number of characters of the id of an archive.
const ID_LENGTH: usize = 25;

/// Maximum size of a part of an archive, in bytes.
const CHUNK: usize = 64 << 10;

/// An archive that BuildKit can download from the session: once, or repeatedly if it is in memory.
#[derive(Clone)]
pub(crate) struct UploadSource {
    id: String,
    archive: Archive,
}

#[derive(Clone)]
enum Archive {
    Memory(Bytes),
    /// The archive, until it is sent.
    Once(Arc<Mutex<Option<Upload>>>),
}

impl UploadSource {
    pub(crate) fn new(upload: Upload) -> Self {
        let archive = if upload.is_in_memory() {
            Archive::Memory(upload.into_bytes().unwrap_or_default())
        } else {
            Archive::Once(Arc::new(Mutex::new(Some(upload))))
        };
        Self { id: iter::repeat_with(fastrand::alphanumeric).take(ID_LENGTH).collect(), archive }
    }

    /// Returns the URL by which a build refers to the archive.
    pub(crate) fn url(&self) -> String {
        format!("http://buildkit-session/{}", self.id)
    }

    fn take(&self) -> Option<Upload> {
        match &self.archive {
            Archive::Memory(bytes) => Some(bytes.clone().into()),
            Archive::Once(upload) => upload.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

/// Writes the id.
impl fmt::Debug for UploadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadSource").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Services {
    pub(super) async fn send_upload(&self, request: Request<RequestBody>) -> Response<Body> {
        let path = request.headers().get(PATH).map_or(b"".as_slice(), HeaderValue::as_bytes);
        let requested = self.upload.as_ref().filter(|upload| path.strip_prefix(b"/") == Some(upload.id.as_bytes()));
        let upload = match requested.map(UploadSource::take) {
            Some(Some(upload)) => upload,
            Some(None) => return Status::failed_precondition("the archive was already sent").into_http(),
            None => return Status::not_found("archive not found").into_http(),
        };
        let codec = ProstCodec::<Part, BytesMessage>::default();
        Grpc::new(codec).max_decoding_message_size(MAX_REQUEST).streaming(Pull(upload), request).await
    }
}

/// A part of an archive: a [`BytesMessage`] without a copy of its data.
#[derive(Clone, PartialEq, Message)]
struct Part {
    #[prost(bytes = "bytes", tag = "1")]
    data: Bytes,
}

/// An archive, as a service.
struct Pull(Upload);

impl StreamingService<BytesMessage> for Pull {
    type Response = Part;
    type ResponseStream = BoxStream<'static, Result<Part, Status>>;
    type Future = Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<BytesMessage>>) -> Self::Future {
        let upload = mem::replace(&mut self.0, Upload::empty());
        let parts = Parts { chunks: upload.into_chunks(), rest: Bytes::new(), _received: request.into_inner() };
        future::ready(Ok(tonic::Response::new(stream::try_unfold(parts, Parts::next).boxed())))
    }
}

/// The parts of an archive that were not sent yet.
struct Parts {
    chunks: BoxStream<'static, Result<Bytes, Error>>,
    /// The rest of the last chunk.
    rest: Bytes,
    /// The stream of BuildKit, on which it sends nothing, but which it does not close either.
    _received: Streaming<BytesMessage>,
}

impl Parts {
    async fn next(mut self) -> Result<Option<(Part, Self)>, Status> {
        while self.rest.is_empty() {
            match self.chunks.next().await {
                Some(chunk) => self.rest = chunk.map_err(|error| Status::internal(error.to_string()))?,
                None => return Ok(None),
            }
        }
        let data = self.rest.split_to(self.rest.len().min(CHUNK));
        Ok(Some((Part { data }, self)))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{super::test_engine::Call, *};

    const PULL: &str = "/moby.upload.v1.Upload/Pull";

    /// Downloads the archive at the path of `url`. Returns the lengths of its parts, or the code and the message of the error.
    async fn pull(services: &Arc<Services>, url: &str) -> Result<(Vec<usize>, Vec<u8>), (String, String)> {
        let path = url.strip_prefix("http://buildkit-session").unwrap();
        let mut call = Call::start(services, PULL, &[("urlpath", path), ("urlhost", "buildkit-session")]).await;
        let (mut lengths, mut archive) = (Vec::new(), Vec::new());
        while let Some(part) = call.next::<BytesMessage>().await? {
            lengths.push(part.data.len());
            archive.extend(part.data);
        }
        Ok((lengths, archive))
    }

    fn offering(upload: Upload) -> (Arc<Services>, String) {
        let source = UploadSource::new(upload);
        let url = source.url();
        (Arc::new(Services { upload: Some(source), ..Services::none() }), url)
    }

    #[tokio::test]
    async fn upload_sends_an_archive_in_parts() {
        let archive: Vec<u8> = (0..CHUNK * 2 + 1).map(|index| index as u8).collect();
        let (services, url) = offering(archive.clone().into());
        for _ in 0..2 {
            let (lengths, received) = pull(&services, &url).await.unwrap();
            assert_eq!((lengths, received == archive), (vec![CHUNK, CHUNK, 1], true));
        }
        assert_eq!(services.methods().last(), Some(&PULL));
    }

    #[tokio::test]
    async fn upload_sends_a_stream_once() {
        let chunks = ["tar", "", "ball"].map(|chunk| Ok::<_, io::Error>(Bytes::from(chunk)));
        let (services, url) = offering(Upload::from_stream(stream::iter(chunks)));
        assert_eq!(pull(&services, &url).await.unwrap(), (vec![3, 4], b"tarball".to_vec()));
        let (code, message) = pull(&services, &url).await.unwrap_err();
        assert_eq!(code, "9", "{message}");
    }

    #[tokio::test]
    async fn upload_is_found_only_by_its_url() {
        let (services, url) = offering(b"tar".into());
        for other in ["http://buildkit-session/", "http://buildkit-session/other", &format!("{url}/x")] {
            assert_eq!(pull(&services, other).await.unwrap_err().0, "5", "{other}");
        }
        assert_eq!(pull(&Arc::new(Services::none()), &url).await.unwrap_err().0, "12");
    }

    #[tokio::test]
    async fn upload_that_fails_is_an_error_with_its_cause() {
        let chunks = stream::iter([Ok(Bytes::from("tar")), Err(io::Error::other("s3cret"))]);
        let (services, url) = offering(Upload::from_stream(chunks));
        let (code, message) = pull(&services, &url).await.unwrap_err();
        assert_eq!((&*code, &*message), ("13", "failed to read the upload"));
    }

    #[test]
    fn upload_source_is_taken_once_unless_it_is_in_memory() {
        let memory = UploadSource::new(Upload::from(b"tar"));
        assert!(memory.take().is_some() && memory.clone().take().is_some());
        let once = UploadSource::new(Upload::from_stream(stream::empty::<io::Result<Bytes>>()));
        assert!(once.clone().take().is_some() && once.take().is_none());
    }

    #[test]
    fn upload_source_urls_are_unique() {
        let source = || UploadSource::new(Upload::from(b"tar"));
        let (one, other) = (source(), source());
        assert_ne!(one.url(), other.url());
        let id = one.url().strip_prefix("http://buildkit-session/").unwrap().to_owned();
        assert!(id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_eq!(format!("{one:?}"), format!("UploadSource {{ id: {id:?}, .. }}"));
    }

    #[test]
    fn upload_part_is_encoded_as_a_message_of_buildkit() {
        let part = Part { data: Bytes::from_static(b"tar") };
        assert_eq!(BytesMessage::decode(&*part.encode_to_vec()).unwrap().data, b"tar");
    }
}
