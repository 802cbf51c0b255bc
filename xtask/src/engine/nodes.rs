//! Several engines that are connected by a network, to be the nodes of a swarm.
//!
//! Each engine runs in its own network namespace, and the bridge that connects them is in another one, so that everything is
//! removed with the namespaces.

use std::{fs, thread};

use anyhow::{Result, bail, ensure};

use super::{Engine, Kind, namespace::Namespace, unique_name};

/// The number of engines.
const COUNT: usize = 3;

/// The bridge in the namespace that connects the others.
const BRIDGE: &str = "br0";

/// The engines, which have the addresses 198.18.0.1, 198.18.0.2 and so on, in a range that is reserved for tests of networks.
#[derive(Debug)]
pub(crate) struct Nodes {
    engines: Vec<Engine>,
}

impl Nodes {
    pub(crate) fn new() -> Self {
        Self { engines: (1..=COUNT).map(Engine::node).collect() }
    }

    /// Returns whether all engines run.
    pub(crate) fn is_up(&self) -> bool {
        self.engines.iter().all(Engine::is_up)
    }

    /// Starts all engines with empty data and the test image, unless all of them run.
    pub(crate) fn up(&self) -> Result<()> {
        if self.is_up() {
            return Ok(());
        }
        Kind::SwarmNodes.prepare()?;
        self.down()?;
        let network = network();
        network.up()?;
        network.ip(&["link", "add", BRIDGE, "up", "type", "bridge"])?;
        self.engines.iter().try_for_each(Engine::up)
    }

    /// Stops all engines, and removes their data and network, and everything that a crash may have left.
    pub(crate) fn down(&self) -> Result<()> {
        // At the same time: managers that stop one after the other wait for those that have stopped.
        let stopped: Result<()> = thread::scope(|scope| {
            let threads: Vec<_> = self.engines.iter().map(|engine| scope.spawn(|| engine.down())).collect();
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a thread panicked")))
        });
        stopped?;
        for engine in &self.engines {
            let _ = fs::remove_dir_all(engine.directory.join("data"));
        }
        network().down()
    }

    /// The version that the first engine reports.
    pub(crate) fn version(&self) -> Result<String> {
        node(1)?.version()
    }

    /// Environment variables for the tests.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let addresses: Vec<String> = self.engines.iter().map(Engine::address).collect();
        vec![
            ("DOCKERCLIENT_TEST_NODES", addresses.join(" ")),
            ("DOCKERCLIENT_TEST_KIND", Kind::SwarmNodes.name().to_owned()),
        ]
    }
}

/// One of the engines, by its number, from 1.
pub(super) fn node(number: usize) -> Result<Engine> {
    ensure!((1..=COUNT).contains(&number), "there is no node {number}; use 1 to {COUNT}");
    Ok(Engine::node(number))
}

/// Connects the namespace of a node with the others.
pub(super) fn connect(namespace: &Namespace, number: usize) -> Result<()> {
    namespace.connect(&network(), BRIDGE, &format!("node{number}"), &format!("198.18.0.{number}/24"))
}

/// The namespace that connects the others.
fn network() -> Namespace {
    Namespace::new(unique_name(Kind::SwarmNodes.prefix()))
}

/// Runs a subtask: `up`, `down` or `status`.
pub(super) fn run(action: &str) -> Result<()> {
    let nodes = Nodes::new();
    match action {
        "up" => nodes.up()?,
        "down" => nodes.down()?,
        "status" => {}
        _ => bail!("unknown action {action:?}; use up, down or status, or stop, kill or start with --node"),
    }
    for engine in &nodes.engines {
        let state = if engine.is_up() { "up" } else { "down" };
        println!("the node is {state}: DOCKER_HOST={}", engine.address());
    }
    nodes.environment().iter().for_each(|(name, value)| println!("{name}=\"{value}\""));
    Ok(())
}
