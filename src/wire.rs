//! The generated layer, and what stands around each of its calls.
//!
//! `build.rs` generates one method an operation and one type a schema from
//! `spec/docker.json`. Nothing of it is reachable from outside, but for the types
//! that [`models`](crate::models) lists by name.

use std::ops::Deref;

use http::{
    HeaderMap, HeaderValue, Response,
    header::{CONNECTION, UPGRADE},
};
use progenitor_client::{ByteStream, ResponseValue};
use serde::de::DeserializeOwned;

use crate::{
    ApiVersion, Error, Result,
    connect::{Connection, HttpClient, Limits},
    error::{self, Kind},
};

mod answer;
mod body;
mod documents;
mod gate;
mod hooks;
pub(crate) mod lenient;
mod list;
mod object;
mod place;
mod silence;
mod value;

/// What progenitor generates: the client, and the types of the document.
#[allow(clippy::all, clippy::pedantic, unused, unreachable_pub, missing_debug_implementations)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/wire.rs"));
}

use self::hooks::Slot;
#[cfg(fuzzing)]
pub(crate) use self::list::List;
pub(crate) use self::{
    body::Body,
    documents::Documents,
    gate::{NEWEST, OLDEST},
    generated::{Client, types},
    hooks::Hooks,
};

/// The generated client, for the time of one operation.
///
/// Its errors say which operation that was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire<'a> {
    client: &'a Client,
    operation: &'static str,
}

impl Deref for Wire<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client
    }
}

/// What a generated method returns.
pub(crate) type Outcome<T> = std::result::Result<ResponseValue<T>, progenitor_client::Error>;

impl<'a> Wire<'a> {
    pub(crate) fn new(client: &'a Client, operation: &'static str) -> Self {
        Self { client, operation }
    }

    /// The version that is spoken.
    pub(crate) fn version(&self) -> ApiVersion {
        self.client.inner.version()
    }

    /// The longest item of a stream that is taken, in bytes.
    pub(crate) fn longest_item(&self) -> usize {
        self.client.inner.limits().item
    }

    /// What the engine answered with: a document, or a list of some.
    pub(crate) fn document<T>(&self, outcome: Outcome<T>) -> Result<T> {
        self.value(outcome).map(ResponseValue::into_inner)
    }

    /// Nothing, but that it was done.
    pub(crate) fn done(&self, outcome: Outcome<()>) -> Result<()> {
        self.value(outcome).map(|_| ())
    }

    /// Nothing but the head of the answer.
    pub(crate) fn head(&self, outcome: Outcome<()>) -> Result<HeaderMap> {
        Ok(self.value(outcome)?.headers().clone())
    }

    /// The bytes the engine answers `call` with, as they come, and the head before them.
    ///
    /// They come over a connection of their own, where one costs next to nothing: see [`Connection`].
    pub(crate) async fn stream(
        &self,
        call: impl AsyncFnOnce(&Client) -> Outcome<ByteStream>,
    ) -> Result<(HeaderMap, Body)> {
        if !self.client.inner.dials_cheaply() {
            return self.bytes(call(self.client).await);
        }
        let (head, connection) = self.dedicated(HeaderMap::new(), call).await?.into_parts();
        Ok((head.headers, Body::dedicated(connection.split().0)))
    }

    /// The bytes the engine answers with over a connection of the pool, as they come, and the head before them.
    pub(crate) fn bytes(&self, outcome: Outcome<ByteStream>) -> Result<(HeaderMap, Body)> {
        let value = self.value(outcome)?;
        Ok((value.headers().clone(), Body::http(value.into_inner())))
    }

    /// The head of the answer to `call`, and the connection behind it; `call` is made on one of its own, with `headers`
    /// that say what is to be spoken behind the answer.
    pub(crate) async fn dedicated<T>(
        &self,
        headers: HeaderMap,
        call: impl AsyncFnOnce(&Client) -> Outcome<T>,
    ) -> Result<Response<Connection>> {
        let slot = Slot::default();
        let mut client = self.client.clone();
        client.inner.take_connection(slot.clone(), headers);
        self.value(call(&client).await)?;
        slot.take().ok_or_else(|| Error::request("the call was not made").during(self.operation))
    }

    /// The raw stream behind the answer to `call`.
    pub(crate) async fn hijack(&self, call: impl AsyncFnOnce(&Client) -> Outcome<()>) -> Result<Connection> {
        let raw = [(CONNECTION, "Upgrade"), (UPGRADE, "tcp")];
        let raw = raw.map(|(name, value)| (name, HeaderValue::from_static(value)));
        Ok(self.dedicated(HeaderMap::from_iter(raw), call).await?.into_body())
    }

    /// Names the operation in an error of what it needs before it is called.
    pub(crate) fn during<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| error.during(self.operation))
    }

    fn value<T>(&self, outcome: Outcome<T>) -> Result<ResponseValue<T>> {
        outcome.map_err(|error| own_error(error).during(self.operation))
    }
}

/// The one place where errors of the generated layer become ours.
fn own_error(error: progenitor_client::Error) -> Error {
    use progenitor_client::Error as Wire;

    match error {
        Wire::UnexpectedResponse(mut response) => hooks::carried(&mut response).unwrap_or_else(|| {
            let status = response.status();
            let message = status.canonical_reason().unwrap_or("no reason given").to_owned();
            Error::new(Kind::Engine { status: status.as_u16(), message })
        }),
        Wire::CommunicationError(error) | Wire::ResponseBodyError(error) | Wire::InvalidUpgrade(error) => {
            body_error(error)
        }
        Wire::InvalidResponsePayload(_, error) => Error::with_source(Kind::Decode("it is no JSON".into()), error),
        Wire::ErrorResponse(answer) => {
            Error::new(Kind::Engine { status: answer.status().as_u16(), message: String::new() })
        }
        Wire::InvalidRequest(message) | Wire::Custom(message) => Error::request(message),
    }
}

/// The document at `path`, asked for without a version.
pub(crate) async fn unversioned<T: DeserializeOwned>(http: &HttpClient, limits: Limits, path: &str) -> Result<T> {
    let request = http::Request::get(format!("http://{}{path}", http.endpoint().authority()))
        .body(reqwest::Body::default())
        .map_err(|error| Error::with_source(Kind::Request("the request cannot be built".into()), error))?;
    let response = http.send(request, limits.answer).await?;
    if !response.status().is_success() {
        return Err(answer::engine_error(response, limits.body).await);
    }
    let bytes = answer::collect(response, limits.body).await?;
    decode(&bytes)
}

/// The document that `bytes` are.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    decode_within(bytes, None)
}

/// The document that `bytes` are, which may be an item of a list.
fn decode_within<T: DeserializeOwned>(bytes: &[u8], index: Option<usize>) -> Result<T> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let place = place::at(&bytes[..error.valid_up_to()], index);
        Error::with_source(Kind::Decode(format!("at {place}")), error)
    })?;
    serde_json::from_str(text).map_err(|error| {
        let place = place::of(&error, bytes, index);
        Error::with_source(Kind::Decode(format!("at {place}")), error)
    })
}

/// What reqwest says of a body that broke, in our words.
pub(crate) fn body_error(error: reqwest::Error) -> Error {
    if let Some(own) = error::cause::<Error>(&error) {
        return own.clone();
    }
    if error.is_builder() {
        return Error::with_source(Kind::Request("the request cannot be built".into()), error);
    }
    broken(error)
}

/// The connection broke behind the head of the answer.
fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_source(Kind::Connection("the connection broke in the middle of the answer".into()), error)
}
