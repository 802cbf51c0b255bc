//! `cargo xtask demo`: the quickstart, on whatever engine there is.

use std::{env, os::unix::net::UnixStream};

use anyhow::{Result, ensure};

use crate::{engine::Engine, root, shell};

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

pub(crate) fn run() -> Result<()> {
    if env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return quickstart(None);
    }
    if UnixStream::connect(DEFAULT_SOCKET).is_ok() {
        return quickstart(Some(format!("unix://{DEFAULT_SOCKET}")));
    }
    println!("no engine listens at {DEFAULT_SOCKET}; starting a private one");
    let engine = Engine::new();
    let was_up = engine.is_up();
    engine.up()?;
    let outcome = quickstart(Some(engine.address()));
    if !was_up {
        engine.down()?;
    }
    outcome
}

fn quickstart(host: Option<String>) -> Result<()> {
    let mut command = shell::command("cargo");
    command.current_dir(root()).args(["run", "--quiet", "--example", "quickstart"]);
    if let Some(host) = host {
        command.env("DOCKER_HOST", host);
    }
    ensure!(command.status()?.success(), "the quickstart failed");
    Ok(())
}
