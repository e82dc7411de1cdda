//! Commands: their output, their input, their end.

use dam_agent::TurnOutcome;
use dam_gate::Answer;
use dam_journal::Event;
use dam_policy::{ApprovalPolicy, SandboxMode};
use dam_testkit::Turn;
use serde_json::{Value, json};

use crate::scene::{Scene, done, exec, exists, wait};

crate::tests! {
    a_command_that_runs_on_can_be_written_to
    input_is_closed_unless_it_was_asked_for
    ctrl_c_ends_a_command
    what_is_typed_is_judged_as_a_command
    an_older_models_command_is_killed_when_its_time_is_up
    long_output_is_bounded_and_shortened
    secrets_and_escapes_do_not_reach_the_model
    what_still_runs_is_killed_with_the_session
    what_still_runs_is_killed_when_the_session_is_dropped
    a_refused_command_is_not_run
    a_question_that_is_answered_lets_it_run
    a_command_that_leaves_a_process_behind_is_not_waited_for
}

fn stdin(chars: &str, patience: u64) -> Turn {
    let call = json!({"session_id": 1, "chars": chars, "yield_time_ms": patience});
    Turn::function_call("write_stdin", call)
}

fn tty(cmd: &str, patience: u64) -> Turn {
    let call = json!({"cmd": cmd, "tty": true, "yield_time_ms": patience});
    Turn::function_call("exec_command", call)
}

fn a_command_that_runs_on_can_be_written_to() {
    let scene = Scene::open();
    let played = scene.play(vec![
        tty("read a; echo got $a; read b; echo got $b; cat", 10),
        stdin("one\ntwo\n", 10),
        stdin("\u{4}", 60_000),
        done(),
    ]);
    let outputs = played.outputs();
    assert_eq!(outputs[0], "still running as session 1\nNo output.");
    assert!(
        outputs[1].starts_with("still running as session 1\n"),
        "{}",
        outputs[1]
    );
    assert!(outputs[2].starts_with("exit code 0\n"), "{}", outputs[2]);
    let item = &played.items("command_execution").pop().unwrap()["item"];
    assert_eq!(item["aggregated_output"], "got one\ngot two\n");
    assert_eq!(
        (&item["exit_code"], &item["status"]),
        (&json!(0), &json!("completed"))
    );
}

fn input_is_closed_unless_it_was_asked_for() {
    let scene = Scene::open();
    let call = json!({"cmd": "sleep 1000", "yield_time_ms": 10});
    let played = scene.play(vec![
        exec("cat; echo end"),
        Turn::function_call("exec_command", call),
        stdin("x", 10),
        done(),
    ]);
    let outputs = played.outputs();
    assert_eq!(outputs[0], "exit code 0\nOutput:\nend\n");
    assert!(outputs[2].contains("its input is closed"), "{}", outputs[2]);
}

fn ctrl_c_ends_a_command() {
    let scene = Scene::open();
    let played = scene.play(vec![
        tty("cat", 10),
        stdin("\u{3}", 60_000),
        stdin("", 10),
        done(),
    ]);
    let outputs = played.outputs();
    assert_eq!(outputs[1], "ended by signal 9\nNo output.");
    assert_eq!(outputs[2], "Error: no command runs as session 1");
}

fn what_is_typed_is_judged_as_a_command() {
    let scene = Scene::new(SandboxMode::DangerFullAccess, ApprovalPolicy::OnRequest);
    let played = scene.play(vec![
        tty("cat", 10),
        stdin("git push --force\n", 10),
        stdin("\u{4}", 60_000),
        done(),
    ]);
    let outputs = played.outputs();
    assert!(
        outputs[1].starts_with("Not done: refused to"),
        "{}",
        outputs[1]
    );
    assert_eq!(outputs[2], "exit code 0\nNo output.");
}

fn an_older_models_command_is_killed_when_its_time_is_up() {
    let scene = Scene::open();
    let call = json!({"command": ["sleep", "1000"], "timeout_ms": 50});
    let played = scene.play(vec![Turn::function_call("shell", call), done()]);
    let outputs = played.outputs();
    let wanted = "killed because its time was up: ended by signal 9\nNo output.";
    assert_eq!(outputs[0], wanted);
}

