//! Two-way streams: attach, and what a started command shares with it.

use std::{collections::BTreeMap, sync::Arc};

use tokio::io::AsyncBufReadExt as _;

use super::Context;
use crate::{
    Reply,
    age::Age,
    connection::{Output, Session},
    frames,
    refusal::{Refusal, Result},
    state::State,
};

/// The type of what goes over a session.
const RAW: &str = "application/vnd.docker.raw-stream";

/// What goes over a session.
#[derive(Clone, Debug)]
pub(super) struct Wiring {
    /// The container, or the command in it.
    pub(super) id: String,
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    /// The piece of output to begin with.
    pub(super) from: usize,
    /// Whether it goes on after what is there.
    pub(super) follow: bool,
    /// The input of the program ends with that of the session.
    pub(super) input_ends: bool,
    /// How often the program has to have begun before the session can end with it.
    pub(super) ends_with: usize,
}

pub(super) async fn attach(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let found = shared.state.change(|world| {
        let container = world.container(asked.name())?;
        if container.paused && shared.age == Age::Modern {
            let message = format!("container {} is paused, unpause the container before attach", container.id);
            return Err(Refusal::conflict(message));
        }
        let (id, input_ends) = (container.id.clone(), container.config["StdinOnce"] == true);
        world.container_event(&id, "attach", BTreeMap::new());
        let (written, begun, running) =
            world.runs.get(&id).map_or((0, 0, false), |run| (run.pieces.len(), run.begun, run.running));
        Ok(Wiring {
            id,
            stdin: asked.flag("stdin"),
            stdout: asked.flag("stdout"),
            stderr: asked.flag("stderr"),
            from: if asked.flag("logs") { 0 } else { written },
            follow: asked.flag("stream"),
            input_ends,
            ends_with: if running { begun } else { begun + 1 },
        })
    });
    match found {
        Ok(wiring) => Ok(session(&context, wiring)),
        // By then the engine has taken leave of HTTP.
        Err(refusal) if shared.age == Age::Modern => {
            Ok(Reply::with_type(refusal.status, RAW, format!("{}\r\n", refusal.message)).then_hang_up())
        }
        Err(refusal) => Err(refusal),
    }
}

/// The answer that leaves HTTP behind.
pub(super) fn session(context: &Context, wiring: Wiring) -> Reply {
    let (status, headers) = context.shared.age.hijack(&context.asked.request);
    let state = Arc::clone(&context.shared.state);
    let mut reply = Reply::session(status, |session| run(state, wiring, session));
    reply.headers = headers;
    reply
}

/// Carries bytes until the program ends, or the client hangs up.
async fn run(state: Arc<State>, wiring: Wiring, session: Session) {
    let Session { mut input, output } = session;
    let typing = async {
        loop {
            let Ok(bytes) = input.fill_buf().await else { return };
            let length = bytes.len();
            let over = length == 0;
            state.change(|world| {
                let Some(run) = world.runs.get_mut(&wiring.id).filter(|_| wiring.stdin) else { return };
                match over {
                    true if wiring.input_ends => run.input_is_open = false,
                    true => {}
                    false => run.type_in(bytes),
                }
            });
            if over {
                // The client may have closed its half only: it may still read.
                return std::future::pending().await;
            }
            input.consume(length);
        }
    };
    tokio::select! {
        () = write(&state, &wiring, output) => {}
        () = typing => {}
    }
}

async fn write(state: &State, wiring: &Wiring, mut output: Output) {
    let mut next = wiring.from;
    loop {
        let piece = state
            .until(|world| {
                let Some((run, gone)) = world.readable(&wiring.id) else { return Some(None) };
                while let Some((source, bytes)) = run.pieces.get(next) {
                    next += 1;
                    if (*source == 1 && wiring.stdout) || (*source == 2 && wiring.stderr) {
                        return Some(Some(if run.tty { bytes.clone() } else { frames::frame(*source, bytes) }));
                    }
                }
                let over = gone || !wiring.follow || (run.begun >= wiring.ends_with && !run.running);
                over.then_some(None)
            })
            .await;
        match piece {
            Some(bytes) if output.write(&bytes).await.is_ok() => {}
            _ => return,
        }
    }
}
