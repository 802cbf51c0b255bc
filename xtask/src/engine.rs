//! `cargo xtask engine`: a private engine for development and tests.
//!
//! Everything it has lies in a directory of its own: data, sockets, pid files. It
//! shares nothing with the machine's own Docker but the kernel, stops exactly what
//! it started, and mends what a crash left behind.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{root, shell};

mod bridge;
mod certificates;
mod dockerd;
pub(crate) mod http;
mod image;
mod kind;
mod namespace;
mod podman;
mod process;
mod registry;
mod sshd;
mod trixie;

pub(crate) use self::kind::Kind;
use self::{bridge::Bridge, namespace::Namespace, process::Recorded, registry::Registry, sshd::Sshd};

/// The longest directory whose sockets still have names the kernel takes (108 bytes).
const LONGEST_DIRECTORY: usize = 75;

/// How long an engine may take to come up, or to go down.
const PATIENCE: Duration = Duration::from_secs(60);

/// A private engine of this checkout.
#[derive(Debug)]
pub(crate) struct Engine {
    kind: Kind,
    directory: PathBuf,
    /// The same for no other engine of this machine.
    name: String,
}

impl Engine {
    pub(crate) fn new(kind: Kind) -> Self {
        let mut hasher = DefaultHasher::new();
        root().hash(&mut hasher);
        let name = format!("{}{:08x}", kind.prefix(), hasher.finish() as u32);
        let own = root().join("target").join(kind.folder());
        let fits = own.as_os_str().len() <= LONGEST_DIRECTORY;
        let directory = if fits { own } else { std::env::temp_dir().join(format!("dockerclient-{name}")) };
        Self { kind, directory, name }
    }

    /// A command that runs `program` where the engine's network is.
    pub(crate) fn command(&self, program: &str) -> Command {
        match self.kind {
            Kind::Docker | Kind::Trixie => shell::command(program),
            Kind::Podman => self.namespace().command(program),
        }
    }

    /// Where it listens, as `DOCKER_HOST` wants it.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// What it calls itself.
    pub(crate) fn version(&self) -> Result<String> {
        let answer = http::get(&self.socket(), "/version")?;
        let body = answer.split_once("\r\n\r\n").context("no body")?.1;
        let version: serde_json::Value = serde_json::from_str(body)?;
        Ok(version["Version"].as_str().unwrap_or("of no version").to_owned())
    }

    /// Whether it answers.
    pub(crate) fn is_up(&self) -> bool {
        http::get(&self.socket(), "/_ping").is_ok_and(|answer| answer.ends_with("OK"))
    }

    /// Starts it with nothing but the test image, unless it runs.
    pub(crate) fn up(&self) -> Result<()> {
        if self.is_up() {
            return Ok(());
        }
        self.kind.prepare()?;
        self.down()?;
        let _ = fs::remove_dir_all(&self.directory);
        self.network_up()?;
        self.registries().iter().try_for_each(|registry| registry.up(self.command("docker-registry")))?;
        Sshd::new(&self.directory).up()?;
        certificates::write(&self.certificates())?;
        fs::write(self.tls_address_file(), free_address()?)?;
        self.start()?;
        image::import(&self.socket(), &self.directory)
    }

    /// Starts it with what it had before.
    pub(crate) fn start(&self) -> Result<()> {
        if self.is_up() {
            return Ok(());
        }
        fs::create_dir_all(&self.directory).with_context(|| self.directory.display().to_string())?;
        self.network_up()?;
        // An engine that was killed leaves these behind, and takes even the remains of a process for itself running.
        for left in ["docker.pid", "exec/containerd/containerd.pid"] {
            process::forget(&self.directory.join(left), &self.directory)?;
        }
        Recorded::spawn(&self.record(), &self.log(), &mut self.daemon()?)?;
        wait_until(|| self.is_up()).with_context(|| format!("it did not come up; see {}", self.log().display()))
    }

    /// The command that runs it.
    fn daemon(&self) -> Result<Command> {
        let (own, address) = (&self.directory, self.address());
        if self.kind == Kind::Podman {
            podman::configure(own, &self.registries())?;
            let mut command = self.command("unshare");
            podman::serve(&mut command, own, &address);
            return Ok(command);
        }
        let inside = self.kind == Kind::Trixie;
        let mut command = if inside { trixie::command("dockerd", own) } else { shell::command("dockerd") };
        dockerd::configure(own)?;
        dockerd::serve(&mut command, own, &self.bridge(), &address, &self.tls_address()?);
        Ok(command)
    }

