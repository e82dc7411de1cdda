//! Which hosts the rules for the network allow.

use dam_policy::{
    Action, ApprovalPolicy, COMMON_DEPENDENCIES, Circumstances, Decision, DomainRule, Host,
    HostPattern, HostPreset, Layer, Network, NetworkMode, NetworkRules, Origin, Permission, Places,
    Posture, Profile, Reach, RequestRule, SandboxMode, Seen, SocketRule, Sourced, evaluate,
    is_path_prefix,
};
use proptest::prelude::*;

fn rules(domains: &[(&str, Permission)]) -> NetworkRules {
    let mut rules = NetworkRules::new(Origin::of(Layer::User));
    for (pattern, permission) in domains {
        rules.domains.push(DomainRule {
            pattern: pattern.parse().expect(pattern),
            permission: *permission,
            origin: Origin::of(Layer::User),
        });
    }
    rules
}

fn allowing(patterns: &[&str]) -> NetworkRules {
    let all: Vec<_> = patterns
        .iter()
        .map(|pattern| (*pattern, Permission::Allow))
        .collect();
    rules(&all)
}

fn reach(rules: &NetworkRules, host: &str, port: u16) -> Reach {
    rules.reach(host, port).reach
}

/// What is said of a request at `/`, or of a connection that shows none.
fn judged(rules: &NetworkRules, host: &str, port: u16, method: Option<&str>) -> Reach {
    let seen = method.map_or(Seen::Never, |method| Seen::Request { method, path: "/" });
    rules.judge(host, port, seen).reach
}

#[test]
fn patterns_name_hosts() {
    // Columns: example.com, a.example.com, a.b.example.com, notexample.com.
    for (pattern, expected) in [
        ("example.com", [true, false, false, false]),
        ("*.example.com", [false, true, true, false]),
        ("**.example.com", [true, true, true, false]),
        ("*", [true, true, true, true]),
        ("EXAMPLE.com.", [true, false, false, false]),
    ] {
        let rules = allowing(&[pattern]);
        let hosts = [
            "example.com",
            "a.example.com",
            "a.b.example.com",
            "notexample.com",
        ];
        for (host, expected) in hosts.into_iter().zip(expected) {
            let found = reach(&rules, host, 443);
            let wanted = if expected {
                Reach::Allowed
            } else {
                Reach::Unlisted
            };
            assert_eq!(found, wanted, "{pattern} {host}");
        }
    }
}

#[test]
fn a_name_has_many_writings_and_one_meaning() {
    let rules = allowing(&["bücher.example", "**.example.com"]);
    for host in [
        "bücher.example",
        "BÜCHER.example.",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE",
        "bu\u{308}cher.example",
        "ｅｘａｍｐｌｅ.com",
        "a。example.com",
    ] {
        assert_eq!(reach(&rules, host, 443), Reach::Allowed, "{host}");
    }
    for host in [
        "",
        ".",
        "a..b",
        "-.",
        "a b",
        "a/b",
        "a@b",
        "a%2fb",
        "a\0b",
        "example.com..",
        "[::1",
        "::1]",
        "[example.com]",
        "1.2.3.4.5",
        "256.256.256.256",
        "0x1ffffffff",
        "[fe80::1%eth0]",
        "a:b",
        "exa\u{200b}mple.com:1",
    ] {
        assert_eq!(
            reach(&allowing(&["*"]), host, 443),
            Reach::Denied,
            "{host:?}"
        );
    }
}

