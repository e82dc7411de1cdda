//! Heads of HTTP/1 requests, read strictly: what two readers could take for
//! two different requests is refused, so that nothing is smuggled past us.

/// How many bytes a head may have.
pub const MOST: usize = 64 * 1024;
/// How many fields.
const FIELDS: usize = 128;

/// What is behind a head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// So many bytes.
    Sized(u64),
    /// Pieces, each with its size.
    Chunked,
}

/// A head.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// How many bytes it has.
    pub length: usize,
    /// The method.
    pub method: String,
    /// What is asked for, as it was written.
    pub target: String,
    /// What `Host` says.
    pub host: Option<String>,
    /// What is behind it.
    pub framing: Framing,
    /// Whether it asks for another protocol.
    pub upgrade: bool,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHead {
    /// Too long, or too many fields.
    #[error("the head of the request is too long")]
    TooLong,
    /// The first line.
    #[error("the first line of the request is not `METHOD TARGET HTTP/1.1`")]
    FirstLine,
    /// A line that ends otherwise, goes on in the next, or is no field.
    #[error("a line of the request's head is no field, or is continued")]
    Field,
    /// None or several.
    #[error("the request has no `Host`, or more than one")]
    Host,
    /// Two lengths, or one that is no number.
    #[error("the request's length is given twice, or is no number")]
    Length,
    /// Another coding than chunked, or beside a length.
    #[error("the request's `Transfer-Encoding` is not `chunked` alone")]
    TransferEncoding,
}

/// Reads a head at the start of these bytes. `None` needs more of them.
pub fn read(bytes: &[u8]) -> Result<Option<Head>, BadHead> {
    let Some(length) = end(bytes) else {
        return if bytes.len() > MOST {
            Err(BadHead::TooLong)
        } else {
            early(bytes).map(|()| None)
        };
    };
    if length > MOST {
        return Err(BadHead::TooLong);
    }
    // Without the empty line.
    let text = &bytes[..length - 2];
    let mut lines = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").ok_or(BadHead::Field)?;
        lines.push(line);
    }
    let (first, fields) = lines.split_first().ok_or(BadHead::FirstLine)?;
    let (method, target, is_11) = first_line(first)?;
    if fields.len() > FIELDS {
        return Err(BadHead::TooLong);
    }
    let mut found = Fields::default();
    for field in fields {
        found.add(field)?;
    }
    Ok(Some(Head {
        length,
        method,
        target,
        framing: found.framing(is_11)?,
        host: found.host(is_11)?,
        upgrade: found.upgrade,
    }))
}

/// A field's name and value.
pub fn field(line: &[u8]) -> Result<(&[u8], &[u8]), BadHead> {
    let at = line.iter().position(|byte| *byte == b':');
    let (name, value) = line.split_at(at.ok_or(BadHead::Field)?);
    let value = trimmed(&value[1..]);
    let is_text = |byte: &u8| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f;
    if name.is_empty() || !name.iter().copied().all(is_token) || !value.iter().all(is_text) {
        return Err(BadHead::Field);
    }
    Ok((name, value))
}

/// Without blanks around it; what else counts as one elsewhere does not here.
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Where the empty line ends.
fn end(bytes: &[u8]) -> Option<usize> {
    let found = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    found.map(|at| at + 4)
}

/// What can be said of a head that is not whole: it should not be waited for.
fn early(bytes: &[u8]) -> Result<(), BadHead> {
    let is_odd =
        |pair: &[u8]| pair[1] == b'\n' && pair[0] != b'\r' || pair[0] == b'\r' && pair[1] != b'\n';
    match bytes.first() {
        Some(first) if !is_token(*first) => Err(BadHead::FirstLine),
        _ if bytes.windows(2).any(is_odd) => Err(BadHead::Field),
        _ => Ok(()),
    }
}

fn first_line(line: &[u8]) -> Result<(String, String, bool), BadHead> {
    let mut words = line.split(|byte| *byte == b' ');
    let mut word = || words.next().filter(|word| !word.is_empty());
    let (Some(method), Some(target), Some(version)) = (word(), word(), word()) else {
        return Err(BadHead::FirstLine);
    };
    let is_11 = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        _ => return Err(BadHead::FirstLine),
    };
    let is_plain = target.iter().all(|byte| (0x21..0x7f).contains(byte));
    if words.next().is_some() || !is_plain || !method.iter().copied().all(is_token) {
        return Err(BadHead::FirstLine);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(method), text(target), is_11))
}

/// The fields that say where a request ends and whom it is for.
#[derive(Default)]
struct Fields {
    hosts: Vec<String>,
    lengths: Vec<u64>,
    codings: Vec<Vec<u8>>,
    upgrade: bool,
}

impl Fields {
    fn add(&mut self, line: &[u8]) -> Result<(), BadHead> {
        let (name, value) = field(line)?;
        match name.to_ascii_lowercase().as_slice() {
            b"host" => self.hosts.push(String::from_utf8_lossy(value).into_owned()),
            b"content-length" => self.lengths.push(length(value)?),
            b"transfer-encoding" => self.codings.push(value.to_ascii_lowercase()),
            b"upgrade" => self.upgrade = true,
            _ => {}
        }
        Ok(())
    }

