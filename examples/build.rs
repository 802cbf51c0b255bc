//! Builds the image of a directory and shows how far it is:
//! `cargo run --features tar,progress --example build -- directory name`.

use std::{env, error::Error};

use dockerclient::{
    DockerClient,
    images::{BuildOptions, Context, Screen},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".into());
    let mut options = BuildOptions::default().force_remove();
    if let Some(name) = arguments.next() {
        options = options.name(name);
    }
    let docker = DockerClient::from_env()?;
    let progress = docker.images().build_progress(Context::directory(directory), &options).await?;
    let id = progress.show(Screen::stderr()).await?;
    println!("{id}");
    Ok(())
}