#[test]
fn what_is_no_pattern() {
    for (text, expected) in [
        (
            "https://example.com",
            "`https://example.com` is more than a host: leave out the scheme, the user and the path",
        ),
        (
            "me@example.com",
            "`me@example.com` is more than a host: leave out the scheme, the user and the path",
        ),
        (
            "ex*mple.com",
            "in `ex*mple.com`, a star stands for whole names in front: `*.example.com`, `**.example.com` or `*`",
        ),
        (
            "*.*.com",
            "in `*.*.com`, a star stands for whole names in front: `*.example.com`, `**.example.com` or `*`",
        ),
        (
            "*.10.0.0.1",
            "in `*.10.0.0.1`, a star stands for whole names in front: `*.example.com`, `**.example.com` or `*`",
        ),
        (
            "example.com:0",
            "`example.com:0` does not end with a port from 1 to 65535",
        ),
        (
            "example.com:http",
            "`example.com:http` does not end with a port from 1 to 65535",
        ),
        (
            "example.com:70000",
            "`example.com:70000` does not end with a port from 1 to 65535",
        ),
        ("", "`` is not the name or address of a host"),
        ("a b", "`a b` is not the name or address of a host"),
    ] {
        let error = text.parse::<HostPattern>().expect_err(text);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn ports_are_those_of_the_web_unless_the_rule_names_one() {
    let mut rules = allowing(&["example.com", "other.example:8443", "*:22"]);
    assert_eq!(reach(&rules, "example.com", 80), Reach::Allowed);
    assert_eq!(reach(&rules, "example.com", 8443), Reach::Unlisted);
    assert_eq!(reach(&rules, "other.example", 8443), Reach::Allowed);
    assert_eq!(reach(&rules, "other.example", 443), Reach::Unlisted);
    assert_eq!(reach(&rules, "any.example", 22), Reach::Allowed);
    // A denial without a port holds at all of them; one with a port there.
    let denied = self::rules(&[
        ("*:8080", Permission::Allow),
        ("*", Permission::Allow),
        ("all.example", Permission::Deny),
        ("one.example:8080", Permission::Deny),
    ]);
    assert_eq!(reach(&denied, "all.example", 8080), Reach::Denied);
    assert_eq!(reach(&denied, "all.example", 443), Reach::Denied);
    assert_eq!(reach(&denied, "one.example", 8080), Reach::Denied);
    assert_eq!(reach(&denied, "one.example", 443), Reach::Allowed);
    rules.ports = vec![8443];
    assert_eq!(reach(&rules, "example.com", 8443), Reach::Allowed);
    assert_eq!(reach(&rules, "example.com", 443), Reach::Unlisted);
}

/// One address in the ways in which programs write it.
const LOCAL: &[&str] = &[
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
    "intranet",
    "router.home.arpa",
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0X7F.1",
    "127.0.0.1.",
    "2130706433",
    "017700000001",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "::1",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:db8::1]",
    "１２７.0.0.1",
];

#[test]
fn a_local_address_needs_a_rule_that_names_it_with_its_port() {
    let mut wide = allowing(&[
        "*",
        "*:8080",
        "*.localhost",
        "**.internal",
        "*.local",
        "**.home.arpa",
    ]);
    wide.preset = HostPreset::All;
    wide.allow_local_binding = true;
    for host in LOCAL {
        assert!(host.parse::<Host>().expect(host).is_local(), "{host}");
        assert_eq!(reach(&wide, host, 443), Reach::Denied, "{host}");
        assert_eq!(reach(&wide, host, 8080), Reach::Denied, "{host}");
        // A rule that names it, in any writing.
        let is_bare = host.contains("::") && !host.starts_with('[');
        let literal = if is_bare {
            format!("[{host}]:8080")
        } else {
            format!("{host}:8080")
        };
        let named = allowing(&[&literal]);
        assert_eq!(reach(&named, host, 8080), Reach::Allowed, "{host}");
        assert_eq!(reach(&named, host, 443), Reach::Denied, "{host}");
    }
    let mut named = allowing(&["127.0.0.1", "169.254.169.254", "metadata.google.internal"]);
    assert_eq!(reach(&named, "127.1", 443), Reach::Denied);
    named.allow_local_binding = true;
    assert_eq!(reach(&named, "127.1", 443), Reach::Allowed);
    assert_eq!(reach(&named, "127.1", 5432), Reach::Denied);
    // Never what identifies the machine to a cloud.
    assert_eq!(reach(&named, "169.254.169.254", 80), Reach::Denied);
    assert_eq!(reach(&named, "metadata.google.internal", 80), Reach::Denied);
    for public in [
        "1.1.1.1",
        "[2606:4700::1111]",
        "example.com",
        "172.32.0.1",
        "[64:ff9b::101:101]",
    ] {
        assert_eq!(
            reach(&allowing(&["*"]), public, 443),
            Reach::Allowed,
            "{public}"
        );
    }
}

#[test]
fn presets_name_hosts() {
    let mut rules = rules(&[("crates.io", Permission::Deny)]);
    assert_eq!(reach(&rules, "index.crates.io", 443), Reach::Unlisted);
    rules.preset = HostPreset::CommonDependencies;
    assert_eq!(reach(&rules, "index.crates.io", 443), Reach::Allowed);
    assert_eq!(reach(&rules, "crates.io", 443), Reach::Denied);
    assert_eq!(reach(&rules, "index.crates.io", 22), Reach::Unlisted);
    assert_eq!(reach(&rules, "example.com", 443), Reach::Unlisted);
    assert_eq!(reach(&rules, "crates.io.example.com", 443), Reach::Unlisted);
    rules.preset = HostPreset::All;
    assert_eq!(reach(&rules, "example.com", 443), Reach::Allowed);
    assert_eq!(reach(&rules, "10.0.0.1", 443), Reach::Denied);
    for host in COMMON_DEPENDENCIES {
        let parsed: Host = host.parse().expect(host);
        assert_eq!(parsed.to_string(), **host);
        assert!(!parsed.is_local());
    }
}

#[test]
fn methods_are_limited_and_what_cannot_be_seen_is_none() {
    let mut rules = allowing(&["example.com"]);
    let judge = |rules: &NetworkRules, method| judged(rules, "example.com", 443, method);
    assert_eq!(judge(&rules, Some("POST")), Reach::Allowed);
    assert_eq!(judge(&rules, None), Reach::Allowed);
    rules.mode = NetworkMode::Limited;
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_eq!(judge(&rules, Some(method)), Reach::Allowed);
    }
    for method in ["POST", "get", "CONNECT", "GET ", ""] {
        assert_eq!(judge(&rules, Some(method)), Reach::Denied, "{method}");
    }
    assert_eq!(judge(&rules, None), Reach::Denied);
    rules.methods = Some(vec!["POST".to_owned(), "GET".to_owned()]);
    assert_eq!(judge(&rules, Some("POST")), Reach::Denied);
    assert_eq!(judge(&rules, Some("GET")), Reach::Allowed);
    assert_eq!(judge(&rules, Some("HEAD")), Reach::Denied);
    rules.mode = NetworkMode::Full;
    assert_eq!(judge(&rules, Some("POST")), Reach::Allowed);
    assert_eq!(judge(&rules, None), Reach::Denied);
}

