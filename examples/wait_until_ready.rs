//! Starts a web server, waits until it is ready, and requests a page: `cargo run --example wait_until_ready`.

use std::{error::Error, time::Duration};

use dockerclient::{DockerClient, Result, containers::Container, models::Healthcheck};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const LIMIT: Duration = Duration::from_secs(30);

/// Waits for a line of the server's log, for its health check, and for its port.
pub async fn start(docker: &DockerClient, name: &str) -> Result<Container> {
    let script = "mkdir /www; echo hello > /www/index.html; echo starting; exec httpd -f -p 80 -h /www";
    let check = Healthcheck::shell("wget -q -O - http://127.0.0.1/").with_interval(Duration::from_millis(200));
    let create = docker.containers().create("busybox").name(name).cmd(["sh", "-c", script]).publish(0, 80);
    let server = create.healthcheck(check.with_retries(100)).await?.container;
    server.start().await?;
    server.wait_until_logged("starting").time_limit(LIMIT).await?;
    server.wait_until_healthy().time_limit(LIMIT).await?;
    server.wait_until_listening(80).time_limit(LIMIT).await?;
    Ok(server)
}

/// Requests the page from the port of the host that the engine chose.
pub async fn get(server: &Container) -> std::result::Result<String, Box<dyn Error>> {
    let port = server.port(80).await?.first().ok_or("port 80 is not published")?.port();
    let mut connection = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    Ok(response)
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let server = start(&DockerClient::from_env()?, "example-server").await?;
    println!("{}", get(&server).await?);
    Ok(server.remove().force(true).await?)
}
