//! What a monitor of events asks of an engine: its events, what it remembers, what time it is.

use std::{pin::pin, time::Duration};

use futures_util::TryStreamExt as _;

use super::{
    memory::{Memory, Past, beginning},
    watchdog::{silent, within},
};
use crate::{
    DockerClient, Result, Timestamp,
    error::Phase,
    system::{Events, EventsOptions},
};

/// A new connection, and what was found out on the way.
pub(super) struct Connection {
    pub(super) events: Events,
    /// The moment of the connection, by the engine's clock; the second it lies in.
    pub(super) at: Timestamp,
    /// What the engine remembers, of all kinds: a filter may leave nothing that proves anything.
    pub(super) past: Past,
}

/// What the engine remembers at a moment.
pub(super) struct Check {
    pub(super) now: Timestamp,
    /// Of all kinds.
    pub(super) all: Past,
    /// Of what is to be told, since the last review.
    pub(super) chosen: Past,
}

/// Connects, and asks what the engine remembers. Nothing of that has to prove anything if this is the `first` connection.
pub(super) async fn connect(
    docker: DockerClient,
    options: EventsOptions,
    memory: Memory,
    first: bool,
    patience: Option<Duration>,
) -> Result<Connection> {
    let options = options.since(memory.since());
    let events = match patience {
        Some(patience) => open(&docker, &options, patience).await?,
        None => docker.events(&options).await?,
    };
    let at = events.answered_at();
    let all = EventsOptions::default();
    let past_until = async |until| {
        let past = remembered(&docker, &all, beginning(), until);
        match patience {
            Some(patience) => within(patience, past).await,
            None => past.await,
        }
    };
    let mut past = past_until(at).await?;
    // The second of the connection is not over. It is waited for only if what came before it proves nothing.
    if !first && !memory.is_complete_with(&past) {
        past = past_until(Timestamp::from_unix_seconds(at.unix_seconds() + 1)?).await?;
    }
    Ok(Connection { events, at, past })
}

/// Asks for events. An engine that does not answer is given up, unless it is one of those that answer with the first
/// event, and there was none.
async fn open(docker: &DockerClient, options: &EventsOptions, patience: Duration) -> Result<Events> {
    let mut opening = pin!(docker.events(options));
    let since = options.since.unwrap_or_else(beginning);
    loop {
        if let Ok(outcome) = tokio::time::timeout(patience, &mut opening).await {
            return outcome;
        }
        let past = async { remembered(docker, options, since, docker.engine_time().await?).await };
        if !within(patience, past).await.is_ok_and(|past| past.is_empty()) {
            return Err(silent(Phase::Answer, patience).during("system_events"));
        }
    }
}

/// Asks what the engine remembers, to compare it with what was seen.
pub(super) async fn check(
    docker: DockerClient,
    options: EventsOptions,
    memory: Memory,
    patience: Duration,
) -> Result<Check> {
    let answers = async {
        let now = docker.engine_time().await?;
        let all = remembered(&docker, &EventsOptions::default(), beginning(), now).await?;
        let chosen = remembered(&docker, &options, memory.unreviewed_since(now), now).await?;
        Ok(Check { now, all, chosen })
    };
    within(patience, answers).await
}

/// What the engine remembers from one moment to another.
async fn remembered(
    docker: &DockerClient,
    options: &EventsOptions,
    since: Timestamp,
    until: Timestamp,
) -> Result<Past> {
    let mut events = docker.events(&options.clone().since(since).until(until)).await?;
    let mut past = Past::default();
    while let Some(event) = events.try_next().await? {
        past.add(&event);
    }
    Ok(past)
}