#[test]
fn requests_fit_one_of_the_rules_for_their_host() {
    let mut rules = allowing(&["*.example.com", "other.example"]);
    let rule = |pattern: &str, methods: &[&str], prefixes: &[&str]| {
        let list = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        RequestRule {
            pattern: pattern.parse().expect(pattern),
            methods: (!methods.is_empty()).then(|| list(methods)),
            path_prefixes: (!prefixes.is_empty()).then(|| list(prefixes)),
            origin: Origin::of(Layer::User),
        }
    };
    rules.requests = vec![
        rule("*.example.com", &["GET"], &[]),
        rule("api.example.com:443", &["POST"], &["/v1", "/open/"]),
    ];
    let request =
        |host: &str, method, path| rules.judge(host, 443, Seen::Request { method, path }).reach;
    for (host, method, path, reach) in [
        ("a.example.com", "GET", "/any", Reach::Allowed),
        ("a.example.com", "POST", "/v1", Reach::Denied),
        ("api.example.com", "GET", "/any", Reach::Allowed),
        ("api.example.com", "POST", "/v1", Reach::Allowed),
        ("api.example.com", "POST", "/v1?to=/v2", Reach::Allowed),
        ("api.example.com", "POST", "/v1/x", Reach::Allowed),
        ("api.example.com", "POST", "/open/x", Reach::Allowed),
        ("api.example.com", "POST", "/open", Reach::Denied),
        ("api.example.com", "POST", "/v10", Reach::Denied),
        ("api.example.com", "PUT", "/v1", Reach::Denied),
        ("other.example", "PUT", "/any", Reach::Allowed),
        ("no.example", "GET", "/", Reach::Unlisted),
    ] {
        assert_eq!(request(host, method, path), reach, "{method} {host}{path}");
    }
    // What servers read in more than one way is not read in the best one.
    for path in [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1%2F..%2Fadmin",
        "/v1/..;/admin",
        "/v1\\..\\admin",
        "//v1",
        "/v1/%252e%252e/x",
        "http://a.example.com/v1",
        "*",
        "",
    ] {
        assert_eq!(
            request("api.example.com", "POST", path),
            Reach::Denied,
            "{path}"
        );
    }
    assert!(rules.looks_into("api.example.com", 443));
    assert!(!rules.looks_into("other.example", 443));
    let opaque = |host| rules.judge(host, 443, Seen::Never).reach;
    assert_eq!(opaque("api.example.com"), Reach::Denied);
    assert_eq!(opaque("other.example"), Reach::Allowed);
    for (text, fits) in [
        ("/", true),
        ("/v1", true),
        ("v1", false),
        ("/a/../b", false),
        ("", false),
    ] {
        assert_eq!(is_path_prefix(text), fits, "{text}");
    }
}

