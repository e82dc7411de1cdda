//! Programs that know of no proxy: what they connect to stands for a name.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use dam_egress::{Caller, NetworkEvent};

use crate::hosts::{Host, raw};
use crate::world::{Wanted, World, has, say};

#[test]
fn http_to_a_placeholder_reaches_the_host_that_it_stands_for() {
    let host = Host::plain();
    let world = World::new(Wanted::default().host("a.example", host.at));
    let port = host.at.port();
    let address = world.placeholder("a.example").unwrap();
    let request = format!("GET /x HTTP/1.1\r\nHost: a.example:{port}\r\nConnection: close\r\n\r\n");
    let answer = say(
        world.connect(&format!("{address}:{port}")),
        request.as_bytes(),
    );
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello\n"),
        "{answer}"
    );
    assert_eq!(world.decisions(), ["http GET a.example yes"]);
    // Another name on the same connection is another host.
    let request = format!("GET /x HTTP/1.1\r\nHost: b.example:{port}\r\n\r\n");
    let answer = say(
        world.connect(&format!("{address}:{port}")),
        request.as_bytes(),
    );
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("host-mismatch"),
        "{answer}"
    );
    assert_eq!(host.seen().len(), 1);
}

#[test]
fn a_literal_address_needs_its_own_rule() {
    let host = Host::plain();
    let world = World::new(Wanted::rules(&["a.example", &host.at.to_string()]));
    let get = |at: &str| {
        say(
            world.connect(at),
            format!("GET / HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n").as_bytes(),
        )
    };
    assert!(get(&host.at.to_string()).contains("hello"));
    for at in [
        "127.0.0.2:80",
        "10.0.0.1:80",
        "169.254.169.254:80",
        "[::1]:80",
        "[fe80::1]:80",
        "[::ffff:127.0.0.1]:81",
        "100.100.100.200:80",
        "168.63.129.16:80",
        "224.0.0.1:80",
        "[64:ff9b::7f00:1]:80",
        "[2002:7f00:1::]:80",
        "198.51.100.1:80",
        "8.8.8.8:80",
    ] {
        assert!(get(at).starts_with("HTTP/1.1 403"), "{at}");
    }
    // A placeholder that stands for nothing.
    assert_eq!(get("198.18.77.77:80"), "");
    assert_eq!(host.connections(), 1);
}

