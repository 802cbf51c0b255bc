//! The pieces of work, by name.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;

use crate::{
    client::{Client, floor::Floor},
    measure::{Allocations, Cost, Start},
};

/// How many calls are in flight at once.
const IN_FLIGHT: u64 = 64;

/// How many samples each of many streams sends, and how many milliseconds lie between two.
const SAMPLES: u64 = 10;
const PAUSE: u64 = 200;

/// The bytes before the output of each frame.
const HEADER: u64 = 8;

/// `<item> <who> <count> <socket>`: does the work, and prints what it cost as JSON.
pub fn main(allocations: Allocations) -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [item, who, count, socket] = &arguments[..] else { bail!("usage: <item> <who> <count> <socket>") };
    let count = count.parse()?;
    // One thread, so that times are not those of threads that wake each other.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A task as those of a program are: to wake what `block_on` runs takes system calls.
    let (item, socket) = (item.clone(), PathBuf::from(socket));
    let _runtime = runtime.enter();
    let task = match who.as_str() {
        "ours" => tokio::spawn(work::<dockerclient::DockerClient>(item, count, socket, allocations)),
        "bollard" => tokio::spawn(work::<bollard::Docker>(item, count, socket, allocations)),
        "floor" => tokio::spawn(work::<Floor>(item, count, socket, allocations)),
        _ => bail!("nobody is called {who:?}"),
    };
    let cost = runtime.block_on(task)??;
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

async fn work<C: Client>(item: String, count: u64, socket: PathBuf, allocations: Allocations) -> Result<Cost> {
    let mut client = C::connect(&socket).await?;
    // The version is negotiated, connections are open, and the engine has made its answers.
    client.version().await?;
    if let Some(limit) = item.strip_prefix("list-") {
        client.list(limit.parse()?).await?;
    }
    let start = Start::now(allocations)?;
    let done = match item.split_once('-') {
        None => alone(&mut client, &item, count).await?,
        Some(("list", limit)) => {
            let limit = limit.parse()?;
            for _ in 0..count {
                ensure!(client.list(limit).await? == limit as usize, "containers are missing");
            }
            count
        }
        Some(("logs", size)) => logs(&mut client, size.parse()?, count).await?,
        Some(("version", "64")) => in_flight(&client, count).await?,
        Some(("stats", "streams")) => streams(&client, count).await?,
        Some(_) => bail!("there is no such work as {item:?}"),
    };
    ensure!(done == count, "{done} of {count} are done");
    start.cost()
}

/// One thing after the other, or one stream.
async fn alone<C: Client>(client: &mut C, item: &str, count: u64) -> Result<u64> {
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
            _ => bail!("there is no such work as {item:?}"),
        };
        ensure!(length > 0, "nothing is told");
    }
    Ok(count)
}

/// `count` bytes of output, in frames of `size`.
async fn logs<C: Client>(client: &mut C, size: u64, count: u64) -> Result<u64> {
    let frames = count.checked_div(size).context("frames of nothing")?;
    let came = client.logs(&format!("logs-{size}-{frames}")).await?;
    // The floor does not tell headers from output.
    Ok(if came == frames * (size + HEADER) { frames * size } else { came })
}

/// `count` calls, many at once.
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

/// `count` streams at once, each of some samples that come one by one.
async fn streams<C: Client>(client: &C, count: u64) -> Result<u64> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let mut client = client.another().await?;
        tasks.spawn(async move {
            let samples = client.stats(&format!("stats-{SAMPLES}-{PAUSE}")).await?;
            ensure!(samples == SAMPLES, "{samples} samples came");
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