    fn framing(&self, is_11: bool) -> Result<Framing, BadHead> {
        match (self.lengths.as_slice(), self.codings.as_slice()) {
            ([], []) => Ok(Framing::Sized(0)),
            ([length], []) => Ok(Framing::Sized(*length)),
            ([], [coding]) if coding == b"chunked" && is_11 => Ok(Framing::Chunked),
            (_, []) => Err(BadHead::Length),
            _ => Err(BadHead::TransferEncoding),
        }
    }

    fn host(&mut self, is_11: bool) -> Result<Option<String>, BadHead> {
        match (self.hosts.len(), is_11) {
            (1, _) | (0, false) => Ok(self.hosts.pop()),
            _ => Err(BadHead::Host),
        }
    }
}

fn length(value: &[u8]) -> Result<u64, BadHead> {
    let text = std::str::from_utf8(value).map_err(|_| BadHead::Length)?;
    match text.parse() {
        Ok(length) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(length),
        _ => Err(BadHead::Length),
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(fields: &str) -> Result<Framing, BadHead> {
        let text = format!("POST /a HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n");
        read(text.as_bytes()).map(|head| head.unwrap().framing)
    }

    #[test]
    fn a_plain_head_is_read() {
        let text = b"GET http://a.example/b HTTP/1.1\r\nhost: a.example\r\nUpgrade: x\r\n\r\nrest";
        let head = read(text).unwrap().unwrap();
        assert_eq!(head.length, text.len() - 4);
        assert_eq!(
            (head.method.as_str(), head.target.as_str()),
            ("GET", "http://a.example/b")
        );
        assert_eq!(head.host.as_deref(), Some("a.example"));
        assert!(head.upgrade);
        for end in 0..head.length {
            assert_eq!(read(&text[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn where_a_request_ends_is_said_once() {
        assert_eq!(framed(""), Ok(Framing::Sized(0)));
        assert_eq!(framed("Content-Length: 12\r\n"), Ok(Framing::Sized(12)));
        assert_eq!(
            framed("Transfer-Encoding: Chunked\r\n"),
            Ok(Framing::Chunked)
        );
        for (fields, why) in [
            (
                "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                BadHead::TransferEncoding,
            ),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
                BadHead::TransferEncoding,
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                BadHead::TransferEncoding,
            ),
            (
                "Transfer-Encoding: gzip, chunked\r\n",
                BadHead::TransferEncoding,
            ),
            ("Transfer-Encoding: xchunked\r\n", BadHead::TransferEncoding),
            ("Transfer-Encoding: identity\r\n", BadHead::TransferEncoding),
            (
                "Content-Length: 1\r\nContent-Length: 1\r\n",
                BadHead::Length,
            ),
            (
                "Content-Length: 1\r\nContent-Length: 2\r\n",
                BadHead::Length,
            ),
            ("Content-Length: 1, 1\r\n", BadHead::Length),
            ("Content-Length: +1\r\n", BadHead::Length),
            ("Content-Length: -1\r\n", BadHead::Length),
            ("Content-Length: 0x1\r\n", BadHead::Length),
            ("Content-Length:\r\n", BadHead::Length),
            ("Content-Length: 99999999999999999999\r\n", BadHead::Length),
            ("Content-Length : 1\r\n", BadHead::Field),
            ("Transfer-Encoding\u{b}: chunked\r\n", BadHead::Field),
            ("A: b\r\n chunked\r\n", BadHead::Field),
            ("A: b\r\n\tc\r\n", BadHead::Field),
            ("A: b\nC: d\r\n", BadHead::Field),
            ("A: b\rC: d\r\n", BadHead::Field),
            ("A: b\0\r\n", BadHead::Field),
            ("A: b\r\r\n", BadHead::Field),
            ("Content-Length: 1\u{c}\r\n", BadHead::Field),
            ("nothing\r\n", BadHead::Field),
            (": empty\r\n", BadHead::Field),
            ("Host: b.example\r\n", BadHead::Host),
        ] {
            assert_eq!(framed(fields), Err(why), "{fields:?}");
        }
    }

    #[test]
    fn a_first_line_has_three_words() {
        for line in [
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /a b HTTP/1.1",
            "GET / HTTP/2.0",
            "GET / http/1.1",
            "GET\t/ HTTP/1.1",
            "G\0T / HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "",
        ] {
            let text = format!("{line}\r\nHost: a\r\n\r\n");
            assert!(read(text.as_bytes()).is_err(), "{line:?}");
        }
        assert_eq!(read(b"GET / HTTP/1.1\r\n\r\n"), Err(BadHead::Host));
    }

    #[test]
    fn a_head_is_bounded() {
        let long = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n",
            "a".repeat(MOST)
        );
        assert_eq!(read(long.as_bytes()), Err(BadHead::TooLong));
        assert_eq!(read(&long.as_bytes()[..=MOST]), Err(BadHead::TooLong));
        let many = format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "A: b\r\n".repeat(FIELDS)
        );
        assert_eq!(read(many.as_bytes()), Err(BadHead::TooLong));
    }

    proptest! {
        /// Whoever reads less strictly sees no other end of the head.
        #[test]
        fn what_is_taken_has_one_end(fields in "[ -~\r\n\t]{0,60}") {
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
            if let Ok(Some(head)) = read(text.as_bytes()) {
                let taken = &text[..head.length];
                let unix = taken.replace("\r\n", "\n");
                prop_assert!(!unix.contains('\r'));
                prop_assert_eq!(unix.find("\n\n"), Some(unix.len() - 2));
            }
        }
    }
}
