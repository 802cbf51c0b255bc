//! The network bridge of a private engine. Without a separate bridge, the engine would delete the machine's `docker0`.

use anyhow::{Context, Result};

use crate::shell;

/// A bridge with an unused network of 172.31.0.0/16.
#[derive(Debug)]
pub(super) struct Bridge {
    name: String,
}

impl Bridge {
    pub(super) fn new(name: String) -> Self {
        Self { name }
    }

    pub(super) fn up(&self) -> Result<()> {
        let taken = shell::output(shell::command("ip").args(["-4", "-oneline", "address"]))?;
        let routes = shell::output(shell::command("ip").args(["-4", "route"]))?;
        let free = (1..255).map(|third| format!("172.31.{third}."));
        let network = free.into_iter().find(|prefix| !taken.contains(prefix) && !routes.contains(prefix));
        let address = format!("{}1/24", network.context("no network of 172.31.0.0/16 is free")?);
        shell::run(shell::command("ip").args(["link", "add", &self.name, "type", "bridge"]))?;
        shell::run(shell::command("ip").args(["address", "add", &address, "dev", &self.name]))?;
        shell::run(shell::command("ip").args(["link", "set", &self.name, "up"]))
    }

    pub(super) fn is_up(&self) -> Result<bool> {
        let links = shell::output(shell::command("ip").args(["-oneline", "link"]))?;
        Ok(links.contains(&format!(" {}:", self.name)))
    }

    pub(super) fn down(&self) -> Result<()> {
        if self.is_up()? {
            shell::run(shell::command("ip").args(["link", "delete", &self.name]))?;
        }
        Ok(())
    }
}
