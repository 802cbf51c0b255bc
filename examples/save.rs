//! Saves an image to a file, and loads it again: `cargo run --example save -- busybox busybox.tar`.

use std::{env, error::Error};

use dockerclient::{DockerClient, Upload};
use tokio::{fs::File, io};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [image, path] = &arguments[..] else { return Err("expected an image and a file".into()) };
    let docker = DockerClient::from_env()?;

    let mut archive = docker.image(image).save().await?.into_reader();
    let length = io::copy(&mut archive, &mut File::create(path).await?).await?;
    println!("saved {length} bytes");

    for image in docker.images().load(Upload::from_file(path).await?).await? {
        println!("loaded {}", image.name());
    }
    Ok(())
}
