//! What the call of each tool would do.

use std::path::Path;

use dam_gate::Request;
use dam_guard::{Agent, Call, Event};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

fn payload(tool: &str, input: &Value) -> Vec<u8> {
    json!({
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "cwd": "/nowhere/w",
        "tool_name": tool,
        "tool_input": input,
        "tool_use_id": "t1",
        "more": { "than": "we know" },
    })
    .to_string()
    .into_bytes()
}

fn said(agent: Agent, tool: &str, input: &Value) -> String {
    match Call::read(agent, &payload(tool, input), Path::new("/nowhere")) {
        Ok(call) if call.requests.is_empty() => "nothing outside".to_owned(),
        Ok(call) => call
            .requests
            .iter()
            .map(short)
            .collect::<Vec<_>>()
            .join(", "),
        Err(error) => format!("error: {error}"),
    }
}

fn short(request: &Request) -> String {
    match request {
        Request::Command { argv, cwd, .. } => format!("run {argv:?} in {}", cwd.display()),
        Request::ReadFile { path } => format!("read {}", path.display()),
        Request::WriteFile { path } => format!("write {}", path.display()),
        Request::Reach { host, port, .. } => format!("reach {host}:{port}"),
        Request::UseTool { server, tool } => format!("use {server}/{tool}"),
        Request::SearchWeb { query } => format!("search {query}"),
        Request::RunSkill { skill } => format!("skill {skill}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn tools_of_claude_code() {
    let said = |tool, input: Value| said(Agent::ClaudeCode, tool, &input);
    assert_snapshot!(said("Bash", json!({"command": "ls -la", "timeout": 5})), @r#"run ["bash", "-c", "ls -la"] in /nowhere/w"#);
    assert_snapshot!(said("PowerShell", json!({"command": "ls"})), @r#"run ["pwsh", "-c", "ls"] in /nowhere/w"#);
    assert_snapshot!(said("Read", json!({"file_path": "/nowhere/a/../b"})), @"read /nowhere/b");
    assert_snapshot!(said("Write", json!({"file_path": "x", "content": ""})), @"write /nowhere/w/x");
    assert_snapshot!(said("Edit", json!({"file_path": "/nowhere/x"})), @"write /nowhere/x");
    assert_snapshot!(said("NotebookEdit", json!({"notebook_path": "/nowhere/n"})), @"write /nowhere/n");
    assert_snapshot!(said("Grep", json!({"pattern": "x"})), @"read /nowhere/w");
    assert_snapshot!(said("Glob", json!({"pattern": "x", "path": "/nowhere/y"})), @"read /nowhere/y");
    assert_snapshot!(said("WebFetch", json!({"url": "https://u:p@Example.com/x"})), @"reach example.com:443");
    assert_snapshot!(said("WebFetch", json!({"url": "http://0x7f.1:8080"})), @"reach 127.0.0.1:8080");
    assert_snapshot!(said("WebSearch", json!({"query": "q"})), @"search q");
    assert_snapshot!(said("Skill", json!({"skill": "deploy"})), @"skill deploy");
    assert_snapshot!(said("mcp__git_hub__push_files", json!({})), @"use git_hub/push_files");
    assert_snapshot!(said("Task", json!({"prompt": "x"})), @"nothing outside");
    assert_snapshot!(said("SendFile", json!({})), @"use claude-code/SendFile");
}

#[test]
fn tools_of_codex() {
    let said = |tool, input: Value| said(Agent::Codex, tool, &input);
    let patch = "*** Begin Patch\n*** Add File: a/b\n+*** Add File: no\n*** Update File: /nowhere/c\n*** Move to: ../d\n@@\n-x\n*** End Patch";
    assert_snapshot!(said("Bash", json!({"command": "ls"})), @r#"run ["bash", "-c", "ls"] in /nowhere/w"#);
    assert_snapshot!(said("Bash", json!({"command": ["git", "status"], "workdir": "x"})), @r#"run ["git", "status"] in /nowhere/w/x"#);
    assert_snapshot!(said("apply_patch", json!({"command": patch})), @"write /nowhere/w/a/b, write /nowhere/c, write /nowhere/d");
    // Codex applies what stands in a command by itself.
    assert!(
        said(
            "Bash",
            json!({"command": format!("apply_patch <<'EOF'\n{patch}\nEOF")})
        )
        .ends_with("write /nowhere/w/a/b, write /nowhere/c, write /nowhere/d")
    );
    assert_snapshot!(said("view_image", json!({"path": "/nowhere/i.png"})), @"read /nowhere/i.png");
    assert_snapshot!(said("update_plan", json!({})), @"nothing outside");
}

#[test]
fn what_is_not_as_documented_is_an_error() {
    let said = |tool, input: Value| said(Agent::ClaudeCode, tool, &input);
    assert_snapshot!(said("Bash", json!({"script": "ls"})), @"error: the call of `Bash` has no `command` that can be read");
    assert_snapshot!(said("Bash", json!({"command": ["ls", 5]})), @"error: the call of `Bash` has no `command` that can be read");
    assert_snapshot!(said("Bash", json!(null)), @"error: the call of `Bash` has no `command` that can be read");
    assert_snapshot!(said("Read", json!({"path": "/x"})), @"error: the call of `Read` has no `file_path` that can be read");
    assert_snapshot!(said("Grep", json!({"path": 7})), @"error: the call of `Grep` has no `path` that can be read");
    assert_snapshot!(said("WebFetch", json!({"url": "file:///etc/passwd"})), @"error: `file:///etc/passwd` is not the address of a host");
    assert_snapshot!(said("apply_patch", json!({"command": "rm -rf /"})), @"error: the patch names no file");
    for text in [
        "",
        "{}",
        "[]",
        "{\"hook_event_name\": \"PreToolUse\"}",
        "{\"hook_event_name\": \"PreToolUse\", \"session_id\": \"\", \"tool_name\": \"Read\"}",
        "{\"hook_event_name\": \"PreToolUse\", \"session_id\": \"s\"}",
    ] {
        let read = Call::read(Agent::Codex, text.as_bytes(), Path::new("/"));
        assert!(read.is_err(), "{text}");
    }
}

#[test]
fn what_a_link_leads_to_is_judged_as_well() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().canonicalize().expect("it is there");
    std::fs::create_dir(root.join("secret")).expect("a directory");
    std::os::unix::fs::symlink(root.join("secret"), root.join("docs")).expect("a link");
    std::os::unix::fs::symlink("secret/later", root.join("dangling")).expect("a link");
    let requests = |name: &str| {
        let input = json!({"file_path": root.join(name)});
        let call = Call::read(Agent::ClaudeCode, &payload("Write", &input), &root);
        let all = call.expect("a call").requests;
        let all: Vec<String> = all.iter().map(short).collect();
        all.join(", ").replace(&*root.to_string_lossy(), "@")
    };
    assert_snapshot!(requests("docs/new/x"), @"write @/docs/new/x, write @/secret/new/x");
    assert_snapshot!(requests("dangling"), @"write @/dangling, write @/secret/later");
    assert_snapshot!(requests("secret/x"), @"write @/secret/x");
}

#[test]
fn an_event_is_told_by_its_name() {
    let event = |name: &str| {
        let text = json!({"hook_event_name": name, "session_id": "s"}).to_string();
        Call::read(Agent::ClaudeCode, text.as_bytes(), Path::new("/")).map(|call| call.event)
    };
    assert_eq!(event("SessionEnd").expect("an event"), Event::SessionEnd);
    assert_eq!(
        event("Stop").expect("an event"),
        Event::Other("Stop".to_owned())
    );
}

proptest! {
    #[test]
    fn any_input_of_any_tool_is_read_or_refused(
        tool in prop::sample::select(vec![
            "Bash", "Read", "Write", "Grep", "WebFetch", "apply_patch", "view_image", "Skill", "x",
        ]),
        field in prop::sample::select(vec!["command", "file_path", "path", "url", "workdir", "y"]),
        text in "\\PC{0,40}",
    ) {
        for agent in Agent::ALL {
            let input = json!({field: text});
            let read = Call::read(agent, &payload(tool, &input), Path::new("/nowhere"));
            // No call of a tool that acts outside comes to nothing.
            prop_assert!(read.map_or(true, |call| !call.requests.is_empty()));
        }
    }
}
