//! The exchanges that a recorder has forwarded, in memory and with their secrets.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    RecordingError,
    content::{self, Content, FrameBuffer},
    file::{End, Event, Exchange, File, RecordedRequest, RecordedResponse},
    redact::{self, Redactions},
};
use crate::Request;

/// The response headers that are recorded.
const RESPONSE_HEADERS: [&str; 12] = [
    "api-version",
    "builder-version",
    "content-encoding",
    "content-type",
    "date",
    "docker-experimental",
    "libpod-api-version",
    "ostype",
    "server",
    "swarm",
    "upgrade",
    "x-docker-container-path-stat",
];

/// All captured exchanges, in the order of their requests.
pub(super) struct Captures {
    state: Mutex<State>,
    /// The largest body that is recorded, in bytes.
    max_body_size: usize,
}

#[derive(Default)]
struct State {
    redactions: Redactions,
    captures: Vec<Capture>,
}

struct Capture {
    request: RecordedRequest,
    response: Option<Captured>,
    /// The number of bytes of the response so far.
    size: usize,
    /// The reason why the exchange cannot be recorded.
    problem: Option<String>,
}

struct Captured {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Body,
    end: End,
}

/// The part of a response after the headers.
pub(super) enum Body {
    Empty,
    Whole(Bytes),
    Chunks(Vec<Bytes>),
    Session(Vec<Sent>),
}

/// An event of a session.
pub(super) enum Sent {
    ByClient(Bytes),
    ClientEnd,
    ByEngine(Bytes),
    EngineEnd,
}

impl Sent {
    fn len(&self) -> usize {
        match self {
            Self::ByClient(bytes) | Self::ByEngine(bytes) => bytes.len(),
            Self::ClientEnd | Self::EngineEnd => 0,
        }
    }
}

/// One exchange while it is forwarded.
#[derive(Clone)]
pub(super) struct Slot {
    captures: Arc<Captures>,
    index: usize,
}

impl Captures {
    pub(super) fn new(max_body_size: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), max_body_size })
    }

    pub(super) fn max_body_size(&self) -> usize {
        self.max_body_size
    }

    pub(super) fn redact(&self, add: impl FnOnce(&mut Redactions)) {
        add(&mut self.state().redactions);
    }

    /// Begins an exchange.
    pub(super) fn begin(self: &Arc<Self>, request: &Request) -> Slot {
        let mut recorded = RecordedRequest::new(request);
        let is_described = matches!(recorded.body, Some(Content::Tar(_) | Content::Bytes(_)));
        let is_too_large = !is_described && request.bytes.len() > self.max_body_size;
        let problem = is_too_large.then(|| self.too_large("request body"));
        if is_too_large {
            recorded.body = None;
        }
        let mut state = self.state();
        state.captures.push(Capture { request: recorded, response: None, size: 0, problem });
        Slot { captures: Arc::clone(self), index: state.captures.len() - 1 }
    }

    /// Returns all exchanges without their secrets.
    pub(super) fn file(&self) -> Result<File, RecordingError> {
        let state = self.state();
        let exchange = |capture: &Capture| {
            let failed = |why: &str| RecordingError::new(state.redactions.failure(&capture.request, why));
            if let Some(problem) = &capture.problem {
                return Err(failed(problem));
            }
            let mut exchange = capture.exchange();
            state.redactions.exchange(&mut exchange).map_err(|why| failed(&why))?;
            Ok(exchange)
        };
        Ok(File::new(state.captures.iter().map(exchange).collect::<Result<_, _>>()?))
    }

    fn too_large(&self, what: &str) -> String {
        format!("the {what} is larger than {} bytes; set a higher limit with max_body_size", self.max_body_size)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Captures {
    /// Omits the exchanges, which contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captures").field("max_body_size", &self.max_body_size).finish_non_exhaustive()
    }
}

impl Slot {
    /// Records a response. Chunks and events are added later.
    pub(super) fn response(&self, status: u16, headers: &[(String, String)], body: Body) {
        let recorded = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let headers = recorded.filter(|(name, _)| RESPONSE_HEADERS.contains(&name.as_str())).collect();
        let end = if matches!(body, Body::Chunks(_)) { End::ClientClosed } else { End::Complete };
        self.with(|capture| capture.response = Some(Captured { status, headers, body, end }));
    }

    pub(super) fn chunk(&self, bytes: Bytes) {
        self.add(bytes.len(), |body| {
            if let Body::Chunks(chunks) = body {
                chunks.push(bytes);
            }
        });
    }

    pub(super) fn event(&self, event: Sent) {
        self.add(event.len(), |body| {
            if let Body::Session(events) = body {
                events.push(event);
            }
        });
    }

