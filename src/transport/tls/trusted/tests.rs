//! Verification of self-signed certificates.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer, server::WebPkiClientVerifier},
};

use super::*;
use crate::transport::{
    Tls,
    tls::{Handshake, provider},
};

struct Certificate {
    der: CertificateDer<'static>,
    pem: String,
    params: CertificateParams,
    key: KeyPair,
}

fn make_certificate(is_ca: bool, issuer: Option<&Certificate>, change: impl Fn(&mut CertificateParams)) -> Certificate {
    let mut params = CertificateParams::new(["engine".to_owned()]).unwrap();
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key)),
        None => params.self_signed(&key),
    };
    let certificate = certificate.unwrap();
    Certificate { der: certificate.der().clone(), pem: certificate.pem(), params, key }
}

fn make_ca() -> Certificate {
    make_certificate(true, None, |params| params.distinguished_name.push(rcgen::DnType::CommonName, "authority"))
}

/// Verifies the certificate `shown` of a server called `name`, if `given` is trusted.
fn verified(given: &Certificate, shown: &Certificate, name: &'static str) -> Result<(), Error> {
    let mut store = RootCertStore::empty();
    store.add(given.der.clone()).unwrap();
    let provider = provider::all_built_in().swap_remove(0);
    let trusted = Trusted::new(Arc::new(store), vec![given.der.clone()], provider).unwrap();
    trusted.verify_server_cert(&shown.der, &[], &name.try_into().unwrap(), &[], UnixTime::now()).map(|_| ())
}

#[test]
fn trusted_self_signed_ca_certificate_is_accepted() {
    let (own, other) = (make_certificate(true, None, |_| {}), make_certificate(true, None, |_| {}));
    assert_eq!(verified(&own, &own, "engine"), Ok(()));
    assert!(verified(&other, &own, "engine").is_err());
    let misnamed = verified(&own, &own, "elsewhere").unwrap_err();
    assert!(
        matches!(misnamed, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })),
        "{misnamed:?}"
    );
    let expired = make_certificate(true, None, |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let expired = verified(&expired, &expired, "engine").unwrap_err();
    assert!(matches!(expired, Error::InvalidCertificate(CertificateError::ExpiredContext { .. })), "{expired:?}");
}

#[test]
fn certificate_signed_by_ca_or_trusted_itself_is_accepted() {
    let ca = make_ca();
    let own = make_certificate(false, Some(&ca), |_| {});
    assert_eq!(verified(&ca, &own, "engine"), Ok(()));
    assert_eq!(verified(&own, &own, "engine"), Ok(()));
    assert!(verified(&make_certificate(true, None, |_| {}), &own, "engine").is_err());
}

/// Connects to a server with this configuration, and returns once both sides have completed the handshake.
async fn connect(handshake: &Handshake, config: ServerConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(|_| ())
    });
    handshake.connect(TcpStream::connect(address).await.unwrap()).await.unwrap();
    engine.await.unwrap().unwrap();
}

fn private_key(certificate: &Certificate) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(certificate.key.serialize_der()).unwrap()
}

#[tokio::test]
async fn tls_handshake_with_self_signed_certificate() {
    let own = make_certificate(true, None, |_| {});
    let provider = provider::all_built_in().swap_remove(0);
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![own.der.clone()], private_key(&own)).unwrap();
    connect(&Handshake::new(&Tls::default().ca_pem(own.pem), "engine").unwrap(), config).await;
}

#[tokio::test]
async fn tls_handshake_with_each_crypto_provider() {
    for provider in provider::all_built_in() {
        let ca = make_ca();
        let own = make_certificate(false, Some(&ca), |_| {});
        let client = make_certificate(false, Some(&ca), |_| {});
        let mut authorities = RootCertStore::empty();
        authorities.add(ca.der.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![own.der.clone()], private_key(&own))
            .unwrap();
        let tls = Tls::default().ca_pem(ca.pem).identity_pem(client.pem, client.key.serialize_pem());
        connect(&Handshake::with_provider(&tls, "engine", provider).unwrap(), config).await;
    }
}