#[test]
fn sockets_are_reached_by_name_and_a_denial_wins() {
    let mut rules = allowing(&[]);
    let rule = |path: &str, permission| SocketRule {
        path: path.into(),
        permission,
        origin: Origin::of(Layer::User),
    };
    rules.unix_sockets = vec![
        rule("/run/db", Permission::Allow),
        rule("/run/db/admin.sock", Permission::Deny),
    ];
    let socket = |path: &str| rules.socket(path.as_ref()).reach;
    assert_eq!(socket("/run/db/main.sock"), Reach::Allowed);
    assert_eq!(socket("/run/db/admin.sock"), Reach::Denied);
    assert_eq!(socket("/run/dbus"), Reach::Unlisted);
}

#[test]
fn a_verdict_says_why_and_where() {
    let rules = rules(&[
        ("**.example.com", Permission::Deny),
        ("*", Permission::Allow),
    ]);
    for (host, port, reason) in [
        ("a.example.com", 443, "`**.example.com` is denied"),
        ("other.example", 443, "`*` is allowed"),
        (
            "other.example",
            22,
            "no rule allows other.example at port 22",
        ),
        (
            "127.1",
            80,
            "127.0.0.1 is a local address: only a rule for `127.0.0.1:80` allows it",
        ),
        (
            "[::1]",
            80,
            "[::1] is a local address: only a rule for `[::1]:80` allows it",
        ),
        (
            "a\u{1b}[31m",
            80,
            "`a\\u{1b}[31m` is not the name or address of a host",
        ),
    ] {
        assert_eq!(rules.reach(host, port).reason, reason);
    }
    assert_eq!(
        rules.reach("other.example", 443).rule.as_str(),
        "network.host"
    );
    assert_eq!(rules.reach("other.example", 443).origin.layer, Layer::User);
}

#[test]
fn the_evaluator_asks_about_what_is_unlisted_and_refuses_what_is_denied() {
    let mut profile = Profile::builtin(SandboxMode::WorkspaceWrite);
    profile.network = Network::Proxy(Box::new(rules(&[
        ("good.example", Permission::Allow),
        ("bad.example", Permission::Deny),
    ])));
    let decided = |policy, host: &str| {
        let profile = Sourced::builtin(profile.resolve(&Places::default()));
        let posture = Posture::new(profile, Sourced::builtin(policy));
        let action = Action::reach(host, 443);
        evaluate(&posture, &Circumstances::default(), &action).decision
    };
    for (host, expected) in [
        (
            "good.example",
            [Decision::Allow, Decision::Allow, Decision::Ask],
        ),
        (
            "other.example",
            [Decision::Ask, Decision::Deny, Decision::Ask],
        ),
        ("bad.example", [Decision::Deny; 3]),
        ("127.1", [Decision::Deny; 3]),
    ] {
        let found = [
            ApprovalPolicy::OnRequest,
            ApprovalPolicy::Never,
            ApprovalPolicy::Untrusted,
        ]
        .map(|policy| decided(policy, host));
        assert_eq!(found, expected, "{host}");
    }
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{1,2}",
        Just("example".to_owned()),
        Just("com".to_owned())
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(label(), 1..4).prop_map(|labels| labels.join("."))
}

