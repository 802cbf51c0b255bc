//! Ports of listed containers, as text.

use std::fmt;

use super::Port;

/// Writes the port as `docker ps` does.
///
/// ```
/// use dockerclient::models::{Port, PortProtocol};
///
/// let private = Port { private_port: 53, type_: Some(PortProtocol::Udp), ..Default::default() };
/// assert_eq!(private.to_string(), "53/udp");
/// let published = Port { ip: "::".into(), public_port: Some(5353), ..private };
/// assert_eq!(published.to_string(), "[::]:5353->53/udp");
/// ```
impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(public) = self.public_port {
            match &*self.ip {
                "" => write!(f, "{public}->")?,
                ip if ip.contains(':') => write!(f, "[{ip}]:{public}->")?,
                ip => write!(f, "{ip}:{public}->")?,
            }
        }
        match &self.type_ {
            Some(protocol) => write!(f, "{}/{protocol}", self.private_port),
            None => write!(f, "{}", self.private_port),
        }
    }
}
