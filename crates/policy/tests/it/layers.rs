//! Values that remember where they come from.

use dam_policy::{ApprovalPolicy, Layer, Origin, SandboxMode, Source, Sourced, Verdict};
use dam_policy::{Containment, Decision, Rule};

#[test]
fn a_later_layer_wins_and_keeps_its_place() {
    let user = Sourced::new(1, Origin::of(Layer::User));
    let flag = Sourced::new(2, Origin::of(Layer::Flag));
    assert_eq!(user.clone().or_stronger(Some(flag.clone())), flag);
    assert_eq!(flag.clone().or_stronger(Some(user.clone())), flag);
    assert_eq!(user.clone().or_stronger(None), user);
    let read_last = Sourced::new(3, Origin::of(Layer::User));
    assert_eq!(user.or_stronger(Some(read_last.clone())), read_last);
}

#[test]
fn a_place_is_shown_as_exactly_as_it_is_known() {
    let file = Origin {
        file: Some("/c.toml".into()),
        line: Some(3),
        ..Origin::of(Layer::User)
    };
    assert_eq!(file.to_string(), "/c.toml:3");
    assert_eq!(Origin { line: None, ..file }.to_string(), "/c.toml");
    assert_eq!(Origin::BUILTIN.to_string(), "built-in default");
}

#[test]
fn names_are_read_as_they_are_shown() {
    for policy in ["untrusted", "on-failure", "on-request", "never"] {
        assert_eq!(
            policy
                .parse::<ApprovalPolicy>()
                .map(|found| found.to_string()),
            Ok(policy.to_owned())
        );
    }
    for mode in ["read-only", "workspace-write", "danger-full-access"] {
        assert_eq!(
            mode.parse::<SandboxMode>().map(|found| found.to_string()),
            Ok(mode.to_owned())
        );
    }
    assert!("Never".parse::<ApprovalPolicy>().is_err());
    assert!("none".parse::<SandboxMode>().is_err());
}

#[test]
fn the_stricter_verdict_wins_and_the_first_between_equals() {
    let verdict = |decision, rule| Verdict {
        decision,
        containment: Containment::Boxed,
        reason: String::new(),
        rule: Rule::builtin(rule),
        origin: Origin::BUILTIN,
        source: Source::BuiltIn,
        hint: None,
    };
    let winner = |a, b| {
        verdict(a, "first")
            .stricter(verdict(b, "second"))
            .rule
            .to_string()
    };
    assert_eq!(winner(Decision::Allow, Decision::Ask), "second");
    assert_eq!(winner(Decision::Deny, Decision::Ask), "first");
    assert_eq!(winner(Decision::Ask, Decision::Ask), "first");
}
