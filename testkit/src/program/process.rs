//! The process of a program, with its access to the container.

use std::{fmt, sync::Arc};

use super::{Program, signal_name};
use crate::{
    Usage,
    state::{
        SharedState, State,
        files::{File, Files, Kind},
        run::Run,
    },
};

/// A running program: its arguments, input, output, signals and files. Clones share the same process.
#[derive(Clone)]
pub struct Process {
    pub(super) state: Arc<SharedState>,
    /// The id of the container or exec instance.
    pub(super) id: String,
    pub(super) argv: Arc<[String]>,
    pub(super) env: Arc<[String]>,
}

impl Process {
    /// Returns the command and its arguments.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.argv
    }

    /// Returns the value of an environment variable.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|variable| variable.strip_prefix(name)?.strip_prefix('='))
    }

    /// Writes to stdout.
    pub fn out(&self, bytes: impl AsRef<[u8]>) {
        self.with(|run| run.write(1, bytes.as_ref()));
    }

    /// Writes to stderr.
    pub fn err(&self, bytes: impl AsRef<[u8]>) {
        self.with(|run| run.write(2, bytes.as_ref()));
    }

    /// Reads the available input, waiting until there is some; `None` at EOF.
    pub async fn read(&self) -> Option<Vec<u8>> {
        self.next_input(|run| (!run.input.is_empty()).then(|| run.input.drain(..).collect())).await
    }

    /// Reads a line of input with its line terminator; `None` at EOF.
    pub async fn read_line(&self) -> Option<Vec<u8>> {
        let line = |run: &mut Run| {
            let end = run.input.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
            Some(run.input.drain(..=end).collect())
        };
        self.next_input(line).await
    }

    /// Traps a signal, for example `TERM`: [`signal`](Self::signal) returns it from now on.
    pub fn trap(&self, signal: &str) {
        if let Some(signal) = signal_name(signal) {
            self.with(|run| run.trapped.insert(signal));
        }
    }

    /// Waits for the next trapped signal, and returns its name without `SIG`.
    pub async fn signal(&self) -> &'static str {
        self.state.wait_until(|state| state.runs.get_mut(&self.id)?.signals.pop_front()).await
    }

    /// Sets the resource usage of the container, and sends it to streams of stats immediately.
    pub fn set_usage(&self, usage: Usage) {
        self.with(|run| {
            run.usage = usage;
            run.reports += 1;
        });
    }

    /// Returns the rows and columns of the TTY, as last set by a resize.
    #[must_use]
    pub fn terminal_size(&self) -> (i64, i64) {
        self.with(|run| run.size)
    }

    /// Returns the content of a file in the container; `None` if it is not a regular file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        match self.with_files(|files| files.get(&files.resolved(path, true)))??.kind {
            Kind::Regular(content) => Some(content.to_vec()),
            Kind::Directory | Kind::Link(_) => None,
        }
    }

    /// Writes a file in the container, and creates its parent directories.
    pub fn write_file(&self, path: &str, content: impl Into<Vec<u8>>) {
        let content = File::regular(content.into());
        self.change_files(|files| files.put(&files.resolved(path, true), content));
    }

    /// Removes a file in the container, or a directory with its contents.
    pub fn remove_file(&self, path: &str) {
        self.change_files(|files| files.remove(&files.resolved(path, false)));
    }

    /// The program of the image for another command, with the process to run it.
    pub(super) fn program_for(&self, argv: &[String]) -> Option<(Program, Self)> {
        let program = self.state.read(|state| {
            let container = state.container(self.container(state)).ok()?;
            state.images.iter().find(|image| image.id == container.image)?.image.own_program_for(argv)
        })?;
        Some((program, Self { argv: argv.into(), ..self.clone() }))
    }

    pub(super) fn with_files<T>(&self, look: impl FnOnce(&Files) -> T) -> Option<T> {
        self.state.read(|state| state.files_in(self.container(state)).ok().map(|files| look(&files)))
    }

    pub(super) fn change_files<T>(&self, change: impl FnOnce(&mut Files) -> T) {
        self.state.update(|state| {
            let container = self.container(state).to_owned();
            // Fails only if the container was removed.
            drop(state.change_files(&container, change));
        });
    }

    /// The id of the container, even if this is an exec instance.
    fn container<'a>(&'a self, state: &'a State) -> &'a str {
        state.execs.iter().find(|exec| exec.id == self.id).map_or(&self.id, |exec| &exec.container)
    }

    /// Adds an entry to the changes of the container: `kind` is 0 for changed, 1 for added, 2 for deleted.
    pub fn report_change(&self, path: &str, kind: u8) {
        self.state.update(|state| {
            let id = self.container(state).to_owned();
            if let Ok(container) = state.container_mut(&id) {
                container.reported_changes.insert(path.to_owned(), kind);
            }
        });
    }

    async fn next_input(&self, mut take: impl FnMut(&mut Run) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        self.state
            .wait_until(|state| {
                let Some(run) = state.runs.get_mut(&self.id) else { return Some(None) };
                if let Some(taken) = take(run) {
                    return Some(Some(taken));
                }
                if run.input_is_open {
                    return None;
                }
                let rest: Vec<u8> = run.input.drain(..).collect();
                Some((!rest.is_empty()).then_some(rest))
            })
            .await
    }

    fn with<T: Default>(&self, f: impl FnOnce(&mut Run) -> T) -> T {
        self.state.update(|state| state.runs.get_mut(&self.id).map(f)).unwrap_or_default()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("id", &self.id).field("args", &self.argv).finish_non_exhaustive()
    }
}
