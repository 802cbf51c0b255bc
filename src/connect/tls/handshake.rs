//! TLS on a connection.
//!
//! The crypto provider is named for each connection, and never installed for the
//! process: whatever else uses rustls there keeps its own.

use std::{fmt, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, RootCertStore,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    },
};

use super::{Pem, Tls, refusal::Refusal, unverified::Unverified};
use crate::{Error, Result, error::Kind};

/// All that is needed to speak TLS with one engine.
#[derive(Clone)]
pub(crate) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
    refusal: Arc<Refusal>,
}

impl Handshake {
    /// Reads what `tls` names; `host` is what the certificate must be for unless it says otherwise.
    pub(in crate::connect) fn new(tls: &Tls, host: &str) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let trusted = Arc::new(trusted(tls)?);
        let identity = tls.identity.as_ref().map(identity).transpose()?;
        let refusal = Refusal::new(Arc::clone(&trusted), identity.as_ref().map(|(chain, _)| chain.clone()));
        let name = tls.server_name.as_deref().unwrap_or(host);
        let server_name = ServerName::try_from(name.to_owned())
            .map_err(|error| Error::with_source(Kind::Request(format!("{name:?} is no name of a server")), error))?;
        let config = config(tls, &provider, trusted, identity).map_err(|error| {
            let message = match error {
                rustls::Error::InconsistentKeys(_) => "the certificate and the key do not belong together",
                _ => "the certificate and the key cannot be used",
            };
            Error::with_source(Kind::Request(message.into()), error)
        })?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name: server_name, refusal: Arc::new(refusal) })
    }

    pub(in crate::connect) async fn shake(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }

    /// What went wrong, in words for people.
    pub(in crate::connect) fn explain(&self, error: &rustls::Error) -> String {
        self.refusal.explain(error, &self.name)
    }
}

fn config(
    tls: &Tls,
    provider: &Arc<CryptoProvider>,
    trusted: Arc<RootCertStore>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> std::result::Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions()?;
    let config = if tls.unverified {
        config.dangerous().with_custom_certificate_verifier(Arc::new(Unverified::new(Arc::clone(provider))))
    } else {
        config.with_root_certificates(trusted)
    };
    match identity {
        Some((chain, key)) => config.with_client_auth_cert(chain, key),
        None => Ok(config.with_no_client_auth()),
    }
}

/// The authorities that are trusted.
fn trusted(tls: &Tls) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if let Some(pem) = &tls.authorities {
        for certificate in certificates(pem)? {
            store.add(certificate).map_err(|error| {
                Error::with_source(Kind::Request(format!("{pem} holds no certificate of an authority")), error)
            })?;
        }
    }
    if tls.system || (tls.authorities.is_none() && !tls.unverified) {
        // A system may hold some that nobody can read; those that can be are enough.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(store)
}

fn identity((certificate, key): &(Pem, Pem)) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = certificates(certificate)?;
    let key_pem = key.read()?;
    // The error does not say what stands there.
    let private = PrivateKeyDer::from_pem_slice(&key_pem)
        .map_err(|_| Error::request(format!("{key} holds no private key in PEM that is not encrypted")))?;
    Ok((chain, private))
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = pem.read()?;
    let certificates: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| Error::request(format!("{pem} holds no certificates in PEM")))
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("name", &self.name).finish_non_exhaustive()
    }
}
