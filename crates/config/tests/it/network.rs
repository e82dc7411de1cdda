//! What profiles and the older keys say of the network.

use dam_policy::{
    HostPreset, Layer, Network, NetworkLimits, NetworkMode, NetworkRules, Reach, Seen,
};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::permissions::chosen;
use crate::world::World;

fn network(world: &World) -> Network {
    world.settings().posture.profile.value.network
}

fn rules(world: &World) -> NetworkRules {
    match network(world) {
        Network::Proxy(rules) => *rules,
        other => panic!("{other:?}"),
    }
}

/// A refusal of what stands in a chosen profile's `network`.
fn refused(text: &str) -> String {
    chosen(&format!("[permissions.mine.network]\n{text}\n")).refusal()
}

#[test]
fn a_profile_says_what_can_be_reached() {
    let world = chosen(
        r#"
        [permissions.base]
        extends = ":workspace"
        [permissions.base.network]
        enabled = false
        mode = "limited"
        domains = { "bad.example.com" = "deny", "base.example" = "allow" }

        [permissions.mine]
        extends = "base"
        [permissions.mine.network]
        enabled = true
        mode = "full"
        preset = "common-dependencies"
        ports = [443, 8443]
        methods = ["GET", "POST"]
        allow_local_binding = true
        unix_sockets = { "~/run/db.sock" = "allow" }
        enable_socks5 = false
        allow_upstream_proxy = false
        [permissions.mine.network.requests."*.example.com"]
        methods = ["GET"]
        path_prefixes = ["/v1"]
        [permissions.base.network.requests."*.example.com"]
        path_prefixes = ["/open/"]
        [permissions.mine.network.limits]
        sent = "10M"
        requests_per_minute = 60
        idle_time = "2m"
        [permissions.base.network.limits]
        sent = 5
        total_time = 60
        [permissions.mine.network.domains]
        "**.example.com" = "allow"
        "localhost:5432" = "allow"
        "bad.example.com" = "allow"
        "#,
    );
    let rules = rules(&world);
    assert_eq!(rules.mode, NetworkMode::Full);
    assert_eq!(rules.preset, HostPreset::CommonDependencies);
    assert_eq!(rules.ports, [443, 8443]);
    assert!(rules.allow_local_binding);
    assert!(!rules.socks5 && !rules.upstream_proxy);
    let limits = NetworkLimits {
        sent: Some(10 << 20),
        requests_per_minute: Some(60),
        idle_time: Some(120),
        total_time: Some(60),
        ..NetworkLimits::default()
    };
    assert_eq!(rules.limits, limits);
    for (method, path, reach) in [
        ("GET", "/v1/x", Reach::Allowed),
        ("POST", "/v1/x", Reach::Denied),
        ("POST", "/open/x", Reach::Allowed),
        ("POST", "/closed", Reach::Denied),
    ] {
        let seen = Seen::Request { method, path };
        assert_eq!(
            rules.judge("a.example.com", 8443, seen).reach,
            reach,
            "{method} {path}"
        );
    }
    assert_eq!(rules.origin.line, Some(13));
    let socket = world.path("me/run/db.sock");
    assert_eq!(rules.socket(&socket).reach, Reach::Allowed);
    for (host, port, reach) in [
        ("a.example.com", 8443, Reach::Allowed),
        // A denial counts, wherever it stands.
        ("bad.example.com", 443, Reach::Denied),
        ("base.example", 443, Reach::Allowed),
        ("localhost", 5432, Reach::Allowed),
        ("localhost", 443, Reach::Denied),
        ("crates.io", 443, Reach::Allowed),
        ("other.example", 443, Reach::Unlisted),
    ] {
        assert_eq!(rules.reach(host, port).reach, reach, "{host}:{port}");
    }
    let put = Seen::Request {
        method: "PUT",
        path: "/",
    };
    assert_eq!(rules.judge("crates.io", 443, put).reach, Reach::Denied);
    let found = rules.reach("bad.example.com", 443);
    assert_eq!(
        (found.origin.layer, found.origin.line),
        (Layer::User, Some(8))
    );
    // What is switched off cannot be reached, whatever else is said.
    let mut off = world;
    off.typed(&["permissions.mine.network.enabled=false"]);
    assert_eq!(network(&off), Network::None);
}

