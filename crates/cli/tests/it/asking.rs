//! Questions about what the boundary refuses, on a real terminal, while the
//! command waits.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Stdio};
use std::time::Duration;

use dam_testkit::environment::Environment;

use crate::{environment, everybody};

const PROMPT: &str = "say why not: ";

/// Runs a script behind `dam` with these words, on a terminal of its own (the
/// one that `script` makes). `answer` is called at each question, and what it
/// says is typed. Gives what was shown.
pub fn on_terminal(
    environment: &Environment,
    words: &str,
    script: &str,
    mut answer: impl FnMut(&str, &mut ChildStdin),
) -> String {
    let file = environment.write("script.sh", script);
    let line = format!(
        "{} {words} -- sh {}",
        environment.binary().display(),
        file.display()
    );
    let mut child = environment
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
    while stdout.read(&mut byte).is_ok_and(|count| count == 1) {
        shown.push(char::from(byte[0]));
        if shown.ends_with(PROMPT) {
            answer(&shown, &mut stdin);
        }
    }
    let status = child.wait().expect("an end");
    format!("{shown}\nexit {}", status.code().unwrap_or(-1))
}

fn typing(keys: &str) -> impl FnMut(&str, &mut ChildStdin) {
    move |_, stdin| stdin.write_all(keys.as_bytes()).expect("typed")
}

pub fn count(shown: &str) -> usize {
    shown.matches(PROMPT).count()
}

/// A file that may not be written, in a directory of the same user.
fn outside(environment: &Environment) -> PathBuf {
    let directory = environment.home().join("outside");
    environment.create_dirs(&directory);
    directory
}

const RUN: &str = "run -a on-request -s workspace-write";

#[test]
fn a_yes_at_the_terminal_opens_one_file() {
    for environment in everybody() {
        let outside = outside(&environment);
        for front in [RUN, "sandbox -a on-request -s workspace-write"] {
            let script = format!("cd {}; echo x > new; echo y > other", outside.display());
            let mut answers = ["y\n", "n\n"].into_iter();
            let shown = on_terminal(&environment, front, &script, |_, stdin| {
                let keys = answers.next().expect("two questions");
                stdin.write_all(keys.as_bytes()).expect("typed");
            });
            assert_eq!(
                fs::read_to_string(outside.join("new")).ok().as_deref(),
                Some("x\n")
            );
            assert!(!outside.join("other").exists());
            let told = environment.comparable(&shown);
            assert!(
                told.contains("Write [HOME]/outside/new\r\n  tried by sh "),
                "{told}"
            );
            assert!(
                told.contains("asked because [HOME]/outside/new is not writable"),
                "{told}"
            );
            fs::remove_file(outside.join("new")).expect("removed");
        }
    }
}

#[test]
fn question_and_answer_are_in_the_journal() {
    let environment = environment();
    let script = format!("echo x > {}/new", outside(&environment).display());
    on_terminal(&environment, RUN, &script, typing("y\n"));
    let log = environment.dam(["log", "show", "latest", "--json"]).run();
    let decided = log
        .stdout
        .lines()
        .filter(|line| line.contains("write_file"))
        .collect::<Vec<_>>();
    assert_eq!(decided.len(), 1, "{}", log.page());
    for part in [
        "\"answer\":\"once\"",
        "\"ask\"",
        "files.root",
        "outside/new",
    ] {
        assert!(decided[0].contains(part), "{}", log.page());
    }
    assert!(!log.stdout.contains("denial"), "{}", log.page());
}

#[test]
fn a_no_holds_for_the_session_and_so_does_a_yes_for_it() {
    let environment = environment();
    let outside = outside(&environment);
    let script = format!(
        "for i in 1 2 3; do echo $i >> {}/log; done",
        outside.display()
    );
    let shown = on_terminal(&environment, RUN, &script, typing("n\n"));
    assert_eq!(count(&shown), 1, "{shown}");
    assert!(!outside.join("log").exists());
    let shown = on_terminal(&environment, RUN, &script, typing("s\n"));
    assert_eq!(count(&shown), 1, "{shown}");
    assert_eq!(
        fs::read_to_string(outside.join("log")).ok().as_deref(),
        Some("1\n2\n3\n")
    );
}

