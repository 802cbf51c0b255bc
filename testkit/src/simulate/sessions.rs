//! Hijacked connections: attach, and started exec instances.

use std::{collections::BTreeMap, sync::Arc};

use tokio::io::AsyncBufReadExt as _;

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    frames,
    release::Release,
    session::{Output, Session},
    state::SharedState,
};

/// The content type of a hijacked connection.
const RAW: &str = "application/vnd.docker.raw-stream";

/// The options of a session.
#[derive(Clone, Debug)]
pub(super) struct SessionOptions {
    /// The id of the container or exec instance.
    pub(super) id: String,
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    /// The index of the first write of the output that is sent.
    pub(super) from: usize,
    /// Whether output is sent that is written later.
    pub(super) follow: bool,
    /// Whether EOF of the session closes the input of the program.
    pub(super) input_ends: bool,
    /// The number of starts of the program before its exit ends the session.
    pub(super) ends_with: usize,
}

pub(super) async fn attach(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let found = server.state.update(|state| {
        let container = state.container(call.name())?;
        if container.paused && server.release == Release::V20_10 {
            let message = format!("container {} is paused, unpause the container before attach", container.id);
            return Err(ApiError::conflict(message));
        }
        let (id, input_ends) = (container.id.clone(), container.config["StdinOnce"] == true);
        state.container_event(&id, "attach", BTreeMap::new());
        let (written, begun, running) =
            state.runs.get(&id).map_or((0, 0, false), |run| (run.chunks.len(), run.begun, run.running));
        Ok(SessionOptions {
            id,
            stdin: call.flag("stdin"),
            stdout: call.flag("stdout"),
            stderr: call.flag("stderr"),
            from: if call.flag("logs") { 0 } else { written },
            follow: call.flag("stream"),
            input_ends,
            ends_with: if running { begun } else { begun + 1 },
        })
    });
    match found {
        Ok(options) => Ok(session(&context, options)),
        // The engine has already hijacked the connection.
        Err(error) if server.release == Release::V20_10 => {
            Ok(Response::with_type(error.status, RAW, format!("{}\r\n", error.message)).then_close())
        }
        Err(error) => Err(error),
    }
}

/// The response that begins a session.
pub(super) fn session(context: &Context, options: SessionOptions) -> Response {
    let (status, headers) = context.server.release.hijack_headers(&context.call.request);
    let state = Arc::clone(&context.server.state);
    let mut response = Response::session(status, |session| run(state, options, session));
    response.headers = headers;
    response
}

/// Copies bytes in both directions until the program exits or the client closes the connection.
async fn run(state: Arc<SharedState>, options: SessionOptions, session: Session) {
    let Session { mut input, output } = session;
    let copy_input = async {
        loop {
            let Ok(bytes) = input.fill_buf().await else { return };
            let length = bytes.len();
            let eof = length == 0;
            state.update(|state| {
                let Some(run) = state.runs.get_mut(&options.id).filter(|_| options.stdin) else { return };
                match eof {
                    true if options.input_ends => run.input_is_open = false,
                    true => {}
                    false => run.write_stdin(bytes),
                }
            });
            if eof {
                // A client that has closed its half may still read.
                return std::future::pending().await;
            }
            input.consume(length);
        }
    };
    tokio::select! {
        () = copy_output(&state, &options, output) => {}
        () = copy_input => {}
    }
}

async fn copy_output(state: &SharedState, options: &SessionOptions, mut output: Output) {
    let mut next = options.from;
    loop {
        let chunk = state
            .wait_until(|state| {
                let Some((run, removed)) = state.run(&options.id) else { return Some(None) };
                while let Some((source, bytes)) = run.chunks.get(next) {
                    next += 1;
                    if (*source == 1 && options.stdout) || (*source == 2 && options.stderr) {
                        return Some(Some(if run.tty { bytes.clone() } else { frames::frame(*source, bytes) }));
                    }
                }
                let finished = removed || !options.follow || (run.begun >= options.ends_with && !run.running);
                finished.then_some(None)
            })
            .await;
        match chunk {
            Some(bytes) if output.write(&bytes).await.is_ok() => {}
            _ => return,
        }
    }
}
