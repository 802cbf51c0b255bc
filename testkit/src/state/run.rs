//! What runs in a container, or as a command in one: its output, its input, its end.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use tokio::task::AbortHandle;

use crate::program::Usage;

#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) tty: bool,
    /// What was written, piece by piece.
    pub(crate) pieces: Vec<(u8, Vec<u8>)>,
    /// What was written, line by line, as logs keep it.
    pub(crate) lines: Vec<Line>,
    partial: [Vec<u8>; 3],
    pub(crate) input: VecDeque<u8>,
    pub(crate) input_is_open: bool,
    /// Signals that arrived, for those who listen to them.
    pub(crate) signals: VecDeque<&'static str>,
    pub(crate) trapped: BTreeSet<&'static str>,
    /// It has done what it does without waiting.
    pub(crate) settled: bool,
    pub(crate) task: Option<AbortHandle>,
    pub(crate) usage: Usage,
    /// How often usage was reported.
    pub(crate) reports: usize,
    pub(crate) size: (i64, i64),
    pub(crate) running: bool,
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
            true => (1, with_returns(bytes)),
            false => (source, bytes.to_vec()),
        };
        let partial = &mut self.partial[usize::from(source)];
        partial.extend_from_slice(&bytes);
        while let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
            let bytes = partial.drain(..=end).collect();
            self.lines.push(Line { source, time: Timestamp::now(), bytes });
        }
        self.pieces.push((source, bytes));
    }

    /// What was typed. A terminal shows it, and takes ^D for the end.
    pub(crate) fn type_in(&mut self, bytes: &[u8]) {
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

    /// Begins anew. What was written before stays.
    pub(crate) fn begin(&mut self, input_is_open: bool) {
        self.input.clear();
        self.input_is_open = input_is_open;
        self.signals.clear();
        self.trapped.clear();
        self.settled = false;
        self.running = true;
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

/// As a terminal ends lines.
fn with_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
