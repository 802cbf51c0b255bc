//! The layout of a build with BuildKit on a terminal: what `docker build` displays, as rows of text.

use std::{cmp::Reverse, time::Duration};

use console::{measure_text_width, truncate_str};

use crate::{
    TerminalSize, Timestamp,
    images::{
        BuildGraph, BuildStep, StepState, StepTransfer,
        progress::text::{bytes, printable},
    },
};

/// Maximum number of rows for the output of a step.
const OUTPUT_ROWS: usize = 6;

/// Number of rows that are reserved for a step whose output is displayed.
const OUTPUT_RESERVED: usize = OUTPUT_ROWS + 3;

/// Maximum number of rows of the last frame.
const MAX_ROWS: usize = 2000;

/// Minimum width of the text of a row; if there is less, its time and size are omitted.
const MIN_TEXT: usize = 12;

/// A row of the display. Its text has no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) mark: Mark,
}

/// The kind of a row, which determines its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Header,
    Running,
    Output,
    Ended,
    Canceled,
    Failed,
    Warning,
}

/// Returns the rows of a build that fit a terminal of this size, at the time `now` by the engine's clock.
///
/// If there are too many steps, those that have ended are omitted, the oldest first. If there is space, running steps
/// are followed by the end of their output, first those with the most output.
pub(super) fn frame(graph: &BuildGraph, now: Timestamp, size: TerminalSize) -> Vec<Row> {
    let width = usize::from(size.columns).saturating_sub(1);
    // One row is for the header, and one remains free.
    let height = usize::from(size.rows).saturating_sub(2);
    let steps = started_steps(graph);
    let mut rows = Vec::new();
    for step in &steps {
        add_step(step, now, width, &mut rows);
    }
    let in_use = rows.iter().filter(|row| !row.mark.can_be_omitted()).count();
    let outputs = height.saturating_sub(in_use).saturating_sub(1) / OUTPUT_RESERVED;
    if outputs > 0 {
        rows = with_outputs(&steps, outputs, now, width);
    }
    shorten(&mut rows, height);
    rows.insert(0, header(graph, now, width, ""));
    rows
}

/// Returns the rows of a build that has ended, or is no longer observed: all of its steps.
pub(super) fn last_frame(graph: &BuildGraph, now: Timestamp, size: TerminalSize) -> Vec<Row> {
    let width = usize::from(size.columns).saturating_sub(1);
    let mut rows = Vec::new();
    for step in started_steps(graph) {
        add_step(step, now, width, &mut rows);
    }
    shorten(&mut rows, MAX_ROWS);
    let is_finished = graph.completed() == graph.total();
    rows.insert(0, header(graph, now, width, if is_finished { " FINISHED" } else { "" }));
    rows
}

/// Returns the steps that have started, in this order.
fn started_steps(graph: &BuildGraph) -> Vec<&BuildStep> {
    let mut steps: Vec<&BuildStep> = graph.steps().filter(|step| step.number().is_some()).collect();
    steps.sort_by_key(|step| step.number());
    steps
}

fn header(graph: &BuildGraph, now: Timestamp, width: usize, state: &str) -> Row {
    let time = graph.started().map_or(Duration::ZERO, |started| now.duration_since(started));
    let (completed, total) = (graph.completed(), graph.total());
    let text = format!("[+] Building {:.1}s ({completed}/{total}){state}", time.as_secs_f64());
    Row { text: cut(&text, width), mark: Mark::Header }
}

/// Adds the rows of a step: its name, its transfers and its warnings.
fn add_step(step: &BuildStep, now: Timestamp, width: usize, rows: &mut Vec<Row>) {
    let (prefix, mark) = match step.state() {
        StepState::Waiting | StepState::Running => ("", Mark::Running),
        StepState::Completed => ("", Mark::Ended),
        StepState::Cached => ("CACHED ", Mark::Ended),
        StepState::Failed => ("ERROR ", Mark::Failed),
        StepState::Canceled => ("CANCELED ", Mark::Canceled),
    };
    let name = format!(" => {prefix}{}", printable(step.name(), width));
    rows.push(Row { text: timed(&name, "", step.duration_until(now), width), mark });
    for transfer in step.transfers() {
        let is_ended = transfer.is_done() || step.state().is_ended();
        let end = step.completed().filter(|_| step.state().is_ended()).unwrap_or(now);
        let text = format!(" => => {}", printable(transfer.id(), width));
        let text = timed(&text, &amount(transfer), transfer.duration_until(end), width);
        rows.push(Row { text, mark: if is_ended { Mark::Ended } else { Mark::Running } });
    }
    for warning in step.warnings() {
        let text = format!(" => => WARN: {}", printable(&warning.message, width));
        rows.push(Row { text: cut(&text, width), mark: Mark::Warning });
    }
}

