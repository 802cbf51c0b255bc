//! `cargo xtask demo`: runs the quickstart example on a local engine, a private engine, or the fake engine.

use std::{env, path::Path};

use anyhow::{Result, ensure};

use crate::{
    engine::{Engine, Kind, http},
    fake_engine::FakeEngine,
    root, shell,
};

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

pub(crate) fn run() -> Result<()> {
    if env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return quickstart(None);
    }
    let socket = Path::new(DEFAULT_SOCKET);
    let can_run = Kind::Docker.can_run();
    if http::get(socket, "/images/busybox/json").is_ok() || (can_run.is_err() && http::get(socket, "/_ping").is_ok()) {
        return quickstart(Some(format!("unix://{DEFAULT_SOCKET}")));
    }
    if let Err(missing) = can_run {
        println!("NO DOCKER ENGINE FOUND: running on the fake engine (a private engine cannot be started: {missing})");
        return on_fake_engine();
    }
    println!("no engine with busybox at {DEFAULT_SOCKET}; starting a private one");
    let engine = Engine::new(Kind::Docker);
    let was_up = engine.is_up();
    engine.up()?;
    let outcome = quickstart(Some(engine.address()));
    if !was_up {
        engine.down()?;
    }
    outcome
}

fn on_fake_engine() -> Result<()> {
    let engine = FakeEngine::serve(&[])?;
    let outcome = quickstart(Some(engine.address.clone()));
    engine.stop().and(outcome)
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
