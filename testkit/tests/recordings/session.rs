//! Calls that use the life of a container: they are recorded, and replayed.

use dockerclient::{DockerClient, Result};
use tokio::io::AsyncWriteExt as _;

/// Runs a container with this name, and returns the results of all calls that do not depend on the engine.
pub(crate) async fn run(docker: &DockerClient, name: &str) -> Result<Vec<String>> {
    let mut seen = vec![format!("version is empty: {}", docker.version().await?.version.is_empty())];
    let script = "echo ready; echo warning >&2; sleep 1000";
    let create = docker.containers().create("busybox").name(name).cmd(["sh", "-c", script]);
    let container = docker.container(create.await?.id());
    container.start().await?;

    let mut logs = container.logs().follow(true).await?.lines();
    let mut lines = Vec::new();
    while lines.len() < 2
        && let Some(line) = logs.try_next().await?
    {
        lines.push(format!("{:?}: {}", line.source, line.text()));
    }
    drop(logs);
    // The two streams of a container are not ordered.
    lines.sort();
    seen.extend(lines);

    let mut cat = container.command("cat").stdin(true).spawn().await?;
    if let (Some(mut stdin), Some(output)) = (cat.stdin.take(), cat.output.take()) {
        let mut output = output.lines();
        for word in ["one", "two"] {
            stdin.write_all(format!("{word}\n").as_bytes()).await.expect("the command reads its input");
            if let Some(line) = output.try_next().await? {
                seen.push(format!("{:?}: {}", line.source, line.text()));
            }
        }
        stdin.shutdown().await.expect("the command reads its input");
        seen.push(format!("more output: {}", output.try_next().await?.is_some()));
    }
    seen.push(format!("success: {}", cat.wait().await?.success()));

    let inspected = docker.container(name).inspect().await?;
    seen.push(format!("{} is running: {}", inspected.name, inspected.state.running));
    container.kill().await?;
    seen.push(format!("exit code: {:?}", container.wait().await?.code()));
    container.remove().await?;
    let gone = docker.container(name).inspect().await.expect_err("the container is removed");
    seen.push(format!("status: {:?}", gone.status()));
    Ok(seen)
}
