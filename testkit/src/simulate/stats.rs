//! Container stats, with the usage that programs report.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Response, Usage,
    api_error::Result,
    release::Release,
    state::{SharedState, State, container::Container},
};

/// The interval of samples if no usage is reported.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn stats(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let id = server.state.read(|state| state.container(call.name()).map(|found| found.id.clone()))?;
    let samples = Samples { state: Arc::clone(&server.state), id, previous: None };
    let old = server.release == Release::V1_6;
    let once = call.request.query("stream").is_some() && !call.flag("stream");
    if once && !old {
        let sample = samples.next().await.map_or(Value::Null, |(sample, _)| sample);
        return Ok(context.json(200, sample));
    }
    if old {
        // Docker 1.6 sends nothing before the first sample.
        let runs = |state: &mut State| state.container(call.name()).map_or(true, Container::is_running);
        server.state.wait_until(|state| runs(state).then_some(())).await;
    }
    let (format, operation) = (context.response_format(), call.operation);
    let documents = stream::unfold(samples, Samples::next).map(move |mut sample| {
        if let (true, Some(sample)) = (old, sample.as_object_mut()) {
            sample.retain(|name, _| !name.starts_with("pre"));
        }
        Bytes::from(format!("{}\n", format.complete(operation, 200, sample)))
    });
    let response = Response::stream(200, documents);
    Ok(if old { response.header("Content-Type", "application/json") } else { response })
}

struct Samples {
    state: Arc<SharedState>,
    id: String,
    /// The previous sample, its usage and the number of usage reports.
    previous: Option<(Value, Usage, usize)>,
}

impl Samples {
    /// The next sample: immediately the first time, then with each usage report or after the interval.
    async fn next(mut self) -> Option<(Value, Self)> {
        let known = self.previous.as_ref().map(|(_, _, reports)| *reports);
        let changed = |state: &mut State| {
            let Some(run) = state.runs.get(&self.id) else { return Some(None) };
            (known != Some(run.reports)).then_some(Some(()))
        };
        if let Ok(None) = tokio::time::timeout(SAMPLE_INTERVAL, self.state.wait_until(changed)).await {
            return None;
        }
        let (name, running, usage, reports) = self.state.read(|state| {
            let (container, run) = (state.container(&self.id).ok()?, state.runs.get(&self.id)?);
            Some((format!("/{}", container.name), run.running, run.usage, run.reports))
        })?;
        let previous = self.previous.take();
        let preread = previous.as_ref().map_or(json!("0001-01-01T00:00:00Z"), |(sample, ..)| sample["read"].clone());
        let precpu = previous.map_or_else(no_cpu, |(_, usage, _)| cpu(usage));
        let mut sample = if running {
            json!({
                "read": Timestamp::now().to_string(), "preread": preread,
                "cpu_stats": cpu(usage), "precpu_stats": precpu,
                "memory_stats": { "usage": usage.memory, "max_usage": usage.memory, "limit": usage.memory_limit, "stats": {}, "failcnt": 0 },
                "blkio_stats": {}, "pids_stats": { "current": 1 }, "num_procs": 0, "storage_stats": {},
                "network": network(usage), "networks": { "eth0": network(usage) },
            })
        } else {
            json!({
                "read": "0001-01-01T00:00:00Z", "preread": "0001-01-01T00:00:00Z",
                "cpu_stats": no_cpu(), "precpu_stats": no_cpu(),
                "memory_stats": {}, "blkio_stats": {}, "pids_stats": {}, "num_procs": 0, "storage_stats": {},
            })
        };
        sample["id"] = json!(self.id);
        sample["name"] = json!(name);
        self.previous = Some((sample.clone(), usage, reports));
        Some((sample, self))
    }
}

fn cpu(usage: Usage) -> Value {
    let mut cpu = no_cpu();
    cpu["cpu_usage"]["total_usage"] = json!(usage.cpu);
    cpu["cpu_usage"]["usage_in_usermode"] = json!(usage.cpu);
    cpu["cpu_usage"]["percpu_usage"] = json!([usage.cpu]);
    // Twice the usage, so that the computed CPU percentage is 50 %.
    cpu["system_cpu_usage"] = json!(usage.cpu.saturating_mul(2));
    cpu["online_cpus"] = json!(1);
    cpu
}

fn no_cpu() -> Value {
    json!({
        "cpu_usage": { "total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0 },
        "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 0 },
    })
}

fn network(usage: Usage) -> Value {
    json!({
        "rx_bytes": usage.received, "rx_packets": 0, "rx_errors": 0, "rx_dropped": 0,
        "tx_bytes": usage.sent, "tx_packets": 0, "tx_errors": 0, "tx_dropped": 0,
    })
}
