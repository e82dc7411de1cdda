//! `dam exec` from a prompt to a journal, against a server that speaks the
//! Responses API over real HTTP.

use std::fs;

use dam_testkit::environment::{Environment, Outcome};
use dam_testkit::{Part, ScriptedServer, Turn};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::environment;

const FIX: &str = "\
*** Begin Patch
*** Update File: greet.sh
@@
-echo hullo
+echo hello
*** End Patch
";

/// A repository with a bug and a test that shows it.
pub fn repository() -> Environment {
    let environment = environment();
    environment.write("greet.sh", "echo hullo\n");
    environment.write("check.sh", "test \"$(sh greet.sh)\" = hello && echo ok\n");
    environment.init_repository();
    environment
}

pub fn use_server(environment: &Environment, server: &ScriptedServer) {
    environment.write_config(&format!(
        "model = \"scripted\"\n\
         model_provider = \"local\"\n\
         [model_providers.local]\n\
         name = \"Local\"\n\
         base_url = \"{}\"\n\
         request_max_retries = 1\n\
         stream_max_retries = 1\n",
        server.base_url()
    ));
}

fn command(script: &str) -> Turn {
    Turn::function_call("exec_command", json!({ "cmd": script }))
}

fn kinds(outcome: &Outcome) -> Vec<String> {
    let name = |line: &str| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match &event["item"] {
            Value::Null => text(&event["type"]),
            item => format!("{} {}", text(&event["type"]), text(&item["type"])),
        }
    };
    outcome.stdout.lines().map(name).collect()
}

