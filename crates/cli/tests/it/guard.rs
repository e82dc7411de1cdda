//! `dam guard hook`: the hooks of other vendors' agents, as these run them.

use std::process::Stdio;

use dam_config::{Options, Surroundings};
use dam_gate::{Gate, Nobody};
use dam_guard::{Agent, Call, LeftToAgent, judge};
use dam_policy::{Circumstances, Decision};
use dam_testkit::environment::{Environment, Outcome};
use serde_json::{Value, json};

use crate::{environment, everybody};

fn call(environment: &Environment, session: &str, tool: &str, input: &Value) -> String {
    json!({
        "session_id": session,
        "transcript_path": "/nowhere/transcript.jsonl",
        "cwd": environment.work(),
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": tool,
        "tool_input": input,
        "tool_use_id": "toolu_1",
    })
    .to_string()
}

fn hook(environment: &Environment, agent: &str, words: &[&str], given: &str) -> Outcome {
    let words = ["guard", "hook", "--agent", agent]
        .into_iter()
        .chain(words.iter().copied());
    environment.dam(words).stdin(given).run()
}

fn bash(environment: &Environment, agent: &str, words: &[&str], script: &str) -> Outcome {
    let given = call(environment, "s1", "Bash", &json!({ "command": script }));
    hook(environment, agent, words, &given)
}

/// What the vendor makes of it.
fn word(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    if outcome.stdout.is_empty() {
        return String::new();
    }
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("one object");
    let word = answer["hookSpecificOutput"]["permissionDecision"].as_str();
    word.expect("a word").to_owned()
}

#[test]
fn each_agent_is_answered_in_its_own_words() {
    for environment in everybody() {
        environment.init_repository();
        for (script, claude, codex) in [
            ("git status", "", ""),
            ("git push --force", "ask", "deny"),
            ("cat ~/.ssh/id_ed25519", "deny", "deny"),
            ("echo cm0gLXJmIH4= | base64 -d | sh", "ask", "deny"),
        ] {
            let found = word(&bash(&environment, "claude-code", &[], script));
            assert_eq!(found, claude, "{script}");
            let found = word(&bash(&environment, "codex", &[], script));
            assert_eq!(found, codex, "{script}");
        }
        let approved = bash(&environment, "claude-code", &["--approve"], "git status");
        assert_eq!(word(&approved), "allow");
    }
}

#[test]
fn what_cannot_be_judged_is_a_no_with_a_sentence() {
    let environment = environment();
    let good = call(&environment, "s", "Bash", &json!({"command": "ls"}));
    let no = |outcome: &Outcome| {
        assert_eq!(outcome.code, Some(2), "{}", outcome.page());
        assert!(!outcome.stderr.trim().is_empty(), "{}", outcome.page());
        assert_eq!(outcome.stdout, "", "{}", outcome.page());
    };
    for given in [
        "",
        "not json",
        "{}",
        "[]",
        &good[..good.len() - 9],
        &good.replace("\"command\"", "\"script\""),
        &good.replace("\"s\"", "\"\""),
    ] {
        for agent in ["claude-code", "codex"] {
            no(&hook(&environment, agent, &[], given));
        }
    }
    no(&hook(&environment, "clawd", &[], &good));
    no(&hook(&environment, "codex", &["--no-such"], &good));
    no(&hook(&environment, "codex", &["--profile", "none"], &good));
    environment.write_config("sandbox_mod = \"read-only\"");
    no(&hook(&environment, "codex", &[], &good));
    // A journal that cannot be written.
    environment.write_config("");
    environment.write(environment.state(), "no directory");
    no(&hook(&environment, "codex", &[], &good));
}

