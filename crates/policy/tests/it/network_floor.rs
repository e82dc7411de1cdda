//! What an administrator requires of the network: whatever profiles, rules
//! and answers say, nothing is reached that is not allowed at most.

use dam_policy::{
    Action, ApprovalPolicy, Circumstances, CommandRules, Decision, Floor, Host, HostPattern,
    HostPreset, HostRule, Layer, Network, NetworkFloor, NetworkRules, Origin, Places, Posture,
    Profile, Reach, Requirements, RuleDecision, SandboxMode, Sourced, evaluate,
};
use proptest::prelude::*;

use crate::network::{any_rules, pattern, wish};
use dam_policy::Reach::{Allowed, Denied};

fn required(line: u32) -> Origin {
    Origin {
        layer: Layer::Requirements,
        file: Some("/etc/cofferdam/requirements.toml".into()),
        line: Some(line),
    }
}

/// A session that wants this network and has these rules of its own, under a
/// floor.
fn under(floor: &NetworkFloor, rules: NetworkRules, hosts: Vec<HostRule>) -> Posture {
    let mut profile = Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&Places::default());
    profile.network = Network::Proxy(Box::new(rules));
    let mut wanted = Posture::new(
        Sourced::new(profile, Origin::of(Layer::Flag)),
        Sourced::new(ApprovalPolicy::OnRequest, Origin::of(Layer::CommandLine)),
    );
    wanted.rules = CommandRules {
        hosts,
        ..CommandRules::default()
    };
    let requirements = Requirements {
        floor: Floor {
            network: floor.clone(),
            ..Floor::default()
        },
        ..Requirements::default()
    };
    let held = requirements.constrain(wanted, &[]);
    held.expect("a boundary holds it").0
}

fn judged(posture: &Posture, host: &str, port: u16) -> Decision {
    let reach = Action::reach(host, port);
    evaluate(posture, &Circumstances::BOXED, &reach).decision
}

/// Whether a floor lets a host be reached at all.
fn may_be_allowed(floor: &NetworkFloor, host: &str, port: u16) -> bool {
    let Ok(host) = host.parse::<Host>() else {
        return false;
    };
    let covers = |one: &Sourced<HostPattern>| one.value.covers(&host, port);
    floor.off.is_none()
        && !floor.denied.iter().any(covers)
        && (floor.only_allowed.is_none() || floor.allowed.iter().any(covers))
}

fn patterns() -> impl Strategy<Value = Vec<Sourced<HostPattern>>> {
    let one = pattern().prop_map(|pattern| Sourced::new(pattern, required(1)));
    prop::collection::vec(one, 0..4)
}

fn floor() -> impl Strategy<Value = NetworkFloor> {
    let switches = (prop::bool::weighted(0.1), any::<bool>(), any::<bool>());
    (patterns(), patterns(), switches).prop_map(|(denied, allowed, (off, only, local))| {
        NetworkFloor {
            off: off.then(|| required(2)),
            denied,
            allowed,
            only_allowed: only.then(|| required(3)),
            no_local_binding: local.then(|| required(4)),
        }
    })
}

/// A rule of the user's own for the very host that is wished for, or another.
fn own_rules(host: &str, decision: RuleDecision) -> Vec<HostRule> {
    let host = host.parse::<Host>().ok();
    let rule = host.map(|host| HostRule {
        host,
        port: None,
        protocol: None,
        decision,
        justification: None,
        expires: None,
        origin: Origin::of(Layer::User),
    });
    rule.into_iter().collect()
}

