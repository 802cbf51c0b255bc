//! Prints what happens in the engine as JSON, a line an event: `cargo run --example events_json -- type=container event=die`.
//!
//! Ends with Ctrl-C, or with the engine; the example `events` outlives it.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
};

use dockerclient::{DockerClient, system::EventsOptions};
use futures_util::TryStreamExt as _;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = EventsOptions::default();
    for argument in env::args().skip(1) {
        let (key, value) = argument.split_once('=').ok_or("filters have the form key=value")?;
        options = options.filter(key, value);
    }
    let mut events = DockerClient::from_env()?.events(&options).await?;
    while let Some(event) = events.try_next().await? {
        let line = json!({
            "time": event.time.to_string(),
            "kind": event.kind.as_str(),
            "action": event.action,
            "id": event.id,
            "image": event.image,
            "attributes": event.attributes,
        });
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(())
}
