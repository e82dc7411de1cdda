//! The evaluator, as one table.

use std::fmt::Write;

use dam_policy::{
    Action, ApprovalPolicy, Circumstances, CommandClass, CommandFacts, Containment, Decision,
    Escalation, Granular, Places, Posture, Profile, SandboxMode, Sourced, Started, Token, Verdict,
    evaluate,
};

const MODES: [SandboxMode; 3] = [
    SandboxMode::ReadOnly,
    SandboxMode::WorkspaceWrite,
    SandboxMode::DangerFullAccess,
];

const POLICIES: [(&str, ApprovalPolicy); 7] = [
    ("untrusted", ApprovalPolicy::Untrusted),
    ("on-failure", ApprovalPolicy::OnFailure),
    ("on-request", ApprovalPolicy::OnRequest),
    ("never", ApprovalPolicy::Never),
    ("only leaving", granular(true, false)),
    ("only rules", granular(false, true)),
    ("only tools", ONLY_TOOLS),
];

const ONLY_TOOLS: ApprovalPolicy = ApprovalPolicy::Granular(Granular {
    sandbox_approval: false,
    rules: false,
    mcp_elicitations: true,
    request_permissions: true,
    skill_approval: true,
});

const fn granular(sandbox_approval: bool, rules: bool) -> ApprovalPolicy {
    ApprovalPolicy::Granular(Granular {
        sandbox_approval,
        rules,
        mcp_elicitations: false,
        request_permissions: false,
        skill_approval: false,
    })
}

fn posture(mode: SandboxMode, policy: ApprovalPolicy) -> Posture {
    let places = Places {
        workspace_roots: vec!["/w".into()],
        home: Some("/home/alice".into()),
        ..Places::default()
    };
    Posture::new(
        Sourced::builtin(Profile::builtin(mode).resolve(&places)),
        Sourced::builtin(policy),
    )
}

fn command(class: CommandClass, path: Option<&str>, escalates: bool) -> Action {
    Action::Command {
        argv: vec!["x".to_owned()],
        cwd: "/w".into(),
        facts: CommandFacts {
            class,
            because: "of x".to_owned(),
            danger: None,
            programs: vec!["x".to_owned()],
            paths: path.map(Into::into).into_iter().collect(),
            writes: Vec::new(),
            starts: Vec::new(),
            opaque: false,
            safer: None,
        },
        escalation: escalates.then(|| Escalation {
            justification: "please".to_owned(),
        }),
    }
}

fn told(program: &str, words: &[&str], writes: &[&str]) -> Action {
    let Action::Command {
        argv, cwd, facts, ..
    } = command(CommandClass::Ordinary, None, false)
    else {
        unreachable!("a command is a command")
    };
    let words = std::iter::once(&program).chain(words);
    let words = words.map(|word| Token::Known((*word).to_owned())).collect();
    Action::Command {
        argv,
        cwd,
        facts: CommandFacts {
            writes: writes.iter().map(Into::into).collect(),
            starts: vec![Started {
                words,
                class: CommandClass::Ordinary,
                decided_by: 1,
                carries: false,
            }],
            ..facts
        },
        escalation: None,
    }
}