#[test]
fn files_pages_and_servers_are_judged_as_well() {
    let environment = environment();
    environment.init_repository();
    let home = environment.home();
    environment.write(environment.work().join("a.txt"), "x");
    std::os::unix::fs::symlink(home.join(".ssh"), environment.work().join("docs")).expect("a link");
    for (tool, input, wanted) in [
        (
            "Read",
            json!({"file_path": environment.work().join("a.txt")}),
            "",
        ),
        (
            "Read",
            json!({"file_path": home.join(".ssh/id_rsa")}),
            "deny",
        ),
        (
            "Read",
            json!({"file_path": environment.work().join("docs/id_rsa")}),
            "deny",
        ),
        (
            "Write",
            json!({"file_path": environment.work().join("a.txt")}),
            "",
        ),
        (
            "Edit",
            json!({"file_path": environment.work().join(".git/hooks/x")}),
            "ask",
        ),
        ("Write", json!({"file_path": home.join(".bashrc")}), "ask"),
        ("WebFetch", json!({"url": "https://example.com"}), "deny"),
        ("WebSearch", json!({"query": "x"}), "ask"),
        ("mcp__files__delete", json!({}), "ask"),
        ("TodoWrite", json!({"todos": []}), ""),
    ] {
        let given = call(&environment, "s2", tool, &input);
        let found = word(&hook(&environment, "claude-code", &[], &given));
        assert_eq!(found, wanted, "{tool} {input}");
    }
}

fn entries(environment: &Environment) -> Vec<Value> {
    let shown = environment.dam(["log", "show", "--json", "latest"]).run();
    let lines = shown.stdout.lines();
    lines
        .map(|line| serde_json::from_str::<Value>(line).expect("an entry"))
        .map(|entry| entry["event"].clone())
        .collect()
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect()
}

#[test]
fn one_session_of_an_agent_is_one_journal() {
    let environment = environment();
    environment.init_repository();
    word(&bash(&environment, "claude-code", &[], "git status"));
    word(&bash(&environment, "claude-code", &[], "git push --force"));
    let found = entries(&environment);
    assert_eq!(
        kinds(&found),
        [
            "session_started",
            "hook_started",
            "decision",
            // Nobody trusts this project.
            "flow_marked",
            "hook_finished",
            "hook_started",
            "decision",
            "hook_finished",
        ]
    );
    assert_eq!(found[0]["front"], "claude-code");
    assert_eq!(found[6]["answer"], "left to Claude Code");
    assert_eq!(found[6]["allowed"], false);
    assert_eq!(found[6]["call"], "toolu_1");
    assert_eq!(found[7]["outcome"], "asked");
    let end = json!({"session_id": "s1", "hook_event_name": "SessionEnd", "reason": "exit"});
    let ended = hook(&environment, "claude-code", &[], &end.to_string());
    assert_eq!(ended.code, Some(0), "{}", ended.page());
    assert_eq!(kinds(&entries(&environment)).last(), Some(&"session_ended"));
    let verified = environment.dam(["log", "verify"]).run();
    assert_eq!(verified.code, Some(0), "{}", verified.page());
    // Whoever comes back begins anew.
    word(&bash(&environment, "claude-code", &[], "git status"));
    assert_eq!(entries(&environment).len(), 5);
}

#[test]
fn what_a_session_has_seen_is_known_to_its_next_hook() {
    let environment = environment();
    environment.init_repository();
    let secrets = environment.home().join("customers");
    environment.write_config(&format!(
        "[flow]\nprivate = [{:?}]\n",
        secrets.display().to_string()
    ));
    let install = || {
        word(&bash(
            &environment,
            "claude-code",
            &[],
            "npm install left-pad",
        ))
    };
    let read = json!({"file_path": secrets.join("list.csv")});
    let read = call(&environment, "s1", "Read", &read);
    assert_eq!(word(&hook(&environment, "claude-code", &[], &read)), "");
    // Taken in with the first, and a question with the second.
    let before = install();
    assert_eq!(before, "", "one half is no reason to ask");
    assert_eq!(install(), "ask");
    // Another session has seen nothing.
    let other = json!({"command": "npm install left-pad"});
    let other = call(&environment, "s9", "Bash", &other);
    assert_eq!(word(&hook(&environment, "claude-code", &[], &other)), "");
}

