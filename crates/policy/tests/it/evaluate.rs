//! The evaluator, as one table.

use std::fmt::Write;

use dam_policy::{
    Action, ApprovalPolicy, CommandClass, CommandFacts, Containment, Decision, Escalation,
    Granular, Places, Posture, Profile, SandboxMode, Sourced, Verdict, evaluate,
};

const POLICIES: [(&str, ApprovalPolicy); 6] = [
    ("untrusted", ApprovalPolicy::Untrusted),
    ("on-failure", ApprovalPolicy::OnFailure),
    ("on-request", ApprovalPolicy::OnRequest),
    ("never", ApprovalPolicy::Never),
    ("only leaving", granular(true, false)),
    ("only rules", granular(false, true)),
];

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
        (
            "reach a host",
            Action::Reach {
                host: "example.com".to_owned(),
                port: 443,
            },
        ),
        (
            "use a tool",
            Action::UseTool {
                server: "s".to_owned(),
                tool: "t".to_owned(),
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

/// The decisions on each action, a column an approval policy.
fn table(mode: SandboxMode) -> String {
    let mut text = String::new();
    for (name, action) in actions() {
        let letters: String = POLICIES
            .iter()
            .map(|(_, policy)| letter(&evaluate(&posture(mode, *policy), &action)))
            .collect();
        let _ = writeln!(text, "{name:<18} {letters}");
    }
    text
}

/// Columns: untrusted, on-failure, on-request, never, only leaving, only
/// rules. a: allowed in the boundary, A: allowed in the open, ?: asked, and
/// held, !: asked, and not held, -: denied.
#[test]
fn what_is_decided_in_each_mode() {
    assert_eq!(
        table(SandboxMode::ReadOnly),
        "\
safe               aaaaaa
ordinary           ?aaaaa
opaque             ?aaaaa
dangerous          ???--?
safe on a key      ------
safe, leaving      !!!-!-
dangerous, leaving !!!-!-
read a file        aaaaaa
read a key         ------
write inside       !!!-!-
write a hook       !!!-!-
write outside      !!!-!-
reach a host       ------
use a tool         !!!--!
search             !!!--!
"
    );
    assert_eq!(
        table(SandboxMode::WorkspaceWrite),
        "\
safe               aaaaaa
ordinary           ?aaaaa
opaque             ?aaaaa
dangerous          ???--?
safe on a key      ------
safe, leaving      !!!-!-
dangerous, leaving !!!-!-
read a file        aaaaaa
read a key         ------
write inside       ?aaaaa
write a hook       !!!-!-
write outside      !!!-!-
reach a host       ------
use a tool         !!!--!
search             !!!--!
"
    );
    assert_eq!(
        table(SandboxMode::DangerFullAccess),
        "\
safe               AAAAAA
ordinary           !AAAAA
opaque             !!!A-!
dangerous          !!!A-!
safe on a key      AAAAAA
safe, leaving      AAAAAA
dangerous, leaving !!!A-!
read a file        AAAAAA
read a key         AAAAAA
write inside       !AAAAA
write a hook       !AAAAA
write outside      !AAAAA
reach a host       !AAAAA
use a tool         !!!--!
search             !!!--!
"
    );
}

#[test]
fn every_verdict_can_be_explained() {
    for mode in [
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ] {
        for (_, policy) in POLICIES {
            for (name, action) in actions() {
                let verdict = evaluate(&posture(mode, policy), &action);
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
    for mode in [
        SandboxMode::ReadOnly,
        SandboxMode::WorkspaceWrite,
        SandboxMode::DangerFullAccess,
    ] {
        for (_, policy) in POLICIES {
            let posture = posture(mode, policy);
            let text = serde_json::to_string(&posture)?;
            assert_eq!(serde_json::from_str::<Posture>(&text)?, posture);
            for (_, action) in actions() {
                let again: Action = serde_json::from_str(&serde_json::to_string(&action)?)?;
                assert_eq!(again, action);
                let verdict = evaluate(&posture, &action);
                let read: Verdict = serde_json::from_str(&serde_json::to_string(&verdict)?)?;
                assert_eq!(read, verdict);
            }
        }
    }
    Ok(())
}