pub fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => name(),
        1 => any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        1 => any::<u32>().prop_map(|number| number.to_string()),
        1 => any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
        1 => prop::sample::select(LOCAL).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

pub fn pattern() -> impl Strategy<Value = HostPattern> {
    let front = prop::sample::select(vec!["", "*.", "**."]);
    let port = prop::option::of(prop::sample::select(vec![80_u16, 443, 8080]));
    let some = (front, name(), port.clone()).prop_map(|(front, name, port)| {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{front}{name}{port}")
    });
    let any = port.prop_map(|port| port.map_or_else(|| "*".to_owned(), |port| format!("*:{port}")));
    prop_oneof![4 => some, 1 => any].prop_map(|text| text.parse().expect("a pattern"))
}

fn rule() -> impl Strategy<Value = DomainRule> {
    let permission = prop::sample::select(vec![Permission::Allow, Permission::Deny]);
    (pattern(), permission).prop_map(|(pattern, permission)| DomainRule {
        pattern,
        permission,
        origin: Origin::BUILTIN,
    })
}

pub fn any_rules() -> impl Strategy<Value = NetworkRules> {
    let preset = prop::sample::select(vec![
        HostPreset::None,
        HostPreset::CommonDependencies,
        HostPreset::All,
    ]);
    let mode = prop::sample::select(vec![NetworkMode::Full, NetworkMode::Limited]);
    let domains = prop::collection::vec(rule(), 0..6);
    (preset, mode, domains, any::<bool>()).prop_map(|(preset, mode, domains, local)| NetworkRules {
        preset,
        mode,
        domains,
        allow_local_binding: local,
        ..NetworkRules::new(Origin::BUILTIN)
    })
}

pub fn wish() -> impl Strategy<Value = (String, u16, Option<&'static str>)> {
    let port = prop::sample::select(vec![22_u16, 80, 443, 8080]);
    let method = prop::sample::select(vec![None, Some("GET"), Some("POST")]);
    (host(), port, method)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_denial_more_allows_nothing_more(
        rules in any_rules(),
        added in pattern(),
        at in 0_usize..6,
        (host, port, method) in wish(),
    ) {
        let mut more = rules.clone();
        let rule = DomainRule { pattern: added, permission: Permission::Deny, origin: Origin::BUILTIN };
        more.domains.insert(at.min(rules.domains.len()), rule);
        let before = judged(&rules, &host, port, method);
        let after = judged(&more, &host, port, method);
        prop_assert!(after >= before, "{before:?} {after:?}");
    }

    #[test]
    fn the_order_of_rules_does_not_matter(
        rules in any_rules(),
        (host, port, method) in wish(),
    ) {
        let mut turned = rules.clone();
        turned.domains.reverse();
        prop_assert_eq!(
            judged(&rules, &host, port, method),
            judged(&turned, &host, port, method)
        );
    }

    #[test]
    fn limiting_methods_allows_nothing_more(rules in any_rules(), (host, port, method) in wish()) {
        let full = NetworkRules { mode: NetworkMode::Full, ..rules.clone() };
        let limited = NetworkRules { mode: NetworkMode::Limited, ..rules };
        prop_assert!(
            judged(&limited, &host, port, method) >= judged(&full, &host, port, method)
        );
    }

    #[test]
    fn another_writing_of_a_host_changes_nothing(rules in any_rules(), (host, port, method) in wish()) {
        let Ok(parsed) = host.parse::<Host>() else { return Ok(()) };
        let found = judged(&rules, &host, port, method);
        let is_name = matches!(parsed, Host::Name(_));
        let mut writings = vec![parsed.to_string(), host.to_uppercase()];
        if is_name {
            writings.push(format!("{parsed}."));
        }
        for writing in writings {
            // Uppercase of what is not ASCII may be other letters.
            if writing.is_ascii() {
                prop_assert_eq!(judged(&rules, &writing, port, method), found, "{}", writing);
            }
        }
        let again: Host = parsed.to_string().parse().expect("its own writing");
        prop_assert_eq!(again, parsed);
    }

    #[test]
    fn no_star_leads_to_a_local_address(rules in any_rules(), (host, port, method) in wish()) {
        let mut rules = rules;
        rules.domains.retain(|rule| {
            rule.permission == Permission::Deny || rule.pattern.to_string().starts_with('*')
        });
        if host.parse::<Host>().is_ok_and(|host| host.is_local()) {
            prop_assert_eq!(judged(&rules, &host, port, method), Reach::Denied);
        }
    }

    #[test]
    fn a_pattern_is_read_as_it_is_shown(pattern in pattern(), text in "\\PC{0,20}") {
        prop_assert_eq!(&pattern.to_string().parse::<HostPattern>().expect("itself"), &pattern);
        if let Ok(pattern) = text.parse::<HostPattern>() {
            prop_assert_eq!(pattern.to_string().parse::<HostPattern>().expect("itself"), pattern);
        }
    }
}

