//! What a container wrote.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::Context;
use crate::{
    Reply,
    age::Age,
    frames,
    refusal::{Refusal, Result},
    state::{State, run::Line},
};

pub(super) async fn logs(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let (stdout, stderr) = (asked.flag("stdout"), asked.flag("stderr"));
    let (id, tty) =
        shared.state.look(|world| world.container(asked.name()).map(|found| (found.id.clone(), found.tty())))?;
    if !stdout && !stderr {
        return Err(Refusal::new(400, "Bad parameters: you must choose at least one stream"));
    }
    let since = asked.request.query("since").and_then(|since| since.parse::<f64>().ok()).unwrap_or(0.0);
    let wanted = Wanted { stdout, stderr, since, timestamps: asked.flag("timestamps"), framed: !tty };
    let tail = asked.request.query("tail").and_then(|tail| tail.parse::<usize>().ok());
    let skipped = shared.state.look(|world| {
        let lines = world.runs.get(&id).map_or(&[][..], |run| &run.lines);
        // Lines are counted before the streams are told apart.
        tail.map_or(0, |tail| lines.len().saturating_sub(tail))
    });
    let reader = Reader { state: Arc::clone(&shared.state), id, wanted, next: skipped, follow: asked.flag("follow") };
    if shared.age == Age::Modern {
        return Ok(Reply::stream(200, reader.pieces()));
    }
    // Old engines begin to answer with the first line, and guess its type.
    match reader.next().await {
        None => Ok(Reply::empty(200)),
        Some((first, reader)) => {
            let kind = if tty { "text/plain; charset=utf-8" } else { "application/octet-stream" };
            let all = stream::unfold(Some((first, Some(reader))), |state| async {
                let (now, reader) = state?;
                let next = match reader {
                    Some(reader) => reader.next().await.map(|(piece, reader)| (piece, Some(reader))),
                    None => None,
                };
                Some((now, next))
            });
            Ok(Reply::stream(200, all.flat_map(move |bytes| stream::iter(written_as(bytes, !tty))))
                .header("Content-Type", kind))
        }
    }
}

struct Wanted {
    stdout: bool,
    stderr: bool,
    since: f64,
    timestamps: bool,
    framed: bool,
}

impl Wanted {
    fn has(&self, line: &Line) -> bool {
        let source = if line.source == 1 { self.stdout } else { self.stderr };
        source && line.time.as_duration().as_secs_f64() >= self.since
    }

    fn bytes(&self, line: &Line) -> Bytes {
        let time = if self.timestamps { format!("{} ", line.time) } else { String::new() };
        let bytes = [time.as_bytes(), &line.bytes].concat();
        if self.framed { frames::frame(line.source, &bytes).into() } else { bytes.into() }
    }
}

struct Reader {
    state: Arc<State>,
    id: String,
    wanted: Wanted,
    next: usize,
    follow: bool,
}

impl Reader {
    fn pieces(self) -> impl futures_util::Stream<Item = Bytes> + Send {
        stream::unfold(self, Self::next)
    }

    /// The next line, once there is one; none at the end.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let Self { state, id, wanted, next, follow, .. } = &mut self;
        let found = state
            .until(|world| {
                let Some((run, gone)) = world.readable(id) else { return Some(None) };
                while let Some(line) = run.lines.get(*next) {
                    *next += 1;
                    if wanted.has(line) {
                        return Some(Some(wanted.bytes(line)));
                    }
                }
                let over = gone || !*follow || !run.running;
                over.then_some(None)
            })
            .await;
        found.map(|bytes| (bytes, self))
    }
}

/// Old engines write the head of a frame for itself.
fn written_as(mut bytes: Bytes, framed: bool) -> Vec<Bytes> {
    if framed { vec![bytes.split_to(8), bytes] } else { vec![bytes] }
}
