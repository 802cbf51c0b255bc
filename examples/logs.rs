//! Follows what a container writes, line by line: `cargo run --example logs -- web`.
//!
//! Begins with its last ten lines. Ends with the container, or with Ctrl-C.

use std::{env, error::Error};

use dockerclient::{DockerClient, Source, containers::LogsOptions};
use futures_util::TryStreamExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).ok_or("name a container")?;
    let container = DockerClient::from_env()?.container(name);

    let options = LogsOptions::default().follow().tail(10);
    let mut lines = container.logs(&options).await?.lines();
    while let Some(line) = lines.try_next().await? {
        match line.source {
            Source::Stderr => eprintln!("{}", line.text()),
            _ => println!("{}", line.text()),
        }
    }
    Ok(())
}
