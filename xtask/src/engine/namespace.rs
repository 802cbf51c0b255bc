//! An isolated network namespace, for an engine that changes the firewall or creates network interfaces.

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
        let loopback = shell::run(shell::command("ip").args(["-netns", &self.name, "link", "set", "lo", "up"]));
        if loopback.is_err() {
            self.down()?;
        }
        loopback
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
