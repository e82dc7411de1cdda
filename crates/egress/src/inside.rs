//! Looking inside TLS: with a certificate of the session's authority towards
//! the box, and with the host's own towards us.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::sign::SingleCertAndKey;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use dam_policy::Host;

use crate::hello::Hello;
use crate::inject;
use crate::refusal::{Cause, Refusal};
use crate::tunnel::Visit;
use crate::web::{self, Link, Site, Stream, Way, Whom};

/// What we can look into.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
/// An alert of TLS, fatal: access is denied.
const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

/// Whether something inside is of interest, whatever the rules say.
pub fn is_wanted(visit: &Visit) -> bool {
    let session = &visit.session;
    session.way.authority.is_some() && inject::of(session, &visit.target, true).next().is_some()
}

/// Serves a connection whose requests are looked at. Its decision and the
/// connection to the host are made.
pub async fn serve(mut visit: Visit, hello: Hello) {
    let session = Arc::clone(&visit.session);
    let Some((passed, server)) = visit.tunnel.take() else {
        return;
    };
    let fits = |protocol: &&&[u8]| hello.protocols.iter().any(|offered| offered == *protocol);
    let shared: Vec<Vec<u8>> = PROTOCOLS
        .iter()
        .filter(fits)
        .map(|protocol| protocol.to_vec())
        .collect();
    let refusal = if session.way.authority.is_none() {
        Some(Refusal::new(
            Cause::CannotLook,
            "the rules depend on what is inside TLS, and there is no way to look",
        ))
    } else if shared.is_empty() && !hello.protocols.is_empty() {
        Some(Refusal::new(
            Cause::CannotLook,
            "the rules depend on methods, and the program does not offer HTTP",
        ))
    } else {
        None
    };
    if let Some(refusal) = refusal {
        let refusal = passed.failed(refusal);
        return refuse(visit, Some(hello), &refusal).await;
    }
    let address = server.peer_addr().ok();
    let link = async {
        let server = web::encrypt(&session, &visit.target, server, shared).await?;
        let is_http2 = server.get_ref().1.alpn_protocol() == Some(b"h2");
        let link = Link::over(&session, Box::new(server), is_http2).await?;
        Ok((link, is_http2))
    };
    let (link, is_http2) = match link.await {
        Ok(made) => made,
        Err(refusal) => {
            let refusal = passed.failed(refusal);
            return refuse(visit, Some(hello), &refusal).await;
        }
    };
    let (target, caller) = (visit.target.clone(), visit.caller.clone());
    let protocol = if is_http2 { "h2" } else { "http/1.1" };
    if let Some(client) = accept(visit, &hello, protocol).await {
        let site = Site::new(
            &session,
            Whom::One(target.clone()),
            Way::Tls { is_http2 },
            caller,
        );
        site.first_link(&target, link, address).await;
        web::serve(&session, Arc::new(site), client, is_http2).await;
    }
    drop(passed);
}

/// Refuses so that it can be read: inside TLS where the box trusts us, else by
/// an alert.
pub async fn refuse(mut visit: Visit, hello: Option<Hello>, refusal: &Refusal) {
    let named = hello.filter(|_| visit.session.way.authority.is_some());
    let Some(hello) = named else {
        let _ = visit.stream.write_all(&ALERT).await;
        let _ = visit.stream.shutdown().await;
        return;
    };
    let (session, target) = (Arc::clone(&visit.session), visit.target.clone());
    let offers = |protocol: &[u8]| hello.protocols.iter().any(|offered| offered == protocol);
    let is_http2 = offers(b"h2") && !offers(b"http/1.1");
    let protocol = if is_http2 { "h2" } else { "http/1.1" };
    if let Some(client) = accept(visit, &hello, protocol).await {
        web::refusing(&session, target, refusal.clone(), client, is_http2).await;
    }
}

/// TLS with the box, as the host that it asked for.
async fn accept(visit: Visit, hello: &Hello, protocol: &str) -> Option<Box<dyn Stream>> {
    let authority = visit.session.way.authority.as_ref()?;
    let name = match (&hello.server_name, &visit.target.host) {
        (Some(name), _) => name.trim_end_matches('.').to_ascii_lowercase(),
        (None, Host::Address(address)) => address.to_string(),
        (None, Host::Name(name)) => name.clone(),
    };
    let certificate = authority.certificate(&name).ok()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from((*certificate).clone())));
    if !hello.protocols.is_empty() {
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    }
    let limit = visit.session.limits().greeting;
    let stream = web::again(visit.stream, visit.seen);
    let accepting = TlsAcceptor::from(Arc::new(config)).accept(stream);
    let accepted = visit
        .session
        .until_closed(timeout(limit, accepting))
        .await?;
    Some(Box::new(accepted.ok()?.ok()?))
}
