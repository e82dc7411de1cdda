//! The first message of TLS, as far as it names a server.

use crate::cursor::Cursor;

/// How many bytes of records are looked at. A hello with keys for two
/// post-quantum groups has about four thousand.
pub const MOST: usize = 32 * 1024;

/// A record's content type: handshake.
const HANDSHAKE: u8 = 22;
/// A record's most bytes, without its header.
const RECORD: usize = 1 << 14;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// What a client says first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hello {
    /// The server that it wants, as it was written.
    pub server_name: Option<String>,
    /// Whether another hello may be hidden in it. Browsers send noise of this
    /// form to everybody, which nobody can tell from a real one.
    pub encrypted: bool,
    /// The protocols that it speaks.
    pub protocols: Vec<Vec<u8>>,
}

/// How far the bytes go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Read {
    /// More are needed.
    Partial,
    /// All of it.
    Hello(Hello),
    /// It is no hello, or not one that every reader reads alike.
    Malformed,
}

/// Reads the hello at the start of a connection, however its records are cut.
pub fn read(bytes: &[u8]) -> Read {
    let mut records = Cursor::new(bytes);
    let mut message = Vec::new();
    loop {
        match next_record(&mut records) {
            Ok(Some(part)) => message.extend_from_slice(part),
            Ok(None) if bytes.len() >= MOST => return Read::Malformed,
            Ok(None) => return Read::Partial,
            Err(()) => return Read::Malformed,
        }
        let mut whole = Cursor::new(&message);
        let (Some(kind), Some(length)) = (whole.u8(), whole.u24()) else {
            continue;
        };
        if kind != CLIENT_HELLO || length > MOST {
            return Read::Malformed;
        }
        if let Some(body) = whole.take(length) {
            // What follows in the same record would be a second message.
            let hello = client_hello(Cursor::new(body)).filter(|_| whole.is_empty());
            return hello.map_or(Read::Malformed, Read::Hello);
        }
    }
}

/// The content of the next record, if it is whole.
fn next_record<'a>(records: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, ()> {
    let bytes = records.rest();
    let is_expected = |at: usize, wanted: u8| bytes.get(at).is_none_or(|byte| *byte == wanted);
    if !is_expected(0, HANDSHAKE) || !is_expected(1, 3) {
        return Err(());
    }
    let Some(header) = bytes.get(..5) else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if length == 0 || length > RECORD {
        return Err(());
    }
    let Some(content) = bytes.get(5..5 + length) else {
        return Ok(None);
    };
    *records = Cursor::new(&bytes[5 + length..]);
    Ok(Some(content))
}

fn client_hello(mut body: Cursor<'_>) -> Option<Hello> {
    let mut hello = Hello::default();
    let _version_and_random = body.take(2 + 32)?;
    let _session = body.after_u8()?;
    let _ciphers = body.after_u16()?;
    let _compressions = body.after_u8()?;
    if body.is_empty() {
        return Some(hello);
    }
    let mut extensions = body.after_u16()?;
    let mut seen = Vec::new();
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let content = extensions.after_u16()?;
        if seen.contains(&kind) {
            return None;
        }
        seen.push(kind);
        match kind {
            SERVER_NAME => hello.server_name = Some(server_name(content)?),
            ALPN => hello.protocols = protocols(content)?,
            ENCRYPTED_CLIENT_HELLO => hello.encrypted = true,
            _ => {}
        }
    }
    body.is_empty().then_some(hello)
}

/// The one name in a list of names.
fn server_name(mut content: Cursor<'_>) -> Option<String> {
    let mut list = content.after_u16()?;
    let kind = list.u8()?;
    let name = list.after_u16()?.rest();
    if kind != 0 || !list.is_empty() || !content.is_empty() || !name.is_ascii() {
        return None;
    }
    String::from_utf8(name.to_vec())
        .ok()
        .filter(|name| !name.is_empty())
}

fn protocols(mut content: Cursor<'_>) -> Option<Vec<Vec<u8>>> {
    let mut list = content.after_u16()?;
    let mut protocols = Vec::new();
    while !list.is_empty() {
        protocols.push(list.after_u8()?.rest().to_vec());
    }
    content.is_empty().then_some(protocols)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::pki_types::ServerName;

    use super::*;

    /// What rustls says first.
    fn real(name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        bytes.flush().unwrap();
        bytes
    }

    /// The same message in records of this many bytes.
    fn cut(bytes: &[u8], size: usize) -> Vec<u8> {
        let records = bytes[5..].chunks(size).map(|part| {
            let length = u16::try_from(part.len()).unwrap().to_be_bytes();
            [&[22, 3, 1, length[0], length[1]], part].concat()
        });
        records.collect::<Vec<_>>().concat()
    }

    /// A hello with only these extensions.
    fn made(extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let mut list = Vec::new();
        for (kind, content) in extensions {
            list.extend(kind.to_be_bytes());
            list.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            list.extend(*content);
        }
        let mut body = vec![3; 34];
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend(u16::try_from(list.len()).unwrap().to_be_bytes());
        body.extend(list);
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        let whole = u16::try_from(body.len() + 4).unwrap().to_be_bytes();
        let mut bytes = vec![22, 3, 1, whole[0], whole[1], 1, 0, length[0], length[1]];
        bytes.extend(body);
        bytes
    }

    fn named(name: &str) -> Vec<u8> {
        let length = u16::try_from(name.len()).unwrap();
        let mut content = (length + 3).to_be_bytes().to_vec();
        content.push(0);
        content.extend(length.to_be_bytes());
        content.extend(name.as_bytes());
        content
    }

    #[test]
    fn the_name_is_read_however_the_records_are_cut() {
        let bytes = real("www.example.com");
        for size in [1, 2, 3, 7, 100, 5000] {
            let Read::Hello(hello) = read(&cut(&bytes, size)) else {
                panic!("records of {size}");
            };
            assert_eq!(hello.server_name.as_deref(), Some("www.example.com"));
            assert_eq!(hello.protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
            assert!(!hello.encrypted);
        }
    }

    #[test]
    fn every_beginning_of_it_needs_more() {
        let bytes = cut(&real("a.example"), 50);
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Read::Partial, "{end}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let (one, two) = (named("a.example"), named("b.example"));
        assert!(matches!(read(&made(&[(0, &one)])), Read::Hello(_)));
        let both = [&one[2..], &two[2..]].concat();
        let length = u16::try_from(both.len()).unwrap().to_be_bytes();
        let list = [&length[..], &both].concat();
        for bad in [
            made(&[(0, &one), (0, &two)]),
            made(&[(0, &list)]),
            made(&[(0, &[])]),
            made(&[(0, &[0, 0])]),
            [&[22, 3, 1, 0, 0], &made(&[])[..]].concat(),
            b"GET / HTTP/1.1\r\n".to_vec(),
        ] {
            assert_eq!(read(&bad), Read::Malformed, "{bad:?}");
        }
        assert_eq!(read(&vec![22; MOST + 1]), Read::Malformed);
    }

    #[test]
    fn an_encrypted_hello_is_seen() {
        let hello = made(&[(0, &named("a.example")), (0xfe0d, b"noise")]);
        assert!(matches!(read(&hello), Read::Hello(hello) if hello.encrypted));
    }

    proptest! {
        #[test]
        fn anything_gets_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..100, value: u8) {
            let _ = read(&bytes);
            let mut changed = made(&[(0, &named("a.example")), (16, &[0, 3, 2, b'h', b'2'])]);
            let at = at % changed.len();
            changed[at] = value;
            let _ = read(&changed);
        }
    }
}
