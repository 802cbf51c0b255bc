//! The program of a container or exec instance: its input, output and exit.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use tokio::task::AbortHandle;

use crate::Usage;

#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) tty: bool,
    /// The output with its stream (1 stdout, 2 stderr), one element per write.
    pub(crate) chunks: Vec<(u8, Vec<u8>)>,
    /// The output by lines, as logs contain it.
    pub(crate) lines: Vec<Line>,
    partial: [Vec<u8>; 3],
    pub(crate) input: VecDeque<u8>,
    pub(crate) input_is_open: bool,
    /// Trapped signals that the program has not received yet.
    pub(crate) signals: VecDeque<&'static str>,
    pub(crate) trapped: BTreeSet<&'static str>,
    /// Whether the program has run up to its first pending `await`.
    pub(crate) settled: bool,
    pub(crate) task: Option<AbortHandle>,
    pub(crate) usage: Usage,
    /// The number of usage reports.
    pub(crate) reports: usize,
    pub(crate) size: (i64, i64),
    pub(crate) running: bool,
    /// The number of starts.
    pub(crate) begun: usize,
    pub(crate) code: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) source: u8,
    pub(crate) time: Timestamp,
    pub(crate) bytes: Vec<u8>,
}

impl Run {
    pub(crate) fn new(tty: bool) -> Self {
        Self { tty, usage: Usage::new(), ..Self::default() }
    }

    pub(crate) fn write(&mut self, source: u8, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let (source, bytes) = match self.tty {
            true => (1, with_crlf(bytes)),
            false => (source, bytes.to_vec()),
        };
        let partial = &mut self.partial[usize::from(source)];
        partial.extend_from_slice(&bytes);
        while let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
            let bytes = partial.drain(..=end).collect();
            self.lines.push(Line { source, time: Timestamp::now(), bytes });
        }
        self.chunks.push((source, bytes));
    }

    /// Adds input. A TTY echoes it and treats ^D as EOF.
    pub(crate) fn write_stdin(&mut self, bytes: &[u8]) {
        if !self.input_is_open {
            return;
        }
        if self.tty {
            let typed: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 4).collect();
            self.write(1, &typed);
            self.input.extend(&typed);
            self.input_is_open = !bytes.contains(&4);
        } else {
            self.input.extend(bytes);
        }
    }

    /// Starts the program again. Earlier output is kept.
    pub(crate) fn begin(&mut self, input_is_open: bool) {
        self.input.clear();
        self.input_is_open = input_is_open;
        self.signals.clear();
        self.trapped.clear();
        self.settled = false;
        self.running = true;
        self.begun += 1;
        self.code = 0;
    }

    pub(crate) fn end(&mut self, code: i64) {
        for source in [1, 2] {
            let bytes = std::mem::take(&mut self.partial[usize::from(source)]);
            if !bytes.is_empty() {
                self.lines.push(Line { source, time: Timestamp::now(), bytes });
            }
        }
        self.running = false;
        self.settled = true;
        self.code = code;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Inserts a carriage return before each newline, as a TTY does.
fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
