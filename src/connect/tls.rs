//! TLS: whom to trust, and what to show.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Error, Result, error::Kind};

#[cfg(feature = "tls")]
mod handshake;
#[cfg(feature = "tls")]
mod refusal;
#[cfg(feature = "tls")]
mod unverified;

#[cfg(feature = "tls")]
pub(crate) use self::handshake::Handshake;

/// How to speak TLS with an engine: whom to trust, and what to show to be let in.
///
/// Certificates and keys are PEM, from files or from memory; keys may be PKCS #8, PKCS #1
/// or SEC 1. Files are read once, when the client is made. Keys stand in no `Debug` and
/// no error.
///
/// ```no_run
/// use dockerclient::{DockerClient, Tls};
///
/// # #[cfg(feature = "tls")]
/// let docker = DockerClient::builder()
///     .address("tcp://engine.example:2376")
///     .tls(Tls::from_directory("/etc/docker/certificates"))
///     .build()?;
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
#[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "it is refused as a whole"))]
pub struct Tls {
    authorities: Option<Pem>,
    system: bool,
    identity: Option<(Pem, Pem)>,
    server_name: Option<String>,
    unverified: bool,
}

/// Where certificates or a key are.
#[derive(Clone)]
enum Pem {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Tls {
    /// Trust `ca.pem` in `directory` and nobody else, and show `cert.pem` with `key.pem`: the files that
    /// `DOCKER_CERT_PATH` leads to.
    pub fn from_directory(directory: impl AsRef<Path>) -> Self {
        let file = |name: &str| directory.as_ref().join(name);
        Self::default().ca_file(file("ca.pem")).identity_files(file("cert.pem"), file("key.pem"))
    }

    /// Trust engines whose certificate the authorities in this file signed. Without this, those that the system
    /// trusts are trusted; with it, only these.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities = Some(Pem::File(path.into()));
        self
    }

    /// Trust engines whose certificate these authorities signed, as [`ca_file`](Self::ca_file) does.
    pub fn ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(Pem::Memory(certificates.into().into()));
        self
    }

    /// Trust the system's authorities too, beside those that are given.
    pub fn also_trust_system(mut self) -> Self {
        self.system = true;
        self
    }

    /// Show the certificate in one file, with what leads to its authority, and prove it with the key in the other.
    pub fn identity_files(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((Pem::File(certificate.into()), Pem::File(key.into())));
        self
    }

    /// Show this certificate, with what leads to its authority, and prove it with this key.
    pub fn identity_pem(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((Pem::Memory(certificate.into().into()), Pem::Memory(key.into().into())));
        self
    }

    /// The name, or IP address, that the engine's certificate must be for. Defaults to the host of the address.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Take whatever certificate the engine shows, as `DOCKER_TLS` without `DOCKER_TLS_VERIFY` does.
    ///
    /// Whoever can get in between is then taken for the engine, and is told everything.
    pub fn dangerously_trust_anyone(mut self) -> Self {
        self.unverified = true;
        self
    }

    /// The same, without the certificates and keys whose files are not there.
    pub(super) fn without_missing_identity(mut self) -> Self {
        let is_there = |pem: &Pem| !matches!(pem, Pem::File(path) if !path.exists());
        self.identity = self.identity.filter(|(certificate, key)| is_there(certificate) || is_there(key));
        self
    }

    /// The same, without authorities whose file is not there: those of the system are trusted then.
    pub(super) fn without_missing_authorities(mut self) -> Self {
        self.authorities = self.authorities.filter(|pem| !matches!(pem, Pem::File(path) if !path.exists()));
        self
    }
}

impl Pem {
    #[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "nothing is read"))]
    fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => fs::read(path).map_err(|error| {
                Error::with_source(Kind::Request(format!("{} cannot be read", path.display())), error)
            }),
            Self::Memory(bytes) => Ok(bytes.to_vec()),
        }
    }
}

/// Names the file, or says that there is none.
impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Memory(_) => f.write_str("what was given as PEM"),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
