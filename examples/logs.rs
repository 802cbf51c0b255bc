//! Follows the output of a container, line by line: `cargo run --example logs -- web`.
//!
//! Begins with its last ten lines. Exits with the container, or with Ctrl-C.

use std::{env, error::Error};

use dockerclient::{DockerClient, Source};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).ok_or("expected a container")?;
    let container = DockerClient::from_env()?.container(name);

    let mut lines = container.logs().follow(true).tail(10).await?.lines();
    while let Some(line) = lines.try_next().await? {
        match line.source {
            Source::Stderr => eprintln!("{}", line.text()),
            _ => println!("{}", line.text()),
        }
    }
    Ok(())
}
