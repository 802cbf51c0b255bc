//! [`ContainerPort`], a port number and its protocol.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// A port of a container: a number and a protocol.
///
/// Methods that take a port accept a number (TCP), a string such as `"53/udp"`, or a pair:
///
/// ```
/// use dockerclient::containers::{ContainerPort, Protocol};
///
/// let dns = ContainerPort::from("53/udp");
/// assert_eq!(dns, ContainerPort::from((53, Protocol::Udp)));
/// assert_eq!(dns, ContainerPort::from((53, "udp")));
/// assert_eq!(ContainerPort::from(80).to_string(), "80/tcp");
/// ```
///
/// An invalid string makes the call that it is passed to fail ([`InvalidInput`](crate::ErrorKind::InvalidInput)).
/// `parse` returns the error immediately:
///
/// ```
/// use dockerclient::containers::ContainerPort;
///
/// assert!("http".parse::<ContainerPort>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerPort(Port);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Port {
    Valid(u16, Protocol),
    Invalid(String),
}

impl ContainerPort {
    /// Returns the number and the protocol.
    ///
    /// # Errors
    ///
    /// Fails if the port was created from an invalid string.
    pub fn parts(&self) -> Result<(u16, Protocol)> {
        match &self.0 {
            Port::Valid(number, protocol) => Ok((*number, *protocol)),
            Port::Invalid(text) => Err(Error::invalid_input(format!(
                "{text:?} is not a valid port: expected a number, or a number with a protocol (tcp, udp or sctp) such as \
                 \"53/udp\""
            ))),
        }
    }

    /// Returns the port in the form of requests and responses: `53/udp`.
    pub(crate) fn to_key(&self) -> Result<String> {
        self.parts().map(|(number, protocol)| format!("{number}/{protocol}"))
    }
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Returns the name of the protocol, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp, Self::Sctp].into_iter().find(|protocol| name.eq_ignore_ascii_case(protocol.as_str()))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
            .ok_or_else(|| Error::invalid_input(format!("invalid protocol {name:?}: expected tcp, udp or sctp")))
    }
}

impl fmt::Display for ContainerPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Port::Valid(number, protocol) => write!(f, "{number}/{protocol}"),
            Port::Invalid(text) => f.write_str(text),
        }
    }
}

impl FromStr for ContainerPort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let port = Self::from(text);
        port.parts().map(|_| port)
    }
}

/// A TCP port.
impl From<u16> for ContainerPort {
    fn from(number: u16) -> Self {
        Self::from((number, Protocol::Tcp))
    }
}

impl From<(u16, Protocol)> for ContainerPort {
    fn from((number, protocol): (u16, Protocol)) -> Self {
        Self(Port::Valid(number, protocol))
    }
}

/// A number, and a protocol by its name.
impl From<(u16, &str)> for ContainerPort {
    fn from((number, protocol): (u16, &str)) -> Self {
        match Protocol::named(protocol) {
            Some(protocol) => Self::from((number, protocol)),
            None => Self(Port::Invalid(format!("{number}/{protocol}"))),
        }
    }
}

/// A number with or without a protocol: `53/udp`.
impl From<&str> for ContainerPort {
    fn from(text: &str) -> Self {
        let (number, protocol) = text.split_once('/').unwrap_or((text, Protocol::Tcp.as_str()));
        // `parse` accepts a sign.
        match number.parse() {
            Ok(number) if !text.starts_with('+') => Self::from((number, protocol)),
            _ => Self(Port::Invalid(text.to_owned())),
        }
    }
}

impl From<String> for ContainerPort {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_parsed_and_displayed() {
        for (text, want) in [("80", "80/tcp"), ("53/udp", "53/udp"), ("53/UDP", "53/udp"), ("9/sctp", "9/sctp")] {
            assert_eq!(text.parse::<ContainerPort>().unwrap().to_key().unwrap(), want);
            assert_eq!(ContainerPort::from(text).to_string(), want);
        }
        assert_eq!(ContainerPort::from((53, "udp")).parts().unwrap(), (53, Protocol::Udp));
        assert_eq!(ContainerPort::from(80), "80/tcp".into());
    }

    #[test]
    fn invalid_container_port_error_contains_the_value() {
        for text in ["", "http", "80/", "/tcp", "80/tls", "65536", "-1", "+1", "80-90", "80/tcp/udp", "80 "] {
            let error = ContainerPort::from(text).to_key().unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{text:?}")), "{error}");
            assert!(text.parse::<ContainerPort>().is_err(), "{text}");
        }
        assert!(ContainerPort::from((80, "tls")).to_key().unwrap_err().to_string().contains("\"80/tls\""));
        assert!("tls".parse::<Protocol>().is_err());
    }
}
