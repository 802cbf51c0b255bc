//! Runs programs as tasks.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc};

use futures_util::FutureExt as _;

use super::{Process, Program};
use crate::{argv::Argv, server::Server, state::SharedState};

/// The container or exec instance that runs a program.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Container(String),
    Exec(String),
}

impl Key {
    fn id(&self) -> &str {
        match self {
            Self::Container(id) | Self::Exec(id) => id,
        }
    }
}

/// Spawns `program` in an engine with this state, and returns once it has run up to its first pending `await`.
pub(crate) async fn launch(
    server: &Arc<Server>,
    state: &Arc<SharedState>,
    key: Key,
    program: &Program,
    argv: Argv,
    env: Vec<String>,
) {
    let id = key.id().to_owned();
    let process = Process { state: Arc::clone(state), id: id.clone(), argv: argv.into(), env: env.into() };
    let (owner, owned, program) = (Arc::clone(server), Arc::clone(state), program.clone());
    let task = async move {
        let running = AssertUnwindSafe(async { program.run(process).await }).catch_unwind();
        let code = track_first_poll(&owned, key.id(), running).await.unwrap_or_else(|panic| {
            owner.panicked("a program", &*panic);
            255
        });
        owned.update(|state| match &key {
            Key::Container(id) => state.container_exited(id, code),
            Key::Exec(id) => state.exec_exited(id, code),
        });
    };
    let handle = server.spawn_program(task);
    state.update(|state| {
        if let Some(run) = state.runs.get_mut(&id).filter(|run| run.running) {
            run.task = Some(handle);
        }
    });
    state.wait_until(|state| state.runs.get(&id).is_none_or(|run| run.settled).then_some(())).await;
}

/// Records when `program` is first pending.
async fn track_first_poll<T>(state: &SharedState, id: &str, program: impl Future<Output = T>) -> T {
    let mut program = pin!(program);
    let mut settled = false;
    std::future::poll_fn(|context| {
        let polled = program.as_mut().poll(context);
        if polled.is_pending() && !settled {
            settled = true;
            state.update(|state| state.runs.get_mut(id).map(|run| run.settled = true));
        }
        polled
    })
    .await
}

/// The name of a signal without `SIG`, by its name or number.
pub(crate) fn signal_name(signal: &str) -> Option<&'static str> {
    known_signal(signal).map(|(name, _)| name)
}

/// The number of a signal, as events contain it.
pub(crate) fn signal_number(signal: &str) -> Option<&'static str> {
    known_signal(signal).map(|(_, number)| number)
}

fn known_signal(signal: &str) -> Option<(&'static str, &'static str)> {
    const NAMES: [(&str, &str); 14] = [
        ("HUP", "1"),
        ("INT", "2"),
        ("QUIT", "3"),
        ("ABRT", "6"),
        ("KILL", "9"),
        ("USR1", "10"),
        ("SEGV", "11"),
        ("USR2", "12"),
        ("PIPE", "13"),
        ("ALRM", "14"),
        ("TERM", "15"),
        ("CONT", "18"),
        ("STOP", "19"),
        ("WINCH", "28"),
    ];
    let upper = signal.to_uppercase();
    let signal = upper.strip_prefix("SIG").unwrap_or(&upper);
    NAMES.iter().find(|(name, number)| *name == signal || *number == signal).copied()
}
