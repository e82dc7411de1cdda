//! TLS is on, and a server must prove who it is.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use dam_model::{ModelError, Provider, Responses};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// For `localhost`, valid until 2126, and nothing wrong with it but that its
/// authority was made for this test and is trusted by nobody.
const CERTIFICATE: &[u8] = include_bytes!("tls/untrusted-certificate.der");
const KEY: &[u8] = include_bytes!("tls/untrusted-key.der");

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_gets_nothing() {
    let (address, received) = impostor();
    let provider = Provider {
        api_key: Some("sk-never-sent".into()),
        request_max_retries: 0,
        ..Provider::new("acme", format!("https://localhost:{}/v1", address.port()))
    };

    match Responses::new(provider) {
        Ok(model) => {
            let (_, error) = crate::ask(&model, crate::question())
                .await
                .expect_err("no answer");
            assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
            assert!(error.to_string().contains("certificate"), "{error}");
            assert_eq!(
                received.join().expect("the server"),
                0,
                "bytes reached the impostor"
            );
        }
        // A machine without authorities trusts nobody; that is said instead.
        Err(error) => assert!(
            error.to_string().contains("install `ca-certificates`"),
            "{error}"
        ),
    }
}

/// A server with a certificate that nobody has signed; gives how many bytes it
/// got out of one client.
fn impostor() -> (SocketAddr, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
            .expect("a certificate");
    let server = std::thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        let connection = ServerConnection::new(Arc::new(config)).expect("a connection");
        StreamOwned::new(connection, socket)
            .read(&mut [0; 64])
            .unwrap_or(0)
    });
    (address, server)
}
