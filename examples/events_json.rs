//! Prints events of the engine as JSON, one per line: `cargo run --example events_json -- type=container event=die`.
//!
//! The arguments are filters. Exits with Ctrl-C, or when the connection is lost; the example `events` reconnects.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
};

use dockerclient::DockerClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut request = DockerClient::from_env()?.events();
    for argument in env::args().skip(1) {
        let (key, value) = argument.split_once('=').ok_or("expected filters, key=value")?;
        request = request.filter(key, value);
    }
    let mut events = request.await?;
    while let Some(event) = events.try_next().await? {
        writeln!(io::stdout(), "{}", serde_json::to_string(&event)?)?;
    }
    Ok(())
}
