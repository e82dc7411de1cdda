//! The words of each vendor for each verdict.

use std::path::Path;

use dam_gate::{Gate, Nobody, Reviewer};
use dam_guard::{Agent, Call, LeftToAgent, answer, judge};
use dam_policy::{
    ApprovalPolicy, Circumstances, Decision, Places, Posture, Profile, SandboxMode, Sourced,
};
use serde_json::{Value, json};

fn gate(agent: Agent) -> Gate {
    let places = Places {
        workspace_roots: vec!["/nowhere/w".into()],
        home: Some("/nowhere/alice".into()),
        ..Places::default()
    };
    let posture = Posture::new(
        Sourced::builtin(Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&places)),
        Sourced::builtin(ApprovalPolicy::OnRequest),
    );
    let reviewer: Box<dyn Reviewer> = match agent {
        Agent::ClaudeCode => Box::new(LeftToAgent),
        Agent::Codex => Box::new(Nobody),
    };
    Gate::new(posture, reviewer).under(Circumstances::OPEN)
}

fn answered(agent: Agent, tool: &str, input: &Value, approves: bool) -> (Decision, Option<Value>) {
    let text = json!({
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "cwd": "/nowhere/w",
        "tool_name": tool,
        "tool_input": input,
    });
    let call = Call::read(agent, text.to_string().as_bytes(), Path::new("/nowhere"));
    let judged = judge(&mut gate(agent), agent, &call.expect("a call"));
    let answer = answer(agent, &judged, approves);
    let answer = answer.map(|text| serde_json::from_str(&text).expect("JSON"));
    (judged.decision, answer)
}

fn word(answer: Option<&Value>) -> &str {
    answer.map_or("", |answer| {
        answer["hookSpecificOutput"]["permissionDecision"]
            .as_str()
            .expect("a word")
    })
}

#[test]
fn each_verdict_has_its_word() {
    let bash = |script: &str| json!({ "command": script });
    for (script, decision, claude, approving, codex) in [
        ("ls -la", Decision::Allow, "", "allow", ""),
        ("git push --force", Decision::Ask, "ask", "ask", "deny"),
        (
            "cat ~/.ssh/id_ed25519",
            Decision::Deny,
            "deny",
            "deny",
            "deny",
        ),
    ] {
        let input = bash(script);
        let (found, answer) = answered(Agent::ClaudeCode, "Bash", &input, false);
        assert_eq!(
            (found, word(answer.as_ref())),
            (decision, claude),
            "{script}"
        );
        let (_, answer) = answered(Agent::ClaudeCode, "Bash", &input, true);
        assert_eq!(word(answer.as_ref()), approving, "{script}");
        // Codex goes ahead where a hook asks, and knows no allow.
        for approves in [false, true] {
            let (_, answer) = answered(Agent::Codex, "Bash", &input, approves);
            assert_eq!(word(answer.as_ref()), codex, "{script}");
        }
    }
}

#[test]
fn an_answer_has_the_documented_keys_and_no_other() {
    for agent in Agent::ALL {
        let input = json!({ "command": "cat ~/.aws/credentials \u{1b}[2J" });
        let (_, answer) = answered(agent, "Bash", &input, false);
        let answer = answer.expect("an answer");
        let outer: Vec<&String> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(outer, ["hookSpecificOutput"]);
        let inner = answer["hookSpecificOutput"].as_object().expect("an object");
        let keys: Vec<&String> = inner.keys().collect();
        assert_eq!(
            keys,
            [
                "hookEventName",
                "permissionDecision",
                "permissionDecisionReason"
            ]
        );
        assert_eq!(inner["hookEventName"], "PreToolUse");
        let reason = inner["permissionDecisionReason"].as_str().expect("a text");
        assert!(reason.contains(".aws/credentials"), "{reason}");
        assert!(!reason.contains('\u{1b}'), "{reason}");
    }
}

#[test]
fn of_several_acts_the_strictest_counts() {
    let patch = |path: &str| json!({"command": format!("*** Begin Patch\n*** Add File: a\n+x\n*** Update File: {path}\n@@\n-x\n*** End Patch")});
    let said = |path: &str| answered(Agent::Codex, "apply_patch", &patch(path), false).0;
    assert_eq!(said("b"), Decision::Allow);
    // A question, which Codex cannot ask.
    assert_eq!(said(".git/hooks/pre-commit"), Decision::Deny);
    assert_eq!(said("/nowhere/alice/.ssh/authorized_keys"), Decision::Deny);
}

#[test]
fn what_a_question_would_let_be_seen_counts_as_seen() {
    let mut gate = gate(Agent::ClaudeCode);
    let call = |script: &str| {
        let text = json!({
            "hook_event_name": "PreToolUse",
            "session_id": "s",
            "cwd": "/nowhere/w",
            "tool_name": "Bash",
            "tool_input": {"command": script},
        });
        let text = text.to_string();
        Call::read(Agent::ClaudeCode, text.as_bytes(), Path::new("/")).expect("a call")
    };
    let judged = judge(
        &mut gate,
        Agent::ClaudeCode,
        &call("curl https://example.com"),
    );
    assert_eq!(judged.decision, Decision::Ask);
    assert!(gate.circumstances().flow.untrusted.is_some());
}
