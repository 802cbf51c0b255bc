//! The benchmarks, by name.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;

use crate::{
    client::{Client, baseline::Baseline},
    measure::{Allocations, Cost, Start},
};

/// Number of concurrent calls.
const IN_FLIGHT: u64 = 64;

/// Number of samples per concurrent stream.
const SAMPLES: u64 = 10;

/// Interval between two samples, in milliseconds.
const INTERVAL: u64 = 200;

/// Size of the header of a frame, in bytes.
const HEADER: u64 = 8;

/// Runs the benchmark of the arguments `<item> <client> <count> <socket>`, and prints its cost as JSON.
pub fn main(allocations: Allocations) -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [item, name, count, socket] = &arguments[..] else { bail!("usage: <item> <client> <count> <socket>") };
    let count = count.parse()?;
    // A single thread, so that waking other threads is not measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A spawned task, as in a typical program: waking the future of `block_on` takes system calls.
    let (item, socket) = (item.clone(), PathBuf::from(socket));
    let _runtime = runtime.enter();
    let task = match name.as_str() {
        "ours" => tokio::spawn(work::<dockerclient::DockerClient>(item, count, socket, allocations)),
        #[cfg(feature = "bollard")]
        "bollard" => tokio::spawn(work::<bollard::Docker>(item, count, socket, allocations)),
        "baseline" => tokio::spawn(work::<Baseline>(item, count, socket, allocations)),
        _ => bail!("unknown client {name:?}"),
    };
    let cost = runtime.block_on(task)??;
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

async fn work<C: Client>(item: String, count: u64, socket: PathBuf, allocations: Allocations) -> Result<Cost> {
    let mut client = C::connect(&socket).await?;
    // Before the measurement: negotiates the version, connects, and makes the server prepare its responses.
    client.version().await?;
    if let Some(limit) = item.strip_prefix("list-") {
        client.list(limit.parse()?).await?;
    }
    let start = Start::now(allocations)?;
    let completed = match item.split_once('-') {
        None => sequential(&mut client, &item, count).await?,
        Some(("list", limit)) => {
            let limit = limit.parse()?;
            for _ in 0..count {
                ensure!(client.list(limit).await? == limit as usize, "the list is incomplete");
            }
            count
        }
        Some(("logs", size)) => {
            let size = size.parse()?;
            let (container, frames) = output(size, count)?;
            without_headers(client.logs(&container).await?, size, frames)
        }
        Some(("batches", size)) => {
            let size = size.parse()?;
            let (container, frames) = output(size, count)?;
            without_headers(client.batches(&container).await?, size, frames)
        }
        Some(("version", "64")) => in_flight(&client, count).await?,
        Some(("stats", "streams")) => streams(&client, count).await?,
        Some(_) => bail!("unknown benchmark {item:?}"),
    };
    ensure!(completed == count, "{completed} of {count} completed");
    start.cost()
}

/// Sequential calls, or one stream.
async fn sequential<C: Client>(client: &mut C, item: &str, count: u64) -> Result<u64> {
    match item {
        "events" => return client.events(count).await,
        "stats" => return client.stats(&format!("stats-{count}-0")).await,
        "pull" => return client.pull(&format!("count-{count}")).await,
        _ => {}
    }
    for _ in 0..count {
        let length = match item {
            "ping" => client.ping().await.map(|()| 1)?,
            "version" => client.version().await?,
            "inspect" => client.inspect().await?,
            "create" => client.create().await?,
            _ => bail!("unknown benchmark {item:?}"),
        };
        ensure!(length > 0, "the decoded value is empty");
    }
    Ok(count)
}

/// The container with `count` bytes of output, in frames of `size`, and the number of frames.
fn output(size: u64, count: u64) -> Result<(String, u64)> {
    let frames = count.checked_div(size).context("the frame size is 0")?;
    Ok((format!("logs-{size}-{frames}"), frames))
}

/// The number of bytes of output. The baseline does not separate headers from output.
fn without_headers(received: u64, size: u64, frames: u64) -> u64 {
    if received == frames * (size + HEADER) { frames * size } else { received }
}

/// `count` calls, [`IN_FLIGHT`] of them concurrent.
async fn in_flight<C: Client>(client: &C, count: u64) -> Result<u64> {
    let mut tasks = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let mut client = client.another().await?;
        tasks.spawn(async move {
            for _ in 0..count / IN_FLIGHT {
                client.version().await?;
            }
            Ok::<_, anyhow::Error>(count / IN_FLIGHT)
        });
    }
    sum(tasks).await
}

/// `count` concurrent streams, each with [`SAMPLES`] samples.
async fn streams<C: Client>(client: &C, count: u64) -> Result<u64> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let mut client = client.another().await?;
        tasks.spawn(async move {
            let samples = client.stats(&format!("stats-{SAMPLES}-{INTERVAL}")).await?;
            ensure!(samples == SAMPLES, "received {samples} samples");
            Ok(1)
        });
    }
    sum(tasks).await
}

async fn sum(mut tasks: JoinSet<Result<u64>>) -> Result<u64> {
    let mut sum = 0;
    while let Some(done) = tasks.join_next().await {
        sum += done??;
    }
    Ok(sum)
}
