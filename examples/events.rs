//! Prints the events of the engine, and reconnects after a restart: `cargo run --example events`.
//!
//! Try it with an engine that you can restart. Exits with Ctrl-C.

use dockerclient::{DockerClient, monitor::EventUpdate};

#[tokio::main]
async fn main() -> dockerclient::Result<()> {
    let docker = DockerClient::from_env()?;
    let mut updates = docker.monitor_events();
    while let Some(update) = updates.next().await {
        match update {
            EventUpdate::Connected => println!("-- connected"),
            EventUpdate::Event(event) => {
                let name = event.attributes.get("name").unwrap_or(&event.id);
                println!("{}  {} {}  {name:.40}", event.time, event.kind.as_str(), event.action);
            }
            EventUpdate::Gap(gap) => {
                println!("-- events between {} and {} may have been missed: {:?}", gap.since, gap.until, gap.reason);
            }
            EventUpdate::Disconnected { error, retry_in: Some(wait) } => {
                println!("-- disconnected: {error}; next attempt in {wait:.1?}");
            }
            EventUpdate::Disconnected { error, retry_in: None } => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
