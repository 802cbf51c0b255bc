//! The response to a request by method and path.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde::de::DeserializeOwned;

use crate::{
    Download, Error, Result,
    error::{Kind, Operation},
    generated::raw::RawBody,
};

/// The response to a [`RawRequest`](super::RawRequest). Its status is a success, unless the request accepts
/// [any](super::RawRequest::any_status); its body has not been read.
///
/// Until the body is read or dropped, the response counts towards the client's
/// [`max_connections`](crate::DockerClientBuilder::max_connections); a [`Download`] does not.
pub struct RawResponse {
    response: Response<RawBody>,
    operation: Operation,
}

impl RawResponse {
    pub(super) fn new(response: Response<RawBody>, operation: Operation) -> Self {
        Self { response, operation }
    }

    /// Returns the HTTP status, for example 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Reads and decodes the body, which is one JSON document.
    ///
    /// # Errors
    ///
    /// Fails as [`bytes`](Self::bytes) does, and if the body is not valid JSON or does not fit `T`
    /// ([`is_decode`](Error::is_decode)).
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let outcome = self.response.into_body().json().await;
        outcome.map_err(|error| error.during(self.operation))
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// Fails if the body is larger than the client's
    /// [`max_response_size`](crate::DockerClientBuilder::max_response_size) ([`is_decode`](Error::is_decode)), if nothing is
    /// received for longer than its [`read_timeout`](crate::DockerClientBuilder::read_timeout), or if the connection is lost.
    pub async fn bytes(self) -> Result<Bytes> {
        let outcome = self.response.into_body().bytes().await;
        outcome.map_err(|error| error.during(self.operation))
    }

    /// Reads the body, which is text in UTF-8.
    ///
    /// # Errors
    ///
    /// Fails as [`bytes`](Self::bytes) does, and if the body is not valid UTF-8 ([`is_decode`](Error::is_decode)).
    pub async fn text(self) -> Result<String> {
        let operation = self.operation.clone();
        String::from_utf8(self.bytes().await?.into()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::new(Kind::Decode(format!("at byte {at}: invalid UTF-8"))).during(operation)
        })
    }

    /// Returns the body as a stream of bytes, of any length and without a time limit.
    pub fn into_download(self) -> Download {
        Download::new(self.response.into_body().into_stream(), self.operation)
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse").field("status", &self.status()).finish_non_exhaustive()
    }
}
