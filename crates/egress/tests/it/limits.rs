//! Limits, ends, and what happens when something breaks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use dam_egress::NetworkEvent;

use crate::hosts::{Host, raw};
use crate::world::{Wanted, World, say};

/// A host that swallows all, and says how much it was.
fn counting() -> SocketAddr {
    raw(|mut stream| {
        let mut buffer = [0; 4096];
        let mut sum = 0;
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            sum += count;
        }
        let _ = stream.write_all(format!("{sum} bytes").as_bytes());
    })
}

fn post(name: &str, body: &str) -> String {
    format!(
        "POST http://{name}/body HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn no_byte_over_the_limit_of_a_host_or_of_all_leaves() {
    for (each, all) in [(Some(1000), None), (None, Some(1000))] {
        let host = counting();
        let world = World::new(Wanted::default().host("a.example", host).set(move |way| {
            way.limits.bytes_out_host = each;
            way.limits.bytes_out = all;
        }));
        let address = world.placeholder("a.example").unwrap();
        let at = format!("{address}:{}", host.port());
        assert_eq!(say(world.connect(&at), &[b'x'; 900]), "900 bytes");
        assert!(!say(world.connect(&at), &[b'x'; 200]).contains("200"));
        let totals = world.egress.finish();
        assert!((900..=1000).contains(&totals.bytes_out), "{totals:?}");
        let events = world.events();
        assert!(events.iter().any(|event| matches!(event, NetworkEvent::Ended { failure: Some(failure), .. } if failure.code == "limit-bytes")), "{events:?}");
    }
}

#[test]
fn an_upload_and_the_requests_of_a_minute_are_limited() {
    let host = Host::plain();
    let name = format!("a.example:{}", host.at.port());
    let world = World::new(
        Wanted::default()
            .host("a.example", host.at)
            .set(|way| way.limits.upload = Some(10)),
    );
    assert!(say(world.to_proxy(), post(&name, "0123456789").as_bytes()).contains("200 OK"));
    assert!(
        say(world.to_proxy(), post(&name, "0123456789a").as_bytes()).starts_with("HTTP/1.1 413")
    );
    let chunked = format!(
        "POST http://{name}/body HTTP/1.1\r\nHost: {name}\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n"
    );
    let answer = say(world.to_proxy(), chunked.as_bytes());
    assert!(answer.contains("limit-upload"), "{answer}");
    let world = World::new(
        Wanted::default()
            .host("a.example", host.at)
            .set(|way| way.limits.requests_per_minute = Some(2)),
    );
    let answers: Vec<String> = (0..3)
        .map(|_| say(world.to_proxy(), post(&name, "").as_bytes()))
        .collect();
    assert!(
        answers[1].contains("200 OK") && answers[2].starts_with("HTTP/1.1 429"),
        "{answers:?}"
    );
}

#[test]
fn an_opaque_connection_is_one_upload() {
    let host = counting();
    let world = World::new(
        Wanted::default()
            .host("a.example", host)
            .set(|way| way.limits.upload = Some(1000)),
    );
    let address = world.placeholder("a.example").unwrap();
    let at = format!("{address}:{}", host.port());
    for _ in 0..2 {
        assert_eq!(say(world.connect(&at), &[b'x'; 900]), "900 bytes");
    }
    assert!(!say(world.connect(&at), &[b'x'; 1100]).contains("1100"));
    assert!(world.egress.finish().bytes_out <= 2800);
}

#[test]
fn the_number_of_connections_and_their_time_are_limited() {
    let silent = raw(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let world = World::new(Wanted::default().host("a.example", silent).set(|way| {
        way.limits.connections = 2;
        way.limits.idle = Duration::from_millis(400);
    }));
    let address = world.placeholder("a.example").unwrap();
    // The question for the name was a connection, too.
    thread::sleep(Duration::from_millis(50));
    let at = format!("{address}:{}", silent.port());
    let (mut one, two) = (world.connect(&at), world.connect(&at));
    assert_eq!(say(world.connect(&at), b"hello\n"), "");
    one.write_all(b"hello\n").unwrap();
    // Nothing is said, and it ends.
    assert_eq!(one.read(&mut [0; 8]).unwrap_or(0), 0);
    drop(two);
}

#[test]
fn who_is_slow_to_begin_is_not_waited_for() {
    let host = Host::plain();
    let world = World::new(Wanted::default().host("a.example", host.at).set(|way| {
        way.limits.greeting = Duration::from_millis(300);
        way.limits.idle = Duration::from_millis(600);
    }));
    for start in [
        &b""[..],
        b"GET http://a",
        b"\x05",
        b"\x05\x01\x00\x05",
        b"CONNECT a.example:1",
    ] {
        let mut stream = world.to_proxy();
        stream.write_all(start).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    let address = world.placeholder("a.example").unwrap();
    let mut stream = world.connect(&format!("{address}:443"));
    stream
        .write_all(&crate::tls::hello("a.example")[..20])
        .unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    assert!(host.seen().is_empty());
}

#[test]
fn where_the_record_cannot_be_written_nothing_goes_out() {
    let host = Host::plain();
    let name = format!("a.example:{}", host.at.port());
    let mut wanted = Wanted::default().host("a.example", host.at);
    wanted.room = Some(2);
    let world = World::new(wanted);
    assert!(say(world.to_proxy(), post(&name, "x").as_bytes()).contains("200 OK"));
    thread::sleep(Duration::from_millis(100));
    for _ in 0..2 {
        assert!(!say_if_possible(&world, &post(&name, "x")).contains("200 OK"));
    }
    assert_eq!(host.seen().len(), 1);
    assert_eq!(
        world.egress.finish().failure.as_deref(),
        Some("the disk is full")
    );
}

fn say_if_possible(world: &World, request: &str) -> String {
    match TcpStream::connect(world.proxy) {
        Ok(stream) => say(stream, request.as_bytes()),
        Err(_) => String::new(),
    }
}

#[test]
fn the_end_of_the_session_ends_everything_and_is_recorded() {
    let (arrived, arrivals) = mpsc::channel();
    let host = raw(move |mut stream| {
        arrived.send(()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let world = World::new(Wanted::default().host("a.example", host));
    let address = world.placeholder("a.example").unwrap();
    let at = format!("{address}:{}", host.port());
    let mut open = world.connect(&at);
    open.write_all(b"hello\n").unwrap();
    arrivals.recv().unwrap();
    thread::sleep(Duration::from_millis(100));
    let totals = world.egress.finish();
    assert_eq!((totals.allowed, totals.bytes_out), (1, 6));
    assert_eq!(open.read(&mut [0; 8]).unwrap_or(0), 0);
    let events = world.events();
    assert!(
        matches!(
            events.last(),
            Some(NetworkEvent::Ended { bytes_out: 6, .. })
        ),
        "{events:?}"
    );
    assert_eq!(world.egress.finish(), totals);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(world.egress.listener(listener).is_err());
}

#[test]
fn a_dead_host_is_told_from_a_refused_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let world = World::new(Wanted::rules(&["nowhere.example"]).host("a.example", at));
    let get = |host: &str| {
        say(
            world.to_proxy(),
            format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
    };
    let answer = get(&format!("a.example:{}", at.port()));
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains(r#""code":"unreachable""#),
        "{answer}"
    );
    let answer = get("nowhere.example");
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains(r#""code":"unresolved""#),
        "{answer}"
    );
}
