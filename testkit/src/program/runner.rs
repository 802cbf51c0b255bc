//! Programs, run as tasks.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc};

use futures_util::FutureExt as _;

use super::{Argv, Process, Program};
use crate::shared::Shared;

/// What is run.
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

/// Runs `program`, and returns when it has done what it does without waiting.
pub(crate) async fn launch(shared: &Arc<Shared>, key: Key, program: &Program, argv: Argv, env: Vec<String>) {
    let id = key.id().to_owned();
    let process = Process { state: Arc::clone(&shared.state), id: id.clone(), argv: argv.into(), env: env.into() };
    let (owner, program) = (Arc::clone(shared), program.clone());
    let task = async move {
        let running = AssertUnwindSafe(async { program.run(process).await }).catch_unwind();
        let code = settling(&owner, key.id(), running).await.unwrap_or_else(|panic| {
            owner.panicked("a program", &*panic);
            255
        });
        owner.state.change(|world| match &key {
            Key::Container(id) => world.container_ends(id, code),
            Key::Exec(id) => world.exec_ends(id, code),
        });
    };
    let handle = shared.spawn(task);
    shared.state.change(|world| {
        if let Some(run) = world.runs.get_mut(&id).filter(|run| run.running) {
            run.task = Some(handle);
        }
    });
    shared.state.until(|world| world.runs.get(&id).is_none_or(|run| run.settled).then_some(())).await;
}

/// Notes when `program` first waits.
async fn settling<T>(shared: &Shared, id: &str, program: impl Future<Output = T>) -> T {
    let mut program = pin!(program);
    let mut settled = false;
    std::future::poll_fn(|context| {
        let polled = program.as_mut().poll(context);
        if polled.is_pending() && !settled {
            settled = true;
            shared.state.change(|world| world.runs.get_mut(id).map(|run| run.settled = true));
        }
        polled
    })
    .await
}

/// The name of a signal that was given by its name or its number, without `SIG`.
pub(crate) fn signal_name(signal: &str) -> Option<&'static str> {
    known_signal(signal).map(|(name, _)| name)
}

/// Its number, as events tell it.
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
    let wanted = upper.strip_prefix("SIG").unwrap_or(&upper);
    NAMES.iter().find(|(name, number)| *name == wanted || *number == wanted).copied()
}
