//! Laws that hold for every request under every posture.

use dam_gate::{Answer, Gate, Nobody, Request};
use dam_policy::{
    ApprovalPolicy, Circumstances, Containment, Decision, Escalation, Granular, ReviewerKind,
    SandboxMode,
};
use proptest::prelude::*;

use crate::{gate, posture};

/// Commands of each class, and a few between.
const COMMANDS: &[&str] = &[
    "ls",
    "git status",
    "cat a | wc -l",
    "cargo test",
    "echo x > y",
    "rm -rf /",
    "git push -f",
    "sudo ls",
    "$x",
    "eval $y",
    "curl u | sh",
    "ls (",
    "A=1 ls",
    "rm -rf target",
    "python3 -c x",
    "",
];

fn modes() -> impl Strategy<Value = SandboxMode> {
    prop::sample::select(vec![
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ])
}

fn policies() -> impl Strategy<Value = ApprovalPolicy> {
    let granular = (any::<bool>(), any::<bool>()).prop_map(|(sandbox_approval, rules)| {
        ApprovalPolicy::Granular(Granular {
            sandbox_approval,
            rules,
            ..Granular::default()
        })
    });
    prop_oneof![
        Just(ApprovalPolicy::Untrusted),
        Just(ApprovalPolicy::OnFailure),
        Just(ApprovalPolicy::OnRequest),
        Just(ApprovalPolicy::Never),
        granular,
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    let commands = prop_oneof![
        prop::sample::select(COMMANDS).prop_map(ToOwned::to_owned),
        ".*",
    ];
    let paths = prop::sample::select(vec![
        "/w/a",
        "/w/.git/config",
        "/w/sub/AGENTS.md",
        "/etc/passwd",
        "/home/alice/.ssh/id",
        "/tmp/x",
    ]);
    prop_oneof![
        4 => (commands, any::<bool>()).prop_map(|(script, escalates)| Request::Command {
            argv: vec!["bash".to_owned(), "-lc".to_owned(), script],
            cwd: "/w".into(),
            escalation: escalates.then(|| Escalation { justification: "please".to_owned() }),
        }),
        1 => paths.clone().prop_map(|path| Request::ReadFile { path: path.into() }),
        1 => paths.prop_map(|path| Request::WriteFile { path: path.into() }),
        1 => Just(Request::reach("example.com", 443)),
        1 => Just(Request::UseTool { server: "s".to_owned(), tool: "t".to_owned() }),
        1 => Just(Request::SearchWeb { query: "q".to_owned() }),
    ]
}

fn nobody(mode: SandboxMode, policy: ApprovalPolicy) -> Gate {
    Gate::new(posture(mode, policy), Box::new(Nobody))
}

fn is_escalation(request: &Request) -> bool {
    matches!(
        request,
        Request::Command {
            escalation: Some(_),
            ..
        }
    )
}

proptest! {
    #[test]
    fn the_same_request_has_the_same_verdict(mode in modes(), policy in policies(), request in requests()) {
        let one = nobody(mode, policy);
        let (mut other, _) = gate(posture(mode, policy), Answer::Session);
        other.settle(&request);
        prop_assert_eq!(one.judge(&request), one.judge(&request));
        prop_assert_eq!(one.judge(&request), other.judge(&request), "answers change no verdict");
    }

    /// Untrusted asks wherever on-request does, and more; never refuses
    /// whatever on-request asks, as long as something holds what it allows.
    #[test]
    fn a_stricter_policy_is_never_looser(mode in modes(), request in requests()) {
        let decide = |policy| nobody(mode, policy).judge(&request).decision;
        prop_assert!(decide(ApprovalPolicy::Untrusted) >= decide(ApprovalPolicy::OnRequest));
        prop_assert_eq!(decide(ApprovalPolicy::OnFailure), decide(ApprovalPolicy::OnRequest));
        if mode != SandboxMode::DangerFullAccess {
            prop_assert!(decide(ApprovalPolicy::Never) >= decide(ApprovalPolicy::OnRequest));
        }
    }

    #[test]
    fn fewer_classes_of_questions_are_never_looser(mode in modes(), request in requests(), a in any::<bool>(), b in any::<bool>()) {
        let granular = |sandbox_approval, rules| ApprovalPolicy::Granular(Granular {
            sandbox_approval,
            rules,
            mcp_elicitations: rules,
            request_permissions: rules,
            skill_approval: rules,
        });
        let decide = |policy| nobody(mode, policy).judge(&request).decision;
        prop_assert!(decide(granular(false, false)) >= decide(granular(a, b)));
        prop_assert!(decide(granular(a, b)) >= decide(granular(true, true)));
        prop_assert_eq!(decide(granular(true, true)), decide(ApprovalPolicy::OnRequest));
    }

    #[test]
    fn nothing_is_allowed_that_is_not_allowed_or_answered_yes(
        mode in modes(), policy in policies(), request in requests(), yes in any::<bool>(),
    ) {
        let answer = if yes { Answer::Once } else { Answer::Declined(String::new()) };
        let (mut gate, asked) = gate(posture(mode, policy), answer.clone());
        let settled = gate.settle(&request);
        let expected = match settled.verdict.decision {
            Decision::Allow => (true, None),
            Decision::Ask => (yes, Some(answer)),
            Decision::Deny => (false, None),
        };
        prop_assert_eq!((settled.allowed, settled.answer), expected);
        prop_assert_eq!(asked.count(), usize::from(settled.verdict.decision == Decision::Ask));
        prop_assert_eq!(settled.message.is_empty(), settled.allowed);
        prop_assert_eq!(settled.containment, settled.verdict.containment);
    }

    #[test]
    fn with_nobody_to_ask_only_an_allow_is_allowed(mode in modes(), policy in policies(), request in requests()) {
        let mut absent = posture(mode, policy);
        absent.reviewer = ReviewerKind::Nobody;
        let (mut silent, asked) = gate(absent, Answer::Session);
        for settled in [nobody(mode, policy).settle(&request), silent.settle(&request)] {
            prop_assert_eq!(settled.allowed, settled.verdict.decision == Decision::Allow);
        }
        prop_assert_eq!(asked.count(), 0);
    }

    /// Nothing but a wish to leave, or a session without a boundary, lets a
    /// command run in the open.
    #[test]
    fn only_an_escalation_or_full_access_is_open(mode in modes(), policy in policies(), request in requests()) {
        let (mut gate, _) = gate(posture(mode, policy), Answer::Once);
        let settled = gate.settle(&request);
        let is_command = matches!(request, Request::Command { .. });
        if is_command && settled.allowed && settled.containment == Containment::Open {
            prop_assert!(mode == SandboxMode::DangerFullAccess || is_escalation(&request));
        }
    }

    /// In a boundary, leaving it is never allowed without a question.
    #[test]
    fn leaving_is_always_a_question(policy in policies(), request in requests()) {
        for mode in [SandboxMode::ReadOnly, SandboxMode::WorkspaceWrite] {
            if is_escalation(&request) {
                let verdict = nobody(mode, policy).judge(&request);
                prop_assert_ne!(verdict.decision, Decision::Allow);
                prop_assert_eq!(verdict.containment, Containment::Open);
            }
        }
    }

    /// What was seen is not forgotten, and only ever adds questions.
    #[test]
    fn what_a_session_has_seen_never_makes_it_laxer(
        mode in modes(), policy in policies(), open in any::<bool>(),
        acts in prop::collection::vec(acts(), 0..6), probe in acts(),
    ) {
        let mut posture = posture(mode, policy);
        posture.flow.value.private.push("/w/private".into());
        let circumstances = if open { Circumstances::OPEN } else { Circumstances::BOXED };
        let (gate, _) = gate(posture, Answer::Once);
        let mut gate = gate.under(circumstances);
        let mut before = gate.judge(&probe).decision;
        let mut seen = gate.circumstances().flow.clone();
        for act in acts {
            gate.settle(&act);
            let flow = gate.circumstances().flow.clone();
            prop_assert!(flow.private.is_some() >= seen.private.is_some());
            prop_assert!(flow.untrusted.is_some() >= seen.untrusted.is_some());
            let now = gate.judge(&probe).decision;
            prop_assert!(now >= before);
            (before, seen) = (now, flow);
        }
    }
}

/// What reads, takes in and reaches out.
fn acts() -> impl Strategy<Value = Request> {
    let script = |text: &str| crate::command(&["bash", "-c", text]);
    prop::sample::select(vec![
        script("cat private/customers.csv"),
        script("grep -r x ."),
        script("curl http://localhost:1"),
        script("curl https://example.com"),
        script("git fetch"),
        script("git push"),
        script("npm publish"),
        script("eval \"$x\""),
        script("cargo test"),
        Request::UseTool {
            server: "s".into(),
            tool: "t".into(),
        },
        Request::SearchWeb { query: "q".into() },
        Request::ReadFile {
            path: "/w/private/x".into(),
        },
        Request::reach("example.com", 443),
    ])
}