fn actions() -> Vec<(&'static str, Action)> {
    let path = |path: &str| path.into();
    vec![
        ("safe", command(CommandClass::KnownSafe, None, false)),
        ("ordinary", command(CommandClass::Ordinary, None, false)),
        ("opaque", command(CommandClass::Opaque, None, false)),
        ("dangerous", command(CommandClass::Dangerous, None, false)),
        (
            "safe on a key",
            command(CommandClass::KnownSafe, Some("/home/alice/.ssh/id"), false),
        ),
        ("writing inside", told("tee", &[], &["/w/x", "/dev/null"])),
        ("writing a hook", told("tee", &[], &["/w/.git/hooks/x"])),
        ("writing outside", told("tee", &[], &["/opt/x"])),
        ("fetching", told("npm", &["install"], &[])),
        (
            "reaching a host",
            told("curl", &["https://example.com"], &[]),
        ),
        ("reaching here", told("curl", &["http://localhost:1"], &[])),
        (
            "safe, leaving",
            command(CommandClass::KnownSafe, None, true),
        ),
        (
            "dangerous, leaving",
            command(CommandClass::Dangerous, None, true),
        ),
        (
            "read a file",
            Action::ReadFile {
                path: path("/etc/hosts"),
            },
        ),
        (
            "read a key",
            Action::ReadFile {
                path: path("/home/alice/.ssh/id"),
            },
        ),
        ("write inside", Action::WriteFile { path: path("/w/x") }),
        (
            "write a hook",
            Action::WriteFile {
                path: path("/w/.git/hooks/x"),
            },
        ),
        (
            "write outside",
            Action::WriteFile {
                path: path("/etc/x"),
            },
        ),
        ("reach a host", Action::reach("example.com", 443)),
        (
            "use a tool",
            Action::UseTool {
                server: "s".to_owned(),
                tool: "t".to_owned(),
            },
        ),
        (
            "want more",
            Action::ExtendPermissions {
                what: "the network".to_owned(),
            },
        ),
        (
            "run a skill",
            Action::RunSkill {
                skill: "s".to_owned(),
            },
        ),
        (
            "search",
            Action::SearchWeb {
                query: "q".to_owned(),
            },
        ),
    ]
}

/// One letter a decision, in capitals where nothing would hold the action.
fn letter(verdict: &Verdict) -> char {
    let letter = match verdict.decision {
        Decision::Allow => 'a',
        Decision::Ask => '?',
        Decision::Deny => '-',
    };
    match verdict.containment {
        Containment::Open if letter == 'a' => 'A',
        Containment::Open if letter == '?' => '!',
        _ => letter,
    }
}

/// The decisions on each action, a column an approval policy: held by the
/// boundary, and in the open.
fn table(mode: SandboxMode) -> String {
    let mut text = String::new();
    for (name, action) in actions() {
        let letters = |circumstances: &Circumstances| -> String {
            let verdict = |policy| evaluate(&posture(mode, policy), circumstances, &action);
            POLICIES
                .iter()
                .map(|(_, policy)| letter(&verdict(*policy)))
                .collect()
        };
        let boxed = letters(&Circumstances::BOXED);
        let open = letters(&Circumstances::OPEN);
        let _ = writeln!(text, "{name:<18} {boxed} {open}");
    }
    text
}

