//! TLS configuration: trusted certificates and the client certificate.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Result, regular_file};

#[cfg(feature = "tls-no-provider")]
mod diagnose;
#[cfg(feature = "tls-no-provider")]
mod handshake;
#[cfg(feature = "tls-no-provider")]
mod provider;
#[cfg(feature = "tls-no-provider")]
mod trusted;
#[cfg(feature = "tls-no-provider")]
mod unverified;

#[cfg(feature = "tls-no-provider")]
pub(crate) use self::handshake::Handshake;

/// TLS configuration for a client: trusted CA certificates, the client certificate, and the server name.
///
/// Certificates and keys are PEM, from files or from memory; keys may be PKCS #8, PKCS #1 or SEC 1. Files are read once,
/// when the client is created. `Debug` output and errors do not contain keys. By default, the CA certificates of the system
/// are trusted, and no client certificate is sent.
///
/// Connecting with TLS requires the feature `tls`, `tls-aws-lc-rs` or `tls-no-provider`. Pass this to
/// [`DockerClientBuilder::tls`](crate::DockerClientBuilder#method.tls).
///
/// # Crypto provider
///
/// TLS is implemented with rustls. A client uses the first of these crypto providers that is available when it is created:
///
/// 1. the default of the process, if the program has installed one with `CryptoProvider::install_default` of rustls 0.23;
/// 2. aws-lc-rs, with the feature `tls-aws-lc-rs`;
/// 3. *ring*, with the feature `tls`.
///
/// With `tls-no-provider` alone, creating a client that uses TLS fails if no default is installed. Another crate of the
/// program may enable another feature; with both, aws-lc-rs is used, which supports all algorithms of *ring*. A program that
/// depends on one provider should install it as the default.
///
/// This crate never installs a default. If the program itself uses rustls and installs none, enable the feature of the same
/// provider, or `tls-no-provider`: if both providers are enabled, `ClientConfig::builder()` of rustls panics.
///
/// # Examples
///
/// ```no_run
/// use dockerclient::{DockerClient, Tls};
///
/// # #[cfg(feature = "tls-no-provider")]
/// let docker = DockerClient::builder()
///     .address("tcp://engine.example:2376")
///     .tls(Tls::from_directory("/etc/docker/certificates"))
///     .build()?;
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
#[cfg_attr(not(feature = "tls-no-provider"), allow(dead_code, reason = "TLS is rejected without the feature"))]
pub struct Tls {
    authorities: Option<Pem>,
    system: bool,
    identity: Option<(Pem, Pem)>,
    server_name: Option<String>,
    unverified: bool,
}

/// Maximum size of a file, in bytes.
#[cfg_attr(not(feature = "tls-no-provider"), allow(dead_code, reason = "nothing is read"))]
const MAX_SIZE: u64 = 4 << 20;

/// The source of certificates or a key.
#[derive(Clone)]
enum Pem {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Tls {
    /// Creates a configuration from the files of a `DOCKER_CERT_PATH` directory: trusts only `ca.pem`, and authenticates with
    /// the client certificate `cert.pem` and its key `key.pem`.
    pub fn from_directory(directory: impl AsRef<Path>) -> Self {
        let file = |name: &str| directory.as_ref().join(name);
        Self::default().ca_file(file("ca.pem")).identity_files(file("cert.pem"), file("key.pem"))
    }

    /// Trusts only the CA certificates in this file, instead of those of the system. The certificate of an engine is accepted
    /// if it is signed by one of them, or is itself in the file.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities = Some(Pem::File(path.into()));
        self
    }

    /// Trusts only these CA certificates, as [`ca_file`](Self::ca_file) does.
    pub fn ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(Pem::Memory(certificates.into().into()));
        self
    }

    /// Sets whether to trust the CA certificates of the system, in addition to the configured ones. Defaults to `false`.
    #[doc(alias = "tls_built_in_root_certs")]
    pub fn system_roots(mut self, trust: bool) -> Self {
        self.system = trust;
        self
    }

    /// Authenticates with the client certificate in one file, optionally followed by its chain, and its key in another.
    pub fn identity_files(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((Pem::File(certificate.into()), Pem::File(key.into())));
        self
    }

    /// Authenticates with this client certificate, optionally followed by its chain, and its key.
    pub fn identity_pem(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((Pem::Memory(certificate.into().into()), Pem::Memory(key.into().into())));
        self
    }

    /// Sets the hostname or IP address that the engine's certificate must be valid for. Defaults to the host of the address.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Sets whether the engine's certificate is accepted without verification, as `DOCKER_TLS` without `DOCKER_TLS_VERIFY`
    /// does. Defaults to `false`.
    ///
    /// # Warning
    ///
    /// Without verification, anyone who can intercept the connection can impersonate the engine, and read and change everything.
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.unverified = accept;
        self
    }

    /// Removes the client certificate and its key, if both files are missing.
    pub(super) fn without_missing_identity(mut self) -> Self {
        let exists = |pem: &Pem| !matches!(pem, Pem::File(path) if !path.exists());
        self.identity = self.identity.filter(|(certificate, key)| exists(certificate) || exists(key));
        self
    }

    /// Removes the CA file if it is missing, so that the CA certificates of the system are trusted.
    pub(super) fn without_missing_authorities(mut self) -> Self {
        self.authorities = self.authorities.filter(|pem| !matches!(pem, Pem::File(path) if !path.exists()));
        self
    }
}

impl Pem {
    #[cfg_attr(not(feature = "tls-no-provider"), allow(dead_code, reason = "nothing is read"))]
    fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => {
                regular_file::read(path, MAX_SIZE).map_err(|error| regular_file::read_error(path, error))
            }
            Self::Memory(bytes) => Ok(bytes.to_vec()),
        }
    }
}

/// The path of the file, for error messages. Never shows PEM from memory.
impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Memory(_) => f.write_str("the given PEM"),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
