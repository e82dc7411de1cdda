//! The proxy's address: HTTP, `CONNECT` and SOCKS5, told apart by what is said
//! first. All of them lead to the same rules.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use http::uri::Authority;

use crate::desk::{Caller, Protocol};
use crate::dial::Target;
use crate::head::{self, Head};
use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;
use crate::socks::{self, NO_METHOD, Reply, WELCOME};
use crate::tunnel::{self, Visit, connect};
use crate::web::{self, answer};

/// The answer to `CONNECT`.
const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Serves a connection to the proxy's address.
pub async fn serve(session: Arc<Session>, mut stream: TcpStream, caller: Option<Caller>) {
    let mut seen = Vec::new();
    let limit = session.limits().greeting;
    let first = timeout(limit, stream.read_buf(&mut seen));
    if !matches!(session.until_closed(first).await, Some(Ok(Ok(1..)))) {
        return;
    }
    let own = Arc::clone(&session);
    let visit = if seen.first() == Some(&socks::VERSION) {
        let handshake = socks(&session, stream, seen, caller);
        own.until_closed(handshake).await.flatten()
    } else {
        let handshake = http(&session, stream, seen, caller);
        own.until_closed(handshake).await.flatten()
    };
    match visit {
        Some(Next::Visit(visit)) => tunnel::serve(*visit).await,
        Some(Next::Requests(stream, seen, caller)) => {
            web::proxied(session, stream, seen, caller).await;
        }
        None => {}
    }
}

/// What a connection to the proxy turns out to be.
enum Next {
    Visit(Box<Visit>),
    Requests(TcpStream, Vec<u8>, Option<Caller>),
}

impl Next {
    /// A visit of a host to which the way is open already. The
    /// connection comes with what was read from it.
    fn visit(
        session: &Arc<Session>,
        (stream, seen): (TcpStream, Vec<u8>),
        target: Target,
        caller: Option<Caller>,
        tunnel: (Passed, TcpStream),
    ) -> Self {
        Self::Visit(Box::new(Visit {
            session: Arc::clone(session),
            stream,
            seen,
            target,
            caller,
            tunnel: Some(tunnel),
        }))
    }
}

/// A first request. The library takes it from there, unless it is `CONNECT`.
async fn http(
    session: &Arc<Session>,
    mut stream: TcpStream,
    mut seen: Vec<u8>,
    caller: Option<Caller>,
) -> Option<Next> {
    let head = timeout(
        session.limits().greeting,
        first_head(&mut stream, &mut seen),
    )
    .await
    .ok()??;
    let target = match head {
        // What is wrong with it, the guard says.
        Err(_) => return Some(Next::Requests(stream, seen, caller)),
        Ok(head) if head.method != "CONNECT" => {
            return Some(Next::Requests(stream, seen, caller));
        }
        Ok(head) => {
            let target = tunnel_to(&head);
            seen.drain(..head.length);
            target
        }
    };
    let result = match target {
        Ok(target) => open(session, &target, Protocol::Connect, caller.as_ref())
            .await
            .map(|tunnel| (target.clone(), tunnel))
            .map_err(|refusal| (Some(target), refusal)),
        Err(refusal) => Err((None, refusal)),
    };
    match result {
        Ok((target, tunnel)) => {
            stream.write_all(ESTABLISHED).await.ok()?;
            Some(Next::visit(session, (stream, seen), target, caller, tunnel))
        }
        Err((target, refusal)) => {
            stream
                .write_all(&answer::as_bytes(&refusal, target.as_ref()))
                .await
                .ok()?;
            stream.shutdown().await.ok()?;
            None
        }
    }
}

async fn first_head(
    stream: &mut TcpStream,
    seen: &mut Vec<u8>,
) -> Option<Result<Head, head::BadHead>> {
    loop {
        match head::read(seen) {
            Ok(Some(head)) => return Some(Ok(head)),
            Err(bad) => return Some(Err(bad)),
            Ok(None) => {}
        }
        if stream.read_buf(seen).await.ok()? == 0 {
            return None;
        }
    }
}

