//! Copies a file into a container before it is started: `cargo run --features tar --example copy_in -- /etc/hostname`.

use std::{env, error::Error, path::Path};

use dockerclient::{DockerClient, Result};

/// Returns what a container reads from a copy of `file`.
pub async fn read_copy(docker: &DockerClient, name: &str, file: &Path) -> Result<String> {
    let program = ["sh", "-c", "cat /tmp/*"];
    let container = docker.containers().create("busybox").name(name).cmd(program).await?;
    container.copy_in_from(file, "/tmp").await?;
    container.start().await?;
    container.wait().await?;
    let output = container.logs().await?.capture().await?;
    container.remove().await?;
    Ok(output.stdout_text().into_owned())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("expected a file")?;
    print!("{}", read_copy(&DockerClient::from_env()?, "example-copy", Path::new(&file)).await?);
    Ok(())
}
