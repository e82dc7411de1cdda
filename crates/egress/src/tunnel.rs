//! A connection to one host: finds out what is spoken on it, holds that
//! against where it goes, and lets it through as far as it may.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use dam_policy::Host;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::desk::{Caller, Protocol, Ruling, Wish};
use crate::dial::{self, Target, agrees};
use crate::hello::{self, Hello};
use crate::inside;
use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};
use crate::relay::relay;
use crate::session::Session;
use crate::sniff::{self, Speech};
use crate::web;

/// The web's ports: who connects there speaks first, and speaks TLS or HTTP.
const WEB: &[u16] = &[80, 443];
/// How long a connection to another port may be silent before the host is
/// connected to: there, often the host speaks first.
const SILENCE: Duration = Duration::from_millis(300);

/// A connection to one host.
pub struct Visit {
    pub session: Arc<Session>,
    pub stream: TcpStream,
    /// What was read from it already.
    pub seen: Vec<u8>,
    pub target: Target,
    pub caller: Option<Caller>,
    /// The decision, if it was made before, and the connection that was made.
    pub tunnel: Option<(Passed, TcpStream)>,
}

impl Visit {
    /// What is wanted, by how it is spoken.
    pub fn wish(&self, protocol: Protocol) -> Wish {
        let caller = self.caller.clone();
        Wish {
            caller,
            ..self.target.wish(protocol)
        }
    }

    fn may_be_opaque(&self) -> bool {
        let Target { host, port } = &self.target;
        !WEB.contains(port) || self.session.way.rules.names_port(host, *port)
    }

    /// The decision and the connection, made now if they were not before.
    async fn passed(&mut self, protocol: Protocol) -> Result<(Passed, TcpStream), Refusal> {
        if let Some(tunnel) = self.tunnel.take() {
            return Ok(tunnel);
        }
        let passed = self.session.decide(self.wish(protocol)).await?;
        connect(&self.session, &self.target, passed).await
    }
}

/// Connects for a decision.
pub async fn connect(
    session: &Session,
    target: &Target,
    passed: Passed,
) -> Result<(Passed, TcpStream), Refusal> {
    let dialled = session
        .until_closed(Box::pin(dial::dial(session, target)))
        .await;
    let closed = || Err(Refusal::new(Cause::Closed, "the session is over"));
    let stream = dialled
        .unwrap_or_else(closed)
        .map_err(|refusal| passed.failed(refusal))?;
    if let Ok(address) = stream.peer_addr() {
        passed.reached(address);
    }
    Ok((passed, stream))
}

/// Serves a connection to one host, to its end.
pub async fn serve(mut visit: Visit) {
    let session = Arc::clone(&visit.session);
    let is_web = WEB.contains(&visit.target.port);
    let patience = if is_web {
        session.limits().greeting
    } else {
        SILENCE
    };
    let heard = timeout(patience, sniff::listen(&mut visit.stream, &mut visit.seen));
    match session.until_closed(heard).await {
        Some(Ok(Ok(speech))) => Box::pin(speak(visit, speech)).await,
        Some(Err(_)) if !is_web => Box::pin(silent(visit)).await,
        // Nobody spoke: there is nothing to decide on.
        _ => {}
    }
}

async fn speak(visit: Visit, speech: Speech) {
    match speech {
        Speech::Tls => tls(visit).await,
        Speech::Http1 | Speech::Http2 => web::plain(visit, speech == Speech::Http2).await,
        Speech::Other => opaque(visit).await,
    }
}

/// Bytes that are neither TLS nor HTTP.
async fn opaque(mut visit: Visit) {
    // Somebody who connects and goes away wanted nothing.
    if visit.seen.is_empty() {
        return;
    }
    if !visit.may_be_opaque() {
        let reason = format!(
            "what is said to {} at port {} is neither TLS nor HTTP",
            visit.target.host, visit.target.port
        );
        let refusal = Refusal::new(Cause::NotWeb, reason);
        visit
            .session
            .refuse(visit.wish(Protocol::Tcp), refusal)
            .await;
        return;
    }
    if let Ok((passed, server)) = visit.passed(Protocol::Tcp).await {
        if passed.needs_look() {
            passed.failed(Refusal::new(
                Cause::CannotLook,
                "the rules depend on methods, and this is not HTTP",
            ));
            return;
        }
        through(&mut visit, server, passed).await;
    }
}

/// TLS: the name that it says is held against where the connection goes.
async fn tls(mut visit: Visit) {
    let session = Arc::clone(&visit.session);
    let reading = sniff::hello(&mut visit.stream, &mut visit.seen);
    let Some(Ok(Ok(read))) = session
        .until_closed(timeout(session.limits().greeting, reading))
        .await
    else {
        return;
    };
    let (hello, checked) = if let hello::Read::Hello(hello) = read {
        let checked = check_name(&visit, &hello);
        (hello, checked)
    } else {
        let refusal = Refusal::new(Cause::Malformed, "what TLS begins with cannot be read");
        (Hello::default(), Err(refusal))
    };
    if let Err(refusal) = checked {
        let refusal = session.refuse(visit.wish(Protocol::Https), refusal).await;
        return inside::refuse(visit, None, &refusal).await;
    }
    // Inside, a hidden name would come to us, and get no answer.
    if hello.encrypted && !is_looked_into(&visit) {
        let reason = "the program hides the server's name, or seems to (encrypted client hello)";
        let refusal = Refusal::new(Cause::EncryptedHello, reason);
        let refusal = session.refuse(visit.wish(Protocol::Https), refusal).await;
        return inside::refuse(visit, Some(hello), &refusal).await;
    }
    match visit.passed(Protocol::Https).await {
        Ok((passed, server)) if passed.needs_look() || inside::is_wanted(&visit) => {
            visit.tunnel = Some((passed, server));
            inside::serve(visit, hello).await;
        }
        Ok((passed, server)) => through(&mut visit, server, passed).await,
        Err(refusal) => inside::refuse(visit, Some(hello), &refusal).await,
    }
}

