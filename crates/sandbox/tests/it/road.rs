//! The road: what is dialled inside arrives outside, and nothing goes another
//! way.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;

use dam_policy::{DomainRule, Origin, Permission, SocketRule};
use dam_sandbox::{Arrival, Tier};

use crate::dialler::DIALLER;
use crate::ground::{Ground, TIERS, Trip, WALLED, has_v6};

dam_testkit::tests! {
    what_is_dialled_arrives_with_where_it_wanted_to_go_and_who_dialled
    version_6_is_no_other_way
    names_are_asked_on_the_road_by_programs_that_know_no_proxy
    node_and_java_need_no_variables
    what_the_box_serves_itself_stays_inside
    a_server_inside_takes_nobody_elses_connections
    a_local_address_goes_out_where_a_rule_names_it_and_nobody_inside_listens
    no_address_but_its_own_can_be_taken_inside
    messages_go_nowhere_but_to_the_resolver
    many_connections_at_once_arrive_each_with_its_own_destination
    an_end_of_the_road_refuses_and_does_not_hold_up_the_command
    the_end_of_the_box_is_the_end_of_the_road
    nothing_is_left_open_when_a_box_has_ended
    a_socket_of_the_host_is_reached_by_its_path_where_a_rule_names_it
    without_a_namespace_no_socket_is_opened_to_others
}

fn what_is_dialled_arrives_with_where_it_wanted_to_go_and_who_dialled() {
    for tier in TIERS {
        let script = "for to in 93.184.216.34/80 10.1.2.3/22 ::ffff:192.0.2.9/8080; do \
             exec 3<>/dev/tcp/$to; echo x >&3; tail -n 1 <&3; done";
        let trip = Ground::new(tier).bash(script);
        assert!(trip.outcome.status.success(), "{tier}: {:?}", trip.outcome);
        let to = ["93.184.216.34:80", "10.1.2.3:22", "192.0.2.9:8080"];
        assert_eq!(trip.destinations(), to, "{tier}");
        assert_eq!(
            trip.said,
            to.map(|to| format!("to {to}\n")).concat(),
            "{tier}"
        );
        for (_, caller) in &trip.arrived {
            assert!(caller.command.starts_with("bash -c for to"), "{caller:?}");
            assert!(caller.pid > 1, "{caller:?}");
        }
    }
}

fn version_6_is_no_other_way() {
    if !has_v6() {
        return;
    }
    for tier in WALLED {
        let script = "for to in 2001:db8::7/443 fd00:ec2::254/80; do \
             exec 3<>/dev/tcp/$to && echo x >&3 && tail -n 1 <&3; done";
        let trip = Ground::new(tier).bash(script);
        let to = ["[2001:db8::7]:443", "[fd00:ec2::254]:80"];
        assert_eq!(trip.destinations(), to, "{tier}");
        assert_eq!(
            trip.said,
            to.map(|to| format!("to {to}\n")).concat(),
            "{tier}"
        );
    }
}

fn names_are_asked_on_the_road_by_programs_that_know_no_proxy() {
    for tier in TIERS {
        let script = "getent ahostsv4 example.com | head -n 1 | cut -d ' ' -f 1; \
             curl -sS --noproxy '*' http://example.com/; \
             curl -sS --noproxy '*' http://sub.example.com:8080/";
        let trip = Ground::new(tier).bash(script);
        assert_eq!(
            trip.said, "198.18.1.7\nto 198.18.1.7:80\nto 198.18.1.7:8080\n",
            "{tier}: {:?}",
            trip.outcome
        );
        let mut web = trip.destinations();
        web.retain(|to| !to.ends_with(":53"));
        assert_eq!(web, ["198.18.1.7:80", "198.18.1.7:8080"], "{tier}");
        let dialled = dial(tier, "198.18.1.7:443");
        assert_eq!(dialled.said, "to 198.18.1.7:443\n", "{tier}");
    }
}

/// By a program of our own that asks nobody for a way.
fn dial(tier: Tier, to: &str) -> Trip {
    Ground::new(tier).run(&["/proc/self/exe", DIALLER, "dial", to])
}

