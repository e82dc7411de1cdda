//! The proxy's address: HTTP, CONNECT, SOCKS5.

use std::io::{Read, Write};
use std::net::SocketAddr;

use crate::hosts::{Host, raw};
use crate::world::{Wanted, World, has, say};

fn socks(world: &World, request: &[u8]) -> Vec<u8> {
    let mut stream = world.to_proxy();
    stream.write_all(&[5, 1, 0]).unwrap();
    let mut welcome = [0; 2];
    stream.read_exact(&mut welcome).unwrap();
    assert_eq!(welcome, [5, 0]);
    let _ = stream.write_all(request);
    let mut reply = vec![0; 10];
    let count = stream.read(&mut reply).unwrap();
    reply.truncate(count);
    reply
}

fn to_name(name: &str, port: u16) -> Vec<u8> {
    let port = port.to_be_bytes();
    [
        &[5, 1, 0, 3, u8::try_from(name.len()).unwrap()][..],
        name.as_bytes(),
        &port,
    ]
    .concat()
}

#[test]
fn requests_go_to_the_hosts_that_they_name() {
    let (one, two) = (Host::plain(), Host::plain());
    let world = World::new(
        Wanted::default()
            .host("a.example", one.at)
            .host("b.example", two.at),
    );
    let get = |name: &str, at: SocketAddr, more: &str| {
        let host = format!("{name}:{}", at.port());
        format!("GET http://{host}/head HTTP/1.1\r\nHost: {host}\r\n{more}\r\n")
    };
    let requests = [
        get(
            "a.example",
            one.at,
            "Proxy-Authorization: Basic eA==\r\nX-A: 1\r\n",
        ),
        get("b.example", two.at, ""),
        get("c.example", two.at, ""),
        get("a.example", one.at, "Connection: close\r\n"),
    ];
    let answer = say(world.to_proxy(), requests.concat().as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 3, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 403").count(), 1, "{answer}");
    assert_eq!((one.seen().len(), two.seen().len()), (2, 1));
    let seen = one.seen().concat().to_lowercase();
    assert!(
        seen.contains("x-a: 1") && !seen.contains("proxy-"),
        "{seen}"
    );
    assert_eq!(one.connections(), 1, "a connection to a host is used again");
}

#[test]
fn connect_is_for_allowed_hosts_and_ports_only() {
    let echo = raw(|mut stream| {
        let mut word = [0; 5];
        stream.read_exact(&mut word).unwrap();
        stream.write_all(&word).unwrap();
    });
    let world = World::new(Wanted::rules(&["web.example"]).host("a.example", echo));
    let connect = |to: &str, host: &str| {
        say(
            world.to_proxy(),
            format!("CONNECT {to} HTTP/1.1\r\nHost: {host}\r\n\r\nhello").as_bytes(),
        )
    };
    let to = format!("a.example:{}", echo.port());
    let answer = connect(&to, &to);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nhello"),
        "{answer}"
    );
    for (to, host, status) in [
        ("web.example:22", "web.example:22", "403"),
        ("web.example:25", "web.example:25", "403"),
        ("a.example:443", "a.example:443", "403"),
        ("127.0.0.1:22", "127.0.0.1:22", "403"),
        ("2130706433:80", "2130706433:80", "403"),
        ("0x7f000001:80", "0x7f000001:80", "403"),
        ("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", "403"),
        (&to, "web.example:443", "400"),
        ("web.example", "web.example", "400"),
        ("http://web.example/", "web.example", "400"),
        ("me@web.example:443", "web.example", "400"),
    ] {
        let answer = connect(to, host);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{to}: {answer}"
        );
        assert!(answer.contains(r#"{"error":{"code":""#), "{answer}");
    }
}

#[test]
fn a_refused_tunnel_tells_why_in_a_form_for_programs() {
    let world = World::new(Wanted::rules(&[]));
    let answer = say(
        world.to_proxy(),
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("x-cofferdam-refused: network.unlisted"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], "network.unlisted");
    assert_eq!(body["error"]["host"], "evil.example:443");
    assert_eq!(
        body["error"]["reason"],
        "no rule allows evil.example at port 443"
    );
}

#[test]
fn socks_connects_and_does_nothing_else() {
    let world = World::new(
        Wanted::rules(&["a.example", "dead.example:9"]).name("dead.example", "127.0.0.1"),
    );
    for (request, code) in [
        (to_name("b.example", 443), 2),
        (to_name("a.example", 22), 2),
        (to_name("a.example", 443), 4),
        (to_name("a.example\0.b.example", 443), 1),
        (vec![5, 2, 0, 1, 0, 0, 0, 0, 0, 80], 7),
        (vec![5, 3, 0, 1, 0, 0, 0, 0, 0, 0], 7),
        (vec![5, 1, 0, 1, 127, 0, 0, 1, 0, 80], 2),
        (vec![5, 1, 0, 9, 127, 0, 0, 1, 0, 80], 8),
    ] {
        let reply = socks(&world, &request);
        assert_eq!(reply.get(1), Some(&code), "{request:?}: {reply:?}");
    }
    let without = World::new(Wanted::rules(&["a.example"]).set(|way| way.socks5 = false));
    let mut stream = without.to_proxy();
    stream.write_all(&[5, 1, 0]).unwrap();
    assert_eq!(say(stream, b"").as_bytes()[0], 5);
    assert!(without.decisions().is_empty());
}

#[test]
fn socks_carries_bytes() {
    let echo = raw(|mut stream| {
        let mut word = [0; 5];
        stream.read_exact(&mut word).unwrap();
        stream.write_all(&word).unwrap();
    });
    let world = World::new(Wanted::default().host("a.example", echo));
    let mut stream = world.to_proxy();
    let all = [&[5, 1, 0][..], &to_name("a.example", echo.port()), b"hello"].concat();
    stream.write_all(&all).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(
        answer.ends_with(b"hello") && answer[..4] == [5, 0, 5, 0],
        "{answer:?}"
    );
}

#[test]
fn other_protocols_at_the_proxy_get_nothing() {
    let world = World::new(Wanted::rules(&["*"]));
    for bytes in [
        &b"\x04\x01\0\x50\x7f\0\0\x01\0"[..],
        &crate::tls::hello("a.example"),
        b"\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = say(world.to_proxy(), bytes);
        assert!(!answer.contains("200"), "{answer}");
    }
    assert_eq!(world.egress.finish().bytes_out, 0);
}

#[test]
fn the_machines_own_proxy_is_used_where_it_must_be() {
    let proxy = raw(|mut stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap() == 0 {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let is_ours =
            head.starts_with("CONNECT far.example:80 ") && head.contains("Basic bWU6cGFzcw==");
        let status = if is_ours { "200 OK" } else { "407 No" };
        stream
            .write_all(format!("HTTP/1.1 {status}\r\nX: y\r\n\r\n").as_bytes())
            .unwrap();
        let mut request = [0; 512];
        let _ = stream.read(&mut request).unwrap();
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nfar");
    });
    let world = World::new(
        Wanted::rules(&["far.example", "inner.example"])
            .name("inner.example", "10.0.0.1")
            .set(move |way| {
                let url = format!("http://me:pass@127.0.0.1:{}", proxy.port());
                way.upstream = Some(dam_egress::UpstreamProxy::parse(&url).unwrap());
            }),
    );
    let get = |host: &str| {
        say(
            world.to_proxy(),
            format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
    };
    assert!(get("far.example").ends_with("far"));
    assert!(get("denied.example").contains("network.unlisted"));
    // What leads into a private network here does so there.
    assert!(get("inner.example").contains(r#""code":"address""#));
}

#[test]
fn real_curl_is_served_by_the_proxy() {
    if !has("curl") {
        return;
    }
    let host = Host::plain();
    let world = World::new(Wanted::default().host("a.example", host.at));
    let url = format!("http://a.example:{}", host.at.port());
    let answer = world.curl_proxied(&["-d", "some data", &format!("{url}/body")]);
    assert!(answer.out.ends_with("some data"), "{answer:?}");
    let answer = world.curl_proxied(&[
        "-T",
        "-",
        "-H",
        "Expect: 100-continue",
        &format!("{url}/body"),
    ]);
    assert!(answer.out.contains("200"), "{answer:?}");
    let answer = world.curl_proxied(&["--proxytunnel", &format!("{url}/head")]);
    assert!(answer.out.contains("GET /head"), "{answer:?}");
    let answer = world.curl_proxied(&["http://evil.example/"]);
    assert!(
        answer.out.contains("403") && answer.out.contains("network.unlisted"),
        "{answer:?}"
    );
}
