//! Soak test: many concurrent tasks use an engine that is repeatedly stopped or killed, and started again. Memory and file
//! descriptors must not grow, and no container may be left.
//!
//! `cargo xtask soak [minutes]` sets the environment.

#![cfg(unix)] // needs an engine at a Unix socket
#![allow(clippy::unwrap_used)] // a panic fails the test

use std::{
    env, fs, io,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use dockerclient::{DockerClient, Error, Result, Upload, models::ContainerConfig, session::Session};
use fastrand::Rng;
use futures_util::{Stream, TryStreamExt as _, stream};
use tokio::{io::AsyncWriteExt as _, runtime::Handle, sync::Semaphore, task::JoinSet};

/// The number of concurrent tasks that call the engine.
const TASKS: u64 = 64;

/// The maximum number of concurrent tasks that create containers, which the engine is slow at.
const MAX_CREATORS: usize = 6;

/// The duration of one round, after which descriptors and tasks are counted.
const ROUND: Duration = Duration::from_secs(12);

/// The allowed growth of memory between rounds, in bytes: allocators may keep freed memory.
const SLACK: usize = 8 << 20;

/// The state that all tasks share.
struct Soak {
    docker: DockerClient,
    /// The prefix of the names of all containers, by which they are found even if their creation returned an error.
    prefix: String,
    creators: Semaphore,
    created: AtomicUsize,
    calls: AtomicUsize,
}

fn docker() -> DockerClient {
    let version = env::var("DOCKERCLIENT_TEST_API").unwrap().parse().unwrap();
    DockerClient::builder().address(env::var("DOCKERCLIENT_TEST_ENGINE").unwrap()).api_version(version).build().unwrap()
}

/// Stops, kills or starts the engine.
async fn engine(command: &'static str) {
    let xtask = env::var("DOCKERCLIENT_TEST_XTASK").expect("the xtask that started the engine");
    let run = move || Command::new(xtask).args(["engine", command]).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "engine {command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask soak"]
async fn memory_and_descriptors_do_not_grow() {
    let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let seed = number("DOCKERCLIENT_TEST_SEED", fastrand::u64(..1_000_000));
    let end = Instant::now() + Duration::from_secs(number("DOCKERCLIENT_TEST_SECONDS", 36));
    println!("seed {seed}");
    let prefix = format!("soak-{seed}");
    let before = descriptors_and_tasks();
    let mut memory = Vec::new();
    for round in 0.. {
        let soak = Arc::new(Soak {
            docker: docker(),
            prefix: prefix.clone(),
            creators: Semaphore::new(MAX_CREATORS),
            created: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        });
        run_round(&soak, seed.wrapping_add(round), if round % 2 == 0 { "kill" } else { "stop" }).await;
        let left = soak.docker.containers().list().all(true).await.unwrap();
        let left: Vec<_> = left.iter().flat_map(|one| &one.names).filter(|name| name.contains(&prefix)).collect();
        assert!(left.is_empty(), "containers were left: {left:?}");
        let (calls, created) = (soak.calls.load(Ordering::Relaxed), soak.created.load(Ordering::Relaxed));
        drop(soak);
        // Dropping the client closes the connection pool, and with it all descriptors and tasks.
        let rest = Instant::now() + Duration::from_secs(60);
        while descriptors_and_tasks() != before {
            assert!(
                Instant::now() < rest,
                "{before:?} descriptors and tasks before, now {:?}",
                descriptors_and_tasks()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        memory.push(resident());
        println!(
            "round {round}: {calls} calls, {created} containers, {} KiB of memory at rest",
            memory[memory.len() - 1] >> 10
        );
        if Instant::now() > end && memory.len() > 2 {
            break;
        }
    }
    // The first round fills caches.
    let (early, late) = memory[1..].split_at(memory.len() / 2);
    let (early, late) = (early.iter().max().unwrap(), late.iter().min().unwrap_or(&0));
    assert!(*late < early + SLACK, "memory grows: {memory:?}");
}

/// Runs all tasks for one round, in the middle of which the engine is killed or stopped by `outage`, and started again.
async fn run_round(soak: &Arc<Soak>, seed: u64, outage: &'static str) {
    let end = Instant::now() + ROUND;
    let web = soak.web();
    web.start().await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let soak = soak.clone();
        let mut random = Rng::with_seed(seed.wrapping_mul(TASKS).wrapping_add(task));
        tasks.spawn(async move {
            while Instant::now() < end {
                soak.calls.fetch_add(1, Ordering::Relaxed);
                if let Err(error) = soak.random_call(&mut random).await {
                    let is_expected = !error.is_decode() && !error.is_bad_request() && !error.is_unsupported();
                    assert!(is_expected, "{error}: {error:?}");
                    // Usually, the engine is not running.
                    tokio::time::sleep(Duration::from_millis(random.u64(..200))).await;
                }
            }
        });
    }
    tokio::time::sleep(ROUND / 3).await;
    engine(outage).await;
    engine("start").await;
    web.start().await;
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    soak.remove(&web.name).await;
}

/// A container that runs all the time, and writes output.
struct Web<'a> {
    soak: &'a Soak,
    name: String,
}

impl Web<'_> {
    /// Creates the container if it does not exist, and starts it.
    async fn start(&self) {
        let script = "cat & while :; do echo a line and a line; sleep 0.05; done";
        // stdin stays open for the next session.
        let cmd = ["sh", "-c", script].map(Into::into).into();
        let config = ContainerConfig { cmd, open_stdin: true, ..Default::default() };
        let create = self.soak.docker.containers().create("busybox").config(config).name(&self.name).await;
        assert!(create.as_ref().map_or_else(Error::is_conflict, |_| true), "{create:?}");
        self.soak.docker.container(&self.name).start().await.unwrap();
    }
}

