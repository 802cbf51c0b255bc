//! Builds an image from a directory and shows the progress:
//! `cargo run --features tar,progress --example build -- directory name`.

use std::{env, error::Error};

use dockerclient::{
    DockerClient,
    images::{Context, Screen},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".into());
    let docker = DockerClient::from_env()?;

    let mut build = docker.images().build(Context::directory(directory)).force_rm(true);
    if let Some(name) = arguments.next() {
        build = build.tag(name);
    }
    let image = build.progress().await?.show(Screen::stderr()).await?;
    println!("{}", image.name());
    Ok(())
}