/// Columns: untrusted, on-failure, on-request, never, only leaving, only
/// rules, only what tools, skills and requests for more want; first held by the
/// boundary, then in the open. a: allowed in the boundary, A: allowed in the
/// open, ?: asked, and held, !: asked, and not held, -: denied.
#[test]
fn what_is_decided_in_each_mode() {
    insta::assert_snapshot!(table(SandboxMode::ReadOnly), @"
    safe               aaaaaaa AAAAAAA
    ordinary           ?aaaaaa !AAAAAA
    opaque             ?aaaaaa !!!--!-
    dangerous          ???--?- !!!--!-
    safe on a key      ------- -------
    writing inside     ???-?-- !!!-!--
    writing a hook     ???-?-- !!!-!--
    writing outside    ???-?-- !!!-!--
    fetching           ?aaaaaa !AAAAAA
    reaching a host    !!!-!-- !!!-!--
    reaching here      ?aaaaaa !AAAAAA
    safe, leaving      !!!-!-- !!!-!--
    dangerous, leaving !!!---- !!!----
    read a file        aaaaaaa AAAAAAA
    read a key         ------- -------
    write inside       !!!-!-- !!!-!--
    write a hook       !!!-!-- !!!-!--
    write outside      !!!-!-- !!!-!--
    reach a host       ------- -------
    use a tool         !!!---! !!!---!
    want more          !!!---! !!!---!
    run a skill        !!!---! !!!---!
    search             !!!--!- !!!--!-
    ");
    insta::assert_snapshot!(table(SandboxMode::WorkspaceWrite), @"
    safe               aaaaaaa AAAAAAA
    ordinary           ?aaaaaa !AAAAAA
    opaque             ?aaaaaa !!!--!-
    dangerous          ???--?- !!!--!-
    safe on a key      ------- -------
    writing inside     ?aaaaaa !AAAAAA
    writing a hook     ???-?-- !!!-!--
    writing outside    ???-?-- !!!-!--
    fetching           ?aaaaaa !AAAAAA
    reaching a host    !!!-!-- !!!-!--
    reaching here      ?aaaaaa !AAAAAA
    safe, leaving      !!!-!-- !!!-!--
    dangerous, leaving !!!---- !!!----
    read a file        aaaaaaa AAAAAAA
    read a key         ------- -------
    write inside       ?aaaaaa !AAAAAA
    write a hook       !!!-!-- !!!-!--
    write outside      !!!-!-- !!!-!--
    reach a host       ------- -------
    use a tool         !!!---! !!!---!
    want more          !!!---! !!!---!
    run a skill        !!!---! !!!---!
    search             !!!--!- !!!--!-
    ");
    insta::assert_snapshot!(table(SandboxMode::DangerFullAccess), @"
    safe               AAAAAAA AAAAAAA
    ordinary           !AAAAAA !AAAAAA
    opaque             !!!A-!- !!!A-!-
    dangerous          !!!A-!- !!!A-!-
    safe on a key      AAAAAAA AAAAAAA
    writing inside     !AAAAAA !AAAAAA
    writing a hook     !AAAAAA !AAAAAA
    writing outside    !AAAAAA !AAAAAA
    fetching           !AAAAAA !AAAAAA
    reaching a host    !AAAAAA !AAAAAA
    reaching here      !AAAAAA !AAAAAA
    safe, leaving      AAAAAAA AAAAAAA
    dangerous, leaving !!!A-!- !!!A-!-
    read a file        AAAAAAA AAAAAAA
    read a key         AAAAAAA AAAAAAA
    write inside       !AAAAAA !AAAAAA
    write a hook       !AAAAAA !AAAAAA
    write outside      !AAAAAA !AAAAAA
    reach a host       !AAAAAA !AAAAAA
    use a tool         !!!---! !!!---!
    want more          !!!---! !!!---!
    run a skill        !!!---! !!!---!
    search             !!!--!- !!!--!-
    ");
}

/// What nothing holds is never judged more mildly than what the boundary holds.
#[test]
fn open_is_never_laxer_than_boxed() {
    for mode in MODES {
        for (policy_name, policy) in POLICIES {
            for (name, action) in actions() {
                let judge =
                    |circumstances| evaluate(&posture(mode, policy), circumstances, &action);
                let boxed = judge(&Circumstances::BOXED).decision;
                let open = judge(&Circumstances::OPEN).decision;
                assert!(open >= boxed, "{mode} {policy_name} {name}");
            }
        }
    }
}

#[test]
fn every_verdict_can_be_explained() {
    for mode in MODES {
        for (_, policy) in POLICIES {
            for (name, action) in actions() {
                let verdict = evaluate(&posture(mode, policy), &Circumstances::BOXED, &action);
                assert!(
                    !verdict.reason.is_empty() && !verdict.reason.ends_with('.'),
                    "{name}"
                );
                assert!(verdict.rule.as_str().contains('.'), "{name}");
            }
        }
    }
}

#[test]
fn a_posture_and_a_verdict_survive_being_written_down() -> Result<(), serde_json::Error> {
    for mode in MODES {
        for (_, policy) in POLICIES {
            let posture = posture(mode, policy);
            let text = serde_json::to_string(&posture)?;
            assert_eq!(serde_json::from_str::<Posture>(&text)?, posture);
            for (_, action) in actions() {
                let again: Action = serde_json::from_str(&serde_json::to_string(&action)?)?;
                assert_eq!(again, action);
                let verdict = evaluate(&posture, &Circumstances::BOXED, &action);
                let read: Verdict = serde_json::from_str(&serde_json::to_string(&verdict)?)?;
                assert_eq!(read, verdict);
            }
        }
    }
    Ok(())
}

/// What the journal keeps of a posture judges as the posture did.
#[test]
fn a_posture_that_was_written_down_is_the_same() {
    for mode in [
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ] {
        let posture = posture(mode, granular(true, false));
        let written = serde_json::to_string(&posture).expect("it can be written");
        let read: Posture = serde_json::from_str(&written).expect("it can be read");
        assert_eq!(read, posture);
    }
}