    pub(super) fn end(&self, end: End) {
        self.with(|capture| {
            if let Some(response) = &mut capture.response {
                response.end = end;
            }
        });
    }

    /// Records that the exchange cannot be recorded.
    pub(super) fn fail(&self, problem: String) {
        self.with(|capture| {
            capture.problem.get_or_insert(problem);
        });
    }

    /// Records that the response is larger than the limit, and drops what was recorded of it.
    pub(super) fn fail_too_large(&self) {
        self.fail(self.captures.too_large("response or session"));
        self.with(|capture| capture.response = None);
    }

    fn add(&self, size: usize, add: impl FnOnce(&mut Body)) {
        let limit = self.captures.max_body_size;
        let is_within = self.with(|capture| {
            capture.size = capture.size.saturating_add(size);
            capture.size <= limit
        });
        if !is_within {
            return self.fail_too_large();
        }
        self.with(|capture| {
            if let Some(response) = &mut capture.response {
                add(&mut response.body);
            }
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Capture) -> T) -> T {
        f(&mut self.captures.state().captures[self.index])
    }
}

impl Capture {
    /// The exchange with its secrets.
    fn exchange(&self) -> Exchange {
        Exchange { request: self.request.clone(), response: self.response.as_ref().map(Captured::recorded) }
    }
}

impl Captured {
    fn recorded(&self) -> RecordedResponse {
        let (status, headers, end) = (self.status, self.headers.clone(), self.end);
        let mut response = RecordedResponse { status, headers, body: None, chunks: None, session: None, end };
        let is_json = self.headers.get("content-type").is_some_and(|value| redact::is_json(value));
        match &self.body {
            Body::Empty => {}
            Body::Whole(bytes) => response.body = Some(Content::of_response(bytes, is_json)),
            Body::Chunks(chunks) => {
                let is_split = is_json && !chunks.iter().all(|chunk| content::json_documents(chunk).is_some());
                if !is_split {
                    let chunks = if is_json { chunks.clone() } else { whole_frames(chunks) };
                    response.chunks = Some(chunks.iter().map(|chunk| Content::of_response(chunk, is_json)).collect());
                    return response;
                }
                // A document that was split would be neither readable nor redacted.
                let whole = Content::of_response(&chunks.concat(), is_json);
                match (&whole, end) {
                    (Content::Json(_), End::Complete) => response.body = Some(whole),
                    _ => response.chunks = Some(vec![whole]),
                }
            }
            Body::Session(events) => response.session = Some(recorded_events(events)),
        }
        response
    }
}

/// Chunks with whole frames, if the body consists of frames.
fn whole_frames(chunks: &[Bytes]) -> Vec<Bytes> {
    let Some(mut buffer) = FrameBuffer::of(&chunks.concat()) else { return chunks.to_vec() };
    let mut whole: Vec<Bytes> = chunks.iter().map(|chunk| buffer.push(chunk)).collect();
    whole.push(buffer.rest());
    whole.retain(|chunk| !chunk.is_empty());
    whole
}

/// The events of a session, with whole frames if the output consists of frames.
fn recorded_events(events: &[Sent]) -> Vec<Event> {
    let output =
        events.iter().filter_map(|event| if let Sent::ByEngine(bytes) = event { Some(&bytes[..]) } else { None });
    let mut buffer = FrameBuffer::of(&output.collect::<Vec<_>>().concat());
    let mut recorded = Vec::new();
    let output = |bytes: &[u8]| (!bytes.is_empty()).then(|| Event::Engine(Content::of_output(bytes)));
    for event in events {
        match event {
            Sent::ByClient(bytes) => recorded.push(Event::Client(Content::of_session(bytes))),
            Sent::ClientEnd => recorded.push(Event::ClientEnd),
            Sent::ByEngine(bytes) => match &mut buffer {
                Some(buffer) => recorded.extend(output(&buffer.push(bytes))),
                None => recorded.extend(output(bytes)),
            },
            Sent::EngineEnd => {
                recorded.extend(buffer.take().and_then(|buffer| output(&buffer.rest())));
                recorded.push(Event::EngineEnd);
            }
        }
    }
    recorded.extend(buffer.and_then(|buffer| output(&buffer.rest())));
    recorded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oversized_request_body_is_not_kept() {
        let captures = Captures::new(10);
        for (body, is_kept) in [("0123456789", true), ("0123456789a", false)] {
            let request = Request::new("POST /containers/create".to_owned(), Vec::new(), body.into());
            let slot = captures.begin(&request);
            assert_eq!(slot.with(|capture| capture.request.body.is_some()), is_kept);
            assert_eq!(captures.file().is_ok(), is_kept);
        }
    }
}