/// Returns the rows of all steps, and the output of the `count` running steps with the most output.
fn with_outputs(steps: &[&BuildStep], count: usize, now: Timestamp, width: usize) -> Vec<Row> {
    let is_running = |step: &&&BuildStep| step.state() == StepState::Running && step.output_size() > 0;
    let mut busy: Vec<&BuildStep> = steps.iter().filter(is_running).copied().collect();
    busy.sort_by_key(|step| Reverse(step.output_size()));
    busy.truncate(count);
    let mut rows = Vec::new();
    for step in steps {
        let first = rows.len();
        add_step(step, now, width, &mut rows);
        if busy.iter().any(|shown| shown.digest() == step.digest()) {
            drop(rows.splice(first + 1..first + 1, output(step, width)));
        }
    }
    rows
}

/// Returns the rows of the end of a step's output.
fn output(step: &BuildStep, width: usize) -> Vec<Row> {
    let lines = step.output().rev().map(|line| printable(line, width)).filter(|line| !line.is_empty());
    let row = |line: String| Row { text: cut(&format!(" => => # {line}"), width), mark: Mark::Output };
    let mut rows: Vec<Row> = lines.take(OUTPUT_ROWS).map(row).collect();
    rows.reverse();
    rows
}

/// Removes rows that can be omitted, and then others, until there are at most `height`.
fn shorten(rows: &mut Vec<Row>, height: usize) {
    let mut excess = rows.len().saturating_sub(height);
    rows.retain(|row| {
        let is_omitted = excess > 0 && row.mark.can_be_omitted();
        excess -= usize::from(is_omitted);
        !is_omitted
    });
    rows.drain(..excess.min(rows.len()));
}

impl Mark {
    /// Whether the row is omitted first if there is too little space.
    fn can_be_omitted(self) -> bool {
        matches!(self, Self::Ended | Self::Canceled)
    }
}

/// Formats what is done of a transfer.
fn amount(transfer: &StepTransfer) -> String {
    match (transfer.current(), transfer.total()) {
        (current, Some(total)) => format!("{} / {}", bytes(current), bytes(total)),
        (0, None) => String::new(),
        (current, None) => bytes(current),
    }
}

/// Returns the part of the text that fits the width, in columns.
fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, "").trim_end().to_owned()
}

