//! `cargo xtask engine`: a private engine for development and tests.
//!
//! All its data, sockets and pid files are in one directory. It is independent of the machine's Docker, stops only the
//! processes that it started, and cleans up after a crash.

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
mod debian;
mod dockerd;
pub(crate) mod http;
mod image;
mod kind;
mod leftovers;
mod mirror;
mod namespace;
mod nodes;
mod podman;
mod process;
mod registry;
mod sshd;

use self::{bridge::Bridge, namespace::Namespace, process::Recorded, registry::Registry, sshd::Sshd};
pub(crate) use self::{kind::Kind, nodes::Nodes};

/// Maximum length of the directory's path: the kernel limits the path of a socket to 108 bytes.
const MAX_DIRECTORY_LENGTH: usize = 75;

/// Time limit for starting and stopping an engine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A private engine of this checkout.
#[derive(Debug)]
pub(crate) struct Engine {
    kind: Kind,
    /// Its number, if it is one of several [`Nodes`] of a swarm.
    node: Option<usize>,
    directory: PathBuf,
    /// Name that is unique to this engine on this machine, derived from the path of the checkout.
    name: String,
}

impl Engine {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::at(kind, None, root().join("target").join(kind.folder()), unique_name(kind.prefix()))
    }

    /// One of several [`Nodes`] of a swarm. It has no registries and no SSH server, and does not listen with TLS.
    fn node(number: usize) -> Self {
        let kind = Kind::SwarmNodes;
        let own = root().join("target").join(kind.folder()).join(number.to_string());
        Self::at(kind, Some(number), own, unique_name(&format!("{}{number}", kind.prefix())))
    }

    fn at(kind: Kind, node: Option<usize>, own: PathBuf, name: String) -> Self {
        let fits = own.as_os_str().len() <= MAX_DIRECTORY_LENGTH;
        let directory = if fits { own } else { std::env::temp_dir().join(format!("dockerclient-{name}")) };
        Self { kind, node, directory, name }
    }

    /// A command that runs `program` in the engine's network.
    pub(crate) fn command(&self, program: &str) -> Command {
        if self.kind.is_isolated() { self.namespace().command(program) } else { shell::command(program) }
    }

    /// The address of its socket, as a value of `DOCKER_HOST`.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The version that the engine reports.
    pub(crate) fn version(&self) -> Result<String> {
        let response = http::get(&self.socket(), "/version")?;
        let body = response.split_once("\r\n\r\n").context("no body")?.1;
        let version: serde_json::Value = serde_json::from_str(body)?;
        Ok(version["Version"].as_str().unwrap_or("unknown version").to_owned())
    }

    /// Fails if containers, untagged images, networks or volumes remain.
    pub(crate) fn check_is_empty(&self) -> Result<()> {
        let left = leftovers::list(&self.socket())?;
        ensure!(left.is_empty(), "tests have left objects on the engine:\n{}", left.join("\n"));
        Ok(())
    }

    /// Returns whether it responds to a ping.
    pub(crate) fn is_up(&self) -> bool {
        http::get(&self.socket(), "/_ping").is_ok_and(|response| response.ends_with("OK"))
    }

    /// Starts it with empty data and the test image, unless it runs.
    pub(crate) fn up(&self) -> Result<()> {
        if self.is_up() {
            return Ok(());
        }
        self.kind.prepare()?;
        self.down()?;
        let _ = fs::remove_dir_all(&self.directory);
        self.network_up()?;
        if self.node.is_none() {
            self.registries().iter().try_for_each(|registry| registry.up(self.command("docker-registry")))?;
            Sshd::new(&self.directory).up()?;
            certificates::write(&self.certificates())?;
            fs::write(self.tls_address_file(), free_address()?)?;
        }
        self.start()?;
        image::import(&self.socket(), &self.directory)
    }

    /// Starts it with its existing data, unless it runs.
    pub(crate) fn start(&self) -> Result<()> {
        if self.is_up() {
            return Ok(());
        }
        fs::create_dir_all(&self.directory).with_context(|| self.directory.display().to_string())?;
        self.network_up()?;
        // An engine that was killed leaves these files, and does not start if a process with the recorded pid exists.
        for left in ["docker.pid", "exec/containerd/containerd.pid"] {
            process::remove_pid_file(&self.directory.join(left), &self.directory)?;
        }
        Recorded::spawn(&self.record(), &self.log(), &mut self.daemon()?)?;
        wait_until(|| self.is_up()).with_context(|| format!("the engine did not start; see {}", self.log().display()))
    }

    /// The command that runs the engine.
    fn daemon(&self) -> Result<Command> {
        let (own, address) = (&self.directory, self.address());
        let is_podman = self.kind.is_podman();
        // Podman also runs in a separate mount namespace.
        let mut command = match (self.kind.root(), is_podman) {
            (Some(root), _) => {
                let mut command = self.command("unshare");
                root.enter(&mut command, own, if is_podman { "sh" } else { "dockerd" });
                command
            }
            (None, true) => {
                let mut command = self.command("unshare");
                command.args(["--mount", "sh"]);
                command
            }
            (None, false) => self.command("dockerd"),
        };
        if is_podman {
            podman::configure(own, &self.registries())?;
            podman::serve(&mut command, own, &address);
            return Ok(command);
        }
        // In its own network namespace, the engine can create its usual bridge.
        let bridge = if self.kind.is_isolated() { "docker0" } else { &self.name };
        dockerd::configure(own, self.kind == Kind::Containerd)?;
        dockerd::serve(&mut command, own, &self.name, bridge, &address);
        if self.node.is_none() {
            dockerd::serve_tls(&mut command, &self.certificates(), &self.tls_address()?);
        }
        Ok(command)
    }

    /// Stops it, and keeps its data for another start.
    pub(crate) fn stop(&self) -> Result<()> {
        Recorded::read(&self.record()).map_or(Ok(()), |daemon| daemon.stop(TIMEOUT))
    }

    /// Kills it, without cleaning up.
    pub(crate) fn kill(&self) -> Result<()> {
        Recorded::read(&self.record()).map_or(Ok(()), |daemon| daemon.kill())
    }

    /// Stops it, and removes its network and everything that a crash may have left: processes, mounts.
    pub(crate) fn down(&self) -> Result<()> {
        self.stop()?;
        self.registries().iter().try_for_each(|registry| registry.down(TIMEOUT))?;
        Sshd::new(&self.directory).down(TIMEOUT)?;
        process::kill_all_under(&self.directory)?;
        unmount_all_under(&self.directory)?;
        if self.kind.is_isolated() { self.namespace().down() } else { self.bridge().down() }
    }

    /// Runs a subtask for tests: `stop`, `kill` or `start`.
    fn control(&self, action: &str) -> Result<()> {
        match action {
            "stop" => self.stop(),
            "kill" => self.kill(),
            "start" => self.start(),
            _ => bail!("unknown action {action:?}; use up, down or status"),
        }
    }

    fn network_up(&self) -> Result<()> {
        if self.kind.is_isolated() {
            let namespace = self.namespace();
            if namespace.is_up() {
                return Ok(());
            }
            namespace.up()?;
            self.node.map_or(Ok(()), |number| nodes::connect(&namespace, number))
        } else if self.bridge().is_up()? {
            Ok(())
        } else {
            self.bridge().up()
        }
    }

    fn bridge(&self) -> Bridge {
        Bridge::new(self.name.clone())
    }

    fn namespace(&self) -> Namespace {
        Namespace::new(self.name.clone())
    }

    /// The directory with programs that replace the system's: an `ssh` that is configured for the engine's server.
    pub(crate) fn programs(&self) -> PathBuf {
        Sshd::new(&self.directory).programs()
    }

    /// Environment variables for the tests.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let [open, with_login] = self.registries().map(|registry| registry.address().unwrap_or_default());
        vec![
            ("DOCKERCLIENT_TEST_ENGINE", self.address()),
            ("DOCKERCLIENT_TEST_KIND", self.kind.name().to_owned()),
            ("DOCKERCLIENT_TEST_REGISTRY", open),
            ("DOCKERCLIENT_TEST_REGISTRY_WITH_ACCOUNT", with_login),
            ("DOCKERCLIENT_TEST_TLS", self.tls_address().unwrap_or_default()),
            ("DOCKERCLIENT_TEST_CERTIFICATES", self.certificates().display().to_string()),
        ]
    }

    fn registries(&self) -> [Registry; 2] {
        [("registry", false), ("registry-with-account", true)]
            .map(|(name, requires_login)| Registry::new(&self.directory, name, requires_login))
    }

    /// The address at which it listens with TLS. Fails if it was never started.
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

