//! Pulls an image and shows the progress: `cargo run --features progress --example pull -- busybox`.

use std::{env, error::Error};

use dockerclient::{DockerClient, images::Screen};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).unwrap_or_else(|| "busybox".into());
    let docker = DockerClient::from_env()?;
    let progress = docker.image(name).pull().progress().await?;
    let pulled = progress.show(Screen::stderr()).await?;
    println!("{}", pulled.digest.as_deref().unwrap_or(pulled.image.name()));
    Ok(())
}