#[test]
fn what_changes_while_the_person_reads_is_refused() {
    for environment in everybody() {
        let outside = outside(&environment);
        environment.write(outside.join("secret"), "before");
        let script = format!("echo after > {}/new", outside.display());
        let shown = on_terminal(&environment, RUN, &script, |_, stdin| {
            symlink(outside.join("secret"), outside.join("new")).expect("a link");
            stdin.write_all(b"y\n").expect("typed");
        });
        assert_eq!(
            fs::read_to_string(outside.join("secret")).ok().as_deref(),
            Some("before")
        );
        assert!(shown.contains("1 act was refused"), "{shown}");
    }
}

#[test]
fn an_interrupt_at_the_question_ends_the_command() {
    for environment in everybody() {
        let outside = outside(&environment);
        let script = format!("echo x > {}/new; echo went on", outside.display());
        let shown = on_terminal(&environment, RUN, &script, typing("\u{3}"));
        assert!(!outside.join("new").exists());
        assert!(shown.ends_with("exit 130"), "{shown}");
        assert!(!shown.contains("went on"), "{shown}");
    }
}

#[test]
fn a_question_ends_with_whoever_waited() {
    let environment = environment();
    let script = format!(
        "(echo x > {}/new) & sleep 0.2; kill -9 $!; wait; echo went on",
        outside(&environment).display()
    );
    // The first process of the group is stopped while somebody is asked, so
    // what kills lies in a group of its own.
    let script = format!("setsid -w sh -c '{script}'");
    let shown = on_terminal(&environment, RUN, &script, |_, _| {});
    assert_eq!(count(&shown), 1, "{shown}");
    assert!(shown.contains("went on"), "{shown}");
}

#[test]
fn the_answer_is_not_read_by_the_command() {
    let environment = environment();
    let script = format!(
        "exec 3<&0; (read -r line <&3; echo \"got $line\") & sleep 0.1; echo x > {}/new; wait",
        outside(&environment).display()
    );
    let shown = on_terminal(&environment, RUN, &script, |_, stdin| {
        while !is_stopped(&environment.work().join("script.sh")) {
            std::thread::sleep(Duration::from_millis(5));
        }
        stdin.write_all(b"y\nline\n").expect("typed");
    });
    assert!(shown.contains("got line"), "{shown}");
    assert!(outside(&environment).join("new").exists(), "{shown}");
}

/// Whether a process that runs this script is stopped.
fn is_stopped(script: &Path) -> bool {
    let script = script.to_string_lossy();
    let processes = fs::read_dir("/proc").expect("processes");
    processes.flatten().any(|process| {
        let read = |name| fs::read_to_string(process.path().join(name)).unwrap_or_default();
        read("cmdline").contains(&*script) && read("stat").contains(") T ")
    })
}

#[test]
fn files_of_our_own_are_never_asked_about() {
    let environment = environment();
    let config = environment.write_config("");
    let script = format!("echo x > {}; echo y > .cofferdam", config.display());
    let shown = on_terminal(&environment, RUN, &script, typing("y\n"));
    assert_eq!(count(&shown), 0, "{shown}");
    assert_eq!(fs::read_to_string(config).ok().as_deref(), Some(""));
}

#[test]
fn nobody_is_asked_unless_they_chose_it_and_are_there() {
    let environment = environment();
    let outside = outside(&environment);
    let script = format!("echo x > {}/new", outside.display());
    for words in [
        "run -s workspace-write",
        "run -a never -s workspace-write",
        "run --transaction -a on-request -s workspace-write",
    ] {
        let shown = on_terminal(&environment, words, &script, typing("y\n"));
        assert_eq!(count(&shown), 0, "{shown}");
    }
    let words = RUN.split(' ').chain(["--", "sh", "-c", &script]);
    let outcome = environment.dam(words).stdin("y\n").run();
    assert_eq!(outcome.code, Some(2), "{}", outcome.page());
    assert!(!outside.join("new").exists());
}