/// Where a tunnel is to lead. `Host` must say the same.
fn tunnel_to(head: &Head) -> Result<Target, Refusal> {
    let bad = |why: &str| Refusal::new(Cause::Malformed, why);
    let authority: Authority = head
        .target
        .parse()
        .map_err(|_| bad("a tunnel leads to `host:port`"))?;
    if authority.port().is_none() || head.framing != head::Framing::Sized(0) {
        return Err(bad(
            "a tunnel leads to `host:port`, and its request has no body",
        ));
    }
    let target = web::target(&authority, 443)?;
    let agrees = head.host.as_ref().is_none_or(|host| {
        let said = host
            .parse::<Authority>()
            .ok()
            .and_then(|said| web::target(&said, target.port).ok());
        said.is_some_and(|said| said == target)
    });
    if agrees {
        Ok(target)
    } else {
        Err(Refusal::new(
            Cause::HostMismatch,
            "`CONNECT` and `Host` name different hosts",
        ))
    }
}

/// SOCKS5.
async fn socks(
    session: &Arc<Session>,
    mut stream: TcpStream,
    mut seen: Vec<u8>,
    caller: Option<Caller>,
) -> Option<Next> {
    let limit = session.limits().greeting;
    let offers = timeout(limit, read(&mut stream, &mut seen, socks::greeting))
        .await
        .ok()??
        .ok()?;
    if !session.way.socks5 || !offers {
        stream.write_all(&NO_METHOD).await.ok()?;
        return None;
    }
    stream.write_all(&WELCOME).await.ok()?;
    let request = timeout(limit, read(&mut stream, &mut seen, socks::request))
        .await
        .ok()??;
    let (host, port) = match request {
        Ok(wanted) => wanted,
        Err(reply) => {
            let reason = "only TCP connections to a host are made by SOCKS5";
            refuse_socks(session, caller, reason).await;
            return answer_socks(stream, reply?).await;
        }
    };
    let target = Target { host, port };
    match open(session, &target, Protocol::Socks5, caller.as_ref()).await {
        Ok(tunnel) => {
            stream.write_all(&Reply::Granted.bytes()).await.ok()?;
            Some(Next::visit(session, (stream, seen), target, caller, tunnel))
        }
        Err(refusal) => answer_socks(stream, reply(&refusal)).await,
    }
}

async fn answer_socks(mut stream: TcpStream, reply: Reply) -> Option<Next> {
    stream.write_all(&reply.bytes()).await.ok()?;
    stream.shutdown().await.ok()?;
    None
}

async fn refuse_socks(session: &Session, caller: Option<Caller>, reason: &str) {
    let wish = crate::Wish {
        host: String::new(),
        port: 0,
        protocol: Protocol::Socks5,
        method: None,
        path: None,
        caller,
    };
    session
        .refuse(wish, Refusal::new(Cause::SocksCommand, reason))
        .await;
}

fn reply(refusal: &Refusal) -> Reply {
    let is = |cause: Cause| refusal.code == cause.code();
    if is(Cause::Unresolved) {
        Reply::Unreachable
    } else if is(Cause::Unreachable) {
        Reply::Refused
    } else {
        Reply::NotAllowed
    }
}

/// Reads until a part of SOCKS5 is whole, and takes it away.
async fn read<T>(
    stream: &mut TcpStream,
    seen: &mut Vec<u8>,
    part: fn(&[u8]) -> socks::Read<T>,
) -> Option<Result<T, Option<Reply>>> {
    loop {
        match part(seen) {
            socks::Read::Whole(found, length) => {
                seen.drain(..length);
                return Some(Ok(found));
            }
            socks::Read::Bad(reply) => return Some(Err(reply)),
            socks::Read::Partial if seen.len() > socks::MOST => return None,
            socks::Read::Partial => {}
        }
        if stream.read_buf(seen).await.ok()? == 0 {
            return None;
        }
    }
}

/// Decides on a tunnel, and connects.
async fn open(
    session: &Arc<Session>,
    target: &Target,
    protocol: Protocol,
    caller: Option<&Caller>,
) -> Result<(Passed, TcpStream), Refusal> {
    let caller = caller.cloned();
    let wish = crate::Wish {
        caller,
        ..target.wish(protocol)
    };
    let passed = session.decide(wish).await?;
    connect(session, target, passed).await
}
