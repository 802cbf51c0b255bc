//! Replays the responses of a recording.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};

use super::{
    Recording, RecordingError,
    file::{Exchange, RecordedRequest},
    masking, matching,
    playback::{self, Input},
    redact::Redactions,
};
use crate::{FakeEngine, Request, Response};

/// Replays the responses of a [`Recording`] to its clients, without an engine.
///
/// Each exchange is used once, and equal requests get their responses in the recorded order. Requests are equal if method,
/// path, parameters and body are; see [recordings](crate#recordings). Any other request gets a response with status 500,
/// which contains the difference from the nearest recorded request, and fails the test when the replay is dropped or
/// [verified](Self::verify).
///
/// A session also fails the test if its recorded input was not received completely when the replay is verified or dropped: wait
/// for the end of each session before.
///
/// Exchanges that are not used do not fail the test, unless it calls [`assert_all_used`](Self::assert_all_used).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dockerclient_testkit::{Recording, Replay};
///
/// let recording = Recording::from_json(r#"{
///     "format": "dockerclient recording",
///     "version": 1,
///     "exchanges": [{
///         "request": { "method": "GET", "path": "/v1.41/info" },
///         "response": { "status": 200, "body": { "json": { "Containers": 3 } } }
///     }]
/// }"#)?;
/// let replay = Replay::new(recording);
/// assert_eq!(replay.client().info().await?.containers, 3);
/// replay.assert_all_used();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Replay {
    engine: FakeEngine,
    version: ApiVersion,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    exchanges: Vec<Exchange>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The indexes of the exchanges that were used.
    used: Vec<usize>,
    /// The sessions whose recorded input was not received completely.
    unfinished: BTreeSet<usize>,
    problems: Vec<String>,
    /// Method and path of each request that was received, without secrets.
    lines: Vec<String>,
}

impl Replay {
    /// Opens a recording, and creates a replay of it.
    ///
    /// # Errors
    ///
    /// Fails as [`Recording::open`] does.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        Recording::open(path).map(Self::new)
    }

    /// Creates a replay of a recording. It runs as tasks of the Tokio runtime in which connections to it are opened.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        let version = recording.api_version().unwrap_or(ApiVersion::NEWEST);
        let shared = Arc::new(Shared { exchanges: recording.0.exchanges, state: Mutex::default() });
        let responding = Arc::clone(&shared);
        let engine = FakeEngine::builder().forwarding(move |request| {
            let response = responding.respond(&request);
            async move { response }
        });
        Self { engine, version, shared }
    }

    /// Returns a client for the API version of the recording. It ignores the user's Docker configuration and has no
    /// credentials.
    ///
    /// # Panics
    ///
    /// Panics if `dockerclient` does not support this version.
    #[must_use]
    pub fn client(&self) -> DockerClient {
        self.engine.client(&self.version.to_string())
    }

    /// Builds a client that connects to [`address`](Self::address).
    ///
    /// # Panics
    ///
    /// Panics if `builder` fails.
    #[must_use]
    pub fn client_with(&self, builder: DockerClientBuilder) -> DockerClient {
        self.engine.client_with(builder)
    }

    /// Returns the address at which it accepts requests, also of clients in other processes: a Unix socket, or on Windows a
    /// named pipe.
    ///
    /// # Panics
    ///
    /// Panics if the socket or the pipe cannot be created.
    #[must_use]
    pub fn address(&self) -> String {
        self.engine.address()
    }

    /// Fails the test if a request was not in the recording, or if a client did not send exactly the bytes in a session that
    /// were recorded.
    ///
    /// Wait for the end of each session before, for example by reading its output to the end: input that was sent, but not
    /// yet received, is missing. Dropping the replay also verifies it.
    ///
    /// # Panics
    ///
    /// Panics in these cases. The message contains the differences, and the requests that were received.
    #[track_caller]
    pub fn verify(&self) {
        if let Some(report) = self.report(Vec::new()) {
            panic!("{report}");
        }
    }

    /// Fails the test as [`verify`](Self::verify) does, and if an exchange of the recording was not used.
    ///
    /// # Panics
    ///
    /// Panics in these cases. The message lists the requests that were not received.
    #[track_caller]
    pub fn assert_all_used(&self) {
        let unused = self.shared.with(|state| {
            let unused = self.shared.exchanges.iter().enumerate().filter(|(index, _)| !state.used.contains(index));
            let line = |(index, exchange): (usize, &Exchange)| {
                format!("exchange {} was not used: {}", index + 1, exchange.request.line())
            };
            unused.map(line).collect()
        });
        if let Some(report) = self.report(unused) {
            panic!("{report}");
        }
    }

    fn report(&self, unused: Vec<String>) -> Option<String> {
        let (mut problems, unfinished, lines) = self.shared.with(|state| {
            let problems = state.problems.clone();
            (problems, state.unfinished.clone(), state.lines.join("\n"))
        });
        problems.extend(unfinished.into_iter().map(|index| {
            let line = self.shared.exchanges[index].request.line();
            format!("exchange {}: {line}: the recorded input of the session was not received completely", index + 1)
        }));
        problems.extend(unused);
        if problems.is_empty() {
            return None;
        }
        let problems = problems.join("\n- ");
        Some(format!("verification of the replay failed:\n- {problems}\nrequests received:\n{lines}"))
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        match self.report(Vec::new()) {
            // A panic while panicking would abort the process.
            Some(report) if thread::panicking() => eprintln!("{report}"),
            Some(report) => panic!("{report}"),
            None => {}
        }
    }
}

