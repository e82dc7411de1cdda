//! The resolver of the box, over UDP and TCP.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::world::{Wanted, World};

const A: u16 = 1;
const AAAA: u16 = 28;

/// A question as bytes.
pub fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

/// Asks over TCP. The code and the addresses of the answer.
pub fn ask(world: &World, name: &str, kind: u16) -> (u8, Vec<IpAddr>) {
    let mut stream = world.connect("10.0.0.2:53");
    let bytes = question(name, kind);
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], &bytes].concat()).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer).unwrap();
    read(&answer, bytes.len())
}

fn read(answer: &[u8], question: usize) -> (u8, Vec<IpAddr>) {
    assert_eq!(answer[..2], [0x12, 0x34]);
    let mut addresses = Vec::new();
    let mut rest = &answer[question.min(answer.len())..];
    while rest.len() > 12 {
        let length = usize::from(rest[11]);
        let content = &rest[12..12 + length];
        addresses.push(match <[u8; 4]>::try_from(content) {
            Ok(octets) => IpAddr::from(octets),
            Err(_) => IpAddr::from(<[u8; 16]>::try_from(content).unwrap()),
        });
        rest = &rest[12 + length..];
    }
    (answer[3] & 15, addresses)
}

#[test]
fn an_allowed_name_gets_a_placeholder_and_any_other_does_not_exist() {
    let world = World::new(Wanted::rules(&[
        "a.example",
        "**.b.example:8443",
        "!bad.b.example",
    ]));
    for name in ["a.example", "A.EXAMPLE", "b.example", "x.y.b.example"] {
        let (code, addresses) = ask(&world, name, A);
        assert_eq!((code, addresses.len()), (0, 1), "{name}");
        assert!(
            addresses[0].to_string().starts_with("198.18."),
            "{addresses:?}"
        );
        let (code, addresses) = ask(&world, name, AAAA);
        assert_eq!((code, addresses.len()), (0, 1), "{name}");
        assert!(
            addresses[0].to_string().starts_with("fdc0:"),
            "{addresses:?}"
        );
    }
    for name in [
        "c.example",
        "a.example.evil",
        "xa.example",
        "bad.b.example",
        "secret.data.evil",
        "2.0.18.198.in-addr.arpa",
        "localhost.evil",
        "10.0.0.1",
        "0x7f.1",
    ] {
        assert_eq!(ask(&world, name, A), (3, vec![]), "{name}");
    }
    assert_eq!(world.egress.finish().names_refused, 7);
}

#[test]
fn other_kinds_than_addresses_get_nothing() {
    let world = World::new(Wanted::rules(&["a.example"]));
    // HTTPS would bring keys for an encrypted hello; TXT brings whatever.
    for kind in [65, 64, 16, 5, 33, 15, 255] {
        assert_eq!(ask(&world, "a.example", kind), (0, vec![]), "{kind}");
        assert_eq!(ask(&world, "b.example", kind), (3, vec![]), "{kind}");
    }
    let (_, local) = ask(&world, "localhost", A);
    assert_eq!(local, [IpAddr::from(Ipv4Addr::LOCALHOST)]);
}

#[test]
fn udp_is_answered_from_where_it_was_asked() {
    let world = World::new(Wanted::rules(&["a.example"]));
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = resolver.local_addr().unwrap();
    world.egress.resolver(resolver).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(at).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut buffer = [0; 1500];
    for junk in [&b""[..], b"x", &[0; 11], &[0xff; 40]] {
        client.send(junk).unwrap();
    }
    client.send(&question("a.example", A)).unwrap();
    let count = client.recv(&mut buffer).unwrap();
    let (code, addresses) = read(&buffer[..count], question("a.example", A).len());
    assert_eq!(
        (code, addresses),
        (0, world.placeholder("a.example").into_iter().collect())
    );
}

#[test]
fn no_name_that_is_refused_leaves_the_machine() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at: SocketAddr = server.local_addr().unwrap();
    let world = World::new(Wanted::rules(&["*.a.example:8000"]).set(move |way| {
        way.resolver = dam_egress::Resolver::Servers {
            hosts: [].into(),
            servers: vec![at],
        };
    }));
    for name in ["c2VjcmV0.evil.example", "x.a.example"] {
        let _ = ask(&world, name, A);
    }
    // Not even the allowed one is asked for before somebody connects.
    server.set_nonblocking(true).unwrap();
    assert!(server.recv(&mut [0; 512]).is_err());
    let address = world.placeholder("x.a.example").unwrap();
    let _stream = crate::world::say(world.connect(&format!("{address}:8000")), b"hello\n\n");
    assert!(server.recv(&mut [0; 512]).is_ok());
}

#[test]
fn names_are_bounded() {
    let world = World::new(Wanted::rules(&["**.a.example"]).set(|way| way.limits.names = 3));
    for name in ["a.a.example", "b.a.example", "c.a.example"] {
        assert!(world.placeholder(name).is_some());
    }
    assert_eq!(ask(&world, "d.a.example", A).0, 5);
    assert!(world.placeholder("a.a.example").is_some());
}