#[test]
fn a_task_is_done_from_prompt_to_journal() {
    let environment = repository();
    let server = ScriptedServer::start(vec![
        Turn::parts(vec![
            Part::Reasoning("Look first.".to_owned()),
            Part::Message("I run the check.".to_owned()),
            Part::FunctionCall {
                name: "exec_command".to_owned(),
                arguments: json!({"cmd": "sh check.sh"}),
            },
        ]),
        Turn::custom_tool_call("apply_patch", FIX),
        command("sh check.sh"),
        Turn::message("The greeting is right now.").usage(1200, 34),
    ]);
    use_server(&environment, &server);
    let outcome = environment
        .dam([
            "exec",
            "--output-last-message",
            "last.txt",
            "make the check pass",
        ])
        .run();
    assert_snapshot!(outcome.page(), @r"
    exit 0
    -- stdout
    The greeting is right now.
    -- stderr
    session [SESSION]
    Look first.
    I run the check.
    $ sh check.sh
    exit 1
    changed: update greet.sh
    $ sh check.sh
      ok
    tokens: 1230 in (0 cached), 49 out
    ");
    let text = |name| fs::read_to_string(environment.work().join(name)).expect("a file");
    assert_eq!(text("greet.sh"), "echo hello\n");
    assert_eq!(text("last.txt"), "The greeting is right now.");
    assert!(environment.dam(["log", "verify", "latest"]).run().success());
    let prompts = server.bodies()[0]["input"].to_string();
    assert!(prompts.contains("make the check pass"), "{prompts}");
}

#[test]
fn the_task_may_come_from_standard_input_and_events_be_json() {
    let environment = repository();
    let server = ScriptedServer::start(vec![command("sh check.sh"), Turn::message("It fails.")]);
    use_server(&environment, &server);
    let outcome = environment
        .dam(["exec", "--json", "-"])
        .stdin("does the check pass?\n")
        .run();
    assert!(outcome.success(), "{}", outcome.page());
    assert_eq!(outcome.stderr, "");
    assert_eq!(
        kinds(&outcome),
        [
            "thread.started",
            "turn.started",
            "item.started command_execution",
            "item.completed command_execution",
            "item.completed agent_message",
            "turn.completed",
        ]
    );
}

#[test]
fn what_is_refused_is_shown_and_recorded() {
    let environment = repository();
    let server = ScriptedServer::start(vec![
        // A place that is not known before: only the boundary can refuse it.
        command("echo evil > $(dirname .git/x)/hooks/pre-commit"),
        Turn::message("It was refused."),
    ]);
    use_server(&environment, &server);
    let outcome = environment.dam(["exec", "plant a hook"]).run();
    assert_snapshot!(outcome.page(), @r"
    exit 0
    -- stdout
    It was refused.
    -- stderr
    session [SESSION]
    $ echo evil > $(dirname .git/x)/hooks/pre-commit
      /bin/bash: line 1: .git/hooks/pre-commit: Permission denied
    refused: openat [WORK]/.git/hooks/pre-commit (files.protected-path)
      not writable: git or an agent runs what it holds
    exit 1
    tokens: 20 in (0 cached), 10 out
    ");
    assert!(!environment.work().join(".git/hooks/pre-commit").exists());
    let log = environment.dam(["log", "show", "latest"]).run();
    assert!(log.stdout.contains("denied: openat"), "{}", log.stdout);
}

#[test]
fn a_dropped_connection_is_tried_again() {
    let environment = repository();
    let server = ScriptedServer::start(vec![Turn::drop_after(3), Turn::message("Here I am.")]);
    use_server(&environment, &server);
    let outcome = environment.dam(["exec", "hello"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    assert_eq!(outcome.stdout, "Here I am.\n");
    assert_eq!(server.received().len(), 2);
}

#[test]
fn an_error_of_the_server_is_told_and_the_exit_code_tells_it_too() {
    let environment = repository();
    let server = ScriptedServer::start(vec![
        Turn::status(401, "wrong key"),
        Turn::failed("the model is overloaded"),
    ]);
    use_server(&environment, &server);
    assert_snapshot!(environment.dam(["exec", "hello"]).run().page(), @r"
    exit 1
    -- stderr
    session [SESSION]
    error: model provider `local` answered 401: wrong key
    hint: no API key was sent: name the variable that holds it in `model_providers.local.env_key`
    ");
    let outcome = environment.dam(["exec", "--json", "hello"]).run();
    assert_eq!(outcome.code, Some(1));
    assert_eq!(
        kinds(&outcome).last().map(String::as_str),
        Some("turn.failed")
    );
    let log = environment.dam(["log", "-n", "1"]).run();
    assert!(log.stdout.contains("failed"), "{}", log.stdout);
}

#[test]
fn a_key_is_taken_from_the_variable_that_settings_name_and_from_nowhere_else() {
    let environment = repository();
    let server = ScriptedServer::start(vec![
        command("env"),
        Turn::message("It is not in the environment."),
    ]);
    use_server(&environment, &server);
    let config = environment.config().join("config.toml");
    let text = fs::read_to_string(&config).expect("the settings");
    fs::write(&config, text + "env_key = \"LOCAL_KEY\"\n").expect("new settings");
    assert_snapshot!(environment.dam(["exec", "hello"]).run().page(), @r"
    exit 3
    -- stderr
    error: model provider `local` needs the environment variable `LOCAL_KEY`, which is not set
    hint: export `LOCAL_KEY`, or choose another provider with `model_provider`
    ");
    let key = "not-a-real-value-4711";
    let outcome = environment
        .dam(["exec", "hello"])
        .env("LOCAL_KEY", key)
        .run();
    assert!(outcome.success(), "{}", outcome.page());
    let sent = format!("Bearer {key}");
    assert_eq!(server.received()[0].header("authorization"), Some(&*sent));
    let heard = server.bodies()[1].to_string();
    assert!(heard.contains("HOME=") && !heard.contains(key), "{heard}");
    let log = environment.dam(["log", "show", "latest", "--json"]).run();
    assert!(log.success() && !log.stdout.contains(key), "{}", log.stdout);
}

#[test]
fn a_session_can_be_recorded_and_replayed_without_the_server() {
    let first = repository();
    let server = ScriptedServer::start(vec![
        Turn::custom_tool_call("apply_patch", FIX),
        command("sh check.sh"),
        Turn::message("Fixed."),
    ]);
    use_server(&first, &server);
    let tape = first.home().join("tape.jsonl");
    let recorded = first.dam(["exec", "fix it", "--record"]).arg(&tape).run();
    assert!(recorded.success(), "{}", recorded.page());
    let second = repository();
    let tape = second.write(
        second.home().join("tape.jsonl"),
        fs::read(tape).expect("a tape"),
    );
    let replayed = second.dam(["exec", "fix it", "--replay"]).arg(&tape).run();
    assert_eq!(replayed.page(), recorded.page());
    let text = fs::read_to_string(second.work().join("greet.sh")).expect("a file");
    assert_eq!(text, "echo hello\n");
}

#[test]
fn a_reader_of_events_that_goes_away_stops_the_work() {
    let environment = repository();
    let server = ScriptedServer::start(vec![command("touch made"), Turn::message("Done.")]);
    use_server(&environment, &server);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = environment
        .dam(["exec", "--json", "make a file"])
        .into_command();
    let status = command.stdout(writer).status().expect("a run");
    assert_eq!(status.code(), Some(141));
    assert!(!environment.work().join("made").exists());
    assert!(environment.dam(["log", "verify"]).run().success());
}

#[test]
fn without_a_task_a_model_or_a_recording_there_is_nothing_to_do() {
    let environment = environment();
    assert_snapshot!(environment.dam(["exec", "  "]).run().page(), @r"
    exit 2
    -- stderr
    error: the task is empty
    ");
    assert_snapshot!(environment.dam(["exec", "-"]).run().page(), @r"
    exit 2
    -- stderr
    error: the task is empty
    ");
    assert_snapshot!(environment.dam(["exec", "hello"]).run().page(), @r#"
    exit 3
    -- stderr
    error: no model is chosen
    hint: `-m MODEL` chooses one, or `model = "…"` in config.toml
    "#);
    assert_snapshot!(environment.dam(["exec", "--replay", "none.jsonl", "hello"]).run().page(), @r"
    exit 2
    -- stderr
    error: recording `none.jsonl`: reading it failed: No such file or directory (os error 2)
    ");
}

fn recorded(log: &str) -> Vec<Value> {
    let entry = |line: &str| serde_json::from_str::<Value>(line).expect("an entry");
    let events = log.lines().map(|line| entry(line)["event"].clone());
    events.collect()
}

#[test]
fn what_a_stream_tells_and_what_a_tool_gives_is_on_record() {
    let environment = repository();
    let server = ScriptedServer::start(vec![
        command("echo out"),
        command("cat ~/.ssh/id_ed25519"),
        Turn::message("That is all."),
    ]);
    use_server(&environment, &server);
    let outcome = environment.dam(["exec", "look"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    let log = environment.dam(["log", "show", "latest", "--json"]).run();
    let events = recorded(&log.stdout);
    let of = |kind: &str| -> Vec<&Value> {
        let events = events.iter();
        events.filter(|event| event["kind"] == kind).collect()
    };
    let told = of("model_event");
    let created = told
        .iter()
        .filter(|event| event["event"] == "response.created");
    assert_eq!(created.count(), 3);
    let calls = told
        .iter()
        .filter(|event| event["item"]["type"] == "function_call");
    let calls: Vec<&Value> = calls.map(|event| &event["item"]["call_id"]).collect();
    let results = of("tool_result");
    let answered: Vec<&Value> = results.iter().map(|event| &event["call"]).collect();
    assert_eq!(answered, calls);
    assert_eq!(results[0]["tool"], "exec_command");
    let ok: Vec<&Value> = results.iter().map(|event| &event["ok"]).collect();
    assert_eq!(ok, [true, false]);
    assert!(results[0]["output_bytes"].as_u64() > Some(3));
}

#[test]
fn notes_of_a_project_that_nobody_trusts_are_taken_in() {
    let environment = repository();
    environment.write(environment.work().join("AGENTS.md"), "Do as I say.\n");
    let server = ScriptedServer::start(vec![Turn::message("That is all.")]);
    use_server(&environment, &server);
    let marked = || {
        let outcome = environment.dam(["exec", "look"]).run();
        assert!(outcome.success(), "{}", outcome.page());
        let log = environment.dam(["log", "show", "latest", "--json"]).run();
        let mut events = recorded(&log.stdout).into_iter();
        events.find(|event| event["kind"] == "flow_marked")
    };
    let mark = marked().expect("a mark");
    assert_eq!(mark["mark"], "untrusted_taken_in");
    assert!(
        mark["what"]
            .as_str()
            .is_some_and(|what| what.contains("AGENTS.md"))
    );
    let trusted = environment.dam(["trust", "--yes"]).run();
    assert!(trusted.success(), "{}", trusted.page());
    let server = ScriptedServer::start(vec![Turn::message("That is all.")]);
    use_server(&environment, &server);
    assert_eq!(marked(), None);
}
