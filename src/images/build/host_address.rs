//! Addresses of extra hosts of builds.

use std::{fmt, net::IpAddr};

use super::BuildImage;

/// Address of an [extra host](BuildImage::add_host).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostAddress {
    /// An IP address.
    Ip(IpAddr),
    /// The address of the machine that the engine runs on, as containers reach it (`host-gateway`). Engines before 20.10
    /// do not resolve it.
    HostGateway,
}

impl<T: Into<IpAddr>> From<T> for HostAddress {
    fn from(address: T) -> Self {
        Self::Ip(address.into())
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::HostGateway => f.write_str("host-gateway"),
        }
    }
}

impl BuildImage {
    /// Adds a line to `/etc/hosts` of the steps. Requires API 1.28, and 1.41 for [`HostAddress::HostGateway`].
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::net::Ipv4Addr;
    ///
    /// use dockerclient::{Upload, images::HostAddress};
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let build = docker
    ///     .images()
    ///     .build(context)
    ///     .add_host("db", Ipv4Addr::new(10, 0, 0, 2))
    ///     .add_host("host.docker.internal", HostAddress::HostGateway);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "extra_hosts")]
    pub fn add_host(mut self, name: impl Into<String>, address: impl Into<HostAddress>) -> Self {
        self.options.extra_hosts.push((name.into(), address.into()));
        self
    }
}
