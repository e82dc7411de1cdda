//! The readers of what strangers say, with the laws that they must keep, for
//! the fuzzers. Each takes any bytes and panics where a law is broken.

use crate::dns::message;
use crate::guard;
use crate::head;
use crate::hello;
use crate::sniff;
use crate::socks;

/// Questions and answers of DNS: a name that was read is written as it was
/// read, and no answer leads in circles.
pub fn dns(bytes: &[u8]) {
    if let Some(Ok(asked)) = message::question(bytes) {
        assert!(asked.name.len() <= 253);
        if !asked.name.is_empty() {
            let again = message::question(&message::ask(asked.id, &asked.name, asked.kind));
            let again = again.and_then(Result::ok).map(|again| again.name);
            assert_eq!(again.as_ref(), Some(&asked.name));
        }
        let reply = asked.answer(message::Code::NoError, &[[198, 18, 1, 1].into()]);
        assert!(
            asked.name.is_empty()
                || message::answer(&reply, asked.id, &asked.name, asked.kind).is_some()
        );
    }
    if let Some(id) = bytes.first_chunk::<2>() {
        let found = message::answer(bytes, u16::from_be_bytes(*id), "a.example", message::A);
        assert!(found.is_none_or(|found| found.names.len() <= 18));
    }
}

/// The hello of TLS: it is the same however its records are cut, and every
/// part in front of it needs more.
pub fn tls(bytes: &[u8]) {
    let read = hello::read(bytes);
    let hello::Read::Hello(_) = read else {
        return;
    };
    assert_eq!(sniff::speech(bytes), Some(sniff::Speech::Tls));
    let Some(message) = records(bytes) else {
        return;
    };
    for size in [1, 3, 100] {
        let mut cut = Vec::new();
        for part in message.chunks(size) {
            cut.extend([22, 3, 1, 0, u8::try_from(part.len()).unwrap_or_default()]);
            cut.extend(part);
        }
        if cut.len() < hello::MOST {
            assert_eq!(hello::read(&cut), read);
            assert_eq!(hello::read(&cut[..cut.len() - 1]), hello::Read::Partial);
        }
    }
}

/// What is in the records of a hello, up to its end.
fn records(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let length = usize::from(u16::from_be_bytes([*bytes.get(3)?, *bytes.get(4)?]));
        message.extend_from_slice(bytes.get(5..5 + length)?);
        bytes = &bytes[5 + length..];
        if let [_, a, b, c, body @ ..] = message.as_slice() {
            let wanted = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            if body.len() >= wanted {
                return Some(message);
            }
        }
    }
}

/// Requests of HTTP/1: nobody who ends lines otherwise sees another end of a
/// head that was taken, and what gets past the guard does not depend on how it
/// arrives.
pub fn http(bytes: &[u8]) {
    if let Ok(Some(head)) = head::read(bytes) {
        let taken = &bytes[..head.length];
        assert!(head.length <= head::MOST && taken.ends_with(b"\r\n\r\n"));
        for (at, byte) in taken.iter().enumerate() {
            let is_end = match byte {
                b'\r' => taken.get(at + 1) == Some(&b'\n'),
                b'\n' => at > 0 && taken[at - 1] == b'\r',
                _ => true,
            };
            assert!(is_end && *byte != 0);
        }
        assert!(
            !taken[..head.length - 2]
                .windows(4)
                .any(|four| four == b"\r\n\r\n")
        );
    }
    // Byte by byte, a long head costs the square of its length.
    let bytes = &bytes[..bytes.len().min(4096)];
    let whole = guard::passed(bytes, bytes.len().max(1));
    for size in [1, 7] {
        let pieces = guard::passed(bytes, size);
        assert_eq!(pieces.is_some(), whole.is_some());
        assert_eq!(pieces, whole);
    }
}

/// SOCKS5: what was read is no longer than what there is, and a part of it
/// needs more.
pub fn socks5(bytes: &[u8]) {
    if let socks::Read::Whole(_, length) = socks::greeting(bytes) {
        assert!(length <= bytes.len());
        assert_eq!(socks::greeting(&bytes[..length - 1]), socks::Read::Partial);
    }
    if let socks::Read::Whole((_, port), length) = socks::request(bytes) {
        assert!(length <= bytes.len() && port != 0);
        assert_eq!(socks::request(&bytes[..length - 1]), socks::Read::Partial);
    }
}
