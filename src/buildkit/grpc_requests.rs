//! gRPC requests, whose responses are checked before tonic reads them.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, NO_PAD},
    },
};
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::Frame;
use tonic::{Code, Status, body::Body};
use tower_service::Service;

use crate::{
    error::cause,
    transport::{Http2Body, Http2Requests},
};

/// The header with the details of an error.
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The headers and trailers that tonic reads.
const READ: [&str; 2] = ["grpc-status", "grpc-encoding"];

/// The encoding of headers with bytes. The padding is optional.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Sends gRPC requests over a connection.
///
/// A status other than `OK` in the headers or trailers of a response is the error of the request or the body.
/// [`is_reported`] distinguishes it from the statuses that tonic creates if a response is not valid.
#[derive(Clone)]
pub(super) struct GrpcRequests(Http2Requests<Body>);

impl GrpcRequests {
    pub(super) fn new(requests: Http2Requests<Body>) -> Self {
        Self(requests)
    }
}

impl Service<Request<Body>> for GrpcRequests {
    type Response = Response<GrpcBody>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<GrpcBody>, Status>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.0.poll_ready(cx).map_err(failed)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move {
            let (mut head, received) = response.await.map_err(failed)?.into_parts();
            let has_status = check(&mut head.headers)?;
            Ok(Response::from_parts(head, GrpcBody { received, has_status }))
        })
    }
}

/// The body of a response.
pub(super) struct GrpcBody {
    received: Http2Body,
    /// Whether the headers or trailers that were received contain a status.
    has_status: bool,
}

impl http_body::Body for GrpcBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match ready!(Pin::new(&mut self.received).poll_frame(cx)) {
            Some(frame) => frame.map_err(failed)?,
            None if self.has_status => return Poll::Ready(None),
            None => return Poll::Ready(Some(Err(Status::unknown("the response ended without a gRPC status")))),
        };
        match frame.into_trailers() {
            Ok(mut trailers) => {
                self.has_status |= check(&mut trailers)?;
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Err(data) => Poll::Ready(Some(Ok(data))),
        }
    }
}

/// Returns whether the headers or trailers contain a status. A status other than `OK` is an error.
///
/// Removes the details of the status, because tonic panics if they are not base64; and those that tonic does not read, because
/// it panics if the headers and trailers together are too many for one map.
fn check(headers: &mut HeaderMap) -> Result<bool, Status> {
    let mut received = mem::take(headers);
    for name in READ {
        if let Some(value) = received.get(name) {
            headers.insert(name, value.clone());
        }
    }
    let details = received.remove(DETAILS).and_then(|details| BASE64.decode(details).ok());
    let Some(status) = Status::from_header_map(&received) else { return Ok(false) };
    if status.code() == Code::Ok {
        return Ok(true);
    }
    let mut status = Status::with_details(status.code(), status.message(), details.unwrap_or_default().into());
    status.set_source(Arc::new(Reported));
    Err(status)
}

/// The source of a status that the engine sent.
#[derive(Debug)]
struct Reported;

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reported by the engine")
    }
}

impl std::error::Error for Reported {}

/// Returns whether the engine sent the status.
pub(super) fn is_reported(status: &Status) -> bool {
    cause::<Reported>(status).is_some()
}

/// Returns a status as if the engine had sent it.
#[cfg(test)]
pub(crate) fn reported(code: Code, message: &str, details: &[u8]) -> Status {
    let mut status = Status::with_details(code, message, details.to_vec().into());
    status.set_source(Arc::new(Reported));
    status
}

/// Converts an error of the connection to the source of a status.
fn failed(error: crate::Error) -> Status {
    Status::from_error(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers.iter().map(|&(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn grpc_status_in_headers_is_checked() {
        assert!(!check(&mut headers(&[])).unwrap());
        assert!(!check(&mut headers(&[("grpc-message", "a")])).unwrap());
        assert!(check(&mut headers(&[("grpc-status", "0"), ("grpc-message", "a")])).unwrap());
        for (value, code) in [("5", Code::NotFound), ("16", Code::Unauthenticated), ("99", Code::Unknown)] {
            let status = check(&mut headers(&[("grpc-status", value), ("grpc-message", "no%20a")])).unwrap_err();
            assert_eq!((status.code(), status.message(), is_reported(&status)), (code, "no a", true));
        }
        assert!(!is_reported(&Status::not_found("a")));
    }

    #[test]
    fn grpc_status_details_that_are_not_base64_are_removed() {
        for (value, details) in
            [("aGk", &b"hi"[..]), ("aGk=", b"hi"), ("a", b""), ("a!", b""), ("====", b""), ("aG k", b"")]
        {
            let mut trailers = headers(&[("grpc-status", "2"), ("grpc-status-details-bin", value)]);
            assert_eq!(check(&mut trailers).unwrap_err().details(), details, "{value}");
            let mut trailers = headers(&[("grpc-status", "0"), ("grpc-status-details-bin", value)]);
            assert!(check(&mut trailers).unwrap());
            assert_eq!(trailers.len(), 1, "{value}");
        }
    }

    #[test]
    fn grpc_headers_that_are_not_read_are_removed() {
        let mut all = headers(&[("grpc-encoding", "gzip"), ("grpc-status", "0"), ("grpc-message", "a"), ("b", "c")]);
        assert!(check(&mut all).unwrap());
        assert_eq!(all, headers(&[("grpc-encoding", "gzip"), ("grpc-status", "0")]));
    }
}