/// Runs a subtask: `up`, `down`, `status`, or, for tests, `stop`, `kill` or `start`.
pub(crate) fn run(action: &str, kind: Kind) -> Result<()> {
    if kind == Kind::SwarmNodes {
        return nodes::run(action);
    }
    let engine = Engine::new(kind);
    match action {
        "up" => engine.up()?,
        "down" => engine.down()?,
        "status" => {}
        _ => return engine.control(action),
    }
    let state = if engine.is_up() { "up" } else { "down" };
    println!("the private engine is {state}: DOCKER_HOST={}", engine.address());
    if engine.is_up() {
        engine.environment().iter().for_each(|(name, value)| println!("{name}={value}"));
    }
    Ok(())
}

/// Runs a subtask for tests on one of several engines: `stop`, `kill` or `start`.
pub(crate) fn run_on_node(action: &str, kind: Kind, number: usize) -> Result<()> {
    ensure!(kind == Kind::SwarmNodes, "{kind} is a single engine");
    nodes::node(number)?.control(action)
}

/// The first argument, and a suffix that is unique to this checkout.
fn unique_name(prefix: &str) -> String {
    let mut hasher = DefaultHasher::new();
    root().hash(&mut hasher);
    format!("{prefix}{:08x}", hasher.finish() as u32)
}

