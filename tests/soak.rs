//! Many tasks at once, and an engine that is stopped, killed and started again under them, for as long as is wanted:
//! nothing grows, and nothing is left behind.
//!
//! `cargo xtask soak [minutes]` sets the environment.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

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
use dockerclient::{
    DockerClient, Error, Result, Upload,
    containers::{AttachOptions, CreateOptions, ListOptions, LogsOptions, RemoveOptions},
    exec::ExecOptions,
    models::ContainerConfig,
    session::Session,
    system::EventsOptions,
};
use fastrand::Rng;
use futures_util::{Stream, TryStreamExt as _, stream};
use tokio::{io::AsyncWriteExt as _, runtime::Handle, sync::Semaphore, task::JoinSet};

/// How many tasks call the engine at once.
const TASKS: u64 = 64;

/// How many of them make containers; the engine is slow at that.
const MAKERS: usize = 6;

/// How long one round lasts before all come to rest and are counted.
const ROUND: Duration = Duration::from_secs(12);

/// How much the memory at rest may differ from one round to a later one: allocators keep what they like.
const SLACK: usize = 8 << 20;

/// What all tasks share.
struct Soak {
    docker: DockerClient,
    /// Begins the names of all containers, which are therefore known whatever a call is told.
    prefix: String,
    makers: Semaphore,
    made: AtomicUsize,
    calls: AtomicUsize,
}

fn docker() -> DockerClient {
    let version = env::var("DOCKERCLIENT_TEST_API").unwrap().parse().unwrap();
    DockerClient::builder().address(env::var("DOCKERCLIENT_TEST_ENGINE").unwrap()).api_version(version).build().unwrap()
}

/// Stops, kills or starts the engine.
async fn engine(what: &'static str) {
    let xtask = env::var("DOCKERCLIENT_TEST_XTASK").expect("the xtask that started the engine");
    let run = move || Command::new(xtask).args(["engine", what]).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "engine {what}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask soak"]
