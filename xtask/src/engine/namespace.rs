//! A network of an engine's own that nothing leads into: for one that writes to the firewall.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::shell;

/// A network namespace, which lasts until it is removed.
#[derive(Debug)]
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    pub(super) fn new(name: String) -> Self {
        Self { name }
    }

    /// A command that runs `program` in it.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = shell::command("nsenter");
        command.arg(format!("--net={}", self.file().display())).arg("--").arg(program);
        command
    }

    pub(super) fn up(&self) -> Result<()> {
        shell::run(shell::command("ip").args(["netns", "add", &self.name]))?;
        shell::run(shell::command("ip").args(["-netns", &self.name, "link", "set", "lo", "up"]))
    }

    pub(super) fn is_up(&self) -> bool {
        self.file().exists()
    }

    /// Removes it, with all that is in it.
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
