//! The resolver of the box. It asks nobody: a name that may be reached gets a
//! placeholder, any other does not exist.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use dam_policy::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{self, A, AAAA, Code, Question};
use crate::desk::{Protocol, Ruling, Wish};
use crate::refusal::{Cause, Refusal};
use crate::session::Session;

/// How long a question may be, and an answer over UDP.
const LONGEST: usize = 1232;
/// How many questions one TCP connection may ask.
const QUESTIONS: usize = 1000;

/// Serves a socket until the session ends.
pub async fn udp(session: Arc<Session>, socket: UdpSocket) {
    let mut buffer = vec![0; LONGEST];
    loop {
        let Some(received) = session.until_closed(socket.recv_from(&mut buffer)).await else {
            return;
        };
        // An error is somebody's who went away before the answer.
        let Ok((count, from)) = received else {
            tokio::task::yield_now().await;
            continue;
        };
        if let Some(reply) = reply(&session, &buffer[..count]) {
            let _ = socket.send_to(&reply, from).await;
        }
        tokio::task::consume_budget().await;
    }
}

/// Serves a connection: each message has its length in front.
pub async fn tcp(session: Arc<Session>, mut stream: TcpStream) {
    for _ in 0..QUESTIONS {
        let answered = timeout(session.limits().greeting, one(&session, &mut stream));
        if !matches!(session.until_closed(answered).await, Some(Ok(Some(())))) {
            return;
        }
    }
}

async fn one(session: &Session, stream: &mut TcpStream) -> Option<()> {
    let count = usize::from(stream.read_u16().await.ok()?);
    if count > LONGEST {
        return None;
    }
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await.ok()?;
    let reply = reply(session, &bytes)?;
    let length = u16::try_from(reply.len()).ok()?.to_be_bytes();
    stream.write_all(&[&length[..], &reply].concat()).await.ok()
}

fn reply(session: &Session, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match message::question(bytes)? {
        Ok(question) => answer(session, &question),
        Err((id, code)) => message::complaint(id, code),
    })
}

fn answer(session: &Session, question: &Question) -> Vec<u8> {
    let Ok(Host::Name(name)) = question.name.parse() else {
        return question.answer(Code::NoSuchName, &[]);
    };
    // The box itself, whatever the rules say.
    if name == "localhost" {
        return of_kind(question, Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
    }
    if let Err(refusal) = may_have_address(session, &name) {
        session.name_refused(&name, refusal);
        return question.answer(Code::NoSuchName, &[]);
    }
    if let Some((v4, v6)) = session.placeholder(&name) {
        return of_kind(question, v4, v6);
    }
    let reason = "the session has asked for too many names";
    session.name_refused(&name, Refusal::new(Cause::LimitNames, reason));
    question.answer(Code::Refused, &[])
}

/// Other kinds than addresses get an empty answer: keys for an encrypted
/// hello, other ports and texts are ways around or out.
fn of_kind(question: &Question, v4: Ipv4Addr, v6: Ipv6Addr) -> Vec<u8> {
    let address = match question.kind {
        A => Some(IpAddr::from(v4)),
        AAAA => Some(IpAddr::from(v6)),
        _ => None,
    };
    question.answer(Code::NoError, address.as_slice())
}

/// Whether a name may be reached, or asked for, at any port that rules speak of.
fn may_have_address(session: &Session, name: &str) -> Result<(), Refusal> {
    let host = Host::Name(name.to_owned());
    let mut first = None;
    for port in session.way.rules.ports_of(&host) {
        let wish = Wish {
            host: name.to_owned(),
            port,
            protocol: Protocol::Dns,
            method: None,
            path: None,
            caller: None,
        };
        match session.judge(&wish) {
            Ruling::Denied(refusal) => first = first.or(Some(refusal)),
            Ruling::Allowed | Ruling::Look | Ruling::Ask => return Ok(()),
        }
    }
    Err(first.unwrap_or_else(|| Refusal::new(Cause::Unresolved, "no port of it may be reached")))
}
