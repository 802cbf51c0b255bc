//! A separate network namespace, for an engine that changes the firewall or creates network interfaces.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::shell;

/// A network namespace, which exists until it is removed.
#[derive(Debug)]
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    pub(super) fn new(name: String) -> Self {
        Self { name }
    }

    /// A command that runs `program` in the namespace.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = shell::command("nsenter");
        let program = shell::path_of(program).unwrap_or_else(|| program.into());
        command.arg(format!("--net={}", self.file().display())).arg("--").arg(program);
        command
    }

    pub(super) fn up(&self) -> Result<()> {
        shell::run(shell::command("ip").args(["netns", "add", &self.name]))?;
        let loopback = self.ip(&["link", "set", "lo", "up"]);
        if loopback.is_err() {
            self.down()?;
        }
        loopback
    }

    /// Connects the namespace to the bridge of another one, as `eth0` with an address.
    pub(super) fn connect(&self, to: &Self, bridge: &str, port: &str, address: &str) -> Result<()> {
        to.ip(&["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", &self.name])?;
        to.ip(&["link", "set", port, "master", bridge, "up"])?;
        self.ip(&["address", "add", address, "dev", "eth0"])?;
        self.ip(&["link", "set", "eth0", "up"])
    }

    /// Runs `ip` in the namespace.
    pub(super) fn ip(&self, arguments: &[&str]) -> Result<()> {
        shell::run(shell::command("ip").args(["-netns", &self.name]).args(arguments))
    }

    pub(super) fn is_up(&self) -> bool {
        self.file().exists()
    }

    /// Removes the namespace and its interfaces.
    pub(super) fn down(&self) -> Result<()> {
        if self.is_up() {
            shell::run(shell::command("ip").args(["netns", "delete", &self.name]))?;
        }
        Ok(())
    }

    fn file(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }
}
