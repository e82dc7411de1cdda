//! TLS: the name in it must be the host that was asked for, and inside it is
//! looked only where a rule depends on it.

use std::io::Write;
use std::sync::Arc;

use dam_egress::Authority;
use dam_policy::NetworkMode;
use rustls::pki_types::ServerName;

use crate::hosts::Host;
use crate::world::{Wanted, World, has, say};

/// What a client of TLS says first.
pub fn hello(name: &str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// A hello without a name, or with an extension more.
fn odd_hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
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
    [
        &[22, 3, 1, whole[0], whole[1], 1, 0, length[0], length[1]][..],
        &body,
    ]
    .concat()
}

/// Looks inside, and trusts what a host's authority has signed.
fn looking(wanted: Wanted, host: &Host) -> Wanted {
    let pem = host.authority.clone();
    wanted.set(move |way| {
        way.rules.mode = NetworkMode::Limited;
        way.authority = Some(Authority::new().unwrap());
        way.trust(pem.as_bytes()).unwrap();
    })
}

#[test]
fn an_opaque_connection_is_the_hosts_own() {
    if !has("curl") {
        return;
    }
    let host = Host::tls(&["a.example"]);
    let world = World::new(Wanted::default().host("a.example", host.at));
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("host.pem");
    std::fs::File::create(&bundle)
        .unwrap()
        .write_all(host.authority.as_bytes())
        .unwrap();
    let bundle = bundle.to_str().unwrap();
    let port = host.at.port();
    let gate = world.gate("a.example", port);
    let to = format!("a.example:{port}:{gate}");
    let url = format!("https://a.example:{port}/head");
    for version in ["--http1.1", "--http2"] {
        let answer = world.curl(&[
            "--noproxy",
            "*",
            "--cacert",
            bundle,
            "--connect-to",
            &to,
            version,
            &url,
        ]);
        assert!(answer.out.contains("GET "), "{answer:?}");
        let answer = world.curl_proxied(&["--cacert", bundle, version, &url]);
        assert!(answer.out.contains("GET "), "{answer:?}");
    }
    let socks = format!("socks5h://{}", world.proxy);
    let answer = world.curl(&["--proxy", &socks, "--cacert", bundle, &url]);
    assert!(answer.out.contains("GET "), "{answer:?}");
    let decisions = world.decisions();
    assert!(
        decisions.contains(&"https a.example yes".to_owned()),
        "{decisions:?}"
    );
    assert!(
        decisions.contains(&"connect a.example yes".to_owned()),
        "{decisions:?}"
    );
    assert!(
        decisions.contains(&"socks5 a.example yes".to_owned()),
        "{decisions:?}"
    );
}

#[test]
fn another_name_no_name_and_a_hidden_name_are_refused() {
    let world = World::new(Wanted::rules(&[
        "a.example",
        "b.example",
        "192.0.2.7:443",
        "*.example",
    ]));
    let address = world.placeholder("a.example").unwrap();
    let sent = |bytes: &[u8]| say(world.connect(&format!("{address}:443")), bytes);
    let name = [&[0, 12, 0, 0, 9][..], b"a.example"].concat();
    for (bytes, code) in [
        (hello("b.example"), "server-name"),
        (hello("x.a.example"), "server-name"),
        (odd_hello(&[]), "no-server-name"),
        (
            odd_hello(&[(0, &name), (0xfe0d, b"\0hidden")]),
            "encrypted-hello",
        ),
        (odd_hello(&[(0, &name), (0, &name)]), "malformed"),
    ] {
        let before = world.decisions().len();
        let answer = sent(&bytes);
        // An alert: access denied.
        assert_eq!(answer.as_bytes()[0], 21, "{code}");
        assert_eq!(
            world.decisions()[before..],
            [format!("https a.example {code}")]
        );
    }
    assert_eq!(world.egress.finish().bytes_out, 0);
}

#[test]
fn a_name_that_disagrees_with_the_tunnel_is_refused_there_too() {
    let host = Host::tls(&["a.example"]);
    let port = host.at.port();
    let world =
        World::new(Wanted::rules(&[&format!("b.example:{port}")]).host("a.example", host.at));
    let mut stream = world.to_proxy();
    let connect = format!("CONNECT a.example:{port} HTTP/1.1\r\nHost: a.example:{port}\r\n\r\n");
    stream.write_all(connect.as_bytes()).unwrap();
    stream.write_all(&hello("b.example")).unwrap();
    let answer = say(stream, b"");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(
        world.decisions(),
        ["connect a.example yes", "https a.example server-name"]
    );
    assert!(host.seen().is_empty());
}

