//! The engines that a checkout can have, each beside the others.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use anyhow::{Error, Result, bail, ensure};

use super::{podman, trixie};
use crate::shell;

/// What has to be installed for any of them, as Debian packages.
const PACKAGES: &str = "docker-registry busybox-static iproute2 openssh-client openssh-server procps util-linux";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Docker that is installed.
    Docker,
    /// The Docker of Debian 13, in a root directory of its own.
    Trixie,
    /// The Podman that is installed.
    Podman,
}

impl Kind {
    /// The folder under `target` that holds all it has.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Docker => "engine",
            Self::Trixie => "engine-trixie",
            Self::Podman => "engine-podman",
        }
    }

    /// How the names of its networks begin. (A network interface has 15 letters at most.)
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Docker => "dkc",
            Self::Trixie => "dkt",
            Self::Podman => "dkp",
        }
    }

    /// Fails unless this machine can run it, and says what is missing.
    pub(crate) fn can_run(self) -> Result<()> {
        ensure!(rustix::process::geteuid().is_root(), "a private engine needs root: it mounts and makes networks");
        let (programs, package): (&[_], _) = match self {
            Self::Docker => (&["dockerd"], "docker.io"),
            Self::Trixie => (&trixie::PROGRAMS, "apt debian-archive-keyring"),
            Self::Podman => (&podman::PROGRAMS, "podman"),
        };
        let common = ["docker-registry", "busybox", "ip", "ps", "sshd", "ssh-keygen", "tar"];
        for program in common.iter().chain(programs) {
            ensure!(
                shell::exists(program),
                "{program} is not installed; on Debian: apt-get install {package} {PACKAGES}"
            );
        }
        if self == Self::Trixie { trixie::can_be_had() } else { Ok(()) }
    }

    /// Fetches what is not there yet, if this machine can run it.
    pub(crate) fn prepare(self) -> Result<()> {
        self.can_run()?;
        if self == Self::Trixie { trixie::prepare() } else { Ok(()) }
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "Docker",
            Self::Trixie => "Debian 13's Docker",
            Self::Podman => "Podman",
        })
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "docker" => Self::Docker,
            "trixie" => Self::Trixie,
            "podman" => Self::Podman,
            _ => bail!("engines are docker, trixie and podman"),
        })
    }
}
