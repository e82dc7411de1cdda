//! Questions to the name servers of this machine.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{self, A, AAAA, Answer};

/// How long one server has for one answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The addresses of a name, and the names by which they were found. The first
/// server that says anything is believed.
pub async fn addresses(servers: &[SocketAddr], name: &str) -> Option<(Vec<String>, Vec<IpAddr>)> {
    for server in servers {
        let (v4, v6) = tokio::join!(ask(*server, name, A), ask(*server, name, AAAA));
        let mut names = Vec::new();
        let mut addresses = Vec::new();
        let mut has_answered = false;
        for answer in [v4, v6].into_iter().flatten() {
            has_answered |= !answer.failed;
            names.extend(answer.names);
            addresses.extend(answer.addresses);
        }
        if has_answered {
            return Some((names, addresses));
        }
    }
    None
}

async fn ask(server: SocketAddr, name: &str, kind: u16) -> Option<Answer> {
    let answer = timeout(PATIENCE, by_udp(server, name, kind)).await.ok()??;
    if answer.truncated {
        return timeout(PATIENCE, by_tcp(server, name, kind)).await.ok()?;
    }
    Some(answer)
}

async fn by_udp(server: SocketAddr, name: &str, kind: u16) -> Option<Answer> {
    let any = SocketAddr::new(
        match server {
            SocketAddr::V4(_) => IpAddr::from([0; 4]),
            SocketAddr::V6(_) => IpAddr::from([0; 16]),
        },
        0,
    );
    let socket = UdpSocket::bind(any).await.ok()?;
    // From here on only this server is heard.
    socket.connect(server).await.ok()?;
    let id = random();
    socket.send(&message::ask(id, name, kind)).await.ok()?;
    let mut buffer = vec![0; 4096];
    loop {
        let count = socket.recv(&mut buffer).await.ok()?;
        if let Some(answer) = message::answer(&buffer[..count], id, name, kind) {
            return Some(answer);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the way out dials name servers, too"
)]
async fn by_tcp(server: SocketAddr, name: &str, kind: u16) -> Option<Answer> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    let id = random();
    let question = message::ask(id, name, kind);
    let length = u16::try_from(question.len()).ok()?.to_be_bytes();
    stream
        .write_all(&[&length[..], &question].concat())
        .await
        .ok()?;
    let count = stream.read_u16().await.ok()?;
    let mut bytes = vec![0; count.into()];
    stream.read_exact(&mut bytes).await.ok()?;
    message::answer(&bytes, id, name, kind)
}

/// A number that nobody can guess; a fixed one where there is no randomness,
/// which is as bad as no answer would be and never worse than plain DNS.
fn random() -> u16 {
    let mut bytes = [0; 2];
    let _ = SystemRandom::new().fill(&mut bytes);
    u16::from_be_bytes(bytes)
}