impl Shared {
    /// The response to a request, and marks its exchange as used.
    fn respond(self: &Arc<Self>, request: &Request) -> Response {
        let mut received = RecordedRequest::new(request);
        // A body that cannot be redacted is not equal to any that was recorded.
        let _ = Redactions::default().request(&mut received);
        let index = self.with(|state| {
            let is_free = |index: &usize| !state.used.contains(index);
            let mut equal = self.equal(&received).filter(is_free);
            let index = equal.next();
            drop(equal);
            state.used.extend(index);
            index
        });
        let Some(index) = index else {
            let problem = self.unknown(&received);
            let response = Response::text(500, &format!("{problem}\n"));
            self.problem(problem);
            return response;
        };
        let exchange = &self.exchanges[index];
        let line = exchange.request.line();
        self.with(|state| {
            state.lines.push(line.clone());
            if playback::has_input(exchange) {
                state.unfinished.insert(index);
            }
        });
        let shared = Arc::clone(self);
        playback::response(exchange, move |input| {
            shared.with(|state| {
                state.unfinished.remove(&index);
                if let Input::Other(problem) = input {
                    state.problems.push(format!("exchange {}: {line}: {problem}", index + 1));
                }
            });
        })
    }

    /// The indexes of the recorded requests that are equal to `received`.
    fn equal(&self, received: &RecordedRequest) -> impl Iterator<Item = usize> {
        let exchanges = self.exchanges.iter().enumerate();
        exchanges.filter(|(_, exchange)| matching::matches(&exchange.request, received)).map(|(index, _)| index)
    }

    /// Describes a request that was not recorded, or not as often.
    fn unknown(&self, received: &RecordedRequest) -> String {
        let equal = self.equal(received).next();
        let recorded = self.exchanges.iter().map(|exchange| &exchange.request);
        let nearest = equal.or_else(|| matching::nearest(recorded, received));
        let Some(recorded) = nearest.map(|index| &self.exchanges[index].request) else {
            let line = received.line();
            self.with(|state| state.lines.push(line.clone()));
            return format!("the recording is empty: {line}");
        };
        let received = masking::masked(recorded, received);
        let line = received.line();
        self.with(|state| state.lines.push(line.clone()));
        let times = self.equal(&received).count();
        if times > 0 {
            let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
            return format!("this request was recorded {times}, but received once more: {line}");
        }
        let difference = matching::difference(recorded, &received);
        format!(
            "this request is not in the recording: {line}\nthe nearest is exchange {} (- recorded, + received):\n{}",
            nearest.unwrap_or_default() + 1,
            difference.trim_end()
        )
    }

    fn problem(&self, problem: String) {
        self.with(|state| state.problems.push(problem));
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
