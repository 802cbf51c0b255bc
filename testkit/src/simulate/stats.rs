//! What a container uses, as its program tells it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    age::Age,
    program::Usage,
    refusal::Result,
    state::{State, World},
};

/// How often a sample comes if nothing changes.
const PACE: Duration = Duration::from_secs(1);

pub(super) async fn stats(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let id = shared.state.look(|world| world.container(asked.name()).map(|found| found.id.clone()))?;
    let samples = Samples { state: Arc::clone(&shared.state), id, before: None };
    let old = shared.age == Age::Old;
    let once = asked.request.query("stream").is_some() && !asked.flag("stream");
    if once && !old {
        let sample = samples.next().await.map_or(Value::Null, |(sample, _)| sample);
        return Ok(context.document(200, sample));
    }
    if old {
        // Nothing at all is answered before there is a sample.
        let runs = |world: &mut World| {
            world.container(asked.name()).map_or(true, super::super::state::container::Container::is_running)
        };
        shared.state.until(|world| runs(world).then_some(())).await;
    }
    let (shape, operation) = (context.shape(), asked.operation);
    let documents = stream::unfold(samples, Samples::next).map(move |mut sample| {
        if let (true, Some(sample)) = (old, sample.as_object_mut()) {
            sample.retain(|name, _| !name.starts_with("pre"));
        }
        Bytes::from(format!("{}\n", shape.document(operation, 200, sample)))
    });
    let reply = Reply::stream(200, documents);
    Ok(if old { reply.header("Content-Type", "application/json") } else { reply })
}

struct Samples {
    state: Arc<State>,
    id: String,
    /// The sample before, and how often usage had been reported.
    before: Option<(Value, Usage, usize)>,
}

impl Samples {
    /// The next sample: at once the first time, then with each report, or after a while.
    async fn next(mut self) -> Option<(Value, Self)> {
        let known = self.before.as_ref().map(|(_, _, reports)| *reports);
        let look = |world: &mut World| {
            let Some(run) = world.runs.get(&self.id) else { return Some(None) };
            (known != Some(run.reports)).then_some(Some(()))
        };
        if let Ok(None) = tokio::time::timeout(PACE, self.state.until(look)).await {
            return None;
        }
        let (name, running, usage, reports) = self.state.look(|world| {
            let (container, run) = (world.container(&self.id).ok()?, world.runs.get(&self.id)?);
            Some((format!("/{}", container.name), run.running, run.usage, run.reports))
        })?;
        let before = self.before.take();
        let preread = before.as_ref().map_or(json!("0001-01-01T00:00:00Z"), |(sample, ..)| sample["read"].clone());
        let precpu = before.map_or_else(no_cpu, |(_, usage, _)| cpu(usage));
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
        self.before = Some((sample.clone(), usage, reports));
        Some((sample, self))
    }
}

fn cpu(usage: Usage) -> Value {
    let mut cpu = no_cpu();
    cpu["cpu_usage"]["total_usage"] = json!(usage.cpu);
    cpu["cpu_usage"]["usage_in_usermode"] = json!(usage.cpu);
    cpu["cpu_usage"]["percpu_usage"] = json!([usage.cpu]);
    // As if one processor had done nothing else.
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
