//! Sending something to somebody on the host, or being reached from it.

use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use crate::attempt::{Attempt, During, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = local();
    rows.extend(internet());
    rows.extend(families());
    rows
}

fn local() -> Vec<Attempt> {
    vec![
        attempt(
            "F01",
            "connect to a stream socket",
            &["unix-stream {stream}"],
        ),
        attempt(
            "F02",
            "connect to a host's socket in the workspace",
            &["unix-stream {workspace-stream}"],
        ),
        attempt(
            "F03",
            "connect to an abstract socket",
            &["unix-stream {abstract}"],
        ),
        attempt("F04", "send a datagram", &["unix-sendto {datagram}"]),
        attempt(
            "F05",
            "send a datagram to an abstract socket",
            &["unix-sendto {abstract-datagram}"],
        ),
        attempt(
            "F06",
            "send a datagram from a pair",
            &["unix-pair {datagram}"],
        ),
        attempt(
            "F07",
            "connect one end of a pair",
            &["unix-pair-connect {datagram}"],
        ),
        attempt(
            "F08",
            "connect to a packet socket",
            &["unix-seqpacket {packet}"],
        ),
        attempt(
            "F16",
            "connect by way of another process's root",
            &["unix-stream /proc/{victim}/root{stream}"],
        ),
        attempt(
            "F17",
            "connect through io_uring",
            &["uring-stream {stream}"],
        ),
        attempt(
            "F18",
            "connect by a relative path",
            &["chdir {out}", "unix-stream ./stream"],
        )
        .prepare(|scene| drop(scene.fill("{stream}"))),
        attempt(
            "F19",
            "connect by a link",
            &["symlink {stream} {ws}/l", "unix-stream {ws}/l"],
        )
        .writing(),
        attempt(
            "F20",
            "send a datagram by sendmsg",
            &["unix-sendmsg {datagram}"],
        ),
        attempt(
            "F21",
            "send a datagram by sendmmsg",
            &["unix-sendmmsg {datagram}"],
        ),
        attempt(
            "F22",
            "connect a datagram socket",
            &["unix-dgram-connect {datagram}"],
        ),
        attempt(
            "F23",
            "send a datagram from a socket with flags",
            &["unix-sendto-flagged {datagram}"],
        ),
        attempt(
            "F24",
            "send a datagram from a pair with flags",
            &["unix-pair-flagged {datagram}"],
        ),
        attempt(
            "F25",
            "send a datagram to one in the workspace",
            &["unix-sendto {workspace-datagram}"],
        ),
        attempt(
            "F26",
            "send from a pair to one in the workspace",
            &["unix-pair {workspace-datagram}"],
        ),
        attempt(
            "F27",
            "send from a pair to an abstract socket",
            &["unix-pair {abstract-datagram}"],
        ),
        attempt(
            "F28",
            "link a socket into the workspace and connect",
            &["link {stream} {ws}/s", "unix-stream {ws}/s"],
        )
        .writing(),
        attempt(
            "F29",
            "move a socket into the workspace and connect",
            &["rename {stream} {ws}/s", "unix-stream {ws}/s"],
        )
        .writing(),
    ]
}

fn internet() -> Vec<Attempt> {
    vec![
        attempt("F09", "connect by TCP", &["tcp 127.0.0.1 {tcp}"]),
        attempt("F10", "connect by TCP over IPv6", &["tcp6 ::1 {tcp6}"]),
        attempt(
            "F11",
            "connect by multipath TCP",
            &["mptcp 127.0.0.1 {tcp}"],
        )
        .proof(Proof::Maybe),
        attempt(
            "F12",
            "connect by fast open",
            &["tcp-fast-open 127.0.0.1 {tcp}"],
        ),
        attempt("F13", "send by UDP", &["udp 127.0.0.1 {udp}"]),
        attempt("F14", "send by UDP over IPv6", &["udp6 ::1 {udp6}"]),
        attempt(
            "F30",
            "connect by TCP through a mapped address",
            &["tcp6 ::ffff:127.0.0.1 {tcp}"],
        ),
        attempt(
            "F31",
            "connect to the machine's own address",
            &["tcp {lan} {lan-tcp}"],
        ),
        attempt("F32", "connect to any address", &["tcp 0.0.0.0 {tcp}"]),
        attempt(
            "F15",
            "listen and be reached from the host",
            &["listen {free-port} {out}/never"],
        )
        .during(During::Act(|scene| {
            let port = scene.fill("{free-port}").parse().expect("a port");
            let reached = TcpStream::connect(("127.0.0.1", port)).is_ok();
            for pid in scene.leftovers() {
                crate::boundary::end(pid);
            }
            reached.then(|| "the host reached it".to_owned())
        })),
        attempt(
            "F49",
            "listen on an abstract name and be reached from the host",
            &["listen-by-name @{id}-own {out}/never"],
        )
        .during(During::Act(|scene| {
            let name = SocketAddr::from_abstract_name(scene.fill("{id}-own")).expect("a name");
            let reached = UnixStream::connect_addr(&name).is_ok();
            for pid in scene.leftovers() {
                crate::boundary::end(pid);
            }
            reached.then(|| "the host reached it".to_owned())
        })),
        attempt(
            "F33",
            "add an address to an interface",
            &["address-add 127.77.0.9"],
        )
        .proof(Proof::Root)
        .alone()
        .after(|scene| {
            let table = std::fs::read_to_string("/proc/net/fib_trie").expect("the routes");
            let there = table.contains("127.77.0.9");
            if there {
                scene.attacker_outside(&["address-remove", "127.77.0.9"]);
            }
            there.then(|| "the host has the address".to_owned())
        }),
    ]
}

/// Families that a network namespace does not hold, or that nobody needs.
fn families() -> Vec<Attempt> {
    vec![
        attempt("F40", "make a socket to the hypervisor", &["socket 40 1 0"])
            .proof(Proof::Maybe)
            .reached()
            .writing(),
        attempt(
            "F41",
            "make a socket of the kernel's cryptography",
            &["socket 38 5 0"],
        )
        .proof(Proof::Maybe)
        .reached()
        .writing(),
        attempt("F42", "make a packet socket", &["socket 17 3 768"])
            .proof(Proof::Root)
            .reached()
            .writing(),
        attempt("F43", "make a raw socket", &["socket 2 3 1"])
            .proof(Proof::Root)
            .reached()
            .writing(),
        attempt(
            "F44",
            "make a netlink socket to the audit",
            &["socket 16 3 9"],
        )
        .proof(Proof::Maybe)
        .reached()
        .writing(),
        attempt(
            "F45",
            "make a netlink socket to the packet filter",
            &["socket 16 3 12"],
        )
        .proof(Proof::Maybe)
        .reached()
        .writing(),
        attempt("F46", "make a key socket", &["socket 15 3 2"])
            .proof(Proof::Maybe)
            .reached()
            .writing(),
        attempt(
            "F47",
            "make an express data path socket",
            &["socket 44 3 0"],
        )
        .proof(Proof::Maybe)
        .reached()
        .writing(),
        attempt("F48", "make a Bluetooth socket", &["socket 31 3 1"])
            .proof(Proof::Maybe)
            .reached()
            .writing(),
    ]
}
