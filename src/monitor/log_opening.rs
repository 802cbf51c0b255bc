//! The requests of a log monitor: opening the log, and reading its last line.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};

use super::{idle_timer::within, log_bookmark::LogBookmark, log_position::LogPosition};
use crate::{
    ApiVersion, DockerClient, Line, Lines, OutputStream, Result, Timestamp,
    containers::{Container, Tail},
    logs::LogQuery,
    request::Settings,
};

/// Maximum time for which a log monitor holds a permit to open its log.
const MAX_OPENING: Duration = Duration::from_secs(2);

/// Limits how many log monitors send requests at once, so that they share few connections.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    openings: Arc<Semaphore>,
    /// Separate, because a log that stalled while it was opened must be checked.
    checks: Arc<Semaphore>,
}

impl Gate {
    /// `openings` is the number of logs that are opened, or read after their container has exited, at once, unless that takes
    /// longer than [`MAX_OPENING`].
    pub(super) fn new(openings: usize) -> Self {
        Self { openings: Arc::new(Semaphore::new(openings)), checks: Arc::new(Semaphore::new(1)) }
    }
}

async fn enter(gate: Option<Arc<Semaphore>>) -> Option<OwnedSemaphorePermit> {
    // The semaphores are never closed.
    gate?.acquire_owned().await.ok()
}

/// A permit to open a log, if a gate requires one. Expires after [`MAX_OPENING`], so that logs without output do not block
/// others: Podman and Docker before 1.7 send the response headers with the first output, and the log of a container that was
/// started after it was inspected has no end.
#[derive(Default)]
pub(super) struct OpeningPermit(Option<(OwnedSemaphorePermit, Pin<Box<Sleep>>)>);

impl OpeningPermit {
    fn new(permit: Option<OwnedSemaphorePermit>) -> Self {
        Self(permit.map(|permit| (permit, Box::pin(tokio::time::sleep(MAX_OPENING)))))
    }

    pub(super) fn release(&mut self) {
        self.0 = None;
    }

    /// Releases the permit once it has expired.
    pub(super) fn poll_expiry(&mut self, cx: &mut Context<'_>) {
        let expiry = self.0.as_mut().map(|(_, expiry)| expiry.as_mut().poll(cx));
        if expiry == Some(Poll::Ready(())) {
            self.release();
        }
    }
}

/// The container's full id, and the API version.
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) version: ApiVersion,
}

/// A log that was opened.
pub(super) struct Opened {
    pub(super) known: Identity,
    /// Whether the container ran before the log was opened.
    pub(super) running: bool,
    pub(super) lines: Box<Lines>,
    /// The time from which the log is read; `None` for all of it.
    pub(super) since: Option<Timestamp>,
    /// The engine's time before the log was opened for the first time, if only the last lines were requested.
    pub(super) begin: Option<Timestamp>,
    /// The position of the bookmark, if the log continues after it.
    pub(super) position: Option<LogPosition>,
}

/// The last line of the log, and whether the container runs.
pub(super) struct Last {
    pub(super) line: Option<Line>,
    pub(super) running: bool,
}

/// The log of a container, and the settings of the requests for it.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) docker: DockerClient,
    pub(super) container: Container,
    pub(super) query: LogQuery,
    pub(super) part_size: Option<usize>,
    pub(super) gate: Option<Gate>,
}

impl Log {
    /// Opens the log for the first time: after the bookmark, if it is of this container, or with the settings of the monitor.
    pub(super) async fn open_first(mut self, bookmark: Option<LogBookmark>) -> Result<Opened> {
        let (id, running, tty) = self.inspect().await?;
        let version = self.docker.api_version().await?;
        if let Some(bookmark) = bookmark.filter(|bookmark| bookmark.container == id) {
            let position = LogPosition::restore(&bookmark);
            let since = position.resume(version, bookmark.begun);
            let opened = self.reopen_inspected(since, Identity { id, version }, running, tty).await?;
            return Ok(Opened { position: Some(position), ..opened });
        }
        let begin = match self.query.tail {
            Tail::All => None,
            Tail::Lines(_) => Some(self.docker.engine_time().await?),
        };
        self.query.follow = Some(true);
        let (_, output) = self.container.read_logs(&self.query, tty, &Settings::default()).await?;
        let (known, lines) = (Identity { id, version }, self.lines(output));
        Ok(Opened { known, running, lines, since: None, begin, position: None })
    }

    /// Opens the log again, from a time on or all of it.
    pub(super) async fn reopen(self, since: Option<Timestamp>, version: ApiVersion) -> Result<Opened> {
        let (id, running, tty) = self.inspect().await?;
        self.reopen_inspected(since, Identity { id, version }, running, tty).await
    }

    async fn reopen_inspected(
        mut self,
        mut since: Option<Timestamp>,
        known: Identity,
        running: bool,
        tty: bool,
    ) -> Result<Opened> {
        (self.query.follow, self.query.since, self.query.tail) = (Some(true), since, Tail::All);
        let settings = Settings::default();
        let (at, mut output) = self.container.read_logs(&self.query, tty, &settings).await?;
        // The engine's clock was set back: new lines may have earlier times.
        if since.is_some_and(|since| at < since) {
            (self.query.since, since) = (None, None);
            output = self.container.read_logs(&self.query, tty, &settings).await?.1;
        }
        Ok(Opened { known, running, lines: self.lines(output), since, begin: None, position: None })
    }

    /// Requests the last line of the log, and whether the container runs, once the log may be checked. Fails if the response
    /// takes longer than `timeout`.
    pub(super) async fn check(self, timeout: Duration) -> Result<Last> {
        let _permit = enter(self.gate.as_ref().map(|gate| Arc::clone(&gate.checks))).await;
        within(timeout, self.last()).await
    }

    async fn last(mut self) -> Result<Last> {
        let (_, running, tty) = self.inspect().await?;
        (self.query.follow, self.query.tail) = (None, Tail::Lines(1));
        let (_, output) = self.container.read_logs(&self.query, tty, &Settings::default()).await?;
        let mut lines = self.lines(output);
        let mut line = None;
        while let Some(next) = lines.try_next().await? {
            line = Some(next);
        }
        Ok(Last { line, running })
    }

    /// Waits until the log may be opened.
    pub(super) async fn enter(self) -> OpeningPermit {
        OpeningPermit::new(enter(self.gate.map(|gate| gate.openings)).await)
    }

    fn lines(&self, output: OutputStream) -> Box<Lines> {
        let lines = output.lines();
        Box::new(match self.part_size {
            Some(size) => lines.max_part_size(size),
            None => lines,
        })
    }

    /// The full id of the container, whether it runs, and whether it has a TTY.
    async fn inspect(&self) -> Result<(String, bool, bool)> {
        let seen = self.container.inspect().await.map_err(|error| error.on_behalf_of("container_logs"))?;
        Ok((seen.id, seen.state.running && !seen.state.restarting, seen.config.tty))
    }
}
