//! `dam status`: what holds a session that begins here.

use dam_testkit::environment::{Environment, Outcome};
use insta::assert_snapshot;
use serde_json::Value;

use crate::environment;

fn status(environment: &Environment, words: &[&str]) -> Outcome {
    let words = ["status"].into_iter().chain(words.iter().copied());
    let outcome = environment.dam(words).run();
    assert!(outcome.success(), "{}", outcome.page());
    outcome
}

fn json(environment: &Environment, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    serde_json::from_str(&status(environment, &words).stdout).expect("an object")
}

#[test]
fn it_says_what_counts_and_where_it_was_set() {
    let environment = environment();
    environment.init_repository();
    environment.write_config("approval_policy = \"untrusted\"\n");
    let shown = status(&environment, &["-s", "read-only"]).stdout;
    // What this machine can enforce is not for a snapshot.
    let lines = shown.lines().filter(|line| !line.starts_with("boundary"));
    let shown: Vec<&str> = lines.collect();
    assert_snapshot!(environment.comparable(&shown.join("\n")), @r"
    directory     [WORK]
    project       [WORK]  # unknown
    layer         built-in default (9 in effect)
    layer         user configuration (1 in effect)  # [HOME]/.config/cofferdam/config.toml
    layer         command-line flag (1 in effect)
    mode          read-only
    profile       :read-only  # command-line flag
    writable      nothing
    asks          untrusted  # [HOME]/.config/cofferdam/config.toml:1
    reviewer      nobody: a question is a no
    rules         0
    network       off
    flow rule     on
    journal       [HOME]/.local/state/cofferdam/journal
    ");
}

#[test]
fn the_marks_of_the_last_session_are_shown() {
    let environment = environment();
    environment.init_repository();
    let none = json(&environment, &[]);
    assert_eq!(none["flow"]["enabled"], true);
    assert_eq!(none["flow"]["marks"], Value::Array(Vec::new()));
    let call = r#"{"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash", "tool_input": {"command": "git status"}}"#;
    let hook = ["guard", "hook", "--agent", "codex"];
    assert!(environment.dam(hook).stdin(call).run().success());
    let marks = &json(&environment, &[])["flow"]["marks"];
    assert_eq!(marks[0]["mark"], "untrusted_taken_in");
    let shown = status(&environment, &[]).stdout;
    assert!(shown.contains("untrusted_taken_in: "), "{shown}");
}

#[test]
fn what_can_be_reached_is_told_rule_by_rule() {
    let environment = environment();
    environment.init_repository();
    environment.write_config(
        "default_permissions = \"mine\"\n\
         [permissions.mine]\n\
         extends = \":workspace\"\n\
         [permissions.mine.network]\n\
         enabled = true\n\
         [permissions.mine.network.domains]\n\
         \"**.example.com\" = \"allow\"\n\
         \"bad.example.com\" = \"deny\"\n",
    );
    let found = json(&environment, &[]);
    assert_eq!(found["network"]["state"], "rules");
    assert_eq!(found["network"]["domains"][0]["pattern"], "**.example.com");
    let shown = status(&environment, &[]).stdout;
    for line in ["allow **.example.com", "deny bad.example.com"] {
        assert!(shown.contains(line), "{shown}");
    }
    let all = json(&environment, &["--yolo"]);
    assert_eq!(all["network"]["state"], "everything");
    assert_eq!(all["mode"], "danger-full-access");
    assert_eq!(all["boundary"]["tier"], Value::Null);
}

#[test]
fn what_an_administrator_requires_and_the_class_are_shown() {
    let Some(environment) = environment().administered() else {
        return;
    };
    environment.init_repository();
    environment.administer(
        "requirements.toml",
        "allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]\n\
         [sensitivity]\n\
         unknown = \"regulated\"\n\
         [experimental_network]\n\
         denied_domains = [\"bad.example\"]\n",
    );
    let found = json(&environment, &["-s", "danger-full-access"]);
    assert_eq!(found["mode"], "workspace-write");
    assert_eq!(found["class"]["name"], "regulated");
    let values = found["requirements"]["values"].as_array().expect("values");
    let keys: Vec<&str> = values
        .iter()
        .filter_map(|value| value["key"].as_str())
        .collect();
    assert!(keys.contains(&"allowed_sandbox_modes"), "{keys:?}");
    let shown = status(&environment, &[]).stdout;
    for text in ["regulated", "denied_domains", "requirements.toml:1"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}