#[test]
fn where_a_name_leads_is_judged_by_what_the_address_is() {
    let rules = rules(&[
        ("*", Permission::Allow),
        ("10.0.0.9:443", Permission::Allow),
        ("db.internal:5432", Permission::Allow),
        ("203.0.113.0", Permission::Allow),
        ("8.8.8.8", Permission::Deny),
        ("10.0.0.8", Permission::Deny),
    ]);
    let leads = |host: &str, address: &str, port| {
        let (host, address) = (host.parse().expect(host), address.parse().expect(address));
        rules.leads_to(&host, address, port).reach
    };
    for (address, port, expected) in [
        ("93.184.216.34", 443, Reach::Allowed),
        ("2606:4700::1111", 443, Reach::Allowed),
        ("8.8.8.8", 443, Reach::Denied),
        ("::ffff:8.8.8.8", 443, Reach::Denied),
        ("10.0.0.9", 443, Reach::Allowed),
        ("::ffff:10.0.0.9", 443, Reach::Allowed),
        ("10.0.0.9", 80, Reach::Denied),
        ("127.0.0.1", 443, Reach::Denied),
        ("169.254.169.254", 80, Reach::Denied),
        ("168.63.129.16", 80, Reach::Denied),
        ("64:ff9b::a00:1", 443, Reach::Denied),
    ] {
        assert_eq!(
            leads("a.example", address, port),
            expected,
            "{address}:{port}"
        );
    }
    // A local name that is allowed may lead into its network, but not to what
    // identifies machines, and not to what is denied.
    assert_eq!(leads("db.internal", "10.0.0.1", 5432), Reach::Allowed);
    for address in [
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fd00:ec2::254",
        "10.0.0.8",
    ] {
        assert_eq!(
            leads("db.internal", address, 5432),
            Reach::Denied,
            "{address}"
        );
    }
}

#[test]
fn another_name_for_a_host_meets_the_denials() {
    let rules = rules(&[
        ("a.example", Permission::Allow),
        ("bad.example", Permission::Deny),
    ]);
    let leads = |host: &str, alias: &str| {
        let (host, alias) = (host.parse().expect(host), alias.parse().expect(alias));
        rules.leads_by(&host, &alias, 443).reach
    };
    assert_eq!(leads("a.example", "cdn.example"), Reach::Allowed);
    assert_eq!(leads("a.example", "bad.example"), Reach::Denied);
    assert_eq!(leads("a.example", "db.internal"), Reach::Denied);
    assert_eq!(leads("a.internal", "b.internal"), Reach::Allowed);
}

#[test]
fn the_ports_of_a_host_are_the_webs_and_those_that_rules_name() {
    let rules = allowing(&["a.example:22", "*.a.example:8443", "b.example"]);
    let host = |name: &str| name.parse::<Host>().expect(name);
    assert_eq!(rules.ports_of(&host("a.example")), [80, 443, 22]);
    assert_eq!(rules.ports_of(&host("x.a.example")), [80, 443, 8443]);
    assert!(rules.names_port(&host("a.example"), 22) && !rules.names_port(&host("b.example"), 443));
}