#[test]
fn methods_are_judged_inside_where_a_rule_depends_on_them() {
    if !has("curl") {
        return;
    }
    let host = Host::tls(&["a.example"]);
    let world = World::new(looking(Wanted::default().host("a.example", host.at), &host));
    let url = format!("https://a.example:{}/head", host.at.port());
    for version in ["--http1.1", "--http2"] {
        let answer = world.curl_proxied(&[version, &url]);
        assert!(
            answer.out.contains("200") && answer.out.contains("GET "),
            "{answer:?}"
        );
        let answer = world.curl_proxied(&[version, "-d", "data", &url]);
        assert!(answer.out.contains(" 403"), "{answer:?}");
        assert!(
            answer.out.contains(r#""code":"network.method""#),
            "{answer:?}"
        );
        assert!(
            answer.out.contains("x-cofferdam-refused: network.method"),
            "{answer:?}"
        );
    }
    let seen = host.seen();
    assert!(
        seen.len() == 2 && seen.iter().all(|head| head.starts_with("GET ")),
        "{seen:?}"
    );
    assert!(
        seen[0].contains("HTTP/1.1") && seen[1].contains("HTTP/2.0"),
        "{seen:?}"
    );
}

#[test]
fn paths_are_judged_inside() {
    if !has("curl") {
        return;
    }
    let host = Host::tls(&["a.example"]);
    let pem = host.authority.clone();
    let world = World::new(
        Wanted::default()
            .host("a.example", host.at)
            .path("a.example", "/open/")
            .set(move |way| {
                way.authority = Some(Authority::new().unwrap());
                way.trust(pem.as_bytes()).unwrap();
            }),
    );
    let base = format!("https://a.example:{}", host.at.port());
    let get = |path: &str| {
        world
            .curl_proxied(&["--path-as-is", &format!("{base}{path}")])
            .out
    };
    assert!(get("/open/x").contains("hello"));
    assert!(get("/closed").contains("network.path"));
    for path in [
        "/open/../closed",
        "/open/%2e%2e/closed",
        "/open/..%2fclosed",
    ] {
        assert!(get(path).contains("malformed"), "{path}");
    }
    assert_eq!(host.seen().len(), 1);
}

#[test]
fn a_host_whose_certificate_does_not_hold_is_not_spoken_to() {
    if !has("curl") {
        return;
    }
    let (host, other) = (Host::tls(&["other.example"]), Host::tls(&["a.example"]));
    // Of a trusted authority, and for another name; of nobody, and for this.
    for (host, trusted) in [(&host, &host), (&other, &host)] {
        let world = World::new(looking(
            Wanted::default().host("a.example", host.at),
            trusted,
        ));
        let answer = world.curl_proxied(&[&format!("https://a.example:{}/", host.at.port())]);
        assert!(
            answer.out.contains(" 502") && answer.out.contains("upstream-tls"),
            "{answer:?}"
        );
        assert!(host.seen().is_empty());
    }
}

#[test]
fn without_an_authority_what_must_be_seen_is_refused() {
    let host = Host::tls(&["a.example"]);
    let wanted = Wanted::default().host("a.example", host.at);
    let world = World::new(wanted.set(|way| way.rules.mode = NetworkMode::Limited));
    let address = world.placeholder("a.example").unwrap();
    let at = format!("{address}:{}", host.at.port());
    assert_eq!(
        say(world.connect(&at), &hello("a.example")).as_bytes()[0],
        21
    );
    assert_eq!(say(world.connect(&at), b"opaque\n"), "");
    assert!(host.seen().is_empty());
    let failures = world.egress.finish();
    assert_eq!(failures.bytes_out, 0);
}

#[test]
fn a_refused_host_says_so_inside_where_the_box_trusts_us() {
    if !has("curl") {
        return;
    }
    let host = Host::tls(&["a.example"]);
    let world = World::new(looking(
        Wanted::rules(&["b.example:1234"]).host("a.example", host.at),
        &host,
    ));
    let gate = world.gate("b.example", 443);
    let to = format!("b.example:443:{gate}");
    let answer = world.curl(&["--noproxy", "*", "--connect-to", &to, "https://b.example/"]);
    assert!(
        answer.out.contains(" 403") && answer.out.contains("network.unlisted"),
        "{answer:?}"
    );
}
