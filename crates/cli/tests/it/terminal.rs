//! Questions on a real terminal.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use dam_testkit::environment::Environment;
use dam_testkit::{ScriptedServer, Turn};
use serde_json::json;

use crate::exec::{repository, use_server};

/// A server whose model wants a file to be written, and reads what came of it.
fn server() -> ScriptedServer {
    ScriptedServer::start(vec![
        Turn::function_call("exec_command", json!({"cmd": "touch made"})),
        Turn::message("That is all."),
    ])
}

/// Runs `dam exec` on a terminal of its own, and answers its question with
/// these keys, again and again until it has ended.
fn answered(environment: &Environment, keys: &str) -> String {
    on_a_terminal(
        environment,
        "exec -a untrusted 'make a file'",
        "say why not: ",
        keys,
    )
}

/// Runs `dam` with these words on a terminal of its own (the one that `script`
/// makes), and answers its question, which ends with this text.
fn on_a_terminal(environment: &Environment, words: &str, question: &str, keys: &str) -> String {
    let line = format!("{} {words}", environment.binary().display());
    let mut child: Child = environment
        .command(
            "script",
            ["--quiet", "--return", "--command", &line, "/dev/null"],
        )
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a terminal");
    let mut stdin = child.stdin.take().expect("its input");
    let mut stdout = child.stdout.take().expect("its output");
    let mut shown = String::new();
    let mut byte = [0];
    while !shown.ends_with(question) {
        let count = stdout.read(&mut byte).expect("more output");
        assert!(count == 1, "no question came: {shown}");
        shown.push(char::from(byte[0]));
    }
    let rest = std::thread::spawn(move || {
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).map(|_| rest)
    });
    while child.try_wait().expect("a state").is_none() {
        // Whoever has ended meanwhile reads no more.
        let _unread = stdin.write_all(keys.as_bytes());
        std::thread::sleep(Duration::from_millis(50));
    }
    let rest = rest.join().expect("a reader").expect("the rest");
    shown + &String::from_utf8_lossy(&rest)
}

#[test]
fn a_yes_lets_it_happen() {
    let environment = repository();
    let server = server();
    use_server(&environment, &server);
    let shown = answered(&environment, "y\n");
    assert!(shown.contains("touch made"), "{shown}");
    assert!(environment.work().join("made").exists(), "{shown}");
}

#[test]
fn anything_else_does_not() {
    let environment = repository();
    let server = server();
    use_server(&environment, &server);
    let shown = answered(&environment, "\n");
    assert!(!environment.work().join("made").exists(), "{shown}");
    assert!(shown.contains("refused"), "{shown}");
}

#[test]
fn whoever_interrupts_again_is_let_go() {
    let environment = repository();
    let server = server();
    use_server(&environment, &server);
    let shown = answered(&environment, "\u{3}");
    assert!(!environment.work().join("made").exists(), "{shown}");
    assert!(shown.contains("interrupted"), "{shown}");
}

#[test]
fn without_a_terminal_the_question_is_a_no_that_says_how_to_allow_it() {
    let environment = repository();
    let server = server();
    use_server(&environment, &server);
    let outcome = environment
        .dam(["exec", "-a", "untrusted", "make a file"])
        .run();
    assert!(!environment.work().join("made").exists());
    assert!(outcome.success(), "{}", outcome.page());
    assert!(outcome.stderr.contains("refused"), "{}", outcome.page());
    let told = server.bodies()[1]["input"].to_string();
    assert!(told.contains("to allow it"), "{told}");
}

/// A server whose model wants history to be rewritten.
fn pushing() -> ScriptedServer {
    ScriptedServer::start(vec![
        Turn::function_call("exec_command", json!({"cmd": "git push --force"})),
        Turn::message("That is all."),
    ])
}

#[test]
fn an_answer_for_the_project_is_a_rule_and_asks_no_more() {
    let environment = repository();
    let server = pushing();
    use_server(&environment, &server);
    let shown = on_a_terminal(&environment, "exec 'push it'", "say why not: ", "p\n");
    assert!(shown.contains("[p] writes a rule"), "{shown}");
    let rules = environment.dam(["policy", "rules"]).run();
    assert!(rules.stdout.contains("git"), "{}", rules.page());
    assert!(rules.stdout.contains("push"), "{}", rules.page());
    // Nobody is there now, and nobody is asked.
    let server = pushing();
    use_server(&environment, &server);
    let outcome = environment.dam(["exec", "push it"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    let told = server.bodies()[1]["input"].to_string();
    assert!(!told.contains("Not done"), "{told}");
    let check = ["policy", "check", "--", "bash", "-c", "git push --force"];
    assert_eq!(environment.dam(check).run().code, Some(0));
    // In another project it is a question as before.
    let elsewhere = environment.home().join("other");
    environment.create_dirs(&elsewhere);
    let check = environment.dam(check).in_dir(&elsewhere).run();
    assert_eq!(check.code, Some(7), "{}", check.page());
}

/// A project that was trusted, and has changed since.
fn changed(environment: &Environment) {
    let file = environment.work().join(".cofferdam/config.toml");
    environment.write(&file, "sandbox_mode = \"workspace-write\"\n");
    let trusted = environment.dam(["trust", "--yes"]).run();
    assert!(trusted.success(), "{}", trusted.page());
    environment.write(&file, "sandbox_mode = \"read-only\"\n");
}

#[test]
fn a_changed_project_is_shown_and_asked_about_where_somebody_is_there() {
    let question = "without what it says:";
    for (key, wanted) in [("y\n", "made=no"), ("\n", "made=yes")] {
        let environment = repository();
        changed(&environment);
        let words = "run -- sh -c 'touch x && echo made=yes || echo made=no'";
        let shown = on_a_terminal(&environment, words, question, key);
        assert!(shown.contains("+sandbox_mode = \"read-only\""), "{shown}");
        assert!(
            shown.contains("-sandbox_mode = \"workspace-write\""),
            "{shown}"
        );
        assert!(shown.contains(wanted), "{shown}");
        let log = environment.dam(["log"]).run();
        assert_eq!(
            log.stdout.matches(" trust  ").count(),
            1 + key.len() / 2,
            "{}",
            log.page()
        );
    }
}

#[test]
fn a_changed_project_is_a_notice_where_nobody_is_there() {
    let environment = repository();
    changed(&environment);
    let words = ["run", "--", "sh", "-c", "touch x && echo made=yes"];
    let outcome = environment.dam(words).run();
    assert_eq!(outcome.stdout.trim(), "made=yes", "{}", outcome.page());
    assert!(outcome.stderr.contains("dam trust"), "{}", outcome.page());
    assert!(!outcome.stderr.contains("[y]"), "{}", outcome.page());
}
