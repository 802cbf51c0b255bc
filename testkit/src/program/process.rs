//! What a program sees of its container.

use std::{fmt, sync::Arc};

use super::{Program, signal_name};
use crate::state::{
    State, World,
    files::{File, Files, Kind},
    run::Run,
};

/// A running program: its arguments, its input and output, its signals. Clones are the same process.
#[derive(Clone)]
pub struct Process {
    pub(super) state: Arc<State>,
    /// The container, or the command in it.
    pub(super) id: String,
    pub(super) argv: Arc<[String]>,
    pub(super) env: Arc<[String]>,
}

/// What a container uses, as its statistics tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Of all processors together since the start, in nanoseconds.
    pub cpu: u64,
    /// In bytes.
    pub memory: u64,
    /// The most memory it may use, in bytes.
    pub memory_limit: u64,
    /// What came over the network, in bytes.
    pub received: u64,
    /// What went over the network, in bytes.
    pub sent: u64,
}

impl Usage {
    /// What a container uses that has told nothing: 20 ms of the processors, and 1 MiB of 1 GiB.
    #[must_use]
    pub fn new() -> Self {
        Self { cpu: 20_000_000, memory: 1 << 20, memory_limit: 1 << 30, received: 0, sent: 0 }
    }

    /// With so much of the processors used since the start.
    #[must_use]
    pub fn cpu(self, nanoseconds: u64) -> Self {
        Self { cpu: nanoseconds, ..self }
    }

    /// With so much memory in use.
    #[must_use]
    pub fn memory(self, bytes: u64) -> Self {
        Self { memory: bytes, ..self }
    }

    /// With so much received and sent.
    #[must_use]
    pub fn network(self, received: u64, sent: u64) -> Self {
        Self { received, sent, ..self }
    }
}

impl Process {
    /// The command and its arguments.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.argv
    }

    /// A variable of the environment.
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

    /// The next of its input, as soon as there is some; `None` at its end.
    pub async fn read(&self) -> Option<Vec<u8>> {
        self.next_input(|run| (!run.input.is_empty()).then(|| run.input.drain(..).collect())).await
    }

    /// The next line of its input, with what ends it; `None` at the end.
    pub async fn read_line(&self) -> Option<Vec<u8>> {
        let line = |run: &mut Run| {
            let end = run.input.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
            Some(run.input.drain(..=end).collect())
        };
        self.next_input(line).await
    }

    /// From now on this signal, as `TERM`, is not lost but comes out of [`signal`](Self::signal).
    pub fn trap(&self, signal: &str) {
        if let Some(signal) = signal_name(signal) {
            self.with(|run| run.trapped.insert(signal));
        }
    }

    /// The next of the trapped signals.
    pub async fn signal(&self) -> &'static str {
        self.state.until(|world| world.runs.get_mut(&self.id)?.signals.pop_front()).await
    }

    /// Tells what it uses. Whoever follows the statistics gets it at once.
    pub fn uses(&self, usage: Usage) {
        self.with(|run| {
            run.usage = usage;
            run.reports += 1;
        });
    }

    /// Rows and columns of its terminal, as they were last set.
    #[must_use]
    pub fn terminal_size(&self) -> (i64, i64) {
        self.with(|run| run.size)
    }

    /// What is in a file of its container.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        match self.look_at_files(|files| files.get(&files.resolved(path, true)))??.kind {
            Kind::Regular(content) => Some(content.to_vec()),
            Kind::Directory | Kind::Link(_) => None,
        }
    }

    /// Writes a file of its container, and makes the directories that lead there.
    pub fn write_file(&self, path: &str, content: impl Into<Vec<u8>>) {
        let content = File::regular(content.into());
        self.change_files(|files| files.put(&files.resolved(path, true), content));
    }

    /// Removes a file of its container, or a directory with all that is in it.
    pub fn remove_file(&self, path: &str) {
        self.change_files(|files| files.remove(&files.resolved(path, false)));
    }

    /// What other words do in its container, if the image says so.
    pub(super) fn other(&self, argv: &[String]) -> Option<(Program, Self)> {
        let program = self.state.look(|world| {
            let container = world.container(self.container(world)).ok()?;
            world.images.iter().find(|image| image.id == container.image)?.image.own_program_for(argv)
        })?;
        Some((program, Self { argv: argv.into(), ..self.clone() }))
    }

    pub(super) fn look_at_files<T>(&self, look: impl FnOnce(&Files) -> T) -> Option<T> {
        self.state.look(|world| world.files_in(self.container(world)).ok().map(|files| look(&files)))
    }

    pub(super) fn change_files<T>(&self, change: impl FnOnce(&mut Files) -> T) {
        self.state.change(|world| {
            let container = self.container(world).to_owned();
            // A container that is gone has no files.
            drop(world.change_files(&container, change));
        });
    }

    /// The container, also of a command in one.
    fn container<'a>(&'a self, world: &'a World) -> &'a str {
        world.execs.iter().find(|exec| exec.id == self.id).map_or(&self.id, |exec| &exec.container)
    }

    /// The file system has changed: a path, and 0 for changed, 1 for added, 2 for deleted.
    pub fn changes(&self, path: &str, kind: u8) {
        self.state.change(|world| {
            let id = self.container(world).to_owned();
            if let Ok(container) = world.container_mut(&id) {
                container.said_changes.insert(path.to_owned(), kind);
            }
        });
    }

    async fn next_input(&self, mut take: impl FnMut(&mut Run) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        self.state
            .until(|world| {
                let Some(run) = world.runs.get_mut(&self.id) else { return Some(None) };
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
        self.state.change(|world| world.runs.get_mut(&self.id).map(f)).unwrap_or_default()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("id", &self.id).field("args", &self.argv).finish_non_exhaustive()
    }
}
