//! Uses a container again that an earlier run has created, found by its label: `cargo run --example reuse`.

use dockerclient::{DockerClient, Result, containers::Container};

/// Returns the running container with the label `reuse=key`; creates it if there is none.
pub async fn reuse(docker: &DockerClient, key: &str) -> Result<Container> {
    let found = docker.containers().list().all(true).label(format!("reuse={key}")).await?;
    let container = match found.first() {
        Some(found) => found.handle(docker),
        None => {
            let create = docker.containers().create("busybox").label("reuse", key);
            create.cmd(["sh", "-c", "trap exit TERM; while true; do sleep 1; done"]).await?.container
        }
    };
    // Not an error if it is running.
    container.start().await?;
    Ok(container)
}

#[tokio::main]
async fn main() -> Result<()> {
    let container = reuse(&DockerClient::from_env()?, "example").await?;
    println!("{:.12}; remove it with `docker rm -f`", container.id());
    Ok(())
}