#[test]
fn a_profile_that_says_nothing_of_it_has_no_network() {
    assert_eq!(
        network(&chosen("[permissions.mine]\nextends = \":workspace\"")),
        Network::None
    );
    assert_eq!(network(&World::new()), Network::None);
}

#[test]
fn the_older_keys_are_read_as_the_same() {
    let older = |text: &str| {
        let world = World::new();
        world.user(text);
        world
    };
    let on = "[sandbox_workspace_write]\nnetwork_access = true\n";
    let all = rules(&older(on));
    assert_eq!(all.preset, HostPreset::All);
    assert_eq!(all.origin.line, Some(2));
    let all = rules(&older(&format!("{on}[features]\nnetwork_proxy = true\n")));
    assert_eq!(all.preset, HostPreset::All);
    // Rules count where they are written: nothing is needed besides.
    for enabled in ["", "enabled = true\n"] {
        let text = format!(
            "{on}[features.network_proxy]\n{enabled}domains = {{ \"x.example\" = \"allow\" }}\n"
        );
        let some = rules(&older(&text));
        assert_eq!(some.reach("x.example", 443).reach, Reach::Allowed);
        assert_eq!(some.reach("y.example", 443).reach, Reach::Unlisted);
    }
    let idle = older("[features.network_proxy]\nenabled = true\nmode = \"limited\"\n");
    assert_eq!(network(&idle), Network::None);
    assert_snapshot!(idle.notices(), @"[features.network_proxy] (user:2) has no effect: `sandbox_workspace_write.network_access` is not true, so that nothing can be reached");
    let read_only = older(&format!("sandbox_mode = \"read-only\"\n{on}"));
    assert_eq!(network(&read_only), Network::None);
    assert_snapshot!(older(&format!("{on}[features.network_proxy]\nenabled = false\nmode = \"limited\"\n")).refusal(), @"
    user:4:11: the rules of [features.network_proxy] would not hold while it is off
      enabled = false
                ^^^^^
    hint: leave `enabled` out: its rules always count here
    ");
    assert_snapshot!(older("default_permissions = \":workspace\"\n[features.network_proxy]\nenabled = true\n").refusal(), @r#"
    user:1:23: `default_permissions` does not go together with `sandbox_mode` and `[sandbox_workspace_write]`, of which one is set by user:3
      default_permissions = ":workspace"
                            ^^^^^^^^^^^^
    hint: keep `default_permissions`, and say in a profile of your own, [permissions.<name>], what the others say
    "#);
}

#[test]
fn no_project_switches_the_network_on() {
    let world = World::new();
    world.trusting("");
    world.project("[sandbox_workspace_write]\nnetwork_access = true\n");
    assert_snapshot!(world.refusal(), @"
    @/project/.cofferdam/config.toml:2:18: a project may not switch the network on
      network_access = true
                       ^^^^
    hint: set it in your own config.toml
    ");
    world.trusting("[sandbox_workspace_write]\nnetwork_access = true\n");
    world.project("[sandbox_workspace_write]\nnetwork_access = false\n");
    assert_eq!(network(&world), Network::None);
    world.project("[features.network_proxy]\nmode = \"full\"\n");
    assert_snapshot!(world.refusal(), @"
    @/project/.cofferdam/config.toml:1:2: a project may not set `features`
      [features.network_proxy]
       ^^^^^^^^
    hint: set it in your own config.toml
    ");
}

#[test]
fn what_is_said_of_the_network_and_cannot_be() {
    assert_snapshot!(refused("domains = { \"x.example\" = \"allow\" }"), @r#"
    user:3:27: rules for the network without `enabled`, so that it is not clear whether they count
      domains = { "x.example" = "allow" }
                                ^^^^^^^
    hint: say `enabled = true`, or `enabled = false`, beside them
    "#);
    assert_snapshot!(refused("enabled = true\ndomains = { \"https://x.example\" = \"allow\" }"), @r#"
    user:4:13: `https://x.example` is more than a host: leave out the scheme, the user and the path
      domains = { "https://x.example" = "allow" }
                  ^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(refused("enabled = true\ndomains = { \"*\" = \"deny\" }"), @r#"
    user:4:19: `*` can only be allowed
      domains = { "*" = "deny" }
                        ^^^^^^
    hint: leave it out: what no key allows cannot be reached
    "#);
    assert_snapshot!(refused("enabled = true\ndomains = { \"x.example\" = \"ask\" }"), @r#"
    user:4:27: `ask` is no value of `permissions.mine.network.domains."x.example"`, which is one of `allow`, `deny`
      domains = { "x.example" = "ask" }
                                ^^^^^
    "#);
    assert_snapshot!(refused("enabled = true\nmode = \"some\""), @r#"
    user:4:8: `some` is not one of `full` and `limited`
      mode = "some"
             ^^^^^^
    "#);
    assert_snapshot!(refused("enabled = true\npreset = \"most\""), @r#"
    user:4:10: `most` is not one of `none`, `common-dependencies` and `all`
      preset = "most"
               ^^^^^^
    "#);
    assert_snapshot!(refused("enabled = true\nports = [0]"), @"
    user:4:10: `permissions.mine.network.ports` must be a whole number from 1 to 65535
      ports = [0]
               ^
    ");
    assert_snapshot!(refused("enabled = true\nports = 443"), @"
    user:4:9: `permissions.mine.network.ports` must be a list of ports, from 1 to 65535, and this is a number
      ports = 443
              ^^^
    ");
    assert_snapshot!(refused("enabled = true\nmethods = [\"get\"]"), @r#"
    user:4:12: `get` is not a method such as `GET`
      methods = ["get"]
                 ^^^^^
    hint: write it in capitals
    "#);
    assert_snapshot!(refused("enabled = true\nunix_sockets = { \"db.sock\" = \"allow\" }"), @r#"
    user:4:18: `db.sock` is not an absolute path, or one from `~/`
      unix_sockets = { "db.sock" = "allow" }
                       ^^^^^^^^^
    "#);
    assert_snapshot!(refused("enabled = true\nproxy_url = \"http://127.0.0.1:3128\""), @r#"
    user:4:13: `permissions.mine.network.proxy_url` has no place here: the proxy's address is inside the boundary, and nothing listens on the host
      proxy_url = "http://127.0.0.1:3128"
                  ^^^^^^^^^^^^^^^^^^^^^^^
    hint: leave it out
    "#);
    // Also in a profile that is not chosen, and in one that is switched off.
    assert_snapshot!(World::refusal_of("[permissions.x.network]\nenabled = false\ndomains = { \"*\" = \"deny\" }"), @r#"
    user:3:19: `*` can only be allowed
      domains = { "*" = "deny" }
                        ^^^^^^
    hint: leave it out: what no key allows cannot be reached
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Three profiles, each extending the next, and one host that any of them
    /// may speak of.
    #[test]
    fn a_denial_in_any_of_the_profiles_counts(
        said in prop::collection::vec(prop::option::of(any::<bool>()), 3),
        writing in prop::collection::vec(0_usize..3, 3),
    ) {
        const WRITINGS: [&str; 3] = ["a.example", "A.example.", "*.example"];
        let mut text = vec!["default_permissions = \"p0\"".to_owned()];
        for (at, said) in said.iter().enumerate() {
            text.push(format!("[permissions.p{at}]"));
            if at < 2 {
                text.push(format!("extends = \"p{}\"", at + 1));
            }
            text.push(format!("[permissions.p{at}.network]\nenabled = true"));
            if let Some(allow) = said {
                let word = if *allow { "allow" } else { "deny" };
                let host = WRITINGS[writing[at]];
                text.push(format!("domains = {{ \"{host}\" = \"{word}\" }}"));
            }
        }
        let world = World::new();
        world.user(&text.join("\n"));
        let expected = if said.contains(&Some(false)) {
            Reach::Denied
        } else if said.contains(&Some(true)) {
            Reach::Allowed
        } else {
            Reach::Unlisted
        };
        prop_assert_eq!(rules(&world).reach("a.example", 443).reach, expected);
    }
}

#[test]
fn what_an_administrators_file_denies_no_user_allows_again() {
    let hosts = |text: &str| {
        format!(
            "default_permissions = \"mine\"\n[permissions.mine.network]\nenabled = true\n[permissions.mine.network.domains]\n{text}"
        )
    };
    let mut world = World::new();
    world.system(&hosts(
        "\"bad.example\" = \"deny\"\n\"late.example\" = \"deny\"\n",
    ));
    world.user(&hosts(
        "\"bad.example\" = \"allow\"\n\"mine.example\" = \"deny\"\n",
    ));
    world.options.overrides = vec![
        "permissions.mine.network.domains.\"late.example\"=allow".to_owned(),
        "permissions.mine.network.domains.\"mine.example\"=allow".to_owned(),
    ];
    let found = rules(&world);
    let reach = |host: &str| found.reach(host, 443);
    for host in ["bad.example", "late.example"] {
        assert_eq!(reach(host).reach, Reach::Denied, "{host}");
        assert_eq!(reach(host).origin.layer, Layer::System, "{host}");
    }
    // What a user denies, the user can allow again.
    assert_eq!(reach("mine.example").reach, Reach::Allowed);
    let key = "permissions.mine.network.domains.\"bad.example\"";
    let said = world.settings().explain(key).expect("a key").said;
    let said: Vec<String> = said
        .iter()
        .map(|said| world.short(&format!("{} {}: {}", said.value, said.counts, said.why)))
        .collect();
    assert_snapshot!(said.join("\n"), @r#"
    "allow" false: @/etc/config.toml:5 denies it, and is an administrator's
    "deny" true: an administrator's denial, which no user's setting takes back
    "#);
}

#[test]
fn what_has_no_place_here_is_refused_with_the_reason() {
    assert_snapshot!(refused("enabled = true\nproxy_url = \"http://127.0.0.1:3128\""), @r#"
    user:4:13: `permissions.mine.network.proxy_url` has no place here: the proxy's address is inside the boundary, and nothing listens on the host
      proxy_url = "http://127.0.0.1:3128"
                  ^^^^^^^^^^^^^^^^^^^^^^^
    hint: leave it out
    "#);
    assert_snapshot!(refused("enabled = true\nenable_socks5_udp = true"), @"
    user:4:21: `permissions.mine.network.enable_socks5_udp` cannot be true: nothing but TCP leaves the boundary
      enable_socks5_udp = true
                          ^^^^
    hint: leave it out
    ");
    assert_snapshot!(refused("enabled = true\nunix_sockets = { \"/var/run/docker.sock\" = \"allow\" }"), @r#"
    user:4:43: `/var/run/docker.sock` cannot be allowed: whoever reaches it is root outside of the boundary
      unix_sockets = { "/var/run/docker.sock" = "allow" }
                                                ^^^^^^^
    hint: leave it out
    "#);
    assert_snapshot!(refused("enabled = true\nunix_sockets = { \"/tmp/ssh-a/agent.7\" = \"allow\" }"), @r#"
    user:4:41: `/tmp/ssh-a/agent.7` cannot be allowed: it signs in with your keys
      unix_sockets = { "/tmp/ssh-a/agent.7" = "allow" }
                                              ^^^^^^^
    hint: leave it out
    "#);
    assert_snapshot!(refused("enabled = true\nrequests = { \"x.example\" = { path_prefixes = [\"v1\"] } }"), @r#"
    user:4:47: `v1` is not what a path begins with
      requests = { "x.example" = { path_prefixes = ["v1"] } }
                                                    ^^^^
    hint: write `/v1` or `/v1/`, without `..` and `%`
    "#);
    assert_snapshot!(refused("enabled = true\nlimits = { sent = \"much\" }"), @r#"
    user:4:19: `permissions.mine.network.limits.sent` must be a number above 0, or as in `10M`
      limits = { sent = "much" }
                        ^^^^^^
    "#);
    assert_snapshot!(refused("enabled = true\nlimits = { send = 1 }"), @"
    user:4:12: `send` is not a key of [permissions.mine.network.limits]
      limits = { send = 1 }
                 ^^^^
    hint: did you mean `sent`?
    ");
}
