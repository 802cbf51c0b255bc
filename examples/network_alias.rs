//! Connects two containers by a network, in which one has an alias: `cargo run --example network_alias`.

use dockerclient::{DockerClient, Result};

/// Returns the page that a client reads from `http://web/`.
pub async fn request(docker: &DockerClient, network: &str) -> Result<String> {
    let network = docker.networks().create(network).await?;
    let script = "echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp";
    let server = docker.containers().create("busybox").cmd(["sh", "-c", script]);
    let server = server.network(network.id()).alias("web").await?;
    server.start().await?;

    let script = "until wget -q -O - http://web/; do sleep 0.1; done";
    let client = docker.containers().create("busybox").cmd(["sh", "-c", script]).network(network.id()).await?;
    client.start().await?;
    client.wait().await?;
    let page = client.logs().stderr(false).await?.capture().await?;

    for container in [client, server] {
        container.remove().force(true).await?;
    }
    network.remove().await?;
    Ok(page.stdout_text().into_owned())
}

#[tokio::main]
async fn main() -> Result<()> {
    print!("{}", request(&DockerClient::from_env()?, "example-network").await?);
    Ok(())
}
