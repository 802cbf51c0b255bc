//! Lists containers, and follows their logs and usage while they come and go: `cargo run --example dashboard -- app`.

use dockerclient::{DockerClient, Result, monitor::CombinedLogUpdate, monitor::ContainerUpdate, monitor::StatsUpdate};

/// Calls `show` with each change of the containers with `label`, until a monitor gives up.
pub async fn dashboard(docker: &DockerClient, label: &str, mut show: impl FnMut(String)) {
    let containers = docker.containers();
    let (mut list, mut stats) = (containers.monitor().label(label), containers.monitor_stats().label(label));
    let mut logs = containers.monitor_logs().label(label).tail(10);
    loop {
        let text = tokio::select! {
            update = list.next() => match update {
                Some(ContainerUpdate::Appeared(new)) => format!("{} appeared", new.name()),
                Some(ContainerUpdate::Changed(changed)) => format!("{} {}", changed.name(), changed.status),
                Some(ContainerUpdate::Removed(id)) => format!("{id:.12} removed"),
                Some(ContainerUpdate::Disconnected { error, .. }) => error.to_string(),
                None => return,
                _ => continue,
            },
            update = stats.next() => match update {
                Some(StatsUpdate::Sample(sample)) => format!("{} {:.1} % CPU", sample.container.name(), sample.cpu_percent.unwrap_or(f64::NAN)),
                None => return,
                _ => continue,
            },
            update = logs.next() => match update {
                Some(CombinedLogUpdate::Line { container, line }) => format!("{}: {}", container.name(), line.text()),
                None => return,
                _ => continue,
            },
        };
        show(text);
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let label = std::env::args().nth(1).expect("a label");
    dashboard(&DockerClient::from_env()?, &label, |text| println!("{text}")).await;
    Ok(())
}
