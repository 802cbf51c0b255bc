//! Requests of a monitor of events: the event stream, the events that the engine keeps, and its clock.

use std::{pin::pin, time::Duration};

use futures_util::future;

use super::{
    event_history::{EventHistory, Past, earliest_time},
    idle_timer::{timeout_error, within},
};
use crate::{
    DockerClient, Result, Timestamp,
    error::Phase,
    system::{EventStream, ReadEvents},
};

/// How far back an anchor is looked for, in seconds. Podman may keep all events since it was installed.
const ANCHOR_AGE: i64 = 3600;

/// A new connection.
pub(super) struct Connection {
    pub(super) events: EventStream,
    /// Time from which the event stream was requested.
    pub(super) since: Timestamp,
    /// Time of the connection by the engine's clock, in whole seconds.
    pub(super) at: Timestamp,
    /// The events that the engine keeps, of all kinds: with a filter there may be none that proves anything.
    pub(super) past: Past,
}

/// Which of the events that the engine keeps to request on connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PastEvents {
    Nothing,
    /// An anchor: an event that can later prove that no events were missed.
    Anchor,
    /// An event that proves that no events were missed.
    Proof,
}

/// The events that the engine keeps at a time.
pub(super) struct Check {
    pub(super) now: Timestamp,
    /// Events of all kinds.
    pub(super) all: Past,
    /// Events that match the request, since the last check.
    pub(super) chosen: Past,
}

/// Connects, and requests the events that the engine keeps.
pub(super) async fn connect(
    docker: DockerClient,
    request: ReadEvents,
    history: EventHistory,
    past_events: PastEvents,
    timeout: Option<Duration>,
) -> Result<Connection> {
    let open = async |since| {
        let request = request.clone().since(since);
        match timeout {
            Some(timeout) => open(&docker, &request, timeout).await,
            None => request.send().await,
        }
    };
    let (mut since, mut proof_since) = (history.since(), history.proof_since());
    let mut events = open(since).await?;
    if events.responded_at() < since {
        since = history.since_set_back(events.responded_at());
        events = open(since).await?;
        proof_since = earliest_time();
    }
    let at = events.responded_at();
    if past_events == PastEvents::Nothing {
        return Ok(Connection { events, since, at, past: Past::default() });
    }
    if past_events == PastEvents::Anchor {
        proof_since = oldest_anchor(at)?;
    }
    let all = docker.events();
    let past_until = async |until| {
        let past = if past_events == PastEvents::Proof { history.past() } else { Past::default() };
        let past = add_past(&all, past, proof_since, until);
        match timeout {
            Some(timeout) => within(timeout, past).await,
            None => past.await,
        }
    };
    let mut past = past_until(at).await?;
    // The second of the connection is not over: waits for its end only if earlier events prove nothing.
    if past_events == PastEvents::Proof && !past.proves_continuity() {
        past = past_until(next_second(at)?).await?;
    }
    Ok(Connection { events, since, at, past })
}

/// Opens the event stream. Fails if the engine does not respond within `timeout`, unless there was no event: some engines
/// send the response headers with the first one.
async fn open(docker: &DockerClient, request: &ReadEvents, timeout: Duration) -> Result<EventStream> {
    let mut opening = pin!(request.clone().send());
    let since = request.since.unwrap_or_else(earliest_time);
    loop {
        if let Ok(outcome) = tokio::time::timeout(timeout, &mut opening).await {
            return outcome;
        }
        let past = async { add_past(request, Past::default(), since, docker.engine_time().await?).await };
        if !within(timeout, past).await.is_ok_and(|past| past.is_empty()) {
            return Err(timeout_error(Phase::Headers, timeout).during("system_events"));
        }
    }
}

/// Requests the events that the engine keeps, to compare them with those that were received.
///
/// Requests them until the end of the current second: Podman does not read its events to the end if `until` is in the past.
pub(super) async fn check(
    docker: DockerClient,
    request: ReadEvents,
    history: EventHistory,
    timeout: Duration,
) -> Result<Check> {
    let checks = async {
        let now = docker.engine_time().await?;
        let (until, kinds) = (next_second(now)?, docker.events());
        let since = history.proof_since().max(oldest_anchor(now)?).min(now);
        let all = add_past(&kinds, Past::default(), since, until);
        let chosen = add_past(&request, Past::default(), history.unchecked_since(now), until);
        let (all, chosen) = future::try_join(all, chosen).await?;
        Ok(Check { now, all: all.until(now), chosen: chosen.until(now) })
    };
    within(timeout, checks).await
}

fn next_second(time: Timestamp) -> Result<Timestamp> {
    Timestamp::from_unix_seconds(time.unix_seconds() + 1)
}

fn oldest_anchor(now: Timestamp) -> Result<Timestamp> {
    Ok(Timestamp::from_unix_seconds(now.unix_seconds() - ANCHOR_AGE)?.max(earliest_time()))
}

/// Adds the events that the engine keeps between two times to `past`, until they prove that no events were missed.
async fn add_past(request: &ReadEvents, mut past: Past, since: Timestamp, until: Timestamp) -> Result<Past> {
    let mut events = request.clone().since(since).until(until).await?;
    while let Some(event) = events.try_next().await? {
        past.add(&event);
        if past.proves_continuity() {
            break;
        }
    }
    Ok(past)
}
