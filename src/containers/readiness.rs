//! Waiting until what runs in a container is ready for use.

use std::{net::IpAddr, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::net::TcpStream;

use super::{Container, LogsOptions};
use crate::{
    Error, Line, Result,
    error::Kind,
    models::ContainerInspect,
    monitor::{EventMonitor, EventUpdate},
    system::EventsOptions,
};

/// The first wait between two looks at a port; each is twice as long as the one before.
const FIRST_LOOK: Duration = Duration::from_millis(20);

/// The longest wait between two looks at a port.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// How long a connection must hold to count: the engine's proxy takes any, and hangs up if nobody listens behind it.
const HOLD: Duration = Duration::from_millis(250);

impl Container {
    /// Waits until the container's health check says that it is healthy, however long that takes.
    ///
    /// Calls `GET /containers/{id}/json` whenever its health changes, which `GET /events` tells. Health checks are known
    /// since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the container has no health check, if it is found unhealthy or ends before
    /// ([`is_ended`](Error::is_ended)), or if there is no such container (404).
    ///
    /// # Cancellation
    ///
    /// Dropping the call ends it, and leaves nothing behind; put it into a timeout.
    pub async fn wait_until_healthy(&self) -> Result<()> {
        let mut seen = self.inspect().await?;
        let mut events = self.docker.monitor_events(&EventsOptions::default().container(&*seen.id));
        loop {
            match seen.state.health.as_ref().map(|health| &*health.status) {
                Some("healthy") => return Ok(()),
                // Engines call what does not run unhealthy.
                _ if !seen.state.running => return Err(ended(&seen, "the container does not run")),
                None | Some("" | "none") => {
                    return Err(Error::request("the container has no health check").during("container_inspect"));
                }
                Some("unhealthy") => return Err(ended(&seen, "the container is unhealthy")),
                Some(_) => changed(&mut events).await?,
            }
            seen = self.inspect().await?;
        }
    }

    /// Waits until a line that the container writes holds `text`, however long that takes, and returns the line. What
    /// it has written already counts.
    ///
    /// Calls `GET /containers/{id}/logs`.
    ///
    /// # Errors
    ///
    /// Fails if the container ends before ([`is_ended`](Error::is_ended)), and as [`logs`](Self::logs) does.
    ///
    /// # Cancellation
    ///
    /// Dropping the call closes its connection; put it into a timeout.
    pub async fn wait_until_logged(&self, text: &str) -> Result<Line> {
        let mut lines = self.logs(&LogsOptions::default().follow()).await?.lines();
        while let Some(line) = lines.try_next().await? {
            if line.text().contains(text) {
                return Ok(line);
            }
        }
        let seen = self.inspect().await?;
        Err(ended(&seen, &format!("the container ended before it wrote {text:?}")))
    }

    /// Waits until the container takes connections at its TCP port `port`, which must be published, however long that
    /// takes. Returns the port of the host.
    ///
    /// Calls `GET /containers/{id}/json`, and connects to the host of the engine: the one in its address, or this one. A
    /// connection counts if it is not closed within a quarter of a second.
    ///
    /// # Errors
    ///
    /// Fails if the port is not published, if the container ends before ([`is_ended`](Error::is_ended)), or if there is
    /// no such container (404).
    ///
    /// # Cancellation
    ///
    /// Dropping the call ends it, and leaves nothing behind; put it into a timeout.
    pub async fn wait_until_listening(&self, port: u16) -> Result<u16> {
        let mut wait = FIRST_LOOK;
        loop {
            let seen = self.inspect().await?;
            if !seen.state.running {
                return Err(ended(&seen, &format!("the container ended before it listened at port {port}")));
            }
            let Some((host, published)) = published(&seen, port) else {
                let message = format!("port {port} of the container is not published");
                return Err(Error::request(message).during("container_inspect"));
            };
            let host = host.unwrap_or_else(|| self.docker.host());
            if takes_connections(&host, published).await {
                return Ok(published);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_LOOK);
        }
    }
}

/// Waits until something has happened to the container, or may have.
async fn changed(events: &mut EventMonitor) -> Result<()> {
    loop {
        match events.next().await {
            Some(EventUpdate::Connected | EventUpdate::Gap(_)) => return Ok(()),
            Some(EventUpdate::Event(event)) if matches!(&*event.action, "health_status" | "die" | "destroy") => {
                return Ok(());
            }
            Some(EventUpdate::Disconnected { error, retry_in: None }) => return Err(error),
            Some(_) => {}
            None => return Err(Error::truncated("the engine ended the stream").during("system_events")),
        }
    }
}

fn ended(seen: &ContainerInspect, message: &str) -> Error {
    let code = (!seen.state.running).then_some(seen.state.exit_code);
    Error::new(Kind::Ended { code, message: message.to_owned() }).during("container_inspect")
}

/// Where `port` is published: an address of the host, unless all of them will do, and a port.
fn published(seen: &ContainerInspect, port: u16) -> Option<(Option<String>, u16)> {
    let bindings = seen.network_settings.ports.get(&format!("{port}/tcp"))?;
    bindings.iter().find_map(|binding| {
        let any = binding.host_ip.parse().is_ok_and(|address: IpAddr| address.is_unspecified());
        let host = Some(binding.host_ip.clone()).filter(|host| !any && !host.is_empty());
        Some((host, binding.host_port.parse().ok()?))
    })
}

async fn takes_connections(host: &str, port: u16) -> bool {
    let Ok(Ok(stream)) = tokio::time::timeout(LONGEST_LOOK, TcpStream::connect((host, port))).await else {
        return false;
    };
    match tokio::time::timeout(HOLD, stream.peek(&mut [0])).await {
        Ok(Ok(length)) => length > 0,
        Ok(Err(_)) => false,
        Err(_) => true,
    }
}
