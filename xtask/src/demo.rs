//! `cargo xtask demo`: the quickstart, on whatever engine there is.

use std::{env, path::Path};

use anyhow::{Result, ensure};

use crate::{
    engine::{Engine, http},
    root, shell,
};

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

pub(crate) fn run() -> Result<()> {
    if env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return quickstart(None);
    }
    match http::get(Path::new(DEFAULT_SOCKET), "/images/busybox/json") {
        Ok(_) => return quickstart(Some(format!("unix://{DEFAULT_SOCKET}"))),
        Err(error) => println!("{DEFAULT_SOCKET} has no busybox to run ({error}); starting a private engine"),
    }
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
