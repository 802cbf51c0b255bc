//! What a piece of work costs the process that does it.

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// What was allocated so far; none if nobody counts.
pub type Allocations = fn() -> Option<Allocated>;

#[derive(Clone, Copy, Debug)]
pub struct Allocated {
    pub count: u64,
    pub bytes: u64,
}

/// The beginning of the work.
pub struct Start {
    wall: Instant,
    cpu: f64,
    peak: u64,
    allocations: Allocations,
    allocated: Option<Allocated>,
}

/// What it cost.
#[derive(Debug, Serialize)]
pub struct Cost {
    /// Seconds by the clock on the wall.
    pub time: f64,
    /// Seconds of CPU, user and system, of all threads.
    pub cpu: f64,
    /// The most memory the process had in use, from its start, in bytes.
    pub peak: u64,
    /// By how much the work raised that.
    pub grown: u64,
    pub allocations: Option<u64>,
    pub allocated: Option<u64>,
}

impl Start {
    pub fn now(allocations: Allocations) -> Result<Self> {
        Ok(Self { peak: peak()?, allocated: allocations(), cpu: cpu(), wall: Instant::now(), allocations })
    }

    pub fn cost(self) -> Result<Cost> {
        let (time, cpu) = (self.wall.elapsed().as_secs_f64(), cpu() - self.cpu);
        let (now, peak) = ((self.allocations)(), peak()?);
        let since = |of: fn(Allocated) -> u64| Some(of(now?) - of(self.allocated?));
        Ok(Cost {
            time,
            cpu,
            peak,
            grown: peak - self.peak,
            allocations: since(|allocated| allocated.count),
            allocated: since(|allocated| allocated.bytes),
        })
    }
}

#[allow(clippy::cast_precision_loss)]
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak is told")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes << 10)
}
