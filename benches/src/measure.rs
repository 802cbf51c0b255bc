//! Measures time, memory and allocations of the current process.

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// Returns the allocations since the start of the process; `None` if they are not counted.
pub type Allocations = fn() -> Option<Allocated>;

/// Number and bytes of allocations.
#[derive(Clone, Copy, Debug)]
pub struct Allocated {
    pub count: u64,
    pub bytes: u64,
}

/// The state at the start of a measurement.
pub struct Start {
    wall: Instant,
    cpu: f64,
    peak: u64,
    allocations: Allocations,
    allocated: Option<Allocated>,
}

/// The result of a measurement.
#[derive(Debug, Serialize)]
pub struct Cost {
    /// Wall-clock time, in seconds.
    pub time: f64,
    /// CPU time of all threads, user and system, in seconds.
    pub cpu: f64,
    /// Peak memory since the start of the process, in bytes.
    pub peak: u64,
    /// Increase of the peak during the measurement, in bytes.
    pub grown: u64,
    /// Number of allocations, if they are counted.
    pub allocations: Option<u64>,
    /// Allocated bytes, if they are counted.
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
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes << 10)
}