impl Soak {
    fn web(&self) -> Web<'_> {
        Web { soak: self, name: format!("{}-web", self.prefix) }
    }

    /// Makes a random call, most of which are cancelled before their end.
    async fn random_call(&self, random: &mut Rng) -> Result<()> {
        let docker = &self.docker;
        let web = docker.container(format!("{}-web", self.prefix));
        let limit = Duration::from_millis(random.u64(..3000));
        let items = random.usize(..20);
        match random.u8(..12) {
            0 => docker.info().await.map(drop),
            1 => docker.containers().list().all(true).await.map(drop),
            2 => web.inspect().await.map(drop),
            3 => match docker.container("soak-missing").inspect().await {
                Err(error) if error.is_not_found() => Ok(()),
                outcome => outcome.map(|_| panic!("the container exists")),
            },
            4 => within(limit, async { read_items(web.logs().follow(true).await?, items).await }).await,
            5 => within(limit, async { read_items(web.stats().await?, items % 3).await }).await,
            6 => within(limit, async { read_items(docker.events().await?, items).await }).await,
            7 => within(limit, async { read_items(web.export().await?, items).await }).await,
            8 => within(limit, async { read_items(docker.image("busybox").save().await?, items).await }).await,
            9 => within(limit, attach(docker, web.id(), items)).await,
            10 => within(limit, upload(docker, items)).await,
            _ => self.container_lifecycle(random, limit).await,
        }
    }

    /// Creates, uses and removes a container. Its use may be cancelled by `limit`.
    async fn container_lifecycle(&self, random: &mut Rng, limit: Duration) -> Result<()> {
        let Ok(_permit) = self.creators.try_acquire() else { return self.docker.ping().await.map(drop) };
        let name = format!("{}-{}", self.prefix, random.u64(..));
        let create = self.docker.containers().create("busybox").cmd(["sh", "-c", "echo out; sleep 1"]).name(&name);
        let outcome = match create.await {
            Ok(created) => {
                self.created.fetch_add(1, Ordering::Relaxed);
                within(limit, async {
                    created.start().await?;
                    created.command("echo").arg("hello").output().await?;
                    created.wait().await.map(drop)
                })
                .await
            }
            Err(error) => Err(error),
        };
        self.remove(&name).await;
        outcome
    }

    /// Removes a container, with retries until it is removed.
    async fn remove(&self, name: &str) {
        loop {
            match self.docker.container(name).remove().force(true).volumes(true).await {
                Ok(()) => break,
                Err(error) if error.is_not_found() => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Drops `work` if it takes longer than `limit`.
async fn within(limit: Duration, work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::time::timeout(limit, work).await.unwrap_or(Ok(()))
}

/// Reads up to `items` items of a stream, and drops it.
async fn read_items<T>(mut stream: impl Stream<Item = Result<T>> + Unpin, items: usize) -> Result<()> {
    for _ in 0..items {
        if stream.try_next().await?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Attaches to a container, writes to its stdin, reads some output, and closes the session.
async fn attach(docker: &DockerClient, id: &str, items: usize) -> Result<()> {
    let session = docker.container(id).attach().stdin(true).await?;
    let Session { mut input, output, .. } = session;
    // If the engine is down, reading the output also fails.
    let _ = input.write_all(b"a line of input\n").await;
    read_items(output, items).await
}

/// Uploads endless data that is not an archive, until the engine rejects it.
async fn upload(docker: &DockerClient, items: usize) -> Result<()> {
    let chunks = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[0; 4096])));
    let mut left = items;
    let chunks = chunks.and_then(move |chunk| {
        left = left.saturating_sub(1);
        async move {
            if left == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(chunk)
        }
    });
    docker.images().load(Upload::from_stream(chunks)).await.map(drop)
}

/// The numbers of open file descriptors and live tasks.
fn descriptors_and_tasks() -> (usize, usize) {
    (fs::read_dir("/proc/self/fd").unwrap().count(), Handle::current().metrics().num_alive_tasks())
}

/// The resident memory of this process, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}
