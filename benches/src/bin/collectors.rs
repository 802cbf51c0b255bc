//! `collectors <ours|bollard> <socket> <label>`: collects the logs of all containers with a label, from the last line on, and
//! prints the cost so far as JSON whenever a line is written to its stdin.
//!
//! The loop of bollard is that of a log shipper: it listens to events, and reads the log of each container that runs or starts.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead as _, stdin},
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use anyhow::{Context as _, Result, bail};
use bollard::{
    Docker,
    container::LogOutput,
    query_parameters::{
        EventsOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder, LogsOptionsBuilder,
    },
};
use dockerclient::{DockerClient, monitor::CombinedLogUpdate};
use futures_util::{StreamExt as _, TryStreamExt as _};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;

/// Number of lines that a shipper keeps until they are processed.
const QUEUE: usize = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [client, socket, label] = &arguments[..] else { bail!("usage: collectors <ours|bollard> <socket> <label>") };
    let lines = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&lines);
    thread::spawn(move || report(&read));
    match &**client {
        "ours" => ours(socket, label, &lines).await,
        "bollard" => shipper(socket, label, &lines).await,
        other => bail!("no client {other:?}"),
    }
}

/// Prints the CPU time of this process in seconds, the number of its sockets, and that of the lines.
fn report(lines: &AtomicU64) {
    for _ in stdin().lock().lines() {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let sockets = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten().filter(|file| {
            fs::read_link(file.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
        });
        println!(
            r#"{{"cpu": {}.{:09}, "sockets": {}, "lines": {}}}"#,
            time.tv_sec,
            time.tv_nsec,
            sockets.count(),
            lines.load(Ordering::Relaxed)
        );
    }
    std::process::exit(0);
}

async fn ours(socket: &str, label: &str, lines: &AtomicU64) -> Result<()> {
    let mut logs = DockerClient::connect(socket)?.containers().monitor_logs().label(label).tail(1);
    while let Some(update) = logs.next().await {
        match update {
            CombinedLogUpdate::Line { line, .. } => {
                line.time.context("a line without its time")?;
                lines.fetch_add(1, Ordering::Relaxed);
            }
            CombinedLogUpdate::Failed { error, .. } | CombinedLogUpdate::Disconnected { error, .. } => {
                return Err(error.into());
            }
            _ => {}
        }
    }
    bail!("the monitor has ended")
}

async fn shipper(socket: &str, label: &str, lines: &AtomicU64) -> Result<()> {
    let docker = Docker::connect_with_unix(socket, 120, bollard::API_DEFAULT_VERSION)?.negotiate_version().await?;
    let labels = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
    let mut filters = labels.clone();
    filters.insert("event".to_owned(), ["start", "unpause", "die", "pause"].map(str::to_owned).to_vec());
    filters.insert("type".to_owned(), vec!["container".to_owned()]);
    let mut events = docker.events(Some(EventsOptionsBuilder::default().filters(&filters).build()));
    let (sender, mut received) = mpsc::channel(QUEUE);
    for container in
        docker.list_containers(Some(ListContainersOptionsBuilder::default().filters(&labels).build())).await?
    {
        tokio::spawn(follow(docker.clone(), container.id.context("a container without an ID")?, sender.clone()));
    }
    loop {
        tokio::select! {
            event = events.next() => {
                let event = event.context("the events have ended")??;
                if matches!(event.action.as_deref(), Some("start" | "unpause")) {
                    let id = event.actor.and_then(|actor| actor.id).context("an event without an ID")?;
                    tokio::spawn(follow(docker.clone(), id, sender.clone()));
                }
            }
            Some(line) = received.recv() => {
                if !line.is_empty() {
                    lines.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

async fn follow(docker: Docker, id: String, lines: mpsc::Sender<bytes::Bytes>) -> Result<()> {
    docker.inspect_container(&id, None::<InspectContainerOptions>).await?;
    let options = LogsOptionsBuilder::default().follow(true).tail("1").stdout(true).stderr(true).timestamps(true).build();
    let mut log = docker.logs(&id, Some(options));
    while let Some(frame) = log.try_next().await? {
        let (LogOutput::StdOut { message } | LogOutput::StdErr { message }) = frame else { continue };
        let time = message.iter().position(|byte| *byte == b' ').context("a line without its time")?;
        lines.send(message.slice(time + 1..)).await?;
    }
    Ok(())
}
