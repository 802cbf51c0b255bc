//! Waiting until a container accepts connections.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::{TcpStream, lookup_host};

use super::{
    Container,
    port::{Binding, published},
    wait_until_healthy::wait_failed,
};
use crate::{
    Error, Result,
    request::{Settings, request},
};

/// The first pause between two attempts to connect; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Maximum pause between two attempts, and the time limit of an attempt.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// How long a connection must stay open to count: the engine's proxy accepts all, and closes them if nothing listens in the
/// container.
const HOLD: Duration = Duration::from_millis(250);

impl Container {
    /// Waits until the container accepts connections at its published TCP port `port`, and returns the port on the host.
    ///
    /// Calls `GET /containers/{id}/json`, and connects to each address that the engine reports for the port; for
    /// `0.0.0.0` and `::`, to the IPv4 or IPv6 address of the host in the engine's address, or, for a local engine, of
    /// `localhost`. A connection counts if it is not closed within a quarter of a second. Waits without a time limit, unless
    /// one is [set](WaitUntilListening::time_limit).
    ///
    /// # Errors
    ///
    /// Fails if the port is not published, if the engine's host has no address of the family that it is published for, if
    /// the container exits before it listens ([`is_wait_failed`](Error::is_wait_failed)), or if there is no such container
    /// (404).
    ///
    /// # Cancellation
    ///
    /// Dropping the future ends the wait.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// let port = docker.container("web").wait_until_listening(80).time_limit(Duration::from_secs(30)).await?;
    /// println!("http://localhost:{port}/");
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_until_listening(&self, port: u16) -> WaitUntilListening {
        WaitUntilListening { container: self.clone(), port, settings: Settings::default() }
    }
}

/// A request that resolves once a container accepts connections. Returned by [`Container::wait_until_listening`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WaitUntilListening {
    container: Container,
    port: u16,
    settings: Settings,
}

request!(WaitUntilListening => u16, "container_wait_until_listening", container.id);

impl WaitUntilListening {
    async fn call(self) -> Result<u16> {
        let Self { container, port, settings } = self;
        let failed = |error: Error| error.during("container_wait_until_listening").about(Some(&container.id));
        let mut pause = FIRST_PAUSE;
        loop {
            let seen = container.inspect_for("container_wait_until_listening", &settings).await?;
            if !seen.state.running {
                let message = format!("the container is not running, and port {port} never accepted a connection");
                return Err(failed(wait_failed(&seen, message)));
            }
            let bindings = published(&seen, &format!("{port}/tcp"));
            if bindings.is_empty() {
                let message = format!("port {port} is not published; publish it with `publish`");
                return Err(failed(Error::invalid_input(message)));
            }
            let mut reachable = false;
            for binding in bindings {
                // A hostname that cannot be resolved now may be resolved later.
                let Ok(addresses) = binding.reachable_at(&container.docker.host()).await else {
                    reachable = true;
                    continue;
                };
                reachable |= !addresses.is_empty();
                if takes_connections(&addresses).await {
                    return Ok(binding.port);
                }
            }
            if !reachable {
                let message =
                    format!("port {port} is published for an address family that the host of the engine does not have");
                return Err(failed(Error::invalid_input(message)));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}

impl Binding {
    /// The addresses to connect to, if `host` is the engine's.
    async fn reachable_at(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        match self.ip {
            Some(ip) if !ip.is_unspecified() => Ok(vec![(ip, self.port).into()]),
            family => {
                let of_family = |found: &SocketAddr| family.is_none_or(|family| family.is_ipv4() == found.is_ipv4());
                Ok(lookup_host((host, self.port)).await?.filter(of_family).collect())
            }
        }
    }
}

async fn takes_connections(addresses: &[SocketAddr]) -> bool {
    let Ok(Ok(stream)) = tokio::time::timeout(MAX_PAUSE, TcpStream::connect(addresses)).await else {
        return false;
    };
    match tokio::time::timeout(HOLD, stream.peek(&mut [0])).await {
        Ok(Ok(length)) => length > 0,
        Ok(Err(_)) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn bindings(ports: &str) -> Vec<Binding> {
        let container = format!(r#"{{"Id":"f43c","NetworkSettings":{{"Ports":{{"80/tcp":{ports}}}}}}}"#);
        published(&serde_json::from_str(&container).unwrap(), "80/tcp")
    }

    #[tokio::test]
    async fn port_bindings_keep_their_address_family() {
        let both = bindings(r#"[{"HostIp":"::","HostPort":"8080"},{"HostIp":"0.0.0.0","HostPort":"1"}]"#);
        let v6: Vec<_> = both[0].reachable_at("::1").await.unwrap();
        assert_eq!(v6, ["[::1]:8080".parse().unwrap()]);
        assert_eq!(both[0].reachable_at("127.0.0.1").await.unwrap(), []);
        assert_eq!(both[1].reachable_at("127.0.0.1").await.unwrap(), ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(both[1].reachable_at("::1").await.unwrap(), []);
    }

    #[tokio::test]
    async fn port_binding_without_an_address_matches_any_family() {
        let any = bindings(r#"[{"HostIp":"","HostPort":"8080"}]"#);
        for host in ["::1", "127.0.0.1"] {
            assert_eq!(any[0].reachable_at(host).await.unwrap(), [(host.parse::<IpAddr>().unwrap(), 8080).into()]);
        }
        let own = bindings(r#"[{"HostIp":"10.0.0.7","HostPort":"8080"}]"#);
        assert_eq!(own[0].reachable_at("localhost").await.unwrap(), ["10.0.0.7:8080".parse().unwrap()]);
    }
}