/// The address of a free port on the loopback interface.
fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Unmounts what is mounted under `directory`. Ignores mounts that disappear in the meantime.
fn unmount_all_under(directory: &Path) -> Result<()> {
    let own = mounted_under(directory)?;
    for point in &own {
        let unmounted = shell::run(shell::command("umount").args(["-l", point]));
        if unmounted.is_err() && mounted_under(directory)?.contains(point) {
            return unmounted;
        }
    }
    Ok(())
}

fn mounted_under(directory: &Path) -> Result<Vec<String>> {
    Ok(mount_points(&fs::read_to_string("/proc/mounts")?, directory))
}

/// The mount points under `directory`, the last mounted first: a mount can hide earlier ones, even deeper ones.
fn mount_points(mounts: &str, directory: &Path) -> Vec<String> {
    let points = mounts.lines().rev().filter_map(|line| line.split(' ').nth(1));
    points.filter(|point| Path::new(point).starts_with(directory)).map(Into::into).collect()
}

fn wait_until(mut done: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !done() {
        ensure!(began.elapsed() < TIMEOUT, "not within {TIMEOUT:?}");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_begin_with_the_last_mounted() {
        let mounts = "/dev/vda / ext4 rw 0 0\n\
            overlay /engine/data/overlay2/1/merged overlay rw 0 0\n\
            /dev/vda /engine/data ext4 rw 0 0\n\
            /dev/vda /engine-2/data ext4 rw 0 0\n";
        let points = mount_points(mounts, Path::new("/engine"));
        assert_eq!(points, ["/engine/data", "/engine/data/overlay2/1/merged"]);
    }
}