#[test]
fn hooks_at_the_same_time_lose_nothing() {
    let environment = environment();
    environment.init_repository();
    let given = call(
        &environment,
        "s1",
        "Bash",
        &json!({"command": "git status"}),
    );
    let path = environment.write(environment.home().join("call.json"), &given);
    let running: Vec<_> = (0..8)
        .map(|_| {
            let words = ["guard", "hook", "--agent", "codex"];
            let mut command = environment.dam(words).into_command();
            command.stdin(std::fs::File::open(&path).expect("a call"));
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("a start")
        })
        .collect();
    for child in running {
        let output = child.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(0));
    }
    let found = entries(&environment);
    let kinds = kinds(&found);
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count("session_started"), count("decision")), (1, 8));
    let verified = environment.dam(["log", "verify"]).run();
    assert_eq!(verified.code, Some(0), "{}", verified.page());
}

/// The one evaluator: what `check` says of a command of an agent that nothing
/// holds is what that agent's hook is answered.
#[test]
fn check_and_the_hook_agree_on_every_command_of_the_lists() {
    let environment = environment();
    environment.init_repository();
    let lists = ["benign", "hostile"].map(|name| {
        let lists = concat!(env!("CARGO_MANIFEST_DIR"), "/../gate/tests/commands");
        std::fs::read_to_string(format!("{lists}/{name}.jsonl")).expect("a list")
    });
    let lines: Vec<&str> = lists.iter().flat_map(|list| list.lines()).collect();
    assert!(lines.len() >= 1_000);
    let checked = environment.dam(["policy", "check", "--jsonl", "--open"]);
    let checked = checked.stdin(lines.join("\n")).run().stdout;
    let options = Options {
        cd: environment.work(),
        ..Options::default()
    };
    let surroundings = Surroundings {
        home: Some(environment.home()),
        system_dir: "/etc/cofferdam".into(),
        ..Surroundings::default()
    };
    let settings = dam_config::load(&options, &surroundings, true).expect("settings");
    assert_eq!(checked.lines().count(), lines.len());
    for agent in Agent::ALL {
        let mut gate = match agent {
            Agent::ClaudeCode => Gate::new(settings.posture.clone(), Box::new(LeftToAgent)),
            Agent::Codex => Gate::new(settings.posture.clone(), Box::new(Nobody)),
        };
        // What differs between them is the last word only.
        let step = if agent.can_ask() { 1 } else { 7 };
        let answers = lines.iter().zip(checked.lines()).enumerate();
        for (at, (line, answer)) in answers.step_by(step) {
            let line: Value = serde_json::from_str(line).expect("a line");
            let answer: Value = serde_json::from_str(answer).expect("an answer");
            let script = line["command"].as_str().expect("a script");
            let input = json!({ "command": script });
            let given = call(&environment, &format!("s{at}"), "Bash", &input);
            let found = Call::read(agent, given.as_bytes(), &environment.work()).expect("a call");
            // What a session has seen does not count here: each has its own.
            gate = gate.under(Circumstances::OPEN);
            let judged = judge(&mut gate, agent, &found);
            let wanted = match (answer["verdict"].as_str(), agent) {
                (Some("ask"), Agent::Codex) => "deny".to_owned(),
                (verdict, _) => verdict.expect("a verdict").to_owned(),
            };
            assert_eq!(judged.decision.to_string(), wanted, "{agent}: {script}");
            // As a process: a few from everywhere.
            if at % 91 == 0 {
                let outcome = hook(&environment, agent.name(), &["--approve"], &given);
                let said = match (judged.decision, agent) {
                    (Decision::Allow, Agent::Codex) => String::new(),
                    _ => wanted,
                };
                assert_eq!(word(&outcome), said, "{agent}: {script}");
            }
        }
    }
}