async fn nothing_grows_however_long_it_is_used() {
    let number = |name: &str, otherwise: u64| env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let seed = number("DOCKERCLIENT_TEST_SEED", fastrand::u64(..1_000_000));
    let end = Instant::now() + Duration::from_secs(number("DOCKERCLIENT_TEST_SECONDS", 36));
    println!("seed {seed}");
    let prefix = format!("soak-{seed}");
    let before = at_rest();
    let mut memory = Vec::new();
    for round in 0.. {
        let soak = Arc::new(Soak {
            docker: docker(),
            prefix: prefix.clone(),
            makers: Semaphore::new(MAKERS),
            made: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        });
        play(&soak, seed.wrapping_add(round), if round % 2 == 0 { "kill" } else { "stop" }).await;
        let left = soak.docker.containers().list(&ListOptions::default().all()).await.unwrap();
        let left: Vec<_> = left.iter().flat_map(|one| &one.names).filter(|name| name.contains(&prefix)).collect();
        assert!(left.is_empty(), "containers were left: {left:?}");
        let (calls, made) = (soak.calls.load(Ordering::Relaxed), soak.made.load(Ordering::Relaxed));
        drop(soak);
        // The pool goes with its client, and with it everything.
        let rest = Instant::now() + Duration::from_secs(60);
        while at_rest() != before {
            assert!(Instant::now() < rest, "{before:?} descriptors and tasks before, now {:?}", at_rest());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        memory.push(resident());
        println!(
            "round {round}: {calls} calls, {made} containers, {} KiB of memory at rest",
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

/// One round: all tasks, with the engine `gone` in the middle.
async fn play(soak: &Arc<Soak>, seed: u64, gone: &'static str) {
    let end = Instant::now() + ROUND;
    let web = soak.web();
    web.begin().await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let soak = soak.clone();
        let mut random = Rng::with_seed(seed.wrapping_mul(TASKS).wrapping_add(task));
        tasks.spawn(async move {
            while Instant::now() < end {
                soak.calls.fetch_add(1, Ordering::Relaxed);
                if let Err(error) = soak.something(&mut random).await {
                    let is_right = !error.is_decode() && !error.is_bad_request() && !error.is_unsupported();
                    assert!(is_right, "{error}: {error:?}");
                    // The engine is away, mostly.
                    tokio::time::sleep(Duration::from_millis(random.u64(..200))).await;
                }
            }
        });
    }
    tokio::time::sleep(ROUND / 3).await;
    engine(gone).await;
    engine("start").await;
    web.begin().await;
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    soak.remove(&web.name).await;
}

/// A container that is there all the time, and writes.
struct Web<'a> {
    soak: &'a Soak,
    name: String,
}

impl Web<'_> {
    /// Makes it, if it is not there, and starts it.
    async fn begin(&self) {
        let script = "cat & while :; do echo a line and a line; sleep 0.05; done";
        let config = ContainerConfig {
            image: "busybox".into(),
            cmd: ["sh", "-c", script].map(Into::into).into(),
            open_stdin: true,
            ..ContainerConfig::default()
        };
        let create = self.soak.docker.containers().create(&CreateOptions::new(config).name(&self.name)).await;
        assert!(create.as_ref().map_or_else(Error::is_conflict, |_| true), "{create:?}");
        self.soak.docker.container(&self.name).start().await.unwrap();
    }
}

impl Soak {
    fn web(&self) -> Web<'_> {
        Web { soak: self, name: format!("{}-web", self.prefix) }
    }

    /// Does something, and mostly not to its end.
    async fn something(&self, random: &mut Rng) -> Result<()> {
        let docker = &self.docker;
        let web = docker.container(format!("{}-web", self.prefix));
        let patience = Duration::from_millis(random.u64(..3000));
        let items = random.usize(..20);
        match random.u8(..12) {
            0 => docker.info().await.map(drop),
            1 => docker.containers().list(&ListOptions::default().all()).await.map(drop),
            2 => web.inspect().await.map(drop),
            3 => match docker.container("soak-nobody").inspect().await {
                Err(error) if error.is_not_found() => Ok(()),
                outcome => outcome.map(|_| panic!("nobody is somebody")),
            },
            4 => within(patience, async { some(web.logs(&LogsOptions::default().follow()).await?, items).await }).await,
            5 => within(patience, async { some(web.stats().await?, items % 3).await }).await,
            6 => within(patience, async { some(docker.events(&EventsOptions::default()).await?, items).await }).await,
            7 => within(patience, async { some(web.export().await?, items).await }).await,
            8 => within(patience, async { some(docker.image("busybox").save().await?, items).await }).await,
            9 => within(patience, converse(docker, web.id(), items)).await,
            10 => within(patience, upload(docker, items)).await,
            _ => self.life(random, patience).await,
        }
    }

    /// The life of a container, which may be left alone in the middle, and which is removed.
    async fn life(&self, random: &mut Rng, patience: Duration) -> Result<()> {
        let Ok(_permit) = self.makers.try_acquire() else { return self.docker.ping().await.map(drop) };
        let name = format!("{}-{}", self.prefix, random.u64(..));
        let config = ContainerConfig {
            image: "busybox".into(),
            cmd: ["sh", "-c", "echo out; sleep 1"].map(Into::into).into(),
            ..ContainerConfig::default()
        };
        let create = self.docker.containers().create(&CreateOptions::new(config).name(&name)).await;
        let outcome = match create {
            Ok(created) => {
                self.made.fetch_add(1, Ordering::Relaxed);
                within(patience, async {
                    created.container.start().await?;
                    created.container.exec(&ExecOptions::new(["echo", "hello"])).await?;
                    created.container.wait().await.map(drop)
                })
                .await
            }
            Err(error) => Err(error),
        };
        self.remove(&name).await;
        outcome
    }

    /// Removes a container, however often that takes.
    async fn remove(&self, name: &str) {
        loop {
            match self.docker.container(name).remove(&RemoveOptions::default().force().volumes()).await {
                Ok(()) => break,
                Err(error) if error.is_not_found() => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Drops `work` if it takes longer than `patience`.
async fn within(patience: Duration, work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::time::timeout(patience, work).await.unwrap_or(Ok(()))
}

/// Takes up to so many `items` of a stream, and drops it.
async fn some<T>(mut stream: impl Stream<Item = Result<T>> + Unpin, items: usize) -> Result<()> {
    for _ in 0..items {
        if stream.try_next().await?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Says something to a container, hears something, and goes.
async fn converse(docker: &DockerClient, id: &str, items: usize) -> Result<()> {
    let session = docker.container(id).attach(&AttachOptions::default().stdin()).await?;
    let Session { mut input, output, .. } = session;
    // Whether the engine still listens is told by the output.
    let _ = input.write_all(b"said and heard\n").await;
    some(output, items).await
}

/// Uploads what is no archive, and does not end unless the engine ends it.
async fn upload(docker: &DockerClient, items: usize) -> Result<()> {
    let pieces = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[0; 4096])));
    let mut left = items;
    let pieces = pieces.and_then(move |piece| {
        left = left.saturating_sub(1);
        async move {
            if left == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(piece)
        }
    });
    docker.images().load(Upload::from_stream(pieces)).await.map(drop)
}

/// How many descriptors and tasks there are.
fn at_rest() -> (usize, usize) {
    (fs::read_dir("/proc/self/fd").unwrap().count(), Handle::current().metrics().num_alive_tasks())
}

/// How much memory this process has, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}
