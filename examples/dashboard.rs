//! Lists containers, and follows their logs and usage while they come and go: `cargo run --example dashboard -- app`.

use std::{env, ops::ControlFlow};

use dockerclient::monitor::{CombinedLogUpdate, ContainerUpdate, StatsUpdate};
use dockerclient::{DockerClient, Result};

/// Calls `show` with each change of containers with `label`, until it returns `Break`.
pub async fn dashboard(docker: &DockerClient, label: &str, mut show: impl FnMut(String) -> ControlFlow<()>) {
    let containers = docker.containers();
    let (mut list, mut stats) = (containers.monitor().label(label), containers.monitor_stats().label(label));
    let mut logs = containers.monitor_logs().label(label).tail(10);
    let mut flow = ControlFlow::Continue(());
    while flow.is_continue() {
        let text = tokio::select! {
            update = list.next() => match update {
                Some(ContainerUpdate::Appeared(new)) => format!("{} appeared", new.name()),
                Some(ContainerUpdate::Changed(changed)) => format!("{} {}", changed.name(), changed.status),
                Some(ContainerUpdate::Removed(id)) => format!("{id:.12} removed"),
                _ => continue,
            },
            update = stats.next() => match update {
                Some(StatsUpdate::Sample(sample)) => format!("{} {:?} % CPU", sample.name, sample.cpu_percent),
                _ => continue,
            },
            update = logs.next() => match update {
                Some(CombinedLogUpdate::Line { container, line }) => format!("{}: {}", container.name(), line.text()),
                _ => continue,
            },
        };
        flow = show(text);
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let print = |text| ControlFlow::Continue(println!("{text}"));
    dashboard(&DockerClient::from_env()?, &env::args().nth(1).expect("a label"), print).await;
    Ok(())
}
