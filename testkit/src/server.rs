//! State and tasks that all connections of a fake engine share.

use std::{
    any::Any,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use dockerclient::ApiVersion;
use futures_util::future::BoxFuture;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};

#[cfg(feature = "buildkit")]
use crate::simulate::BuildKit;
use crate::{
    Request, Response, expectations::Expectations, release::Release, state::SharedState, transcript::Transcript,
};

pub(crate) type Script = Box<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

pub(crate) struct Server {
    pub(crate) release: Release,
    /// The newest supported API version.
    pub(crate) newest: ApiVersion,
    pub(crate) lenient: bool,
    pub(crate) script: Option<(Script, BodyMode)>,
    pub(crate) state: Arc<SharedState>,
    pub(crate) transcript: Transcript,
    pub(crate) expectations: Expectations,
    problems: Mutex<Vec<String>>,
    connections_opened: AtomicUsize,
    open_connections: Arc<watch::Sender<usize>>,
    accepts_connections: AtomicBool,
    connections: Mutex<JoinSet<()>>,
    programs: Mutex<JoinSet<()>>,
    /// The task that runs the tasks of the swarm.
    agent: Mutex<Option<AbortHandle>>,
    #[cfg(feature = "buildkit")]
    pub(crate) buildkit: BuildKit,
}

/// Counts one open connection until it is dropped.
pub(crate) struct OpenConnection(Arc<watch::Sender<usize>>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// Whether request bodies are read before the script is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyMode {
    Read,
    Skip,
}

impl Server {
    pub(crate) fn new(release: Release, newest: ApiVersion, lenient: bool, script: Option<(Script, BodyMode)>) -> Self {
        Self {
            release,
            newest,
            lenient,
            script,
            state: Arc::new(SharedState::new(release)),
            transcript: Transcript::default(),
            expectations: Expectations::default(),
            problems: Mutex::default(),
            connections_opened: AtomicUsize::new(0),
            open_connections: Arc::default(),
            accepts_connections: AtomicBool::new(true),
            connections: Mutex::default(),
            programs: Mutex::default(),
            agent: Mutex::default(),
            #[cfg(feature = "buildkit")]
            buildkit: BuildKit::default(),
        }
    }

    pub(crate) fn responds_before_body(&self) -> bool {
        self.script.as_ref().is_some_and(|(_, mode)| *mode == BodyMode::Skip)
    }

    /// Counts a new connection as open for as long as the returned guard exists.
    pub(crate) fn connection_opened(&self) -> OpenConnection {
        self.connections_opened.fetch_add(1, Ordering::Relaxed);
        self.open_connections.send_modify(|open| *open += 1);
        OpenConnection(Arc::clone(&self.open_connections))
    }

    /// Spawns a task that accepts or serves connections; it is aborted by [`kill`](Self::kill).
    pub(crate) fn spawn_connection(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.connections, task);
    }

    /// Spawns a task that runs a program; it is aborted by [`stop`](Self::stop).
    pub(crate) fn spawn_program(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        spawn(&self.programs, task)
    }

    /// Spawns a task that runs the tasks of the swarm, unless there is one.
    pub(crate) fn run_agent<F: Future<Output = ()> + Send + 'static>(&self, agent: impl FnOnce() -> F) {
        let mut running = locked(&self.agent);
        if running.as_ref().is_none_or(AbortHandle::is_finished) {
            *running = Some(self.spawn_program(agent()));
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.accepts_connections.load(Ordering::Relaxed)
    }

    pub(crate) fn start(&self) {
        self.accepts_connections.store(true, Ordering::Relaxed);
    }

    /// Closes all connections and accepts no new ones.
    pub(crate) fn kill(&self) {
        self.accepts_connections.store(false, Ordering::Relaxed);
        locked(&self.connections).abort_all();
    }

    /// Closes all connections and aborts all programs.
    pub(crate) fn stop(&self) {
        self.kill();
        locked(&self.programs).abort_all();
    }

    pub(crate) fn connections_opened(&self) -> usize {
        self.connections_opened.load(Ordering::Relaxed)
    }

    pub(crate) async fn all_connections_closed(&self) {
        // The sender lives as long as `self`.
        let _ = self.open_connections.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Records a problem that fails the test.
    pub(crate) fn problem(&self, message: impl Into<String>) {
        locked(&self.problems).push(message.into());
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        locked(&self.problems).clone()
    }

    /// Records a panic as a problem, and returns its message.
    pub(crate) fn panicked(&self, source: &str, panic: &(dyn Any + Send)) -> String {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        let message = format!("{source} panicked: {}", text.unwrap_or("(the payload is not a string)"));
        self.problem(&message);
        message
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("release", &self.release).field("newest", &self.newest).finish_non_exhaustive()
    }
}

fn spawn(tasks: &Mutex<JoinSet<()>>, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    let mut tasks = locked(tasks);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(task)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
