//! `cargo xtask engine`: a private engine for development and tests.
//!
//! Everything it has lies in a directory of its own: data, sockets, pid files. It
//! shares nothing with the machine's own Docker but the kernel, stops exactly what
//! it started, and mends what a crash left behind.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{root, shell};

mod bridge;
mod certificates;
pub(crate) mod http;
mod image;
mod process;
mod registry;
mod sshd;

use self::{bridge::Bridge, process::Recorded, registry::Registry, sshd::Sshd};

/// What has to be installed, as Debian packages.
const PACKAGES: &str = "docker.io docker-registry busybox-static iproute2 openssh-client openssh-server procps";

/// The longest directory whose sockets still have names the kernel takes (108 bytes).
const LONGEST_DIRECTORY: usize = 75;

/// How long an engine may take to come up, or to go down.
const PATIENCE: Duration = Duration::from_secs(60);

/// The private engine of this checkout.
#[derive(Debug)]
pub(crate) struct Engine {
    directory: PathBuf,
    bridge: Bridge,
}

impl Engine {
    pub(crate) fn new() -> Self {
        let mut hasher = DefaultHasher::new();
        root().hash(&mut hasher);
        let tag = format!("{:08x}", hasher.finish() as u32);
        let own = root().join("target/engine");
        let fits = own.as_os_str().len() <= LONGEST_DIRECTORY;
        let directory = if fits { own } else { std::env::temp_dir().join(format!("dockerclient-{tag}")) };
        Self { directory, bridge: Bridge::new(format!("dkc{tag}")) }
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
        can_run()?;
        self.down()?;
        let _ = fs::remove_dir_all(&self.directory);
        self.registries().iter().try_for_each(Registry::up)?;
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
        if !self.bridge.is_up()? {
            self.bridge.up()?;
        }
        // An engine that was killed leaves these behind, and takes even the remains of a process for itself running.
        for left in ["docker.pid", "exec/containerd/containerd.pid"] {
            process::forget(&self.directory.join(left), &self.directory)?;
        }
        let key = self.directory.join("key.json");
        let config = serde_json::json!({
            "deprecated-key-path": key,
            "default-address-pools": [{ "base": "172.30.0.0/16", "size": 24 }],
        });
        fs::write(self.directory.join("daemon.json"), config.to_string())?;
        let log = fs::File::create(self.log())?;
        Recorded::spawn(
            &self.record(),
            shell::command("dockerd")
                .arg("--data-root")
                .arg(self.directory.join("data"))
                .arg("--exec-root")
                .arg(self.directory.join("exec"))
                .arg("--pidfile")
                .arg(self.directory.join("docker.pid"))
                .arg("--config-file")
                .arg(self.directory.join("daemon.json"))
                .args(["--host", &self.address(), "--bridge", self.bridge.name()])
                .args(["--host", &self.tls_address()?, "--tlsverify"])
                .arg("--tlscacert")
                .arg(self.certificates().join("ca.pem"))
                .arg("--tlscert")
                .arg(self.certificates().join("server-cert.pem"))
                .arg("--tlskey")
                .arg(self.certificates().join("server-key.pem"))
                .args(["--containerd-namespace", self.bridge.name()])
                .args(["--containerd-plugins-namespace", &format!("{}-plugins", self.bridge.name())])
                .args(["--iptables=false", "--ip6tables=false"])
                .stdout(log.try_clone()?)
                .stderr(log),
        )?;
        wait_until(|| self.is_up()).with_context(|| format!("dockerd did not come up; see {}", self.log().display()))
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
        self.bridge.down()
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
pub(crate) fn run(what: &str) -> Result<()> {
    let engine = Engine::new();
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

/// Fails unless this machine can run a private engine, and says what is missing.
pub(crate) fn can_run() -> Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "a private engine needs root: it mounts and makes networks");
    for program in ["dockerd", "docker-registry", "busybox", "ip", "ps", "sshd", "ssh-keygen", "tar"] {
        ensure!(shell::exists(program), "{program} is not installed; on Debian: apt-get install {PACKAGES}");
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
