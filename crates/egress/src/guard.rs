//! A guard in front of the HTTP library: only requests that are read strictly
//! get through to it, so that we and it cannot see different requests.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::head::{self, BadHead, Framing};
use crate::refusal::{Cause, Refusal};

/// How much is read at once where lines are looked for.
const PIECE: usize = 8 * 1024;
/// How long the line with a piece's size may be.
const SIZE_LINE: usize = 256;
/// How long all fields behind a body may be.
const TRAILERS: usize = 16 * 1024;
/// What the library sees in place of a bad request; the site answers it with
/// the refusal.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// Why a connection was refused; set once.
pub type Objection = Arc<OnceLock<Refusal>>;

/// A connection whose requests are read strictly.
pub struct Guard<S> {
    stream: S,
    /// Read, and not yet looked at.
    held: Vec<u8>,
    /// Looked at, and not yet handed on.
    clear: Vec<u8>,
    place: Place,
    objection: Objection,
}

/// Where in a request we are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Head,
    Body(u64),
    Size,
    Data(u64),
    DataEnd,
    Trailers(usize),
    /// Another protocol from here on.
    Raw,
    /// Nothing more is read.
    Over,
    /// And what was read is no request.
    Broken,
}

impl<S> Guard<S> {
    /// Looks after a connection. What is wrong with it is left in `objection`.
    pub const fn new(stream: S, objection: Objection) -> Self {
        Self {
            stream,
            held: Vec::new(),
            clear: Vec::new(),
            place: Place::Head,
            objection,
        }
    }

    /// Looks at what is held, as far as it goes.
    fn look(&mut self) {
        while !self.held.is_empty() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return,
                Err(bad) => return self.object(bad),
            }
        }
    }

    /// One step; false if more bytes are needed.
    fn step(&mut self) -> Result<bool, BadHead> {
        match self.place {
            Place::Head => {
                let Some(head) = head::read(&self.held)? else {
                    return Ok(false);
                };
                self.place = match head.framing {
                    Framing::Sized(0) if head.upgrade => Place::Raw,
                    Framing::Sized(0) => Place::Head,
                    Framing::Sized(length) => Place::Body(length),
                    Framing::Chunked => Place::Size,
                };
                self.pass(head.length);
            }
            Place::Body(left) => {
                let left = self.pass_up_to(left);
                self.place = if left == 0 {
                    Place::Head
                } else {
                    Place::Body(left)
                };
            }
            Place::Data(left) => {
                let left = self.pass_up_to(left);
                self.place = if left == 0 {
                    Place::DataEnd
                } else {
                    Place::Data(left)
                };
            }
            Place::DataEnd => match self.held.get(..2) {
                None => return Ok(false),
                Some(b"\r\n") => {
                    self.pass(2);
                    self.place = Place::Size;
                }
                Some(_) => return Err(BadHead::Length),
            },
            Place::Size => {
                let Some(line) = self.line(SIZE_LINE)? else {
                    return Ok(false);
                };
                let size = size(&self.held[..line])?;
                self.place = if size == 0 {
                    Place::Trailers(0)
                } else {
                    Place::Data(size)
                };
                self.pass(line + 2);
            }
            Place::Trailers(sum) => {
                let Some(line) = self.line(TRAILERS - sum.min(TRAILERS))? else {
                    return Ok(false);
                };
                self.place = if line == 0 {
                    Place::Head
                } else {
                    trailer(&self.held[..line])?;
                    Place::Trailers(sum + line + 2)
                };
                self.pass(line + 2);
            }
            Place::Raw => self.pass(self.held.len()),
            Place::Over | Place::Broken => return Ok(false),
        }
        Ok(true)
    }

    /// The length of the line in front, without its end.
    fn line(&self, most: usize) -> Result<Option<usize>, BadHead> {
        match self.held.windows(2).position(|two| two == b"\r\n") {
            Some(at) if at <= most => Ok(Some(at)),
            None if self.held.len() <= most => Ok(None),
            _ => Err(BadHead::TooLong),
        }
    }

    fn pass(&mut self, count: usize) {
        self.clear.extend(self.held.drain(..count));
    }

    /// Hands on at most so many. What is left of them.
    fn pass_up_to(&mut self, left: u64) -> u64 {
        let count = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(self.held.len());
        self.pass(count);
        left - count as u64
    }

    /// Ends what is read. Between two requests there can be an answer.
    fn object(&mut self, bad: BadHead) {
        let _ = self
            .objection
            .set(Refusal::new(Cause::Malformed, bad.to_string()));
        self.held.clear();
        if self.place == Place::Head {
            self.clear.extend_from_slice(STAND_IN);
            self.place = Place::Over;
        } else {
            self.place = Place::Broken;
        }
    }
}

