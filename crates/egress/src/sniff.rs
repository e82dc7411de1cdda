//! What a connection speaks, from its first bytes.

use std::io;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::head;
use crate::hello;

/// How much is read at once.
const PIECE: usize = 4 * 1024;

/// What HTTP/2 says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speech {
    /// TLS.
    Tls,
    /// HTTP/1, or something that somebody could take for it.
    Http1,
    /// HTTP/2.
    Http2,
    /// Neither.
    Other,
}

/// What these first bytes are; none if more are needed to tell.
pub fn speech(bytes: &[u8]) -> Option<Speech> {
    let first = *bytes.first()?;
    if first == 22 {
        return match bytes.get(1) {
            None => None,
            Some(3) => Some(Speech::Tls),
            Some(_) => Some(Speech::Other),
        };
    }
    if bytes.starts_with(PREFACE) {
        return Some(Speech::Http2);
    }
    if PREFACE.starts_with(bytes) {
        return None;
    }
    // Empty lines in front are passed over by some servers.
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let rest = &bytes[start..];
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if contains_http(line) {
        return Some(Speech::Http1);
    }
    let is_whole = line.len() < rest.len() || bytes.len() > head::MOST;
    (is_whole || !may_become_http(line)).then_some(Speech::Other)
}

/// Whether a line that is not whole may be the first of a request: a method,
/// which is in capitals, and text behind it.
fn may_become_http(line: &[u8]) -> bool {
    let mut words = line.splitn(2, |byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let rest = words.next().unwrap_or_default();
    let is_text = |byte: &u8| (b' '..0x7f).contains(byte) || matches!(byte, b'\t' | b'\r');
    method
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || *byte == b'-')
        && rest.iter().all(is_text)
}

fn contains_http(line: &[u8]) -> bool {
    line.windows(5)
        .any(|five| five.eq_ignore_ascii_case(b"HTTP/"))
}

/// Reads until it is known what is spoken. An end before counts as other.
pub async fn listen(stream: &mut TcpStream, seen: &mut Vec<u8>) -> io::Result<Speech> {
    loop {
        if let Some(speech) = speech(seen) {
            return Ok(speech);
        }
        stream.readable().await?;
        seen.reserve(PIECE);
        if seen.len() > head::MOST || stream.read_buf(seen).await? == 0 {
            return Ok(Speech::Other);
        }
    }
}

/// Reads the hello of TLS.
pub async fn hello(stream: &mut TcpStream, seen: &mut Vec<u8>) -> io::Result<hello::Read> {
    loop {
        let read = hello::read(seen);
        if read != hello::Read::Partial {
            return Ok(read);
        }
        if stream.read_buf(seen).await? == 0 {
            return Ok(hello::Read::Malformed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_by_what_a_server_would_take_it_for() {
        for (bytes, expected) in [
            (&b""[..], None),
            (b"\x16", None),
            (b"\x16\x03\x01", Some(Speech::Tls)),
            (b"\x16\x01", Some(Speech::Other)),
            (b"PRI * HTTP/2.0\r\n\r\n", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Speech::Http2)),
            (b"GET / HTTP/1.1\r\n", Some(Speech::Http1)),
            (b"\r\n\r\nget / http/1.1", Some(Speech::Http1)),
            (b" GET / HTTP/1.1", Some(Speech::Http1)),
            (b"GET key\r\n", Some(Speech::Other)),
            (b"hello", Some(Speech::Other)),
            (b"GET / ", None),
            (b"SSH-2.0-x\r\n", Some(Speech::Other)),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Some(Speech::Other)),
        ] {
            assert_eq!(
                speech(bytes),
                expected,
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
