//! The state of the display: the last samples of each container.

use std::collections::{BTreeMap, VecDeque};

use dockerclient::{containers::Traffic, monitor::StatsUpdate};

/// Number of samples per container that are kept for its graph.
const HISTORY: usize = 24;

/// A column to sort by, in descending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Cpu,
    Memory,
    Network,
    BlockIo,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) engine: String,
    pub(crate) connection: String,
    pub(crate) sorted_by: Column,
    containers: BTreeMap<String, Row>,
}

/// The resource usage of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) cpu: f64,
    pub(crate) memory: Option<u64>,
    pub(crate) memory_percent: Option<f64>,
    pub(crate) network: Option<Traffic>,
    pub(crate) block_io: Option<Traffic>,
    /// CPU usage of the last samples, in tenths of a percent.
    pub(crate) history: VecDeque<u64>,
}

impl State {
    pub(crate) fn new(engine: String) -> Self {
        Self { engine, connection: "connecting".into(), sorted_by: Column::Cpu, containers: BTreeMap::new() }
    }

    pub(crate) fn sort_by(&mut self, column: Column) {
        self.sorted_by = column;
    }

    pub(crate) fn apply(&mut self, update: StatsUpdate) {
        match update {
            StatsUpdate::Connected => self.connection = "connected".into(),
            StatsUpdate::Disconnected { error, .. } => self.connection = error.to_string(),
            StatsUpdate::Ended(container) => {
                self.containers.remove(&container.id);
            }
            StatsUpdate::Sample(sample) => {
                let row = self.containers.entry(sample.container.id.clone()).or_default();
                sample.container.name().clone_into(&mut row.name);
                row.cpu = sample.cpu_percent.unwrap_or_default();
                row.memory = sample.memory_used;
                row.memory_percent = sample.memory_percent;
                row.network = sample.network;
                row.block_io = sample.block_io;
                row.add_cpu_sample((row.cpu * 10.0) as u64);
            }
            _ => {}
        }
    }

    /// Returns all rows, sorted for display.
    pub(crate) fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.containers.values().collect();
        let total = |traffic: Option<Traffic>| traffic.map(|traffic| traffic.input + traffic.output);
        rows.sort_by(|a, b| match self.sorted_by {
            Column::Cpu => b.cpu.total_cmp(&a.cpu),
            Column::Memory => b.memory.cmp(&a.memory),
            Column::Network => total(b.network).cmp(&total(a.network)),
            Column::BlockIo => total(b.block_io).cmp(&total(a.block_io)),
        });
        rows
    }

    #[cfg(test)]
    pub(crate) fn with(mut self, id: &str, row: Row) -> Self {
        self.containers.insert(id.into(), row);
        self
    }
}

impl Row {
    pub(crate) fn add_cpu_sample(&mut self, cpu: u64) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(cpu);
    }
}