fn node_and_java_need_no_variables() {
    let there = |program: &str| Path::new("/usr/bin").join(program).exists();
    for tier in TIERS.into_iter().filter(|_| there("node")) {
        let script =
            "fetch('http://example.com/').then(r => r.text()).then(t => process.stdout.write(t))";
        let trip = Ground::new(tier).run(&["node", "-e", script]);
        assert_eq!(trip.said, "to 198.18.1.7:80\n", "{:?}", trip.outcome);
    }
    let ground = Ground::new(Tier::Full);
    if there("java") {
        let program = "class Get { public static void main(String[] a) throws Exception { \
             System.out.print(new String(new java.net.URL(\"http://example.com:8081/\")\
             .openStream().readAllBytes())); } }";
        std::fs::write(ground.work.path().join("Get.java"), program).expect("a program");
        let trip = ground.run(&["java", "-XX:TieredStopAtLevel=1", "Get.java"]);
        assert_eq!(trip.said, "to 198.18.1.7:8081\n", "{:?}", trip.outcome);
    }
}

fn what_the_box_serves_itself_stays_inside() {
    for tier in WALLED {
        for at in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "198.18.0.2:0"] {
            if at.starts_with('[') && !has_v6() {
                continue;
            }
            let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "serve", at]);
            assert_eq!(
                trip.said, "from inside\n",
                "{tier} {at}: {:?}",
                trip.outcome
            );
            assert!(trip.arrived.is_empty(), "{tier} {at}: {:?}", trip.arrived);
        }
        let trip = dial(tier, "127.0.0.1:9");
        assert!(trip.said.contains("refused"), "{}", trip.said);
        assert!(trip.arrived.is_empty() && trip.outcome.denials.is_empty());
    }
}

fn a_server_inside_takes_nobody_elses_connections() {
    if !has_v6() {
        return;
    }
    for tier in WALLED {
        // Before and after somebody listens at that port of every address.
        let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "beside", "8080"]);
        let said = "to 192.0.2.1:8080\nto 192.0.2.1:8080\nto [2001:db8::1]:8080\nfrom inside\n";
        assert_eq!(trip.said, said, "{tier}: {:?}", trip.outcome);
    }
}

fn a_local_address_goes_out_where_a_rule_names_it_and_nobody_inside_listens() {
    for tier in TIERS {
        let mut ground = Ground::new(tier);
        ground.rules.domains.push(DomainRule {
            pattern: "127.0.0.1:5432".parse().expect("a pattern"),
            permission: Permission::Allow,
            origin: Origin::BUILTIN,
        });
        let trip = ground.run(&["/proc/self/exe", DIALLER, "dial", "127.0.0.1:5432"]);
        assert_eq!(
            trip.said, "to 127.0.0.1:5432\n",
            "{tier}: {:?}",
            trip.outcome
        );
        if tier != Tier::NoNamespaces {
            let trip = ground.run(&["/proc/self/exe", DIALLER, "serve", "127.0.0.1:5432"]);
            assert_eq!(trip.said, "from inside\n", "{tier}: {:?}", trip.outcome);
            assert!(trip.arrived.is_empty());
        }
    }
}

fn no_address_but_its_own_can_be_taken_inside() {
    for tier in WALLED {
        for at in [
            "93.184.216.34:443",
            "198.18.0.1:3128",
            "[2001:db8::7]:443",
            "224.0.0.251:5353",
        ] {
            let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "bind", at]);
            assert_eq!(
                trip.said, "AddrNotAvailable AddrNotAvailable\n",
                "{tier} {at}"
            );
        }
        let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "bind", "127.0.0.53:53"]);
        assert!(
            !trip.said.contains("Ok\n"),
            "the resolver's place: {}",
            trip.said
        );
    }
}

fn messages_go_nowhere_but_to_the_resolver() {
    for tier in WALLED {
        for to in [
            "192.0.2.1:443",
            "192.0.2.1:123",
            "[2001:db8::7]:443",
            "224.0.0.251:5353",
        ] {
            let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "message", to]);
            assert!(
                !trip.said.starts_with("answer"),
                "{tier} {to}: {}",
                trip.said
            );
            assert!(trip.arrived.is_empty());
        }
        for to in ["192.0.2.1:53", "127.0.0.1:53", "10.255.255.53:53"] {
            let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "message", to]);
            assert_eq!(trip.said, "answer\n", "{tier} {to}");
        }
    }
    let trip = Ground::new(Tier::NoNamespaces).run(&[
        "/proc/self/exe",
        DIALLER,
        "message",
        "127.0.0.1:53",
    ]);
    assert_eq!(trip.said, "no socket\n");
}

fn many_connections_at_once_arrive_each_with_its_own_destination() {
    for tier in TIERS {
        let trip = Ground::new(tier).run(&["/proc/self/exe", DIALLER, "many", "200"]);
        assert_eq!(trip.said, "200 right\n", "{tier}: {:?}", trip.outcome);
        assert_eq!(trip.arrived.len(), 200, "{tier}");
    }
}

