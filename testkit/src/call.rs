//! A call that a test expects, and what shall become of it.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{Gate, Reply, Request, age::Age, document::DOCUMENT, refusal::Refusal, shared::Asked};

/// A call that is expected, and what shall become of it. Given to [`Engine::expect`](crate::Engine::expect).
///
/// Unless something else is said, it is expected once, and answered as the engine would.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dockerclient_testkit::{Call, Engine};
///
/// let engine = Engine::new();
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
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) gate: Option<Gate>,
    pub(crate) cut: Option<usize>,
}

#[derive(Clone)]
pub(crate) enum Outcome {
    Answer(Arc<dyn Fn(&Request) -> Reply + Send + Sync>),
    Refusal(Refusal),
}

impl Call {
    /// A call to an operation, by its id in the API's document: `container_start`.
    ///
    /// # Panics
    ///
    /// If there is no such operation.
    pub fn to(operation: &str) -> Self {
        assert!(DOCUMENT.operation(operation).is_some(), "there is no operation {operation:?}");
        Self {
            operation: operation.to_owned(),
            arguments: Vec::new(),
            least: 1,
            most: 1,
            outcome: None,
            gate: None,
            cut: None,
        }
    }

    /// With an argument: `id` or `name` of the path, a parameter, or a field of the body.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.arguments.push((name.to_owned(), value.to_string()));
        self
    }

    /// Exactly so often.
    pub fn times(self, times: usize) -> Self {
        Self { least: times, most: times, ..self }
    }

    /// As often as it comes, if at all.
    pub fn any_times(self) -> Self {
        Self { least: 0, most: usize::MAX, ..self }
    }

    /// Is not expected at all.
    pub fn never(self) -> Self {
        Self { least: 0, most: 0, ..self }
    }

    /// Answered so.
    pub fn answers(self, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self { outcome: Some(Outcome::Answer(Arc::new(answer))), ..self }
    }

    /// Refused with this status and message, as the engine words refusals.
    pub fn fails(self, status: u16, message: &str) -> Self {
        Self { outcome: Some(Outcome::Refusal(Refusal::new(status, message))), ..self }
    }

    /// Answered with bytes that are no HTTP.
    pub fn answers_garbage(self) -> Self {
        self.answers(|_| Reply::raw(Bytes::from_static(b"\x16\x03\x01 this is no HTTP\r\n\r\n")).then_hang_up())
    }

    /// Never answered.
    pub fn hangs(self) -> Self {
        self.answers(|_| Reply::silence())
    }

    /// The connection is closed without an answer.
    pub fn hangs_up(self) -> Self {
        self.answers(|_| Reply::raw(Bytes::new()).then_hang_up())
    }

    /// The answer breaks off after so many bytes, its head among them.
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// Nothing happens before the gate is open.
    pub fn waits_for(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    pub(crate) fn is(&self, asked: &Asked) -> bool {
        let has = |(name, value): &(String, String)| asked.argument(name).as_ref() == Some(value);
        self.operation == asked.operation.id && self.arguments.iter().all(has)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<String> = self.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(f, "{}({})", self.operation, arguments.join(", "))
    }
}

impl Outcome {
    pub(crate) fn reply(&self, age: Age, asked: &Asked) -> Reply {
        match self {
            Self::Answer(answer) => answer(&asked.request),
            Self::Refusal(refusal) => age.refuse(refusal, asked.spoken),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(_) => f.write_str("Answer"),
            Self::Refusal(refusal) => refusal.fmt(f),
        }
    }
}
