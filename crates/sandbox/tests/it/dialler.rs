//! A program that knows no proxy: it dials, serves and sends as it is told, and
//! says what came of it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "what is dialled here is how the road is tried"
)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The word by which this program knows that it is to dial.
pub const DIALLER: &str = "dialler";

/// A program that knows no proxy.
pub fn dialler_main() {
    let words: Vec<String> = std::env::args().skip(2).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let said = match word(0) {
        "dial" => fetch(word(1)),
        "serve" => serve_inside(word(1)),
        "beside" => beside(word(1)),
        "bind" => take(word(1)),
        "message" => message(word(1)),
        "many" => many(word(1).parse().expect("a number")),
        "until-refused" => until_refused(word(1)),
        "unix" => unix(word(1)),
        "listen-anywhere" => listen_anywhere(),
        "again" => again(word(1), false),
        "again-fast" => again(word(1), true),
        other => format!("{other}?"),
    };
    println!("{said}");
}

/// The last line of what a server says.
fn fetch(to: &str) -> String {
    match TcpStream::connect(to) {
        Ok(stream) => last_line(stream),
        Err(error) => error.to_string(),
    }
}

fn last_line(mut stream: TcpStream) -> String {
    stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("a request");
    let mut text = String::new();
    match stream.read_to_string(&mut text) {
        Ok(_) => text.lines().next_back().unwrap_or_default().to_owned(),
        Err(error) => error.to_string(),
    }
}

fn serving(listener: TcpListener) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = (&stream).write_all(b"from inside\n");
        }
    });
}

fn serve_inside(at: &str) -> String {
    let listener = TcpListener::bind(at).expect("a listener");
    let mut to = listener.local_addr().expect("an address");
    if to.ip().is_unspecified() {
        to.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    serving(listener);
    let mut text = String::new();
    let mut stream = TcpStream::connect(to).expect("a connection");
    stream.read_to_string(&mut text).expect("text");
    text.trim_end().to_owned()
}

fn beside(port: &str) -> String {
    let before = fetch(&format!("192.0.2.1:{port}"));
    serving(TcpListener::bind(format!("[::]:{port}")).expect("a listener"));
    let after = fetch(&format!("192.0.2.1:{port}"));
    let v6 = fetch(&format!("[2001:db8::1]:{port}"));
    let mut text = String::new();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a connection");
    stream.read_to_string(&mut text).expect("text");
    format!("{before}\n{after}\n{v6}\n{}", text.trim_end())
}

fn take(at: &str) -> String {
    let said = |error: Option<std::io::Error>| {
        error.map_or("Ok".to_owned(), |error| format!("{:?}", error.kind()))
    };
    let (tcp, udp) = (TcpListener::bind(at).err(), UdpSocket::bind(at).err());
    let udp = match udp {
        Some(error) if error.raw_os_error() == Some(97) => "Unsupported".to_owned(),
        other => said(other),
    };
    format!("{} {udp}", said(tcp))
}

fn message(to: &str) -> String {
    let any = if to.starts_with('[') {
        "[::]:0"
    } else {
        "0.0.0.0:0"
    };
    let Ok(socket) = UdpSocket::bind(any) else {
        return "no socket".to_owned();
    };
    socket
        .set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a limit");
    // Of what is asked only the form counts.
    let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01x\0\0\x01\0\x01";
    if let Err(error) = socket.connect(to).and_then(|()| socket.send(question)) {
        return error.to_string();
    }
    match socket.recv(&mut [0; 512]) {
        Ok(_) => "answer".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn many(count: u16) -> String {
    let open: Vec<(u16, TcpStream)> = (1..=count)
        .map(|port| {
            (
                port,
                TcpStream::connect(("192.0.2.1", port)).expect("a connection"),
            )
        })
        .collect();
    let right = open.into_iter().filter(|(port, _)| *port != 53);
    let right = right.map(|(port, stream)| last_line(stream) == format!("to 192.0.2.1:{port}"));
    // The one at port 53 is a resolver.
    format!("{} right", right.filter(|right| *right).count() + 1)
}

fn until_refused(to: &str) -> String {
    let mut first = TcpStream::connect(to).expect("a connection");
    let ended = first.read(&mut [0]);
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let error = TcpStream::connect(to).expect_err("no second one");
    format!("first ended\n{:?}", error.kind())
}

fn unix(path: &str) -> String {
    let mut text = String::new();
    match UnixStream::connect(path).and_then(|mut stream| stream.read_to_string(&mut text)) {
        Ok(_) => text.trim_end().to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// A socket that listens without having been given an address.
fn listen_anywhere() -> String {
    use rustix::net::{AddressFamily, SocketType, listen, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    match listen(&socket, 1) {
        Ok(()) => "listens".to_owned(),
        Err(errno) => format!("{:?}", std::io::Error::from(errno).kind()),
    }
}

/// Uses the connection that it was handed, and tries to make it another.
fn again(to: &str, fast: bool) -> String {
    use rustix::net::{SendFlags, connect, connect_unspec, sendto};
    const MSG_FASTOPEN: SendFlags = SendFlags::from_bits_retain(0x2000_0000);
    let handed = rustix::stdio::stdin();
    rustix::io::write(handed, b"hello").expect("a connection");
    let to: SocketAddr = to.parse().expect("an address");
    let let_go = connect_unspec(handed);
    let made = if fast {
        sendto(handed, b"x", MSG_FASTOPEN, &to).map(drop)
    } else {
        connect(handed, &to)
    };
    format!("{let_go:?} {made:?}")
}
