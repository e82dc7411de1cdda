//! The tables of `docs/gate.md`, made by the evaluator for every mode, policy
//! and kind of action, and what becomes of a question with each reviewer.

use std::fmt::Write;
use std::path::PathBuf;

use dam_gate::{Answer, Gate, Request};
use dam_policy::{
    ApprovalPolicy, Circumstances, FlowState, Granular, Posture, ReviewerKind, SandboxMode,
};

use crate::{command, escalated, gate, posture, write};

const MODES: [SandboxMode; 3] = [
    SandboxMode::ReadOnly,
    SandboxMode::WorkspaceWrite,
    SandboxMode::DangerFullAccess,
];

fn policies() -> [(&'static str, ApprovalPolicy); 9] {
    let only = |set: fn(&mut Granular)| {
        let mut granular = Granular::default();
        set(&mut granular);
        ApprovalPolicy::Granular(granular)
    };
    [
        ("untrusted", ApprovalPolicy::Untrusted),
        ("on-request", ApprovalPolicy::OnRequest),
        ("on-failure", ApprovalPolicy::OnFailure),
        ("never", ApprovalPolicy::Never),
        ("only sandbox_approval", only(|g| g.sandbox_approval = true)),
        ("only rules", only(|g| g.rules = true)),
        ("only mcp_elicitations", only(|g| g.mcp_elicitations = true)),
        (
            "only request_permissions",
            only(|g| g.request_permissions = true),
        ),
        ("only skill_approval", only(|g| g.skill_approval = true)),
    ]
}

fn script(text: &str) -> Request {
    command(&["bash", "-c", text])
}

/// Kinds of actions, each by one of them.
fn actions() -> Vec<(&'static str, Request)> {
    let path = PathBuf::from;
    vec![
        ("a command that only reads: `ls`", script("ls")),
        ("any other: `cargo test`", script("cargo test")),
        ("what may be anything: `eval \"$x\"`", script("eval \"$x\"")),
        ("danger: `git push --force`", script("git push --force")),
        (
            "naming what is hidden: `cat ~/.ssh/id`",
            script("cat ~/.ssh/id"),
        ),
        (
            "reaching a host: `curl https://example.com`",
            script("curl https://example.com"),
        ),
        ("fetching: `npm install`", script("npm install")),
        (
            "asking to leave the boundary: `npm test`",
            escalated(&["npm", "test"], "please"),
        ),
        (
            "reading a file",
            Request::ReadFile {
                path: path("/etc/hosts"),
            },
        ),
        ("writing in the workspace", write("/w/x")),
        ("writing a protected name", write("/w/.git/hooks/x")),
        ("writing elsewhere", write("/opt/x")),
        ("reaching a host", Request::reach("example.com", 443)),
        (
            "a tool of an MCP server",
            Request::UseTool {
                server: "s".into(),
                tool: "t".into(),
            },
        ),
        ("a web search", Request::SearchWeb { query: "q".into() }),
        (
            "more for the session",
            Request::ExtendPermissions { what: "x".into() },
        ),
        ("a skill", Request::RunSkill { skill: "s".into() }),
    ]
}

fn stages() -> [(String, SandboxMode, Circumstances); 5] {
    let turned = FlowState {
        private: Some("a".into()),
        untrusted: Some("b".into()),
    };
    let seen = |circumstances| Circumstances {
        flow: turned.clone(),
        ..circumstances
    };
    let [read, write, full] = MODES;
    [
        (format!("`{read}`, boxed"), read, Circumstances::BOXED),
        (format!("`{write}`, boxed"), write, Circumstances::BOXED),
        (
            format!("`{write}`, open (`--open`)"),
            write,
            Circumstances::OPEN,
        ),
        (
            format!("`{write}`, open, after the session has seen private data and untrusted text"),
            write,
            seen(Circumstances::OPEN),
        ),
        (format!("`{full}`"), full, Circumstances::BOXED),
    ]
}

fn table(mode: SandboxMode, circumstances: &Circumstances) -> String {
    let mut text = String::from("|");
    for (name, _) in policies() {
        let _ = write!(text, " | {name}");
    }
    let _ = writeln!(text, " |\n|---|{}", "---|".repeat(policies().len()));
    for (name, request) in actions() {
        let _ = write!(text, "| {name}");
        for (_, policy) in policies() {
            let (gate, _) = gate(posture(mode, policy), Answer::Once);
            let verdict = gate.under(circumstances.clone()).judge(&request);
            let _ = write!(text, " | {}", verdict.decision);
        }
        text.push_str(" |\n");
    }
    text
}

#[test]
fn the_page_says_what_the_evaluator_decides() {
    let tables: Vec<String> = stages()
        .iter()
        .map(|(name, mode, circumstances)| format!("### {name}\n\n{}", table(*mode, circumstances)))
        .collect();
    let tables = tables.join("\n");
    let page = include_str!("../../../../docs/gate.md");
    assert!(
        page.contains(&tables),
        "docs/gate.md must hold these tables:\n{tables}"
    );
}

/// For each decision and reviewer: whether it happens, and who decided.
#[test]
fn what_becomes_of_each_decision_with_each_reviewer() {
    let approved = || Answer::Approved("fine".into());
    let rejected = || Answer::Rejected("bad".into());
    let mut text = String::new();
    for (name, request) in [
        ("allow", script("ls")),
        ("ask", script("git push --force")),
        ("deny", script("cat ~/.ssh/id")),
    ] {
        for (kind, answer) in [
            (ReviewerKind::User, Answer::Once),
            (ReviewerKind::User, Answer::Declined("no".into())),
            (ReviewerKind::AutoReview, approved()),
            (ReviewerKind::AutoReview, rejected()),
            (ReviewerKind::Nobody, Answer::Once),
        ] {
            let posture = Posture {
                reviewer: kind,
                ..posture(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest)
            };
            let (gate, asked): (Gate, _) = gate(posture, answer.clone());
            let mut gate = gate;
            let settled = gate.settle(&request);
            let happens = if settled.allowed {
                "happens"
            } else {
                "does not"
            };
            let _ = writeln!(
                text,
                "{name} {kind:?} {answer}: {happens}, by {}, {} asked",
                settled.source,
                asked.count()
            );
        }
    }
    insta::assert_snapshot!(text, @"
    allow User once: happens, by configuration, 0 asked
    allow User declined: no: happens, by configuration, 0 asked
    allow AutoReview approved by review: fine: happens, by configuration, 0 asked
    allow AutoReview rejected by review: bad: happens, by configuration, 0 asked
    allow Nobody once: happens, by configuration, 0 asked
    ask User once: happens, by user, 1 asked
    ask User declined: no: does not, by user, 1 asked
    ask AutoReview approved by review: fine: happens, by reviewer, 1 asked
    ask AutoReview rejected by review: bad: does not, by reviewer, 1 asked
    ask Nobody once: does not, by configuration, 0 asked
    deny User once: does not, by built-in, 0 asked
    deny User declined: no: does not, by built-in, 0 asked
    deny AutoReview approved by review: fine: does not, by built-in, 0 asked
    deny AutoReview rejected by review: bad: does not, by built-in, 0 asked
    deny Nobody once: does not, by built-in, 0 asked
    ");
}
