//! SOCKS5, as far as it asks for a TCP connection.

use std::net::{Ipv4Addr, Ipv6Addr};

use dam_policy::Host;

use crate::cursor::Cursor;

/// The first byte of it.
pub const VERSION: u8 = 5;
/// How many bytes a greeting or a request may have.
pub const MOST: usize = 512;

/// The answer to a greeting: no name and password are needed.
pub const WELCOME: [u8; 2] = [VERSION, 0];
/// The answer to a greeting that offers only what is not needed.
pub const NO_METHOD: [u8; 2] = [VERSION, 0xff];

/// What a request gets as an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reply {
    Granted,
    Failure,
    NotAllowed,
    Unreachable,
    Refused,
    CommandNotSupported,
    AddressNotSupported,
}

impl Reply {
    /// On the wire. The address is of no use to anybody.
    pub const fn bytes(self) -> [u8; 10] {
        let code = match self {
            Self::Granted => 0,
            Self::Failure => 1,
            Self::NotAllowed => 2,
            Self::Unreachable => 4,
            Self::Refused => 5,
            Self::CommandNotSupported => 7,
            Self::AddressNotSupported => 8,
        };
        [VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}

/// How far the bytes go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Read<T> {
    /// More are needed.
    Partial,
    /// What was read, and how many bytes it has.
    Whole(T, usize),
    /// It is refused, with this answer, if one makes sense.
    Bad(Option<Reply>),
}

/// Reads the greeting: whether it offers to go without a password.
pub fn greeting(bytes: &[u8]) -> Read<bool> {
    let mut cursor = Cursor::new(bytes);
    match cursor.u8() {
        None => return Read::Partial,
        Some(VERSION) => {}
        Some(_) => return Read::Bad(None),
    }
    match cursor.after_u8() {
        None => Read::Partial,
        Some(methods) => {
            let length = bytes.len() - cursor.rest().len();
            Read::Whole(methods.rest().contains(&0), length)
        }
    }
}

/// Reads the request: where to connect to.
pub fn request(bytes: &[u8]) -> Read<(Host, u16)> {
    let mut cursor = Cursor::new(bytes);
    let Some(start) = cursor.take(4) else {
        let is_ours = bytes.first().is_none_or(|version| *version == VERSION);
        return if is_ours {
            Read::Partial
        } else {
            Read::Bad(None)
        };
    };
    let [version, command, reserved, kind] = [start[0], start[1], start[2], start[3]];
    if version != VERSION || reserved != 0 {
        return Read::Bad(Some(Reply::Failure));
    }
    // Binding a port and relaying UDP are other ways out.
    if command != 1 {
        return Read::Bad(Some(Reply::CommandNotSupported));
    }
    let host = match kind {
        1 => cursor.take(4).map(|bytes| v4(bytes).to_string()),
        3 => cursor
            .after_u8()
            .map(|name| String::from_utf8_lossy(name.rest()).into_owned()),
        4 => cursor.take(16).map(|bytes| v6(bytes).to_string()),
        _ => return Read::Bad(Some(Reply::AddressNotSupported)),
    };
    let (Some(host), Some(port)) = (host, cursor.u16()) else {
        return Read::Partial;
    };
    match host.parse() {
        Ok(host) if port != 0 => Read::Whole((host, port), bytes.len() - cursor.rest().len()),
        _ => Read::Bad(Some(Reply::Failure)),
    }
}

fn v4(bytes: &[u8]) -> Ipv4Addr {
    <[u8; 4]>::try_from(bytes).map_or(Ipv4Addr::UNSPECIFIED, Ipv4Addr::from)
}

fn v6(bytes: &[u8]) -> Ipv6Addr {
    <[u8; 16]>::try_from(bytes).map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to_name(name: &[u8], port: u16) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        let port = port.to_be_bytes();
        [&[5, 1, 0, 3, length], name, &port].concat()
    }

    fn host_of(bytes: &[u8]) -> Option<String> {
        match request(bytes) {
            Read::Whole((host, port), length) if length == bytes.len() => {
                Some(format!("{host}:{port}"))
            }
            _ => None,
        }
    }

    #[test]
    fn a_greeting_and_a_request_are_read_byte_by_byte() {
        assert_eq!(greeting(&[5, 2, 2, 0]), Read::Whole(true, 4));
        assert_eq!(greeting(&[5, 1, 2]), Read::Whole(false, 3));
        assert_eq!(greeting(&[4, 1]), Read::Bad(None));
        let bytes = to_name(b"A.Example.", 443);
        for end in 0..bytes.len() {
            assert_eq!(request(&bytes[..end]), Read::Partial, "{end}");
        }
        assert_eq!(host_of(&bytes).as_deref(), Some("a.example:443"));
        assert_eq!(
            host_of(&[5, 1, 0, 1, 127, 0, 0, 1, 0, 80]).as_deref(),
            Some("127.0.0.1:80")
        );
        let mapped = [&[5, 1, 0, 4][..], &[0; 10], &[255, 255, 10, 0, 0, 1, 0, 80]].concat();
        assert_eq!(host_of(&mapped).as_deref(), Some("10.0.0.1:80"));
        assert_eq!(
            host_of(&to_name(b"0x7f.1", 80)).as_deref(),
            Some("127.0.0.1:80")
        );
    }

    #[test]
    fn other_commands_and_odd_names_are_refused() {
        for command in [0, 2, 3, 4] {
            let bad = Read::Bad(Some(Reply::CommandNotSupported));
            assert_eq!(request(&[5, command, 0, 1]), bad);
        }
        for name in [
            &b"a\0.example"[..],
            b"",
            b"a b",
            b"\xff\xfe",
            b"a/b",
            b"a:80",
            b"*.a",
        ] {
            assert_eq!(
                request(&to_name(name, 80)),
                Read::Bad(Some(Reply::Failure)),
                "{name:?}"
            );
        }
        assert_eq!(request(&to_name(b"a", 0)), Read::Bad(Some(Reply::Failure)));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_no_longer_than_what_there_is(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Read::Whole(_, length) = greeting(&bytes) {
                prop_assert!(length <= bytes.len());
            }
            let bytes = [&[5, 1, 0], &bytes[..]].concat();
            if let Read::Whole(_, length) = request(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
