//! Prints what happens in the engine, also after it was restarted: `cargo run --example events`.
//!
//! Try it with an engine that you can restart. Ends with Ctrl-C.

use dockerclient::{DockerClient, monitor::EventUpdate, system::EventsOptions};
use futures_util::StreamExt as _;

#[tokio::main]
async fn main() -> dockerclient::Result<()> {
    let docker = DockerClient::from_env()?;
    let mut updates = docker.monitor_events(&EventsOptions::default());
    while let Some(update) = updates.next().await {
        match update {
            EventUpdate::Connected => println!("-- connected"),
            EventUpdate::Event(event) => {
                let name = event.attributes.get("name").unwrap_or(&event.id);
                println!("{}  {} {}  {name:.40}", event.time, event.kind.as_str(), event.action);
            }
            EventUpdate::Gap(gap) => {
                println!("-- whatever happened from {} to {} is not known: {:?}", gap.since, gap.until, gap.reason);
            }
            EventUpdate::Disconnected { error, retry_in: Some(wait) } => {
                println!("-- disconnected: {error}; trying again in {wait:.1?}");
            }
            EventUpdate::Disconnected { error, retry_in: None } => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