    /// Stops it, and leaves what it has for another start.
    pub(crate) fn stop(&self) -> Result<()> {
        Recorded::read(&self.record()).map_or(Ok(()), |daemon| daemon.stop(PATIENCE))
    }

    /// Kills it, and leaves everything as it is.
    pub(crate) fn kill(&self) -> Result<()> {
        Recorded::read(&self.record()).map_or(Ok(()), |daemon| daemon.kill())
    }

    /// Stops it, and removes what a crash may have left: processes, mounts, the bridge.
    pub(crate) fn down(&self) -> Result<()> {
        self.stop()?;
        self.registries().iter().try_for_each(|registry| registry.down(PATIENCE))?;
        Sshd::new(&self.directory).down(PATIENCE)?;
        process::kill_all_under(&self.directory)?;
        unmount_all_under(&self.directory)?;
        match self.kind {
            Kind::Docker | Kind::Trixie => self.bridge().down(),
            Kind::Podman => self.namespace().down(),
        }
    }

    fn network_up(&self) -> Result<()> {
        match self.kind {
            Kind::Docker | Kind::Trixie if self.bridge().is_up()? => Ok(()),
            Kind::Docker | Kind::Trixie => self.bridge().up(),
            Kind::Podman if self.namespace().is_up() => Ok(()),
            Kind::Podman => self.namespace().up(),
        }
    }

    fn bridge(&self) -> Bridge {
        Bridge::new(self.name.clone())
    }

    fn namespace(&self) -> Namespace {
        Namespace::new(self.name.clone())
    }

    /// The folder with programs to run instead of the system's: an `ssh` that knows the engine's server.
    pub(crate) fn programs(&self) -> PathBuf {
        Sshd::new(&self.directory).programs()
    }

    /// What tests need to know, as variables of the environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let [open, closed] = self.registries().map(|registry| registry.address().unwrap_or_default());
        vec![
            ("DOCKERCLIENT_TEST_ENGINE", self.address()),
            ("DOCKERCLIENT_TEST_REGISTRY", open),
            ("DOCKERCLIENT_TEST_REGISTRY_WITH_ACCOUNT", closed),
            ("DOCKERCLIENT_TEST_TLS", self.tls_address().unwrap_or_default()),
            ("DOCKERCLIENT_TEST_CERTIFICATES", self.certificates().display().to_string()),
        ]
    }

    fn registries(&self) -> [Registry; 2] {
        [("registry", false), ("registry-with-account", true)]
            .map(|(name, wants_account)| Registry::new(&self.directory, name, wants_account))
    }

    /// Where it listens with TLS, if it was started.
    fn tls_address(&self) -> Result<String> {
        Ok(format!("tcp://{}", fs::read_to_string(self.tls_address_file())?))
    }

    fn tls_address_file(&self) -> PathBuf {
        self.certificates().join("address")
    }

    fn certificates(&self) -> PathBuf {
        self.directory.join("tls")
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("docker.sock")
    }

    fn record(&self) -> PathBuf {
        self.directory.join("dockerd.json")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("dockerd.log")
    }
}

/// Runs one of the subtasks.
pub(crate) fn run(what: &str, kind: Kind) -> Result<()> {
    let engine = Engine::new(kind);
    match what {
        "up" => engine.up()?,
        "down" => engine.down()?,
        "stop" => return engine.stop(),
        "kill" => return engine.kill(),
        "start" => return engine.start(),
        "status" => {}
        _ => bail!("an engine goes up or down, or has a status"),
    }
    let state = if engine.is_up() { "up" } else { "down" };
    println!("the private engine is {state}: DOCKER_HOST={}", engine.address());
    if engine.is_up() {
        engine.environment().iter().for_each(|(name, value)| println!("{name}={value}"));
    }
    Ok(())
}

/// A port of the loopback interface at which nobody listens now.
fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

fn unmount_all_under(directory: &Path) -> Result<()> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut own: Vec<&str> = points.filter(|point| Path::new(point).starts_with(directory)).collect();
    // The deepest first.
    own.sort_unstable_by(|a, b| b.cmp(a));
    own.into_iter().try_for_each(|point| shell::run(shell::command("umount").args(["-l", point])))
}

fn wait_until(mut done: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !done() {
        ensure!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
