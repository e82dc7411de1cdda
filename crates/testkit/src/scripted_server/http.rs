//! Just enough HTTP/1.1 over a blocking socket.

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::turn::End;

/// Largest body taken; an agent's requests stay far below.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// `POST`, `GET`, …
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// What followed the question mark; empty if nothing.
    pub query: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body, as it arrived.
    pub body: Vec<u8>,
}

impl Received {
    /// The first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        self.headers
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    Whole(Vec<u8>),
    Events { events: Vec<String>, end: End },
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self {
            status,
            headers,
            body: Body::Whole(body.to_string().into_bytes()),
        }
    }

    /// Success without a body, which the answer to a `HEAD` must not have.
    pub(super) fn empty() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Whole(Vec::new()),
        }
    }

    pub(super) fn stream(events: Vec<String>, end: End) -> Self {
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        Self {
            status: 200,
            headers,
            body: Body::Events { events, end },
        }
    }

    /// Writes the answer; an error means that the connection is over.
    pub(super) fn send(
        self,
        mut stream: &TcpStream,
        stopping: &dyn Fn() -> bool,
    ) -> io::Result<()> {
        let framing = match &self.body {
            Body::Whole(body) => format!("content-length: {}", body.len()),
            Body::Events { .. } => "transfer-encoding: chunked".to_owned(),
        };
        write!(stream, "HTTP/1.1 {} Scripted\r\n{framing}\r\n", self.status)?;
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")?;
        match self.body {
            Body::Whole(body) => stream.write_all(&body),
            Body::Events { events, end } => send_events(stream, &events, end, stopping),
        }
    }
}

fn send_events(
    mut stream: &TcpStream,
    events: &[String],
    end: End,
    stopping: &dyn Fn() -> bool,
) -> io::Result<()> {
    let sent = match end {
        End::Whole => events.len(),
        End::DropAfter(count) | End::StallAfter(count) => count.min(events.len()),
    };
    for event in &events[..sent] {
        // In two chunks, wherever that cuts: clients must not care.
        let (first, second) = event.as_bytes().split_at(event.len() / 2);
        for chunk in [first, second]
            .into_iter()
            .filter(|chunk| !chunk.is_empty())
        {
            write!(stream, "{:x}\r\n", chunk.len())?;
            stream.write_all(chunk)?;
            stream.write_all(b"\r\n")?;
            stream.flush()?;
        }
    }
    match end {
        End::Whole => stream.write_all(b"0\r\n\r\n"),
        End::DropAfter(_) => stream.shutdown(Shutdown::Both),
        End::StallAfter(_) => {
            wait_for_the_client_to_leave(stream, stopping)?;
            stream.shutdown(Shutdown::Both)
        }
    }
}

fn wait_for_the_client_to_leave(
    mut stream: &TcpStream,
    stopping: &dyn Fn() -> bool,
) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    while !stopping() {
        match stream.read(&mut [0]) {
            Ok(0) => break,
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                break;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads one request; `None` when the client is done.
pub(super) fn read(
    reader: &mut impl BufRead,
    mut stream: &TcpStream,
) -> io::Result<Option<Received>> {
    let Some(first) = line(reader)? else {
        return Ok(None);
    };
    let mut words = first.split_ascii_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut received = Received {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    while let Some(header) = line(reader)?.filter(|line| !line.is_empty()) {
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        received
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if received
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    received.body = body(reader, &received)?;
    Ok(Some(received))
}

fn body(reader: &mut impl BufRead, received: &Received) -> io::Result<Vec<u8>> {
    let chunked = received
        .header("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let mut body = Vec::new();
    if !chunked {
        let length = received
            .header("content-length")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0);
        read_exactly(reader, length, &mut body)?;
        return Ok(body);
    }
    loop {
        let size = line(reader)?.unwrap_or_default();
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        read_exactly(reader, size, &mut body)?;
        // After a chunk an empty line; after the last one there may be trailers.
        while line(reader)?.is_some_and(|line| size == 0 && !line.is_empty()) {}
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_exactly(reader: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    if body.len().saturating_add(length) > LARGEST_BODY {
        return Err(io::Error::other("the body is too large"));
    }
    let start = body.len();
    body.resize(start + length, 0);
    reader.read_exact(&mut body[start..])
}

/// A line without its ending; `None` at the end of the stream.
fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    reader.take(64 * 1024).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}
