//! Container logs.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::Context;
use crate::{
    Response,
    api_call::ApiCall,
    api_error::{ApiError, Result},
    frames,
    release::Release,
    state::{SharedState, run::Line},
};

pub(super) async fn logs(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let (stdout, stderr) = (call.flag("stdout"), call.flag("stderr"));
    let (id, tty) =
        server.state.read(|state| state.container(call.name()).map(|found| (found.id.clone(), found.tty())))?;
    if !stdout && !stderr {
        return Err(ApiError::new(400, "Bad parameters: you must choose at least one stream"));
    }
    let options = LineOptions::of(call, !tty);
    let tail = call.request.query("tail").and_then(|tail| tail.parse::<usize>().ok());
    let skipped = server.state.read(|state| {
        let lines = state.runs.get(&id).map_or(&[][..], |run| &run.lines);
        // `tail` counts the lines of both streams, even if only one is requested.
        tail.map_or(0, |tail| lines.len().saturating_sub(tail))
    });
    let reader = Reader { state: Arc::clone(&server.state), id, options, next: skipped, follow: call.flag("follow") };
    if server.release == Release::V20_10 {
        return Ok(Response::stream(200, reader.into_stream()));
    }
    // Docker 1.6 sends the headers with the first line, and derives the content type from it.
    match reader.next().await {
        None => Ok(Response::empty(200)),
        Some((first, reader)) => {
            let kind = if tty { "text/plain; charset=utf-8" } else { "application/octet-stream" };
            let all = stream::unfold(Some((first, Some(reader))), |state| async {
                let (now, reader) = state?;
                let next = match reader {
                    Some(reader) => reader.next().await.map(|(chunk, reader)| (chunk, Some(reader))),
                    None => None,
                };
                Some((now, next))
            });
            Ok(Response::stream(200, all.flat_map(move |bytes| stream::iter(split_writes(bytes, !tty))))
                .header("Content-Type", kind))
        }
    }
}

/// The lines that are requested, and their format.
pub(super) struct LineOptions {
    stdout: bool,
    stderr: bool,
    since: f64,
    timestamps: bool,
    pub(super) framed: bool,
}

impl LineOptions {
    pub(super) fn of(call: &ApiCall, framed: bool) -> Self {
        let since = call.request.query("since").and_then(|since| since.parse::<f64>().ok()).unwrap_or(0.0);
        let (stdout, stderr, timestamps) = (call.flag("stdout"), call.flag("stderr"), call.flag("timestamps"));
        Self { stdout, stderr, since, timestamps, framed }
    }

    pub(super) fn includes(&self, line: &Line) -> bool {
        let source = if line.source == 1 { self.stdout } else { self.stderr };
        source && line.time.as_duration().as_secs_f64() >= self.since
    }

    /// A line with `details` before its text.
    pub(super) fn bytes(&self, line: &Line, details: &str) -> Bytes {
        let time = if self.timestamps { format!("{} ", line.time) } else { String::new() };
        let bytes = [time.as_bytes(), details.as_bytes(), &line.bytes].concat();
        if self.framed { frames::frame(line.source, &bytes).into() } else { bytes.into() }
    }
}

struct Reader {
    state: Arc<SharedState>,
    id: String,
    options: LineOptions,
    next: usize,
    follow: bool,
}

impl Reader {
    fn into_stream(self) -> impl futures_util::Stream<Item = Bytes> + Send {
        stream::unfold(self, Self::next)
    }

    /// The next line; `None` at the end of the logs.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let Self { state, id, options, next, follow, .. } = &mut self;
        let found = state
            .wait_until(|state| {
                let Some((run, removed)) = state.run(id) else { return Some(None) };
                while let Some(line) = run.lines.get(*next) {
                    *next += 1;
                    if options.includes(line) {
                        return Some(Some(options.bytes(line, "")));
                    }
                }
                let finished = removed || !*follow || !run.running;
                finished.then_some(None)
            })
            .await;
        found.map(|bytes| (bytes, self))
    }
}

/// Splits a line into the writes of Docker 1.6, which writes the header of a frame separately.
fn split_writes(mut bytes: Bytes, framed: bool) -> Vec<Bytes> {
    if framed { vec![bytes.split_to(8), bytes] } else { vec![bytes] }
}