#[test]
fn who_speaks_first_and_who_ends_first_do_not_matter() {
    let greeter = raw(|mut stream| {
        stream.write_all(b"SSH-2.0-host\r\n").unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        stream.write_all(b"you said: ").unwrap();
        stream.write_all(&said).unwrap();
    });
    let world = World::new(Wanted::default().host("git.example", greeter));
    let address = world.placeholder("git.example").unwrap();
    let mut stream = world.connect(&format!("{address}:{}", greeter.port()));
    let mut greeting = [0; 14];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-host\r\n");
    stream.write_all(b"SSH-2.0-box\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "you said: SSH-2.0-box\r\n");
    let totals = world.egress.finish();
    assert_eq!((totals.bytes_out, totals.bytes_in), (13, 14 + 10 + 13));
    assert_eq!(world.decisions(), ["tcp git.example yes"]);
}

#[test]
fn what_is_not_the_web_needs_a_rule_with_its_port() {
    let world = World::new(Wanted::rules(&["a.example"]));
    let address = world.placeholder("a.example").unwrap();
    for port in [80, 443] {
        assert_eq!(
            say(
                world.connect(&format!("{address}:{port}")),
                b"\0\0raw bytes\n"
            ),
            ""
        );
    }
    assert_eq!(
        world.decisions(),
        ["tcp a.example not-web", "tcp a.example not-web"]
    );
    assert_eq!(
        say(world.connect(&format!("{address}:22")), b"SSH-2.0-x\r\n"),
        ""
    );
    assert_eq!(world.decisions()[2], "tcp a.example network.unlisted");
}

#[test]
fn tls_that_comes_late_is_held_against_the_name_too() {
    let host = raw(|mut stream| {
        let mut bytes = [0; 64];
        let count = stream.read(&mut bytes).unwrap_or(0);
        let _ = stream.write_all(format!("got {count}").as_bytes());
    });
    let world = World::new(Wanted::default().host("a.example", host));
    let address = world.placeholder("a.example").unwrap();
    let late = |hello: &[u8]| {
        let stream = world.connect(&format!("{address}:{}", host.port()));
        thread::sleep(Duration::from_millis(500));
        say(stream, hello)
    };
    assert!(late(&crate::tls::hello("a.example")).starts_with("got "));
    assert!(!late(&crate::tls::hello("b.example")).starts_with("got "));
    assert_eq!(late(b"plain\n"), "got 6");
}

#[test]
fn who_asks_is_known_and_a_question_is_put_once() {
    let host = Host::plain();
    let port = host.at.port();
    let mut wanted = Wanted::rules(&[&host.at.to_string()]).name("new.example", "127.0.0.1");
    wanted.yes.push("new.example".to_owned());
    let world = World::new(wanted);
    let address = world.placeholder("new.example").unwrap();
    let destination = format!("{address}:{port}");
    let request =
        format!("GET / HTTP/1.1\r\nHost: new.example:{port}\r\nConnection: close\r\n\r\n");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let caller = Caller {
                    source: "127.0.0.1:1".parse().unwrap(),
                    destination: destination.parse().unwrap(),
                    pid: 77,
                    command: "curl new.example".to_owned(),
                };
                let answer = say(
                    world.connect_as(&destination, Some(caller)),
                    request.as_bytes(),
                );
                assert!(answer.contains("hello"), "{answer}");
            });
        }
    });
    assert_eq!(world.asked(), [format!("http new.example:{port}")]);
    let other = world.placeholder("other.example").unwrap();
    let refused = say(
        world.connect(&format!("{other}:80")),
        b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n",
    );
    assert!(
        refused.starts_with("HTTP/1.1 403") && refused.contains("nobody said yes"),
        "{refused}"
    );
    let events = world.events();
    let named = events.iter().any(|event| matches!(event, NetworkEvent::Decided { wish, asked: true, .. } if wish.caller.as_ref().is_some_and(|caller| caller.pid == 77)));
    assert!(named, "{events:?}");
}

#[test]
fn a_caller_is_found_by_the_ends_of_its_connection() {
    let host = Host::plain();
    let world = World::new(Wanted::rules(&[&host.at.to_string()]));
    let mut stream = world.to_proxy();
    world.egress.caller(Caller {
        source: stream.local_addr().unwrap(),
        destination: world.proxy,
        pid: 4711,
        command: "make".to_owned(),
    });
    let request = format!(
        "GET http://{0}/ HTTP/1.1\r\nHost: {0}\r\nConnection: close\r\n\r\n",
        host.at
    );
    stream.write_all(request.as_bytes()).unwrap();
    assert!(say(stream, b"").contains("hello"));
    let events = world.events();
    assert!(events.iter().any(|event| matches!(event, NetworkEvent::Decided { wish, .. } if wish.caller.as_ref().is_some_and(|caller| caller.command == "make"))), "{events:?}");
}

#[test]
fn real_curl_that_knows_of_no_proxy_is_served() {
    if !has("curl") {
        return;
    }
    let host = Host::plain();
    let world = World::new(Wanted::default().host("a.example", host.at));
    let port = host.at.port();
    let gate = world.gate("a.example", port);
    let to = format!("a.example:{port}:{gate}");
    let url = format!("http://a.example:{port}/head");
    let answer = world.curl(&["--noproxy", "*", "--connect-to", &to, &url]);
    assert!(answer.out.contains("GET /head HTTP/1.1"), "{answer:?}");
    let answer = world.curl(&[
        "--noproxy",
        "*",
        "--http2-prior-knowledge",
        "--connect-to",
        &to,
        &url,
    ]);
    assert!(answer.out.contains("HTTP/2.0"), "{answer:?}");
}