/// What gets through of a connection that says this, in pieces of a size; none
/// if something is wrong with it.
pub fn passed(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let objection = Objection::default();
    let mut guard = Guard::new((), Arc::clone(&objection));
    for piece in bytes.chunks(size) {
        guard.held.extend_from_slice(piece);
        guard.look();
    }
    objection.get().is_none().then_some(guard.clear)
}

/// The size of a piece. What may follow it has no meaning to anybody, and is
/// not taken.
fn size(line: &[u8]) -> Result<u64, BadHead> {
    let is_plain = (1..=16).contains(&line.len()) && line.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(line).ok().filter(|_| is_plain);
    text.and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or(BadHead::Length)
}

/// A field behind a body may not say what belongs in front of it.
fn trailer(line: &[u8]) -> Result<(), BadHead> {
    let (name, _) = head::field(line)?;
    let name = name.to_ascii_lowercase();
    let is_framing = [&b"content-length"[..], b"transfer-encoding", b"host"].contains(&&name[..]);
    if is_framing {
        Err(BadHead::Field)
    } else {
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        loop {
            if !guard.clear.is_empty() {
                let count = guard.clear.len().min(buffer.remaining());
                buffer.put_slice(&guard.clear[..count]);
                guard.clear.drain(..count);
                return Poll::Ready(Ok(()));
            }
            match guard.place {
                Place::Over => return Poll::Ready(Ok(())),
                Place::Broken => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Place::Raw => return Pin::new(&mut guard.stream).poll_read(context, buffer),
                _ => {}
            }
            let mut piece = [0; PIECE];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut guard.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            guard.held.extend_from_slice(read.filled());
            guard.look();
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;

    /// What gets through of a connection that says this, in pieces of a size.
    fn guarded(bytes: &[u8], size: usize) -> (Vec<u8>, Option<String>, bool) {
        let objection = Objection::default();
        let mut guard = Guard::new(io::Cursor::new(Vec::new()), Arc::clone(&objection));
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            guard.held.extend_from_slice(piece);
            guard.look();
            out.append(&mut guard.clear);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let is_broken = runtime
            .block_on(guard.read_to_end(&mut Vec::new()))
            .is_err();
        (
            out,
            objection.get().map(|refusal| refusal.reason.clone()),
            is_broken,
        )
    }

    const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[test]
    fn good_requests_get_through_as_they_are() {
        let all = format!(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
             {POST}5\r\nhello\r\n0\r\nA: b\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        for size in [1, 2, 3, 10, 1000] {
            let (out, objection, _) = guarded(all.as_bytes(), size);
            assert_eq!(String::from_utf8(out).unwrap(), all, "{size}");
            assert_eq!(objection, None);
        }
    }

    #[test]
    fn what_follows_an_upgrade_is_not_looked_at() {
        let all = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n\x81\0\0\r\nGET";
        assert_eq!(guarded(all, 5).0, all);
    }

    #[test]
    fn a_bad_request_is_replaced_and_nothing_follows_it() {
        let all = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /3 HTTP/1.1\r\n\r\n";
        let (out, objection, _) = guarded(all, 1000);
        let out = String::from_utf8(out).unwrap();
        assert!(
            out.starts_with("GET /1 ") && out.ends_with(std::str::from_utf8(STAND_IN).unwrap()),
            "{out}"
        );
        assert!(!out.contains("/2") && !out.contains("/3") && objection.is_some());
    }

    #[test]
    fn a_bad_piece_breaks_the_connection() {
        for bad in [
            "5;a=b\r\nhello\r\n",
            "+5\r\nhello\r\n",
            "0x5\r\n",
            "\r\n",
            "5\r\nhello!\r\n",
            "5\nhello",
            "11111111111111111\r\n",
            "0\r\nContent-Length: 3\r\n\r\n",
            "0\r\na b: c\r\n\r\n",
        ] {
            let text = format!("{POST}{bad}{}", " ".repeat(SIZE_LINE + 2));
            for size in [1, 1000] {
                let (_, objection, is_broken) = guarded(text.as_bytes(), size);
                assert!(objection.is_some() && is_broken, "{bad:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_gets_through_does_not_depend_on_the_pieces(body in "[0-9a-f\r\n;:]{0,40}", size in 1usize..20) {
            let text = format!("{POST}{body}\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n");
            let whole = guarded(text.as_bytes(), text.len());
            let parts = guarded(text.as_bytes(), size);
            prop_assert_eq!(whole.1.is_some(), parts.1.is_some());
            if whole.1.is_none() {
                prop_assert_eq!(whole.0, parts.0);
            }
        }
    }
}
