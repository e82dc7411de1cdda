//! HTTP in the clear: strict where two readers may differ, whole where they
//! do not.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::thread;

use crate::hosts::Host;
use crate::world::{Wanted, World, has, say};

fn world() -> (Host, World) {
    let host = Host::plain();
    let world = World::new(Wanted::default().host("a.example", host.at));
    (host, world)
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let (host, world) = world();
    let name = format!("a.example:{}", host.at.port());
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4, 4\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "A: b\r\n Content-Length: 4\r\n",
        "Host: b.example\r\n",
        "A: b\nContent-Length: 4\r\n",
    ] {
        let request = format!(
            "POST http://{name}/ HTTP/1.1\r\nHost: {name}\r\n{fields}\r\n0\r\n\r\nGET http://{name}/smuggled HTTP/1.1\r\nHost: {name}\r\n\r\n"
        );
        let answer = say(world.to_proxy(), request.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains(r#""code":"malformed""#),
            "{fields:?}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    let long = format!(
        "GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\nA: {}\r\n\r\n",
        "a".repeat(70_000)
    );
    assert!(say(world.to_proxy(), long.as_bytes()).starts_with("HTTP/1.1 400"));
    assert!(host.seen().is_empty());
}

#[test]
fn requests_with_bodies_and_without_follow_each_other() {
    let (host, world) = world();
    let name = format!("a.example:{}", host.at.port());
    let head = format!("POST http://{name}/body HTTP/1.1\r\nHost: {name}\r\n");
    let all = format!(
        "{head}Content-Length: 3\r\n\r\none{head}Transfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n\
         {head}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let answer = say(world.to_proxy(), all.as_bytes());
    assert!(answer.contains("one") && answer.contains("two"), "{answer}");
    assert_eq!(host.seen().len(), 3);
}

#[test]
fn a_web_socket_goes_through_and_other_upgrades_do_not() {
    let (host, world) = world();
    let name = format!("a.example:{}", host.at.port());
    let upgrade = |to: &str| {
        format!(
            "GET http://{name}/socket HTTP/1.1\r\nHost: {name}\r\nConnection: Upgrade\r\nUpgrade: {to}\r\n\r\n"
        )
    };
    let mut stream = world.to_proxy();
    stream.write_all(upgrade("websocket").as_bytes()).unwrap();
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(char::from(byte[0]));
    }
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    stream.write_all(b"\x81\x05hello\r\n\r\n").unwrap();
    let mut echo = [0; 11];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"\x81\x05hello\r\n\r\n");
    drop(stream);
    let answer = say(world.to_proxy(), upgrade("mine").as_bytes());
    assert!(!answer.contains("101"), "{answer}");
}

#[test]
fn trailers_go_through_for_grpc() {
    if !has("curl") {
        return;
    }
    let (host, world) = world();
    let port = host.at.port();
    let to = format!("a.example:{port}:{}", world.gate("a.example", port));
    let url = format!("http://a.example:{port}/pieces");
    let answer = world.curl(&[
        "--noproxy",
        "*",
        "--http2-prior-knowledge",
        "--connect-to",
        &to,
        "-H",
        "te: trailers",
        &url,
    ]);
    assert!(
        answer.out.contains("pieces") && answer.out.contains("grpc-status: 0"),
        "{answer:?}"
    );
    assert!(host.seen()[0].contains("te: trailers"), "{:?}", host.seen());
}

#[test]
fn a_name_that_leads_into_a_private_network_is_refused() {
    let host = Host::plain();
    let port = host.at.port();
    let name = |name: &str| format!("{name}:{port}");
    let mut wanted = Wanted::rules(&[
        "*",
        &name("local.example"),
        &name("meta.example"),
        "!203.0.113.9",
    ]);
    wanted.rules.push(name("mixed.example"));
    let addresses = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "198.18.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "168.63.129.16",
        "203.0.113.9",
    ];
    for address in addresses {
        let wanted = Wanted {
            rules: wanted.rules.clone(),
            ..Wanted::default()
        };
        let world = World::new(wanted.name("local.example", address));
        let host = name("local.example");
        let answer = say(
            world.to_proxy(),
            format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes(),
        );
        assert!(
            answer.starts_with("HTTP/1.1 403") && answer.contains(r#""code":"address""#),
            "{address}: {answer}"
        );
    }
    assert_eq!(host.connections(), 0);
}

#[test]
fn a_name_is_resolved_once_and_connected_to_where_it_led() {
    // A name server that says something else each time: first a place that is
    // allowed, then one that is not, as in rebinding.
    let host = Host::plain();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = server.local_addr().unwrap();
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let counted = std::sync::Arc::clone(&asked);
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, from)) = server.recv_from(&mut buffer) {
            let mut reply = buffer[..count].to_vec();
            let kind = reply[count - 3];
            let mut counted = counted.lock().unwrap();
            let address = if counted.is_empty() {
                [127, 0, 0, 1]
            } else {
                [127, 0, 0, 2]
            };
            reply[2] = 0x81;
            if kind == 1 {
                counted.push(kind);
                reply[7] = 1;
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                reply.extend(address);
            }
            server.send_to(&reply, from).unwrap();
        }
    });
    let port = host.at.port();
    let rules = [format!("a.example:{port}"), host.at.to_string()];
    let list: Vec<&str> = rules.iter().map(String::as_str).collect();
    let world = World::new(Wanted::rules(&list).set(move |way| {
        way.resolver = dam_egress::Resolver::Servers {
            hosts: [].into(),
            servers: vec![at],
        };
    }));
    let request = format!(
        "GET http://a.example:{port}/ HTTP/1.1\r\nHost: a.example:{port}\r\nConnection: close\r\n\r\n"
    );
    assert!(say(world.to_proxy(), request.as_bytes()).contains("hello"));
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert!(say(world.to_proxy(), request.as_bytes()).contains(r#""code":"address""#));
}

#[test]
fn an_alias_of_a_denied_name_is_refused() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = server.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, from)) = server.recv_from(&mut buffer) {
            let mut reply = buffer[..count].to_vec();
            reply[2] = 0x81;
            reply[7] = 2;
            // a.example is bad.example, which is a public address.
            reply.extend([
                0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 6, 3, b'b', b'a', b'd', 0xc0, 14,
            ]);
            let alias = u8::try_from(count + 12).unwrap();
            reply.extend([0xc0, alias, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 8, 8, 8, 8]);
            server.send_to(&reply, from).unwrap();
        }
    });
    let world = World::new(
        Wanted::rules(&["a.example", "!bad.example"]).set(move |way| {
            way.resolver = dam_egress::Resolver::Servers {
                hosts: [].into(),
                servers: vec![at],
            };
        }),
    );
    let answer = say(
        world.to_proxy(),
        b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
    );
    assert!(
        answer.contains("another name for one that may not be reached"),
        "{answer}"
    );
}
