//! What runs in a container.

use std::{fmt, pin::Pin, sync::Arc};

use futures_util::FutureExt as _;

use crate::Gate;

mod process;
mod runner;
mod shell;

pub use self::process::{Process, Usage};
pub(crate) use self::runner::{Key, launch, signal_name, signal_number};

/// A command and its arguments.
pub(crate) type Argv = Vec<String>;

type Running = Pin<Box<dyn Future<Output = i64> + Send>>;

/// What a command does: what it writes, how long it runs, how it ends.
///
/// What happens before it first waits has happened when `start` is answered.
#[derive(Clone)]
#[must_use]
pub struct Program(Arc<dyn Fn(Process) -> Running + Send + Sync>);

impl Program {
    /// Anything at all. What `body` returns is the exit code.
    ///
    /// ```
    /// use dockerclient_testkit::Program;
    ///
    /// let greeter = Program::new(|process| async move {
    ///     let Some(name) = process.read().await else { return 1 };
    ///     process.out("hello ");
    ///     process.out(name);
    ///     0
    /// });
    /// ```
    pub fn new<F>(body: impl Fn(Process) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = i64> + Send + 'static,
    {
        Self(Arc::new(move |process| body(process).boxed()))
    }

    /// Writes `text` to stdout, and ends with 0.
    pub fn printing(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(move |process| {
            process.out(&text);
            async { 0 }
        })
    }

    /// Writes `text` to stderr, and ends with `code`.
    pub fn failing(text: impl Into<String>, code: i64) -> Self {
        let text = text.into();
        Self::new(move |process| {
            process.err(&text);
            async move { code }
        })
    }

    /// Writes what it reads, until its input ends.
    pub fn echoing() -> Self {
        Self::new(|process| async move {
            while let Some(bytes) = process.read().await {
                process.out(bytes);
            }
            0
        })
    }

    /// Runs until it is told to stop, and then ends with 0.
    pub fn until_stopped() -> Self {
        Self::new(|process| async move {
            process.trap("TERM");
            process.signal().await;
            0
        })
    }

    /// Does this, and then runs until it is told to stop.
    pub fn and_then_until_stopped(self) -> Self {
        self.and_then(Self::until_stopped())
    }

    /// Does this, and then `next`, whose exit code counts.
    pub fn and_then(self, next: Self) -> Self {
        Self::new(move |process| {
            let (first, next) = (self.run(process.clone()), next.clone());
            async move {
                first.await;
                next.run(process).await
            }
        })
    }

    /// Does this once `gate` is open.
    pub fn after(self, gate: &Gate) -> Self {
        let gate = gate.clone();
        Self::new(move |process| {
            let (gate, program) = (gate.clone(), self.clone());
            async move {
                gate.opened().await;
                program.run(process).await
            }
        })
    }

    /// Does this, and ends with `code`.
    pub fn exiting(self, code: i64) -> Self {
        Self::new(move |process| self.run(process).map(move |_| code))
    }

    pub(crate) fn run(&self, process: Process) -> Running {
        (self.0)(process)
    }

    /// What the words do that the shell knows.
    pub(crate) fn of_the_shell(argv: &[String]) -> Option<Self> {
        shell::knows(argv.first()?).then(|| Self::new(shell::run))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Program")
    }
}
