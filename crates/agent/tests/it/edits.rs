//! Edits: judged file by file, made by the program itself.

use std::os::unix::fs::symlink;

use dam_gate::Answer;
use dam_journal::Event;
use dam_policy::{ApprovalPolicy, SandboxMode};
use dam_testkit::Turn;
use serde_json::json;

use crate::scene::{Scene, done, exec, patch};

crate::tests! {
    a_patch_changes_files_and_says_so
    a_patch_in_a_shell_script_is_a_patch
    a_patch_that_does_not_fit_is_explained_and_changes_nothing
    every_file_is_judged_and_one_refusal_refuses_all
    the_file_behind_a_link_is_what_is_judged
    protected_names_are_refused_before_they_exist
    a_directorys_name_cannot_smuggle_a_change
    an_edit_that_is_allowed_by_the_user_goes_outside
}

fn changed(journal: &[Event]) -> Vec<String> {
    let of = |event: &Event| match event {
        Event::FileChanged { path, change } => {
            Some(format!("{change} {}", path.rsplit('/').next().unwrap()))
        }
        _ => None,
    };
    journal.iter().filter_map(of).collect()
}

fn a_patch_changes_files_and_says_so() {
    let scene = Scene::open();
    scene.write("work/a", "one\ntwo\n");
    scene.write("work/b", "b\n");
    let played = scene.play(vec![
        patch("*** Update File: a\n one\n-two\n+2\n*** Delete File: b\n*** Add File: sub/c\n+c\n"),
        done(),
    ]);
    assert_eq!(scene.read("work/a").unwrap(), "one\n2\n");
    assert_eq!(scene.read("work/b"), None);
    assert_eq!(scene.read("work/sub/c").unwrap(), "c\n");
    insta::assert_snapshot!(played.outputs().join("\n"), @r"
    The patch is applied.
    M a
    D b
    A sub/c
    ");
    let events: Vec<String> = played
        .items("file_change")
        .iter()
        .map(|event| format!("{} {}", event["type"], event["item"]))
        .collect();
    insta::assert_snapshot!(events.join("\n"), @r#"
    "item.started" {"changes":[{"kind":"update","path":"a"},{"kind":"delete","path":"b"},{"kind":"add","path":"sub/c"}],"id":"item_0","status":"in_progress","type":"file_change"}
    "item.completed" {"changes":[{"kind":"update","path":"a"},{"kind":"delete","path":"b"},{"kind":"add","path":"sub/c"}],"id":"item_0","status":"completed","type":"file_change"}
    "#);
    assert_eq!(changed(&played.journal), ["update a", "delete b", "add c"]);
    insta::assert_snapshot!(played.kinds().join(" "), @"prompt model_request model_event model_event model_response decision decision decision command_started command_finished file_changed file_changed file_changed tool_result model_request model_event model_event model_response");
}

fn a_patch_in_a_shell_script_is_a_patch() {
    let scene = Scene::open();
    scene.write("work/sub/a", "one\n");
    let body = "*** Begin Patch\n*** Update File: a\n-one\n+two\n*** End Patch";
    let script = format!("cd sub && apply_patch <<'EOF'\n{body}\nEOF\n");
    let call = json!({"command": ["bash", "-lc", format!("apply_patch <<'EOF'\n{}\nEOF", body.replace("one", "two"))], "workdir": "sub"});
    let played = scene.play(vec![
        exec(&script),
        Turn::function_call("shell", call),
        done(),
    ]);
    assert_eq!(scene.read("work/sub/a").unwrap(), "two\n");
    assert_eq!(played.outputs()[0], "The patch is applied.\nM sub/a");
    assert_eq!(played.outputs()[1], "The patch fits, and changes nothing.");
    assert_eq!(played.items("command_execution").len(), 0);
}

fn a_patch_that_does_not_fit_is_explained_and_changes_nothing() {
    let scene = Scene::open();
    scene.write("work/a", "one\n");
    let played = scene.play(vec![
        patch("*** Add File: new\n+x\n*** Update File: a\n-nothing\n+x\n"),
        done(),
    ]);
    insta::assert_snapshot!(scene.hide(&played.outputs()[0]), @r"
    The patch was not applied: `/scene/work/a`: hunk 1: the file has no such lines:
    nothing
    ");
    assert_eq!(scene.read("work/new"), None);
    let end = played.items("file_change").pop().unwrap();
    assert_eq!(
        (&end["type"], &end["item"]["status"]),
        (&json!("item.completed"), &json!("failed"))
    );
}

fn every_file_is_judged_and_one_refusal_refuses_all() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::Never);
    let outside = scene.path("outside/x");
    let body = format!(
        "*** Add File: inside\n+x\n*** Add File: {}\n+x\n",
        outside.display()
    );
    let played = scene.play(vec![patch(&body), done()]);
    assert!(
        played.outputs()[0].contains("rule: files.root"),
        "{}",
        played.outputs()[0]
    );
    assert_eq!(scene.read("work/inside"), None);
    assert_eq!(scene.read("outside/x"), None);
    let items = played.items("file_change");
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["item"]["status"], "declined");
    assert!(!played.kinds().contains(&"command_started".to_owned()));
}

