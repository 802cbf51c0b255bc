//! Pulls an image and shows how far it is: `cargo run --features progress --example pull -- busybox`.

use std::{env, error::Error};

use dockerclient::{
    DockerClient,
    images::{PullOptions, Screen},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).unwrap_or_else(|| "busybox".into());
    let docker = DockerClient::from_env()?;
    let progress = docker.image(name).pull_progress(&PullOptions::default()).await?;
    let pulled = progress.show(Screen::stderr()).await?;
    println!("{}", pulled.digest.unwrap_or_else(|| pulled.image.name().to_owned()));
    Ok(())
}
