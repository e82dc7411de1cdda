//! Certificates made for one test: an authority, a server, a client.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// Certificates in files, as somebody would configure them.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority that signed the others.
    pub authority: PathBuf,
    /// The client's certificate.
    pub client: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
    server: (String, String),
}

impl Certificates {
    /// Makes them, in a directory.
    pub fn make(dir: &Path) -> Self {
        let authority_key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).expect("a certificate");
        let issuer = Issuer::new(params, authority_key);
        let signed = |name: &str| {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
            let signed = params.signed_by(&key, &issuer).expect("a certificate");
            (signed.pem(), key.serialize_pem())
        };
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        let (client, key) = signed("client");
        Self {
            authority: write("authority.pem", &authority.pem()),
            client: write("client.pem", &client),
            client_key: write("client-key.pem", &key),
            server: signed("localhost"),
        }
    }

    /// A server that proves to be `localhost` and asks clients for theirs.
    pub(super) fn server(&self) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(&self.authority).expect("a certificate");
        roots.add(authority).expect("an authority");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let (certificate, key) = &self.server;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_single_cert(
                vec![
                    CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate"),
                ],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key"),
            )
            .expect("a certificate");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}
