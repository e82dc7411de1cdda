//! What the boundary refuses reaches the model, the front and the journal.

use dam_gate::Answer;
use dam_journal::Event;
use dam_policy::{ApprovalPolicy, SandboxMode};
use dam_testkit::Turn;
use serde_json::{Value, json};

use crate::scene::{Scene, done, exec, patch};

crate::tests! {
    a_refusal_is_told_to_everybody
    edits_are_made_inside_the_boundary
    a_boxed_command_can_be_written_to_and_killed
    leaving_the_boundary_is_a_question
    a_credential_store_is_empty_for_commands
    what_the_boundary_refuses_is_asked_while_the_command_waits
    a_limit_that_was_reached_is_told_to_everybody
}

fn a_refusal_is_told_to_everybody() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest);
    scene.write("work/.git/hooks/sample", "x");
    scene.write("work/evil.sh", "echo evil > .git/hooks/pre-commit");
    let played = scene.play(vec![
        // What a script does is not seen before it runs.
        exec("echo allowed > file; sh evil.sh; cat file"),
        done(),
    ]);
    assert_eq!(scene.read("work/file").unwrap(), "allowed\n");
    assert_eq!(scene.read("work/.git/hooks/pre-commit"), None);
    let output = &played.outputs()[0];
    assert!(output.contains("Refused by the boundary:\n- "), "{output}");
    assert!(output.contains("rule files.protected-name)"), "{output}");
    let item = &played.items("command_execution").pop().unwrap()["item"];
    assert_eq!(item["denials"][0]["rule"], "files.protected-name");
    assert_eq!(item["decision"]["containment"], "boxed");
    let denied = |event: &Event| matches!(event, Event::Denial { command: Some(id), rule, .. } if id == "c1" && rule == "files.protected-name");
    assert!(played.journal.iter().any(denied), "{:?}", played.journal);
    let tier = played.journal.iter().find_map(|event| match event {
        Event::CommandStarted { tier, profile, .. } => Some(format!("{profile} {tier}")),
        _ => None,
    });
    assert_eq!(tier.unwrap(), ":workspace full");
}

fn edits_are_made_inside_the_boundary() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest);
    scene.write("work/a", "one\n");
    let played = scene.play(vec![
        patch("*** Update File: a\n-one\n+two\n*** Add File: deep/b\n+b\n"),
        patch("*** Delete File: deep/b\n*** Update File: a\n*** Move to: c\n"),
        done(),
    ]);
    assert_eq!(
        played.outputs(),
        [
            "The patch is applied.\nM a\nA deep/b",
            "The patch is applied.\nD deep/b\nD a\nA c"
        ]
    );
    assert_eq!(scene.read("work/c").unwrap(), "two\n");
    let boxed = |event: &Event| matches!(event, Event::CommandStarted { tier, argv, .. } if tier == "full" && argv[1] == dam_agent::APPLY_PATCH_WORD);
    assert!(played.journal.iter().any(boxed), "{:?}", played.journal);
}

fn a_boxed_command_can_be_written_to_and_killed() {
    let scene = Scene::new(SandboxMode::ReadOnly, ApprovalPolicy::OnRequest);
    let start = json!({"cmd": "cat", "tty": true, "yield_time_ms": 10});
    let stdin = |number: u32, chars: &str, patience: u64| {
        let call = json!({"session_id": number, "chars": chars, "yield_time_ms": patience});
        Turn::function_call("write_stdin", call)
    };
    let played = scene.play(vec![
        Turn::function_call("exec_command", start.clone()),
        stdin(1, "hello\n", 10),
        stdin(1, "\u{4}", 60_000),
        Turn::function_call("exec_command", start),
        stdin(2, "\u{3}", 60_000),
        done(),
    ]);
    let outputs = played.outputs();
    assert!(outputs[2].starts_with("exit code 0"), "{}", outputs[2]);
    assert!(
        outputs[4].starts_with("ended by signal 9"),
        "{}",
        outputs[4]
    );
    let echoed = |event: &Value| event["item"]["aggregated_output"] == "hello\n";
    assert!(played.items("command_execution").iter().any(echoed));
}

fn leaving_the_boundary_is_a_question() {
    let outside = |scene: &Scene| {
        let cmd = format!("echo x > {}", scene.path("outside/x").display());
        let call = json!({
            "cmd": cmd, "sandbox_permissions": "require_escalated", "justification": "I must",
        });
        vec![Turn::function_call("exec_command", call), done()]
    };
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest);
    let played = scene.play(outside(&scene));
    assert!(
        played.outputs()[0].contains("nobody to ask"),
        "{}",
        played.outputs()[0]
    );
    assert_eq!(scene.read("outside/x"), None);

    let scene =
        Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest).answering(Answer::Once);
    let played = scene.play(outside(&scene));
    assert_eq!(scene.read("outside/x").unwrap(), "x\n");
    let open = |event: &Event| matches!(event, Event::CommandStarted { tier, profile, .. } if tier == "none" && profile == ":danger-full-access");
    assert!(played.journal.iter().any(open), "{:?}", played.journal);
}

fn a_credential_store_is_empty_for_commands() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest);
    scene.write("home/.ssh/id_ed25519", "the key\n");
    let key = scene.path("home/.ssh/id_ed25519");
    let played = scene.play(vec![exec(&format!("cat {}", key.display())), done()]);
    assert!(
        !played.outputs()[0].contains("the key"),
        "{}",
        played.outputs()[0]
    );
    assert!(
        !played.outputs()[0].starts_with("exit code 0"),
        "{}",
        played.outputs()[0]
    );
}

fn what_the_boundary_refuses_is_asked_while_the_command_waits() {
    for (answer, text) in [
        (Answer::Once, Some("x\n")),
        (Answer::Declined("not there".to_owned()), None),
    ] {
        let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest)
            .answering(answer.clone());
        // What a script does is not seen before it runs.
        scene.write(
            "work/make.sh",
            "echo x > ../outside/new; mkdir ../outside/d",
        );
        let played = scene.play(vec![exec("sh make.sh"), done()]);
        assert_eq!(scene.read("outside/new").as_deref(), text);
        let decided = played.journal.iter().find_map(|event| match event {
            Event::Decision {
                action,
                answer,
                allowed,
                ..
            } if action["kind"] == "write_file" => Some((answer.clone(), *allowed)),
            _ => None,
        });
        assert_eq!(decided, Some((Some(answer.to_string()), text.is_some())));
        // What is no opening is refused as ever.
        let output = &played.outputs()[0];
        assert!(output.contains("outside/d"), "{output}");
        assert_eq!(output.contains("outside/new"), text.is_none(), "{output}");
    }
}

fn a_limit_that_was_reached_is_told_to_everybody() {
    let scene =
        Scene::new(SandboxMode::ReadOnly, ApprovalPolicy::OnRequest).limited("wall-time", "1s");
    let call = json!({"cmd": "sleep 60", "yield_time_ms": 50_000});
    let played = scene.play(vec![Turn::function_call("exec_command", call), done()]);
    let said = "ended: it ran for longer than the 1 second that its profile grants";
    let output = &played.outputs()[0];
    assert!(output.starts_with(said), "{output}");
    let noticed = |event: &Event| matches!(event, Event::Notice { text } if text == said);
    assert!(played.journal.iter().any(noticed), "{:?}", played.journal);
}
