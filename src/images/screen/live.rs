//! The steps of a build with BuildKit on a terminal, updated while it runs.

use std::{
    io, mem,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    frame::{frame, last_frame},
    terminal::Terminal,
};
use crate::{
    Timestamp,
    images::{BuildGraph, BuildStep, BuildTrace, StepState},
};

/// Minimum time between two frames.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// The display of a build.
#[derive(Default)]
pub(super) struct LiveGraph {
    graph: BuildGraph,
    clock: Option<Clock>,
    /// A bar whose message is the frame.
    bar: Option<ProgressBar>,
    drawn: Option<Instant>,
}

/// The engine's clock, which may differ from that of this machine.
#[derive(Clone, Copy)]
struct Clock {
    /// A time of the engine, and when it was received.
    time: Timestamp,
    received: Instant,
}

impl Clock {
    fn now(self) -> Timestamp {
        self.time.checked_add(self.received.elapsed()).unwrap_or(self.time)
    }
}

impl LiveGraph {
    pub(super) fn add(&mut self, trace: &BuildTrace, terminal: &Terminal<'_>) {
        self.graph.add(trace);
        if self.clock.is_none() {
            self.clock = self.graph.started().map(|time| Clock { time, received: Instant::now() });
        }
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= MIN_INTERVAL) {
            self.draw(terminal);
        }
    }

    /// Whether there is anything to display.
    pub(super) fn has_steps(&self) -> bool {
        self.graph.total() > 0
    }

    /// Replaces the last frame by the current one.
    pub(super) fn draw(&mut self, terminal: &Terminal<'_>) {
        if !self.has_steps() {
            return;
        }
        self.drawn = Some(Instant::now());
        let text = terminal.paint(&frame(&self.graph, self.now(), (terminal.size)()));
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(None, (terminal.target)()).with_style(style)
        });
        bar.set_message(text);
    }

    fn now(&self) -> Timestamp {
        self.clock.map_or(Timestamp::UNIX_EPOCH, Clock::now)
    }

    /// Removes the frame from the terminal, until the next one is drawn.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.drawn = None;
    }

    /// Writes the last frame, which remains on the terminal.
    pub(super) fn finish(&mut self, terminal: &mut Terminal<'_>) -> io::Result<()> {
        self.clear();
        if !self.has_steps() {
            return Ok(());
        }
        let now = self.end().unwrap_or_else(|| self.now());
        let graph = mem::take(&mut self.graph);
        self.clock = None;
        let text = terminal.paint(&last_frame(&graph, now, (terminal.size)()));
        terminal.write(&(text + "\n"))
    }

    /// Returns the time of the last end, if no step is running.
    fn end(&self) -> Option<Timestamp> {
        let is_running = self.graph.steps().any(|step| step.state() == StepState::Running);
        self.graph.steps().filter_map(BuildStep::completed).max().filter(|_| !is_running)
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};
    use insta::assert_snapshot;

    use super::*;
    use crate::images::{Vertex, VertexLog};

    fn at(milliseconds: u64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + Duration::from_millis(milliseconds))
    }

    fn trace(name: &str, started: Option<Timestamp>, completed: Option<Timestamp>, output: &str) -> BuildTrace {
        let vertex = Vertex { digest: name.into(), name: name.into(), started, completed, ..Vertex::default() };
        let log = VertexLog { vertex: name.into(), text: output.into(), ..VertexLog::default() };
        BuildTrace { vertices: vec![vertex], logs: vec![log], ..BuildTrace::default() }
    }

    #[test]
    fn live_graph_is_drawn_in_place() {
        let memory = InMemoryTerm::new(20, 60);
        let mut terminal = Terminal::in_memory(&memory);
        let mut live = LiveGraph::default();
        live.add(&trace("[1/2] FROM busybox", at(0), None, ""), &terminal);
        live.add(&trace("[2/2] RUN make", at(0), None, "cc\nld\n"), &terminal);
        live.draw(&terminal);
        let drawn = memory.contents();
        assert!(drawn.starts_with("[+] Building ") && drawn.ends_with(" => => # cc\n => => # ld"), "{drawn}");
        assert_eq!(drawn.lines().count(), 5, "{drawn}");
        live.add(&trace("[1/2] FROM busybox", at(0), at(900), ""), &terminal);
        live.add(&trace("[2/2] RUN make", at(0), at(1500), ""), &terminal);
        live.draw(&terminal);
        live.finish(&mut terminal).unwrap();
        live.finish(&mut terminal).unwrap();
        terminal.write("$ ").unwrap();
        assert_snapshot!(memory.contents(), @"
        [+] Building 1.5s (2/2) FINISHED
         => [1/2] FROM busybox                                 0.9s
         => [2/2] RUN make                                     1.5s
        $
        ");
    }

    #[test]
    fn live_graph_higher_than_the_terminal_is_written_at_the_end() {
        let memory = InMemoryTerm::new(6, 40);
        let mut terminal = Terminal::in_memory(&memory);
        let mut live = LiveGraph::default();
        for step in 0..20 {
            live.add(&trace(&format!("RUN {step}"), at(0), at(1000), ""), &terminal);
            live.draw(&terminal);
        }
        assert!(memory.contents().lines().count() <= 5, "{}", memory.contents());
        live.finish(&mut terminal).unwrap();
        assert_snapshot!(memory.contents(), @"
         => RUN 15                         1.0s
         => RUN 16                         1.0s
         => RUN 17                         1.0s
         => RUN 18                         1.0s
         => RUN 19                         1.0s
        ");
    }

    #[test]
    fn live_graph_limits_the_number_of_frames() {
        let memory = InMemoryTerm::new(6, 40);
        let hidden = Terminal { target: Box::new(ProgressDrawTarget::hidden), ..Terminal::in_memory(&memory) };
        let mut live = LiveGraph::default();
        live.add(&trace("RUN a", at(0), None, ""), &hidden);
        assert!(live.drawn.is_some());
        let later = Instant::now().checked_add(Duration::from_secs(3600));
        live.drawn = later;
        live.add(&trace("RUN b", at(0), None, ""), &hidden);
        assert_eq!(live.drawn, later, "a frame was drawn too early");
        live.clear();
        assert!(live.drawn.is_none() && live.has_steps());
    }
}