fn is_looked_into(visit: &Visit) -> bool {
    let needs_look = match &visit.tunnel {
        Some((passed, _)) => passed.needs_look(),
        None => visit.session.judge(&visit.wish(Protocol::Https)) == Ruling::Look,
    };
    visit.session.way.authority.is_some() && (needs_look || inside::is_wanted(visit))
}

/// Whether the name in the hello agrees with where the connection goes.
fn check_name(visit: &Visit, hello: &Hello) -> Result<(), Refusal> {
    let target = &visit.target;
    let Some(name) = &hello.server_name else {
        return match target.host {
            Host::Address(_) => Ok(()),
            Host::Name(_) => Err(Refusal::new(
                Cause::NoServerName,
                format!("TLS to {} names no server", target.host),
            )),
        };
    };
    let said = name.parse::<Host>();
    match said {
        Ok(said) if agrees(&visit.session, target, &said, Protocol::Https) => Ok(()),
        _ => {
            let name: String = name
                .chars()
                .take(80)
                .flat_map(char::escape_default)
                .collect();
            let reason = format!(
                "TLS names `{name}`, and the connection goes to {}",
                target.host
            );
            Err(Refusal::new(Cause::ServerName, reason))
        }
    }
}

/// Sends what was read already, and copies the rest.
async fn through(visit: &mut Visit, mut server: TcpStream, passed: Passed) {
    // Not held for as long as the connection lasts.
    let seen = std::mem::take(&mut visit.seen);
    if passed.send_opaque(seen.len()).is_err() || server.write_all(&seen).await.is_err() {
        return;
    }
    drop(seen);
    relay(&visit.session, &visit.stream, &server, &passed).await;
}

/// Nobody speaks: the host may be the one to begin. Whatever the box says
/// then is looked at before it goes on.
async fn silent(mut visit: Visit) {
    let session = Arc::clone(&visit.session);
    let is_unseen = visit
        .tunnel
        .as_ref()
        .is_none_or(|(passed, _)| !passed.needs_look());
    let may_wait = visit.may_be_opaque()
        && is_unseen
        && visit.seen.is_empty()
        && !matches!(session.judge(&visit.wish(Protocol::Tcp)), Ruling::Look);
    if !may_wait {
        let heard = timeout(
            session.limits().greeting,
            sniff::listen(&mut visit.stream, &mut visit.seen),
        );
        if let Some(Ok(Ok(speech))) = session.until_closed(heard).await {
            Box::pin(speak(visit, speech)).await;
        }
        return;
    }
    let Ok((passed, server)) = visit.passed(Protocol::Tcp).await else {
        return;
    };
    let heard = timeout(
        session.limits().idle,
        first_words(&mut visit, &server, &passed),
    );
    let Some(Ok(Ok((speech, server_spoke)))) = session.until_closed(heard).await else {
        return;
    };
    match speech {
        Some(Speech::Tls) | None => {
            visit.tunnel = Some((passed, server));
            match speech {
                Some(_) => tls(visit).await,
                None => finish(visit).await,
            }
        }
        Some(Speech::Http1 | Speech::Http2) if !server_spoke => {
            visit.tunnel = Some((passed, server));
            web::plain(visit, speech == Some(Speech::Http2)).await;
        }
        Some(_) => through(&mut visit, server, passed).await,
    }
}

/// The box said its last without a word.
async fn finish(mut visit: Visit) {
    if let Some((passed, server)) = visit.tunnel.take() {
        relay(&visit.session, &visit.stream, &server, &passed).await;
    }
}

/// Passes on what the host says until the box speaks. What it speaks, and
/// whether the host had spoken before.
async fn first_words(
    visit: &mut Visit,
    server: &TcpStream,
    passed: &Passed,
) -> io::Result<(Option<Speech>, bool)> {
    let mut server_spoke = false;
    let mut buffer = vec![0; 8 * 1024];
    let mut server_ended = false;
    loop {
        if let Some(speech) = sniff::speech(&visit.seen) {
            return Ok((Some(speech), server_spoke));
        }
        tokio::select! {
            ready = visit.stream.readable() => {
                ready?;
                match visit.stream.try_read(&mut buffer) {
                    Ok(0) if visit.seen.is_empty() => return Ok((None, server_spoke)),
                    Ok(0) => return Ok((Some(Speech::Other), server_spoke)),
                    Ok(count) => visit.seen.extend_from_slice(&buffer[..count]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            ready = server.readable(), if !server_ended => {
                ready?;
                match server.try_read(&mut buffer) {
                    Ok(0) => {
                        server_ended = true;
                        visit.stream.shutdown().await?;
                    }
                    Ok(count) => {
                        server_spoke = true;
                        passed.receive(count);
                        visit.stream.write_all(&buffer[..count]).await?;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}
