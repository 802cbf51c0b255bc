//! Kinds of private engines. One of each kind can run at the same time.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use anyhow::{Error, Result, bail, ensure};

use super::{
    debian::{self, Root},
    podman,
};
use crate::shell;

/// Debian packages that all kinds need.
const PACKAGES: &str = "docker-registry busybox-static iproute2 openssh-client openssh-server procps util-linux";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The installed Docker.
    Docker,
    /// The Docker of Debian 13, in a separate root directory.
    Trixie,
    /// The same, with the containerd image store.
    Containerd,
    /// The Docker of Debian's unstable release, in the same way.
    Sid,
    /// The installed Podman.
    Podman,
    /// The Podman of Debian 13, in a separate root directory.
    Podman5,
    /// The installed Docker, for swarm mode: it creates a bridge and VXLAN interfaces, which stay in its network namespace.
    Swarm,
    /// The Docker of Debian 13, for swarm mode, in a network namespace.
    SwarmTrixie,
    /// Three engines of the installed Docker, for a swarm of several nodes, in network namespaces that are connected.
    SwarmNodes,
}

impl Kind {
    /// Those that `cargo xtask test` uses.
    pub(crate) const DEFAULT: [Self; 8] = [
        Self::Docker,
        Self::Trixie,
        Self::Sid,
        Self::Podman,
        Self::Podman5,
        Self::Swarm,
        Self::SwarmTrixie,
        Self::SwarmNodes,
    ];

    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Trixie => "trixie",
            Self::Containerd => "containerd",
            Self::Sid => "sid",
            Self::Podman => "podman",
            Self::Podman5 => "podman5",
            Self::Swarm => "swarm",
            Self::SwarmTrixie => "swarm-trixie",
            Self::SwarmNodes => "swarm-nodes",
        }
    }

    /// The directory of its data, in `target`.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Docker => "engine",
            Self::Trixie => "engine-trixie",
            Self::Containerd => "engine-containerd",
            Self::Sid => "engine-sid",
            Self::Podman => "engine-podman",
            Self::Podman5 => "engine-podman5",
            Self::Swarm => "engine-swarm",
            Self::SwarmTrixie => "engine-swarm-trixie",
            Self::SwarmNodes => "engine-swarm-nodes",
        }
    }

    /// Prefix of the names of its networks. (The name of a network interface has at most 15 bytes.)
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Docker => "dkc",
            Self::Trixie => "dkt",
            Self::Containerd => "dkd",
            Self::Sid => "dkv",
            Self::Podman => "dkp",
            Self::Podman5 => "dkq",
            Self::Swarm => "dks",
            Self::SwarmTrixie => "dku",
            Self::SwarmNodes => "dkn",
        }
    }

    /// Whether it runs in a network namespace that is not connected to the machine's network.
    pub(super) fn is_isolated(self) -> bool {
        self.is_podman() || matches!(self, Self::Swarm | Self::SwarmTrixie | Self::SwarmNodes)
    }

    /// Whether it is a Podman.
    pub(super) fn is_podman(self) -> bool {
        matches!(self, Self::Podman | Self::Podman5)
    }

    /// The root directory with its programs, if they are not the installed ones.
    pub(super) fn root(self) -> Option<Root> {
        match self {
            Self::Docker | Self::Podman | Self::Swarm | Self::SwarmNodes => None,
            Self::Trixie | Self::Containerd | Self::SwarmTrixie => Some(debian::TRIXIE),
            Self::Sid => Some(debian::SID),
            Self::Podman5 => Some(debian::TRIXIE_PODMAN),
        }
    }

    /// Fails if this machine cannot run it; the error names what is missing.
    pub(crate) fn can_run(self) -> Result<()> {
        ensure!(rustix::process::geteuid().is_root(), "a private engine needs root, for mounts and networks");
        let (programs, package): (&[_], _) = match self {
            _ if self.root().is_some() => (&debian::PROGRAMS, "apt debian-archive-keyring"),
            Self::Podman => (&podman::PROGRAMS, "podman runc"),
            _ => (&["dockerd"], "docker.io"),
        };
        let common = ["docker-registry", "busybox", "ip", "nsenter", "ps", "sshd", "ssh-keygen", "tar"];
        for program in common.iter().chain(programs) {
            ensure!(
                shell::exists(program),
                "{program} is not installed; on Debian: apt-get install {package} {PACKAGES}"
            );
        }
        self.root().map_or(Ok(()), |_| debian::check_keyring())
    }

    /// Downloads missing packages, if this machine can run it.
    pub(crate) fn prepare(self) -> Result<()> {
        self.can_run()?;
        self.root().map_or(Ok(()), Root::prepare)
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "Docker",
            Self::Trixie => "Debian 13's Docker",
            Self::Containerd => "Debian 13's Docker with the containerd image store",
            Self::Sid => "Debian sid's Docker",
            Self::Podman => "Podman",
            Self::Podman5 => "Debian 13's Podman",
            Self::Swarm => "Docker in swarm mode",
            Self::SwarmTrixie => "Debian 13's Docker in swarm mode",
            Self::SwarmNodes => "three Docker engines in swarm mode",
        })
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match Self::DEFAULT.into_iter().chain([Self::Containerd]).find(|kind| kind.name() == name) {
            Some(kind) => Ok(kind),
            None => bail!(
                "unknown engine {name:?}; use docker, trixie, containerd, sid, podman, podman5, swarm, swarm-trixie or \
                 swarm-nodes"
            ),
        }
    }
}