fn the_file_behind_a_link_is_what_is_judged() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::Never);
    scene.write("outside/x", "one\n");
    symlink("../outside/x", scene.path("work/leaf")).unwrap();
    symlink("../outside", scene.path("work/dir")).unwrap();
    let played = scene.play(vec![
        patch("*** Update File: leaf\n-one\n+two\n"),
        patch("*** Add File: dir/y\n+y\n"),
        done(),
    ]);
    for output in played.outputs() {
        assert!(output.contains("rule: files.root"), "{output}");
    }
    assert_eq!(scene.read("outside/x").unwrap(), "one\n");
    assert_eq!(scene.read("outside/y"), None);
}

fn protected_names_are_refused_before_they_exist() {
    let scene = Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::Never);
    let played = scene.play(vec![
        patch("*** Add File: deep/.git/hooks/pre-commit\n+x\n"),
        patch("*** Add File: x\n+x\n*** Update File: x\n*** Move to: AGENTS.md\n"),
        done(),
    ]);
    for output in played.outputs() {
        assert!(output.contains("rule: files.protected-name"), "{output}");
    }
    assert_eq!(scene.read("work/AGENTS.md"), None);
}

fn a_directorys_name_cannot_smuggle_a_change() {
    let scene = Scene::open();
    scene.write("work/victim", "x\n");
    let name = format!(
        "dir\n*** Delete File: {}\n+",
        scene.path("work/victim").display()
    );
    scene.write(&format!("work/{name}/x"), "");
    symlink(name.as_str(), scene.path("work/innocent")).unwrap();
    let played = scene.play(vec![patch("*** Add File: innocent/y\n+y\n"), done()]);
    let wanted = "The patch was not applied: a path in it leads to a name that a patch cannot hold";
    assert_eq!(played.outputs(), [wanted]);
    assert!(scene.read("work/victim").is_some());
}

fn an_edit_that_is_allowed_by_the_user_goes_outside() {
    let scene =
        Scene::new(SandboxMode::WorkspaceWrite, ApprovalPolicy::OnRequest).answering(Answer::Once);
    let outside = scene.path("outside/x");
    let body = format!("*** Add File: {}\n+x\n", outside.display());
    let played = scene.play(vec![patch(&body), done()]);
    assert_eq!(scene.read("outside/x").unwrap(), "x\n");
    assert_eq!(played.outputs()[0], scene_output(&scene));
}

fn scene_output(scene: &Scene) -> String {
    format!(
        "The patch is applied.\nA {}",
        scene.path("outside/x").display()
    )
}
