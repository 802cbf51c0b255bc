//! What the engine's connections share, and how each request finds its answer.

use std::{
    any::Any,
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::ApiVersion;
use futures_util::FutureExt as _;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use crate::{
    Reply, Request,
    age::Age,
    connection::{self, Io},
    document::{DOCUMENT, Operation},
    expectations::Expectations,
    simulate,
    state::State,
    transcript::Transcript,
};

pub(crate) type Script = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) age: Age,
    /// The newest API that the engine says it speaks.
    pub(crate) newest: ApiVersion,
    pub(crate) lenient: bool,
    pub(crate) script: Option<(Script, Reading)>,
    pub(crate) state: Arc<State>,
    pub(crate) transcript: Transcript,
    pub(crate) expectations: Expectations,
    problems: Mutex<Vec<String>>,
    opened: AtomicUsize,
    open: watch::Sender<usize>,
    tasks: Mutex<JoinSet<()>>,
}

/// Whether the bodies of requests are read before they are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Bodies,
    OnlyHeads,
}

/// A request that is for an operation of the document.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) operation: &'static Operation,
    pub(crate) spoken: ApiVersion,
    path: Vec<(String, String)>,
}

impl Asked {
    /// What stands in the path for a name or an id.
    pub(crate) fn name(&self) -> &str {
        self.path.first().map_or("", |(_, value)| value)
    }

    /// An argument: of the path, a parameter, or a field of the body.
    pub(crate) fn argument(&self, name: &str) -> Option<String> {
        let in_path = self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        in_path.or_else(|| self.request.query(name)).or_else(|| {
            let value = self.request.json()?.get(name)?.clone();
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
    }

    /// A flag, as engines read it.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let value = self.request.query(name).unwrap_or_default().to_lowercase();
        !matches!(value.as_str(), "" | "0" | "no" | "false" | "none")
    }
}

impl Shared {
    pub(crate) fn new(age: Age, newest: ApiVersion, lenient: bool, script: Option<(Script, Reading)>) -> Self {
        Self {
            age,
            newest,
            lenient,
            script,
            state: Arc::new(State::new(age)),
            transcript: Transcript::default(),
            expectations: Expectations::default(),
            problems: Mutex::default(),
            opened: AtomicUsize::new(0),
            open: watch::Sender::new(0),
            tasks: Mutex::default(),
        }
    }

    pub(crate) fn answers_early(&self) -> bool {
        self.script.as_ref().is_some_and(|(_, reading)| *reading == Reading::OnlyHeads)
    }

    /// Serves a connection until it ends.
    pub(crate) fn serve(self: &Arc<Self>, io: impl Io + 'static, head_start: Duration) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.send_modify(|open| *open += 1);
        let shared = Arc::clone(self);
        self.spawn(async move {
            // A client that hangs up is what some tests are about.
            let _ = connection::serve(Arc::clone(&shared), Box::new(io), head_start).await;
            shared.open.send_modify(|open| *open -= 1);
        });
    }

    /// Runs `task` for as long as the engine is there.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = locked(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }

    pub(crate) fn stop(&self) {
        locked(&self.tasks).abort_all();
    }

    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    pub(crate) async fn all_hung_up(&self) {
        // The sender lives as long as `self`.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Notes what fails the test.
    pub(crate) fn problem(&self, what: impl Into<String>) {
        locked(&self.problems).push(what.into());
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        locked(&self.problems).clone()
    }

    pub(crate) fn panicked(&self, who: &str, panic: &(dyn Any + Send)) -> String {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        let what = format!("{who} panicked: {}", text.unwrap_or("with something that is no text"));
        self.problem(&what);
        what
    }

    /// The answer to a request, also if finding it panics.
    pub(crate) async fn answer(self: &Arc<Self>, number: usize, request: Request) -> Reply {
        let answer = AssertUnwindSafe(self.find_answer(number, request)).catch_unwind().await;
        let reply = answer.unwrap_or_else(|panic| {
            let what = self.panicked("the double", &*panic);
            Reply::text(500, &format!("{what}\n"))
        });
        if let Some(gate) = &reply.gate {
            gate.opened().await;
        }
        reply
    }

    async fn find_answer(self: &Arc<Self>, number: usize, request: Request) -> Reply {
        if let Some((script, _)) = &self.script {
            return script(&request);
        }
        match self.routed(request) {
            Ok(asked) => {
                self.transcript.is_for(number, &asked.operation.id);
                self.answer_asked(asked).await
            }
            Err(reply) => reply,
        }
    }

    /// Finds the operation; or the answer to what is none.
    fn routed(&self, request: Request) -> Result<Asked, Reply> {
        let spoken = request.version().unwrap_or(self.newest);
        if spoken > self.newest || spoken < self.age.oldest() {
            return Err(self.age.wrong_version(spoken, self.newest));
        }
        let known = spoken.clamp(DOCUMENT.oldest, DOCUMENT.newest);
        if known != spoken && request.version().is_some() && !self.lenient {
            let (oldest, newest) = (DOCUMENT.oldest, DOCUMENT.newest);
            return Err(self.ill_formed(&request, spoken, &[format!("the document knows API {oldest} to {newest}")]));
        }
        let Some((operation, path)) = DOCUMENT.route(&request) else {
            let refusal = self.age.no_such_route();
            return Err(match self.lenient {
                true => self.age.refuse(&refusal, spoken),
                false => self.ill_formed(&request, spoken, &["there is no such operation".to_owned()]),
            });
        };
        let complaints = DOCUMENT.complaints(operation, known, &request);
        if !self.lenient && !complaints.is_empty() {
            return Err(self.ill_formed(&request, spoken, &complaints));
        }
        let gone = !operation.span.contains(known);
        if gone && (self.age == Age::Old || operation.span.ended_before(known)) {
            return Err(self.age.refuse(&self.age.no_such_route(), spoken));
        }
        Ok(Asked { request, operation, spoken, path })
    }

    fn ill_formed(&self, request: &Request, spoken: ApiVersion, complaints: &[String]) -> Reply {
        let what = complaints.join("; ");
        self.problem(format!("{}: {what}", request.line));
        let refusal = crate::refusal::Refusal::new(400, format!("the double of an engine refuses this: {what}"));
        self.age.refuse(&refusal, spoken)
    }

    async fn answer_asked(self: &Arc<Self>, asked: Asked) -> Reply {
        let matched = self.expectations.take(&asked);
        for problem in &matched.problems {
            self.problem(problem);
        }
        if let Some(gate) = &matched.gate {
            gate.opened().await;
        }
        let mut reply = match matched.outcome {
            Some(outcome) => outcome.reply(self.age, &asked),
            None => {
                let spoken = asked.spoken;
                let bare = asked.operation.id == "container_attach";
                let answer = simulate::answer(self, asked).await;
                let reply = answer.unwrap_or_else(|refusal| self.age.refuse(&refusal, spoken));
                if bare { reply } else { self.age.dress(reply, self.newest) }
            }
        };
        reply.cut = matched.cut.or(reply.cut);
        reply
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("age", &self.age).field("newest", &self.newest).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
