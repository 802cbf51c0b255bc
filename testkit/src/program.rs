//! Programs that run in containers.

use std::{fmt, pin::Pin, sync::Arc};

use futures_util::FutureExt as _;

use crate::Latch;

mod process;
mod runner;
mod shell;

pub use self::process::Process;
pub(crate) use self::runner::{Key, launch, signal_name, signal_number};

type Running = Pin<Box<dyn Future<Output = i64> + Send>>;

/// The behavior of a command: its output, its duration and its exit code.
///
/// The engine responds to `start` after the program has run up to its first pending `await`.
#[derive(Clone)]
#[must_use]
pub struct Program(Arc<dyn Fn(Process) -> Running + Send + Sync>);

impl Program {
    /// Creates a program from an async function, which returns the exit code.
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

    /// Creates a program that writes `text` to stdout and exits with code 0.
    pub fn printing(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(move |process| {
            process.out(&text);
            async { 0 }
        })
    }

    /// Creates a program that writes `text` to stderr and exits with `code`.
    pub fn failing(text: impl Into<String>, code: i64) -> Self {
        let text = text.into();
        Self::new(move |process| {
            process.err(&text);
            async move { code }
        })
    }

    /// Creates a program that copies stdin to stdout until EOF.
    pub fn echoing() -> Self {
        Self::new(|process| async move {
            while let Some(bytes) = process.read().await {
                process.out(bytes);
            }
            0
        })
    }

    /// Creates a program that runs until it receives SIGTERM, and then exits with code 0.
    pub fn until_stopped() -> Self {
        Self::new(|process| async move {
            process.trap("TERM");
            process.signal().await;
            0
        })
    }

    /// Continues to run until SIGTERM after this program has finished.
    pub fn and_then_until_stopped(self) -> Self {
        self.and_then(Self::until_stopped())
    }

    /// Runs `next` after this program has finished, and exits with the code of `next`.
    pub fn and_then(self, next: Self) -> Self {
        Self::new(move |process| {
            let (first, next) = (self.run(process.clone()), next.clone());
            async move {
                first.await;
                next.run(process).await
            }
        })
    }

    /// Delays this program until `latch` is open.
    pub fn after(self, latch: &Latch) -> Self {
        let latch = latch.clone();
        Self::new(move |process| {
            let (latch, program) = (latch.clone(), self.clone());
            async move {
                latch.opened().await;
                program.run(process).await
            }
        })
    }

    /// Changes the exit code of this program to `code`.
    pub fn exiting(self, code: i64) -> Self {
        Self::new(move |process| self.run(process).map(move |_| code))
    }

    pub(crate) fn run(&self, process: Process) -> Running {
        (self.0)(process)
    }

    /// The program for a command that the shell supports.
    pub(crate) fn from_shell(argv: &[String]) -> Option<Self> {
        shell::supports(argv.first()?).then(|| Self::new(shell::run))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Program")
    }
}
