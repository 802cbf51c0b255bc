//! Removes the container of a test even if the test panics: `cargo run --example remove_on_panic`.

use std::{io, thread};

use dockerclient::{DockerClient, Result, containers::Container};
use tokio::runtime::Builder;

/// A container that is removed when it is dropped.
#[derive(Debug)]
pub struct TestContainer(pub Container);

impl Drop for TestContainer {
    fn drop(&mut self) {
        let remove = self.0.remove().force(true).volumes(true);
        // A separate runtime: the runtime of the test is blocked here, or shutting down.
        let removal = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(remove.send()).map_err(io::Error::from)
        });
        if let Ok(Err(error)) = removal.join() {
            eprintln!("{error}");
        }
    }
}

pub async fn failing_test(docker: &DockerClient, name: &str) -> Result<()> {
    let created = docker.containers().create("busybox").name(name).cmd(["sleep", "1000"]).await?;
    let container = TestContainer(created.container);
    container.0.start().await?;
    panic!("the container {} is removed", container.0.id());
}

#[tokio::main]
async fn main() -> Result<()> {
    failing_test(&DockerClient::from_env()?, "example-test").await
}
