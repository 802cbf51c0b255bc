//! TLS handshake.
//!
//! The crypto provider is set per connection, and never installed as the default of the process.

use std::{fmt, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, RootCertStore,
        client::danger::ServerCertVerifier,
        crypto::CryptoProvider,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    },
};

use super::{
    Pem, Tls,
    diagnose::{self, Diagnostics},
    provider,
    trusted::Trusted,
    unverified::Unverified,
};
use crate::{Error, Result, error::Kind};

const NO_AUTHORITIES: &str = "no trusted CA certificates: none configured, none in the system store";

/// A connector for TLS connections to one engine.
#[derive(Clone)]
pub(crate) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
    diagnostics: Arc<Diagnostics>,
}

impl Handshake {
    /// Reads the files of `tls`. The certificate must be valid for `host`, unless `tls` has a server name.
    pub(in crate::transport) fn new(tls: &Tls, host: &str) -> Result<Self> {
        Self::with_provider(tls, host, provider::find()?)
    }

    pub(super) fn with_provider(tls: &Tls, host: &str, provider: Arc<CryptoProvider>) -> Result<Self> {
        let given = tls.authorities.as_ref().map(certificates).transpose()?.unwrap_or_default();
        let trusted = Arc::new(trusted(tls, &given)?);
        let identity = tls.identity.as_ref().map(identity).transpose()?;
        let client_chain = identity.as_ref().map(|(chain, _)| chain.clone());
        let diagnostics = Diagnostics::new(Arc::clone(&trusted), client_chain, Arc::clone(&provider));
        let name = tls.server_name.as_deref().unwrap_or(host);
        let server_name = ServerName::try_from(name.to_owned())
            .map_err(|error| Error::with_source(Kind::InvalidInput(format!("invalid server name {name:?}")), error))?;
        let verifier: Arc<dyn ServerCertVerifier> = if tls.unverified {
            Arc::new(Unverified::new(Arc::clone(&provider)))
        } else {
            let verifier = Trusted::new(trusted, given, Arc::clone(&provider));
            Arc::new(verifier.map_err(|error| Error::with_source(Kind::InvalidInput(NO_AUTHORITIES.into()), error))?)
        };
        let config = config(provider, verifier, identity).map_err(|error| {
            let message = match &error {
                rustls::Error::InconsistentKeys(_) => "the client certificate and the key do not match".to_owned(),
                rustls::Error::InvalidCertificate(why) => {
                    format!("invalid client certificate: {}", diagnose::describe(why))
                }
                other => format!("invalid client certificate or key: {other}"),
            };
            Error::with_source(Kind::InvalidInput(message), error)
        })?;
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { connector, name: server_name, diagnostics: Arc::new(diagnostics) })
    }

    pub(in crate::transport) async fn connect(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }

    /// Describes a failed handshake.
    pub(in crate::transport) fn explain(&self, error: &rustls::Error) -> String {
        self.diagnostics.explain(error, &self.name)
    }
}

fn config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> std::result::Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.dangerous().with_custom_certificate_verifier(verifier);
    match identity {
        Some((chain, key)) => config.with_client_auth_cert(chain, key),
        None => Ok(config.with_no_client_auth()),
    }
}

/// Returns the trusted CA certificates: the `given` ones and, depending on the configuration, those of the system.
fn trusted(tls: &Tls, given: &[CertificateDer<'static>]) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for certificate in given {
        store.add(certificate.clone()).map_err(|error| {
            let why = match &error {
                rustls::Error::InvalidCertificate(why) => diagnose::describe(why),
                other => other.to_string(),
            };
            let pem = tls.authorities.as_ref().map(Pem::to_string).unwrap_or_default();
            Error::with_source(Kind::InvalidInput(format!("invalid certificate in {pem}: {why}")), error)
        })?;
    }
    if tls.system || (tls.authorities.is_none() && !tls.unverified) {
        // Ignores certificates of the system that cannot be read or parsed.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(store)
}

fn identity((certificate, key): &(Pem, Pem)) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = certificates(certificate)?;
    let key_pem = key.read()?;
    // The error must not contain the contents of the file.
    let private = PrivateKeyDer::from_pem_slice(&key_pem)
        .map_err(|_| Error::invalid_input(format!("no unencrypted PEM private key in {key}")))?;
    Ok((chain, private))
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = pem.read()?;
    let certificates: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| Error::invalid_input(format!("no PEM certificate in {pem}")))
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("name", &self.name).finish_non_exhaustive()
    }
}
