//! Going around the way out: other calls that connect, other families and
//! protocols, routes and interfaces, somebody else's channel.

use std::net::TcpStream;

use crate::attempt::{Attempt, During, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = connecting();
    rows.extend(others());
    rows.extend(the_network_itself());
    rows
}

fn connecting() -> Vec<Attempt> {
    vec![
        attempt(
            "N01",
            "connect by fast open in a message",
            &["fast-open-message 127.0.0.1 {tcp}"],
        ),
        attempt(
            "N02",
            "connect by fast open in several messages",
            &["fast-open-messages 127.0.0.1 {tcp}"],
        ),
        attempt(
            "N03",
            "connect by writing to a socket that only noted its address",
            &["fast-open-connect 127.0.0.1 {tcp}"],
        ),
        attempt(
            "N04",
            "send by UDP without connecting",
            &["udp-sendto 127.0.0.1 {udp}"],
        ),
        attempt(
            "N05",
            "send by UDP in a message",
            &["udp-message 127.0.0.1 {udp}"],
        ),
        attempt(
            "N06",
            "send by UDP in several messages",
            &["udp-messages 127.0.0.1 {udp}"],
        ),
        attempt(
            "N07",
            "connect, let go, and connect anew",
            &["tcp-again 127.0.0.1 {tcp}"],
        ),
        attempt(
            "N08",
            "change the port while it is looked at",
            &["tcp-race 127.0.0.1 {tcp}"],
        ),
        attempt(
            "N09",
            "listen without an address and be reached from the host",
            &["listen-unbound {tmp}/port {out}/never"],
        )
        .writing()
        .during(During::Act(|scene| {
            let port = std::fs::read_to_string(scene.fill("{tmp}/port")).ok();
            let port: Option<u16> = port.and_then(|port| port.parse().ok());
            let reached = port.is_some_and(|port| TcpStream::connect(("127.0.0.1", port)).is_ok());
            for pid in scene.leftovers() {
                crate::boundary::end(pid);
            }
            reached.then(|| "the host reached it".to_owned())
        })),
    ]
}

fn others() -> Vec<Attempt> {
    vec![
        attempt("N20", "make a socket of any odd family", &["odd-family"])
            .proof(Proof::Root)
            .reached()
            .writing(),
        attempt(
            "N21",
            "make an internet socket of any odd protocol",
            &["odd-protocol"],
        )
        .proof(Proof::Root)
        .reached()
        .writing(),
        attempt(
            "N22",
            "take the channel of another process",
            &["steal-channel {victim}"],
        )
        .proof(Proof::Maybe)
        .reached(),
        attempt(
            "N23",
            "take the channel of whoever started it",
            &["steal-parents-channel"],
        )
        .prepare(|scene| drop(scene.fill("{packet}")))
        .proof(Proof::Maybe)
        .reached(),
    ]
}

fn the_network_itself() -> Vec<Attempt> {
    vec![
        attempt("N30", "add a route", &["route-add 203.0.113.77"])
            .proof(Proof::Root)
            .alone()
            .after(|scene| routed(scene, "route-remove", "203.0.113.77")),
        attempt(
            "N31",
            "add a route by the older call",
            &["route-add-old 203.0.113.78"],
        )
        .proof(Proof::Root)
        .alone()
        .after(|scene| routed(scene, "route-remove-old", "203.0.113.78")),
        attempt(
            "N32",
            "add an interface",
            &["interface-add dam-out", "interface-remove dam-out"],
        )
        .proof(Proof::Maybe)
        .reached()
        .alone(),
        attempt("N33", "make a network namespace", &["unshare 40000000"])
            .proof(Proof::Root)
            .reached()
            .writing(),
        attempt(
            "N34",
            "make a network namespace in a user namespace",
            &["unshare 50000000"],
        )
        .proof(Proof::Maybe)
        .reached()
        .writing(),
    ]
}

/// Whether the host has the route; puts that back.
fn routed(scene: &crate::scene::Scene, remove: &str, to: &str) -> Option<String> {
    let table = std::fs::read_to_string("/proc/net/fib_trie").expect("the routes");
    let there = table.contains(to);
    if there {
        scene.attacker_outside(&[remove, to]);
    }
    there.then(|| "the host has the route".to_owned())
}
