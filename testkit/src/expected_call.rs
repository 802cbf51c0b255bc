//! A call that a test expects, and the response to it.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{
    Latch, Request, Response, api_call::ApiCall, api_error::ApiError, release::Release, specification::SPECIFICATION,
};

/// An expected call and the response to it, for [`FakeEngine::expect`](crate::FakeEngine::expect).
///
/// By default, it is expected exactly once, and simulated like an unexpected call.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dockerclient_testkit::{Call, FakeEngine};
///
/// let engine = FakeEngine::new();
/// engine.expect(Call::to("container_start").with("id", "web").fails(500, "no space left on device"));
///
/// let error = engine.client("1.18").container("web").start().await.unwrap_err();
/// assert_eq!(error.status(), Some(500));
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Call {
    operation: String,
    arguments: Vec<(String, String)>,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) latch: Option<Latch>,
    pub(crate) truncate_after: Option<usize>,
}

#[derive(Clone)]
pub(crate) enum Outcome {
    Respond(Arc<dyn Fn(&Request) -> Response + Send + Sync>),
    Error(ApiError),
}

impl Call {
    /// Expects a call to an operation, by its id in the OpenAPI document, for example `container_start`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such operation.
    pub fn to(operation: &str) -> Self {
        assert!(SPECIFICATION.operation(operation).is_some(), "there is no operation {operation:?}");
        Self {
            operation: operation.to_owned(),
            arguments: Vec::new(),
            min: 1,
            max: 1,
            outcome: None,
            latch: None,
            truncate_after: None,
        }
    }

    /// Matches only calls with this argument: the path parameter `id` or `name`, a query parameter, or a field of the
    /// body.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.arguments.push((name.to_owned(), value.to_string()));
        self
    }

    /// Expects exactly this number of calls.
    pub fn times(self, times: usize) -> Self {
        Self { min: times, max: times, ..self }
    }

    /// Allows any number of calls, including none.
    pub fn any_times(self) -> Self {
        Self { min: 0, max: usize::MAX, ..self }
    }

    /// Fails the test if such a call is received.
    pub fn never(self) -> Self {
        Self { min: 0, max: 0, ..self }
    }

    /// Sends the response that `response` returns.
    pub fn responds(self, response: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self { outcome: Some(Outcome::Respond(Arc::new(response))), ..self }
    }

    /// Fails with this status and message, in the error format of the engine.
    pub fn fails(self, status: u16, message: &str) -> Self {
        Self { outcome: Some(Outcome::Error(ApiError::new(status, message))), ..self }
    }

    /// Sends bytes that are not HTTP, and closes the connection.
    pub fn responds_with_garbage(self) -> Self {
        self.responds(|_| Response::raw(Bytes::from_static(b"\x16\x03\x01 this is no HTTP\r\n\r\n")).then_close())
    }

    /// Sends no response, and keeps the connection open.
    pub fn hangs(self) -> Self {
        self.responds(|_| Response::never())
    }

    /// Closes the connection without a response.
    pub fn closes_connection(self) -> Self {
        self.responds(|_| Response::raw(Bytes::new()).then_close())
    }

    /// Truncates the response after `bytes` bytes, including the status line and headers.
    pub fn truncate_after(self, bytes: usize) -> Self {
        Self { truncate_after: Some(bytes), ..self }
    }

    /// Delays the call until `latch` is open.
    pub fn waits_for(self, latch: &Latch) -> Self {
        Self { latch: Some(latch.clone()), ..self }
    }

    pub(crate) fn matches(&self, call: &ApiCall) -> bool {
        let has = |(name, value): &(String, String)| call.argument(name).as_ref() == Some(value);
        self.operation == call.operation.id && self.arguments.iter().all(has)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<String> = self.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(f, "{}({})", self.operation, arguments.join(", "))
    }
}

impl Outcome {
    pub(crate) fn response(&self, release: Release, call: &ApiCall) -> Response {
        match self {
            Self::Respond(response) => response(&call.request),
            Self::Error(error) => release.error_response(error, call.version),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Respond(_) => f.write_str("Respond"),
            Self::Error(error) => error.fmt(f),
        }
    }
}
