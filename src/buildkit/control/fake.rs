//! A fake BuildKit server, for tests.

use std::{convert::Infallible, sync::Arc};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use prost::Message;
use tokio::io::duplex;

use super::Control;
use crate::transport::{peer, serve_http2};

/// Maximum size of a message in tests.
pub(crate) const MAX_MESSAGE: usize = 4 << 10;

/// Connects to a server that responds to calls with `respond`, by path and message.
pub(crate) async fn connect<R>(respond: R) -> Control
where
    R: Fn(&str, Bytes) -> Response<peer::Body> + Send + Sync + 'static,
{
    let (near, far) = duplex(1 << 10);
    let respond = Arc::new(respond);
    tokio::spawn(serve_http2(far, move |request| {
        let respond = Arc::clone(&respond);
        async move {
            let (head, body) = request.into_parts();
            assert_eq!(head.headers["content-type"], "application/grpc");
            respond(head.uri.path(), body.collect().await.unwrap().to_bytes().slice(5..))
        }
    }));
    Control::over(near, MAX_MESSAGE).await.unwrap()
}

pub(crate) fn data(bytes: impl Into<Bytes>) -> Frame<Bytes> {
    Frame::data(bytes.into())
}

/// A message, with its length.
pub(crate) fn message(message: &impl Message) -> Frame<Bytes> {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(message.encoded_len().try_into().unwrap());
    bytes.extend(message.encode_to_vec());
    data(bytes)
}

/// The trailers with the status.
pub(crate) fn status(code: &'static str, message: &'static str) -> Frame<Bytes> {
    trailers(&[("grpc-status", code), ("grpc-message", message)])
}

pub(crate) fn trailers(trailers: &[(&'static str, &'static str)]) -> Frame<Bytes> {
    let trailers =
        trailers.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Frame::trailers(HeaderMap::from_iter(trailers))
}

pub(crate) fn response(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Response<peer::Body> {
    let frames: Vec<_> = frames.into_iter().map(Ok::<_, Infallible>).collect();
    Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync())
}

/// A response that does not end after these frames.
pub(crate) fn endless(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Response<peer::Body> {
    let frames: Vec<_> = frames.into_iter().map(Ok::<_, Infallible>).collect();
    Response::new(StreamBody::new(stream::iter(frames).chain(stream::pending())).boxed_unsync())
}