/// Returns a row with the text and the amount on the left, and the time on the right.
fn timed(text: &str, amount: &str, time: Duration, width: usize) -> String {
    let time = format!("{:.1}s", time.as_secs_f64());
    let room = width.saturating_sub(time.len() + 1);
    if room < MIN_TEXT {
        return cut(text, width);
    }
    let amount_width = if amount.is_empty() { 0 } else { amount.len() + 1 };
    let left = match room.checked_sub(amount_width) {
        Some(room) if amount_width > 0 && room >= MIN_TEXT => format!("{} {amount}", truncate_str(text, room, "")),
        _ => truncate_str(text, room, "").into_owned(),
    };
    let gap = room.saturating_sub(measure_text_width(&left));
    format!("{left}{:gap$} {time}", "")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::images::{BuildTrace, Vertex, VertexLog, VertexStatus, VertexWarning};

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    fn vertex(name: &str, started: Option<u64>, completed: Option<u64>) -> Vertex {
        let (started, completed) = (started.map(at), completed.map(at));
        Vertex { digest: name.into(), name: name.into(), started, completed, ..Vertex::default() }
    }

    fn status(vertex: &str, id: &str, amount: (i64, i64), completed: Option<u64>) -> VertexStatus {
        let (vertex, id, completed) = (vertex.into(), id.into(), completed.map(at));
        let status = VertexStatus { vertex, id, completed, ..VertexStatus::default() };
        VertexStatus { current: amount.0, total: amount.1, started: Some(at(0)), ..status }
    }

    fn log(vertex: &str, text: impl Into<String>) -> VertexLog {
        VertexLog { vertex: vertex.into(), text: text.into(), ..VertexLog::default() }
    }

    fn graph(trace: &BuildTrace) -> BuildGraph {
        let mut graph = BuildGraph::new();
        graph.add(trace);
        graph
    }

    fn text(rows: &[Row]) -> String {
        rows.iter().map(|row| &*row.text).collect::<Vec<_>>().join("\n")
    }

    /// A build in the middle of its steps.
    fn example() -> BuildGraph {
        let load = "[internal] load build definition from Dockerfile";
        let pull = "[1/4] FROM docker.io/library/busybox";
        graph(&BuildTrace {
            vertices: vec![
                vertex(load, Some(0), Some(40)),
                vertex(pull, Some(0), None),
                Vertex { cached: true, ..vertex("[2/4] WORKDIR /srv", Some(100), Some(100)) },
                vertex("[3/4] RUN make", Some(100), None),
                Vertex { error: "exit code: 1".into(), ..vertex("[lint 2/2] RUN lint", Some(200), Some(1700)) },
                Vertex { error: "context canceled".into(), ..vertex("[docs 2/2] RUN docs", Some(200), Some(1800)) },
                vertex("[4/4] COPY . .", None, None),
            ],
            statuses: vec![
                status(load, "transferring dockerfile:", (210, 0), Some(30)),
                status(pull, "sha256:f43c", (1_050_000, 29_130_000), None),
                status(pull, "extracting sha256:3ed4", (0, 0), Some(1500)),
            ],
            logs: vec![log("[3/4] RUN make", "cc main.c\n\x1b[31mmain.c:1: warning\x1b[0m\n\n10%\r20%")],
            warnings: vec![VertexWarning {
                vertex: load.into(),
                message: "FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)".into(),
                ..VertexWarning::default()
            }],
        })
    }

    #[test]
    fn frame_has_a_row_for_each_step_and_transfer() {
        use Mark::{Canceled, Ended, Failed, Header, Output, Running, Warning};

        let rows = frame(&example(), at(3240), (30, 80).into());
        assert_snapshot!(text(&rows), @"
        [+] Building 3.2s (4/7)
         => [internal] load build definition from Dockerfile                       0.0s
         => => transferring dockerfile: 210B                                       0.0s
         => => WARN: FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line
         => [1/4] FROM docker.io/library/busybox                                   3.2s
         => => sha256:f43c 1.05MB / 29.13MB                                        3.2s
         => => extracting sha256:3ed4                                              1.5s
         => CACHED [2/4] WORKDIR /srv                                              0.0s
         => [3/4] RUN make                                                         3.1s
         => => # cc main.c
         => => # main.c:1: warning
         => => # 20%
         => ERROR [lint 2/2] RUN lint                                              1.5s
         => CANCELED [docs 2/2] RUN docs                                           1.6s
        ");
        let marks: Vec<Mark> = rows.iter().map(|row| row.mark).collect();
        assert_eq!(marks[..4], [Header, Ended, Ended, Warning]);
        assert_eq!(marks[4..9], [Running, Running, Ended, Ended, Running]);
        assert_eq!(marks[9..], [Output, Output, Output, Failed, Canceled]);
    }

    #[test]
    fn frame_that_is_too_high_omits_ended_steps_first() {
        let rows = frame(&example(), at(3240), (9, 80).into());
        assert_snapshot!(text(&rows), @"
        [+] Building 3.2s (4/7)
         => => WARN: FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line
         => [1/4] FROM docker.io/library/busybox                                   3.2s
         => => sha256:f43c 1.05MB / 29.13MB                                        3.2s
         => CACHED [2/4] WORKDIR /srv                                              0.0s
         => [3/4] RUN make                                                         3.1s
         => ERROR [lint 2/2] RUN lint                                              1.5s
         => CANCELED [docs 2/2] RUN docs                                           1.6s
        ");
        let rows = frame(&example(), at(3240), (5, 80).into());
        assert_snapshot!(text(&rows), @"
        [+] Building 3.2s (4/7)
         => => sha256:f43c 1.05MB / 29.13MB                                        3.2s
         => [3/4] RUN make                                                         3.1s
         => ERROR [lint 2/2] RUN lint                                              1.5s
        ");
    }

    #[test]
    fn frame_that_is_too_wide_is_cut() {
        let rows = frame(&example(), at(3240), (30, 32).into());
        assert_snapshot!(text(&rows), @"
        [+] Building 3.2s (4/7)
         => [internal] load build  0.0s
         => => transferring d 210B 0.0s
         => => WARN: FromAsCasing: 'as'
         => [1/4] FROM docker.io/l 3.2s
         => => sha256:f43c         3.2s
         => => extracting sha256:3 1.5s
         => CACHED [2/4] WORKDIR / 0.0s
         => [3/4] RUN make         3.1s
         => => # cc main.c
         => => # main.c:1: warning
         => => # 20%
         => ERROR [lint 2/2] RUN l 1.5s
         => CANCELED [docs 2/2] RU 1.6s
        ");
    }

    #[test]
    fn frame_fits_every_size() {
        let many: Vec<Vertex> = (0..100).map(|number| vertex(&format!("界 {number}"), Some(0), None)).collect();
        let logs = (0..100).map(|number| log(&format!("界 {number}"), "界".repeat(100) + "\nx\n")).collect();
        let many = graph(&BuildTrace { vertices: many, logs, ..BuildTrace::default() });
        for graph in [&example(), &many, &BuildGraph::new()] {
            let sizes = (0..40).step_by(3).flat_map(|rows| (0..100).step_by(7).map(move |columns| (rows, columns)));
            for size in sizes.map(TerminalSize::from) {
                let rows = frame(graph, at(3240), size);
                assert!(rows.len() < usize::from(size.rows).max(2), "{size:?}: {}", rows.len());
                let width = rows.iter().map(|row| measure_text_width(&row.text)).max().unwrap();
                assert!(width <= usize::from(size.columns).saturating_sub(1), "{size:?}: {}", text(&rows));
            }
        }
    }

    #[test]
    fn frame_displays_the_output_of_the_busiest_steps() {
        let names = ["RUN a", "RUN b", "RUN c"];
        let logs = names.iter().zip([20, 300, 1]).map(|(name, lines)| log(name, "line\n".repeat(lines))).collect();
        let vertices = names.iter().map(|name| vertex(name, Some(0), None)).collect();
        let graph = graph(&BuildTrace { vertices, logs, ..BuildTrace::default() });
        let outputs = |rows: u16| -> Vec<usize> {
            let rows = frame(&graph, at(100), (rows, 80).into());
            rows.split(|row| row.mark == Mark::Running).skip(1).map(<[Row]>::len).collect()
        };
        assert_eq!(outputs(14), [0, 0, 0]);
        assert_eq!(outputs(15), [0, 6, 0]);
        assert_eq!(outputs(24), [6, 6, 0]);
        assert_eq!(outputs(33), [6, 6, 1]);
    }

    #[test]
    fn frame_has_no_control_characters() {
        let name = "[1/1] RUN \x1b[2Jmake\n\x1b]0;title\x07all\u{9b}1A\u{202e}";
        let warning = VertexWarning { vertex: name.into(), message: name.into(), ..VertexWarning::default() };
        let graph = graph(&BuildTrace {
            vertices: vec![vertex(name, Some(0), None)],
            statuses: vec![status(name, name, (0, 0), None)],
            logs: vec![log(name, name), log(name, "\t\x1b[1A\x08\n")],
            warnings: vec![warning],
        });
        let rows = frame(&graph, at(0), (30, 80).into());
        assert!(rows.iter().all(|row| !row.text.chars().any(|symbol| symbol.is_control() || symbol == '\u{202e}')));
        assert_snapshot!(text(&rows), @"
        [+] Building 0.0s (0/1)
         => [1/1] RUN make all                                                     0.0s
         => => # [1/1] RUN make
         => => # all
         => => [1/1] RUN make all                                                  0.0s
         => => WARN: [1/1] RUN make all
        ");
    }

    #[test]
    fn last_frame_has_all_steps() {
        let ended: Vec<Vertex> = (1..6).map(|number| vertex(&format!("RUN {number}"), Some(0), Some(900))).collect();
        let graph = graph(&BuildTrace { vertices: ended, ..BuildTrace::default() });
        assert_snapshot!(text(&last_frame(&graph, at(900), (3, 40).into())), @"
        [+] Building 0.9s (5/5) FINISHED
         => RUN 1                          0.9s
         => RUN 2                          0.9s
         => RUN 3                          0.9s
         => RUN 4                          0.9s
         => RUN 5                          0.9s
        ");
        assert!(text(&last_frame(&example(), at(3240), (3, 80).into())).starts_with("[+] Building 3.2s (4/7)\n"));
    }
}