fn long_output_is_bounded_and_shortened() {
    let scene = Scene::open();
    let call = json!({
        "cmd": "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last",
        "max_output_tokens": 100,
    });
    let played = scene.play(vec![Turn::function_call("exec_command", call), done()]);
    let output = &played.outputs()[0];
    assert!(output.len() < 600, "{}", output.len());
    assert!(
        output.contains("\nfirst\n") && output.ends_with("last\n"),
        "{output}"
    );
    let item = &played.items("command_execution").pop().unwrap()["item"];
    assert!(item["aggregated_output"].as_str().unwrap().len() < 300 * 1024);
    let bytes = played.journal.iter().find_map(|event| match event {
        Event::CommandFinished { output_bytes, .. } => Some(*output_bytes),
        _ => None,
    });
    assert_eq!(bytes, Some(3_000_012));
}

fn secrets_and_escapes_do_not_reach_the_model() {
    let scene = Scene::open();
    let played = scene.play(vec![
        exec("printf '\\033]0;title\\007'; echo ghp_0123456789abcdefghijABCDEFGHIJ012345"),
        done(),
    ]);
    assert_eq!(
        played.outputs()[0],
        "exit code 0\nOutput:\n[masked:github-token]\n"
    );
}

fn what_still_runs_is_killed_with_the_session() {
    let scene = Scene::open();
    let played = scene.play(vec![
        tty("echo $$ > pid; cat", 10),
        exec("until [ -s pid ]; do sleep 0.01; done"),
        done(),
    ]);
    assert!(matches!(
        played.outcomes[0],
        Ok(TurnOutcome::Completed { .. })
    ));
    let killed = |event: &Event| {
        matches!(
            event,
            Event::CommandFinished {
                signal: Some(9),
                ..
            }
        )
    };
    assert!(
        killed(played.journal.last().unwrap()),
        "{:?}",
        played.journal
    );
    let pid = scene.read("work/pid").unwrap();
    assert!(!exists(format!("/proc/{}", pid.trim()).as_ref()));
}

fn what_still_runs_is_killed_when_the_session_is_dropped() {
    let scene = Scene::open();
    let turns = vec![
        tty("echo $$ > pid; exec sleep 1000", 10),
        exec("until [ -s pid ]; do sleep 0.01; done"),
        done(),
    ];
    let (mut session, _server) = scene.session(turns, scene.journal());
    wait(session.run_turn("x", &mut |_| {})).unwrap();
    let pid = scene.read("work/pid").unwrap();
    let process = format!("/proc/{}", pid.trim());
    assert!(exists(process.as_ref()));
    drop(session);
    while exists(process.as_ref()) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

fn a_refused_command_is_not_run() {
    let scene = Scene::new(SandboxMode::DangerFullAccess, ApprovalPolicy::Untrusted);
    let played = scene.play(vec![exec("touch made"), done()]);
    assert_eq!(scene.read("work/made"), None);
    assert!(
        played.outputs()[0].starts_with("Not done: refused to"),
        "{}",
        played.outputs()[0]
    );
    let items = played.items("command_execution");
    assert_eq!(items.len(), 1);
    let item = &items[0]["item"];
    assert_eq!(
        (&item["status"], &item["exit_code"]),
        (&json!("declined"), &Value::Null)
    );
    assert_eq!(item["decision"]["allowed"], false);
    assert_eq!(item["decision"]["rule"], "command.untrusted");
    assert_eq!(
        played.kinds(),
        [
            "prompt",
            "model_request",
            "model_event",
            "model_event",
            "model_response",
            "decision",
            "tool_result",
            "model_request",
            "model_event",
            "model_event",
            "model_response"
        ]
    );
}

fn a_question_that_is_answered_lets_it_run() {
    let scene = Scene::new(SandboxMode::DangerFullAccess, ApprovalPolicy::Untrusted)
        .answering(Answer::Once);
    let played = scene.play(vec![exec("touch made"), done()]);
    assert!(scene.read("work/made").is_some());
    let answered = |event: &Event| matches!(event, Event::Decision { answer: Some(answer), allowed: true, .. } if answer == "once");
    assert!(played.journal.iter().any(answered), "{:?}", played.journal);
}

fn a_command_that_leaves_a_process_behind_is_not_waited_for() {
    let scene = Scene::open();
    let played = scene.play(vec![exec("sleep 1000 & echo $! > pid; echo done"), done()]);
    assert_eq!(played.outputs()[0], "exit code 0\nOutput:\ndone\n");
    // It holds the pipe open, so the answer did not wait for the pipe's end.
    let pid = scene.read("work/pid").unwrap();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    assert!(rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok());
}
