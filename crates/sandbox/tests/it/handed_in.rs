//! Sockets of the host that are handed in as standard streams: they lead where
//! they lead, and nowhere else.
#![expect(
    clippy::disallowed_methods,
    reason = "what is dialled here is what is handed in"
)]

use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use dam_policy::Network;
use dam_sandbox::{Launch, SandboxError, Stream};
use rustix::net::{AddressFamily, SocketType, socket};

use crate::dialler::DIALLER;
use crate::ground::{Ground, TIERS};

dam_testkit::tests! {
    a_connection_that_is_handed_in_is_that_one_and_no_other
    a_socket_that_could_be_sent_from_or_connected_is_not_handed_in
}

/// With and without a network.
fn launches(ground: &Ground, argv: &[&str]) -> [Launch; 2] {
    let mut without = ground.launch(argv);
    without.profile.network = Network::None;
    [ground.launch(argv), without]
}

fn a_connection_that_is_handed_in_is_that_one_and_no_other() {
    for tier in TIERS {
        for how in ["again", "again-fast"] {
            let other = TcpListener::bind("127.0.0.1:0").expect("a listener");
            other.set_nonblocking(true).expect("no waiting");
            let to = other.local_addr().expect("an address").to_string();
            let ground = Ground::new(tier);
            for mut launch in launches(&ground, &["/proc/self/exe", DIALLER, how, &to]) {
                let own = TcpListener::bind("127.0.0.1:0").expect("a listener");
                let address = own.local_addr().expect("an address");
                let stream = TcpStream::connect(address).expect("a connection");
                let (mut peer, _) = own.accept().expect("the other end");
                launch.stdin = Stream::Given(OwnedFd::from(stream));
                let network = launch.profile.network.clone();
                let mut running = launch.spawn().expect("a command that runs");
                let road = running.road();
                let mut said = String::new();
                let mut stdout = running.stdout.take().expect("its output");
                drop(road);
                stdout.read_to_string(&mut said).expect("text");
                running.wait().expect("a command that ends");
                assert!(other.accept().is_err(), "{tier} {how} {network:?}: {said}");
                // What it was for, it still is for.
                let mut word = [0; 5];
                peer.read_exact(&mut word).expect("its word");
                assert_eq!(&word, b"hello", "{tier} {how}: {said}");
            }
        }
    }
}

fn a_socket_that_could_be_sent_from_or_connected_is_not_handed_in() {
    for tier in TIERS {
        let ground = Ground::new(tier);
        let tcp = || socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        let udp = || OwnedFd::from(UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        for socket in [tcp, udp] as [fn() -> OwnedFd; 2] {
            for mut launch in launches(&ground, &["true"]) {
                launch.stdin = Stream::Given(socket());
                let refused = launch.spawn();
                assert!(
                    matches!(refused, Err(SandboxError::StreamLeadsOut("input"))),
                    "{tier}: {refused:?}"
                );
            }
        }
    }
}
