//! Copies files out of a container: `cargo run --features tar --example copy -- container /etc/hostname directory`.

use std::{env, error::Error};

use dockerclient::DockerClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [container, path, directory] = &arguments[..] else {
        return Err("expected a container, a path in it, and a local directory".into());
    };
    let container = DockerClient::from_env()?.container(container);

    let mut entries = container.copy_out(path).await?.entries();
    while let Some(entry) = entries.try_next().await? {
        println!("{} ({} bytes)", entry.path().display(), entry.size());
    }

    container.copy_out_to(path, directory).await?;
    Ok(())
}
