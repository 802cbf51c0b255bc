//! Logs of services and tasks, from the containers of all nodes.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures_util::stream;

use super::{Context, logs::LineOptions};
use crate::{
    Response,
    api_error::{ApiError, Result},
    frames,
    state::{
        SharedState, State,
        run::Line,
        swarm::{
            Host, Swarm, find_object,
            task::{Task, TaskState},
        },
    },
};

/// The stream of errors of the engine in multiplexed output.
const SYSTEM_ERROR: u8 = 3;

/// The id of the service or task whose logs are read.
#[derive(Clone, Debug)]
enum Source {
    Service(String),
    Task(String),
}

impl Source {
    fn includes(&self, task: &Task) -> bool {
        match self {
            Self::Service(id) => task.service == *id,
            Self::Task(id) => task.meta.id == *id,
        }
    }
}

pub(super) async fn service(context: Context) -> Result<Response> {
    let name = context.call.name();
    let find = |swarm: &Swarm| {
        find_object(&swarm.services, name).map(|found| (Source::Service(found.meta.id.clone()), found.tty()))
    };
    read(&context, find)
}

pub(super) async fn task(context: Context) -> Result<Response> {
    let name = context.call.name();
    let find = |swarm: &Swarm| swarm.find_task(name).map(|found| (Source::Task(found.meta.id.clone()), found.tty()));
    read(&context, find)
}

fn read(context: &Context, find: impl FnOnce(&Swarm) -> Result<(Source, bool)>) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    if !call.flag("stdout") && !call.flag("stderr") {
        return Err(ApiError::new(500, "Bad parameters: you must choose at least one stream"));
    }
    let (source, tty) = server.state.read(|state| find(state.manager()?))?;
    let tail = match &*call.request.query("tail").unwrap_or_default() {
        "" | "all" => None,
        text => match text.parse::<i64>() {
            Ok(lines) if lines < 0 => return Err(ApiError::new(500, "negative tail values not supported")),
            Ok(lines) => Some(usize::try_from(lines).unwrap_or(usize::MAX)),
            Err(_) => return Err(ApiError::new(500, "tail value must be a positive integer or \"all\"")),
        },
    };
    let mut reader = Reader {
        state: Arc::clone(&server.state),
        source,
        options: LineOptions::of(call, !tty),
        details: call.flag("details"),
        follow: call.flag("follow"),
        next: BTreeMap::new(),
        ended: false,
    };
    if let Some(tail) = tail {
        reader.next = server.state.read(|state| reader.after_all_but(tail, state));
    }
    Ok(Response::stream(200, stream::unfold(reader, Reader::next)))
}

struct Reader {
    state: Arc<SharedState>,
    source: Source,
    options: LineOptions,
    details: bool,
    follow: bool,
    /// The index of the next line, by container.
    next: BTreeMap<String, usize>,
    ended: bool,
}

/// Calls `f` with the lines that the container of a task has written.
fn with_lines<T>(state: &State, swarm: &Swarm, task: &Task, f: impl FnOnce(&[Line]) -> T) -> Option<T> {
    let container = task.container.as_deref()?;
    let lines = |state: &State| state.run(container).map(|(run, _)| f(&run.lines));
    match &swarm.node(&task.node).filter(|node| node.ready)?.host {
        Host::Engine => lines(state),
        Host::Other(host) => host.read(lines),
    }
}

impl Reader {
    fn tasks<'a>(&'a self, swarm: &'a Swarm) -> impl Iterator<Item = &'a Task> {
        swarm.tasks.iter().filter(|task| self.source.includes(task))
    }

    /// The positions after all lines but the last `tail` of each task.
    fn after_all_but(&self, tail: usize, state: &State) -> BTreeMap<String, usize> {
        let Some(swarm) = &state.swarm else { return BTreeMap::new() };
        let position = |task: &Task| {
            let skipped = with_lines(state, swarm, task, |lines| lines.len().saturating_sub(tail))?;
            Some((task.container.clone()?, skipped))
        };
        self.tasks(swarm).filter_map(position).collect()
    }

    /// The next line; `None` at the end of the logs.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if self.ended {
            return None;
        }
        let state = Arc::clone(&self.state);
        let bytes = state.wait_until(|state| match self.take_line(state) {
            Some(bytes) => Some(Some(bytes)),
            None if self.follow => None,
            None => Some(None),
        });
        match bytes.await {
            Some(bytes) => Some((bytes, self)),
            None => {
                self.ended = true;
                let problems = state.read(|state| self.problems(state));
                problems.map(|problems| (problems, self))
            }
        }
    }

    /// The oldest line that was not returned yet.
    fn take_line(&mut self, state: &State) -> Option<Bytes> {
        let swarm = state.swarm.as_ref()?;
        let first = |task: &Task| {
            let container = task.container.clone()?;
            let from = self.next.get(&container).copied().unwrap_or_default();
            let found = with_lines(state, swarm, task, |lines| {
                let (index, line) =
                    lines.iter().enumerate().skip(from).find(|(_, line)| self.options.includes(line))?;
                Some((index, line.clone()))
            });
            let (index, line) = found.flatten()?;
            Some((line, container, index, self.details_of(task)))
        };
        let all = self.tasks(swarm).filter_map(first);
        let (line, container, index, details) = all.min_by_key(|(line, ..)| line.time)?;
        let bytes = self.options.bytes(&line, &details);
        self.next.insert(container, index + 1);
        Some(bytes)
    }

    fn details_of(&self, task: &Task) -> String {
        if !self.details {
            return String::new();
        }
        let values = [("node", &task.node), ("service", &task.service), ("task", &task.meta.id)];
        let values = values.map(|(object, id)| format!("com.docker.swarm.{object}.id={id}"));
        format!("{} ", values.join(","))
    }

    /// A message about logs that cannot be read.
    fn problems(&self, state: &State) -> Option<Bytes> {
        let swarm = state.swarm.as_ref()?;
        let of_service = matches!(self.source, Source::Service(_));
        let problem = |task: &Task| match swarm.node(&task.node) {
            _ if of_service && task.status.state < TaskState::Running => None,
            None if task.node.is_empty() => Some(format!("task {} has not been scheduled", task.meta.id)),
            Some(node) if !node.ready => Some(format!("node {} is not available", node.meta.id)),
            _ => None,
        };
        let mut problems: Vec<String> = self.tasks(swarm).filter_map(problem).collect();
        problems.dedup();
        if problems.is_empty() {
            return None;
        }
        let message = format!(
            "Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. some logs could not \
             be retrieved for the following reasons: {}\n",
            problems.join(", ")
        );
        let message = message.into_bytes();
        Some(if self.options.framed { frames::frame(SYSTEM_ERROR, &message).into() } else { message.into() })
    }
}