fn an_end_of_the_road_refuses_and_does_not_hold_up_the_command() {
    for tier in TIERS {
        let ground = Ground::new(tier);
        let mut running = ground
            .launch(&["/proc/self/exe", DIALLER, "until-refused", "192.0.2.1:443"])
            .spawn()
            .expect("a command that runs");
        let road = running.road().expect("a road");
        let mut kept = None;
        while kept.is_none() {
            if let Some(Arrival::Connection { socket, .. }) = road.next().expect("a road") {
                kept = Some(socket);
            }
        }
        drop(road);
        drop(kept);
        let mut said = String::new();
        let mut stdout = running.stdout.take().expect("its output");
        stdout.read_to_string(&mut said).expect("text");
        let outcome = running.wait().expect("a command that ends");
        assert_eq!(
            said, "first ended\nConnectionRefused\n",
            "{tier}: {outcome:?}"
        );
        let denial = outcome.denials.first().expect("a report");
        assert_eq!(denial.rule, "network.gone", "{tier}: {denial:?}");
    }
}

fn the_end_of_the_box_is_the_end_of_the_road() {
    for tier in TIERS {
        // What it leaves behind has a connection open.
        let script = "exec 3<>/dev/tcp/192.0.2.1/80; (setsid sleep 600 &)";
        let trip = Ground::new(tier).bash(script);
        assert_eq!(trip.destinations(), ["192.0.2.1:80"], "{tier}");
    }
}

fn nothing_is_left_open_when_a_box_has_ended() {
    let open = || std::fs::read_dir("/proc/self/fd").expect("a table").count();
    for tier in TIERS {
        let _ = Ground::new(tier).bash("exec 3<>/dev/tcp/192.0.2.1/80; echo x >&3; cat <&3");
        let before = open();
        for _ in 0..5 {
            let _ = Ground::new(tier).bash("exec 3<>/dev/tcp/192.0.2.1/80; echo x >&3; cat <&3");
        }
        assert_eq!(open(), before, "{tier}");
    }
}

fn a_socket_of_the_host_is_reached_by_its_path_where_a_rule_names_it() {
    for tier in TIERS {
        let mut ground = Ground::new(tier);
        let place = ground.work.path().join("service");
        std::fs::create_dir(&place).expect("a directory");
        for name in ["server.sock", "docker.sock"] {
            let listener = UnixListener::bind(place.join(name)).expect("a listener");
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let _ = (&stream).write_all(b"from the host\n");
                }
            });
        }
        let dial = |ground: &Ground, name: &str| {
            let path = place.join(name).display().to_string();
            ground.run(&["/proc/self/exe", DIALLER, "unix", &path])
        };
        let trip = dial(&ground, "server.sock");
        assert_eq!(trip.said, "PermissionDenied\n", "{tier}");
        let hint = trip.outcome.denials[0].hint.as_deref().unwrap_or_default();
        assert!(hint.starts_with("unix_sockets"), "{tier}: {hint}");
        ground.rules.unix_sockets.push(SocketRule {
            path: place.clone(),
            permission: Permission::Allow,
            origin: Origin::BUILTIN,
        });
        assert_eq!(
            dial(&ground, "server.sock").said,
            "from the host\n",
            "{tier}"
        );
        let trip = dial(&ground, "docker.sock");
        assert_eq!(trip.said, "PermissionDenied\n", "{tier}");
        let reason = &trip.outcome.denials[0].reason;
        assert!(reason.contains("starts containers"), "{tier}: {reason}");
        std::os::unix::fs::symlink("docker.sock", place.join("plain")).expect("a link");
        assert_eq!(dial(&ground, "plain").said, "PermissionDenied\n", "{tier}");
    }
}

fn without_a_namespace_no_socket_is_opened_to_others() {
    let ground = Ground::new(Tier::NoNamespaces);
    for (at, said) in [
        ("127.0.0.1:0", "PermissionDenied Unsupported\n"),
        ("[::1]:0", "PermissionDenied Unsupported\n"),
    ] {
        let trip = ground.run(&["/proc/self/exe", DIALLER, "bind", at]);
        assert_eq!(trip.said, said, "{at}");
    }
    let trip = ground.run(&["/proc/self/exe", DIALLER, "listen-anywhere"]);
    assert_eq!(trip.said, "PermissionDenied\n");
}