fn decision() -> impl Strategy<Value = RuleDecision> {
    prop::sample::select(vec![
        RuleDecision::Allow,
        RuleDecision::Prompt,
        RuleDecision::Forbidden,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_is_reached_or_asked_for_that_a_floor_does_not_allow(
        floor in floor(),
        rules in any_rules(),
        decision in decision(),
        (host, port, _) in wish(),
    ) {
        let posture = under(&floor, rules, own_rules(&host, decision));
        if !may_be_allowed(&floor, &host, port) {
            prop_assert_eq!(judged(&posture, &host, port), Decision::Deny);
        }
    }

    #[test]
    fn a_floor_allows_nothing_by_itself(
        floor in floor(),
        rules in any_rules(),
        decision in decision(),
        (host, port, _) in wish(),
    ) {
        let own = own_rules(&host, decision);
        let free = under(&NetworkFloor::default(), rules.clone(), own.clone());
        let held = under(&floor, rules, own);
        prop_assert!(judged(&held, &host, port) >= judged(&free, &host, port));
    }

    #[test]
    fn two_floors_allow_what_both_allow(
        one in floor(),
        two in floor(),
        rules in any_rules(),
        decision in decision(),
        (host, port, _) in wish(),
    ) {
        let both = one.clone().and(two.clone());
        let may = may_be_allowed(&both, &host, port);
        prop_assert_eq!(
            may,
            may_be_allowed(&one, &host, port) && may_be_allowed(&two, &host, port)
        );
        let own = own_rules(&host, decision);
        let held = judged(&under(&both, rules.clone(), own.clone()), &host, port);
        for single in [one, two] {
            prop_assert!(held >= judged(&under(&single, rules.clone(), own.clone()), &host, port));
        }
    }

    #[test]
    fn what_two_patterns_share_is_what_both_cover(
        one in pattern(),
        two in pattern(),
        (host, port, _) in wish(),
    ) {
        let Ok(host) = host.parse::<Host>() else { return Ok(()) };
        let shared = one.and(&two);
        let covers = shared.as_ref().is_some_and(|shared| shared.covers(&host, port));
        prop_assert_eq!(covers, one.covers(&host, port) && two.covers(&host, port));
        prop_assert_eq!(two.and(&one), shared);
    }
}

#[test]
fn the_profile_reaches_no_more_than_an_administrator_allows() {
    let pattern = |text: &str| text.parse::<HostPattern>().expect("a pattern");
    let reached = |floor: NetworkFloor| -> Vec<Reach> {
        let mut rules = NetworkRules::new(Origin::of(Layer::User));
        rules.preset = HostPreset::All;
        let posture = under(&floor, rules, Vec::new());
        let hosts = [
            "a.example.com",
            "x.example.com",
            "evil.example",
            "other.example",
        ];
        let reach = |host: &&str| match &posture.profile.value.network {
            Network::Proxy(rules) => rules.reach(host, 443).reach,
            Network::None | Network::Host => Denied,
        };
        hosts.iter().map(reach).collect()
    };
    let of = |texts: &[&str]| {
        let sourced = |text: &&str| Sourced::new(pattern(text), required(1));
        texts.iter().map(sourced).collect::<Vec<_>>()
    };
    let floor = NetworkFloor::default;
    assert_eq!(reached(floor()), [Allowed; 4]);
    let denied = of(&["x.example.com", "evil.example"]);
    assert_eq!(
        reached(NetworkFloor { denied, ..floor() }),
        [Allowed, Denied, Denied, Allowed]
    );
    let only = NetworkFloor {
        allowed: of(&["*.example.com", "more.example"]),
        only_allowed: Some(required(2)),
        ..floor()
    };
    assert_eq!(reached(only), [Allowed, Allowed, Denied, Denied]);
    let off = Some(required(3));
    assert_eq!(reached(NetworkFloor { off, ..floor() }), [Denied; 4]);
}

#[test]
fn a_refusal_names_the_requirement() {
    let floor = NetworkFloor {
        only_allowed: Some(required(2)),
        ..NetworkFloor::default()
    };
    let rules = NetworkRules::new(Origin::of(Layer::User));
    let own = own_rules("example.com", RuleDecision::Allow);
    let posture = under(&floor, rules, own);
    let reach = Action::reach("example.com", 443);
    let verdict = evaluate(&posture, &Circumstances::BOXED, &reach);
    assert_eq!(verdict.rule.as_str(), "requirements.allowed-domains");
    assert_eq!(verdict.origin, required(2));
    assert_eq!(verdict.source, dam_policy::Source::Requirement);
}
