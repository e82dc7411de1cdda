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

/// Runs `dam exec` on a terminal of its own (the one that `script` makes), and
/// answers its question with these keys, again and again until it has ended.
fn answered(environment: &Environment, keys: &str) -> String {
    let line = format!(
        "{} exec -a untrusted 'make a file'",
        environment.binary().display()
    );
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
    while !shown.ends_with("say why not: ") {
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
