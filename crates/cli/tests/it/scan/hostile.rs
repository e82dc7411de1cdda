//! Repositories that attack whoever looks at them with git.

use std::path::{Path, PathBuf};

use super::{commit, gaps, git, report, scan};
use crate::{environment, everybody};
use dam_testkit::environment::Environment;

/// Settings that make git run a program, each with a file of its own that the
/// program writes.
fn trapped(environment: &Environment) -> PathBuf {
    let marks = environment.work().join("../marks");
    environment.create_dirs(&marks);
    let trap = |name: &str| format!("touch {}; false", marks.join(name).display());
    for (key, name) in [
        ("core.fsmonitor", "fsmonitor"),
        ("core.sshCommand", "ssh"),
        ("core.pager", "pager"),
        ("core.alternateRefsCommand", "alternates"),
        ("diff.external", "external"),
        ("diff.trap.textconv", "textconv"),
        ("diff.trap.command", "command"),
        ("filter.trap.clean", "clean"),
        ("filter.trap.smudge", "smudge"),
        ("gpg.program", "gpg"),
    ] {
        git(environment, &["config", key, &trap(name)]);
    }
    git(environment, &["config", "log.showSignature", "true"]);
    environment.write(".git/info/attributes", "* diff=trap filter=trap\n");
    marks
}

fn marks(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    entries
        .map(|entry| {
            entry
                .expect("one")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    for environment in everybody() {
        environment.write("a.py", "x = 1\n");
        environment.init_repository();
        environment.write("a.py", "x = 2\n");
        commit(&environment, "two");
        let dir = trapped(&environment);
        // They do work: git itself falls for them.
        let _failed = environment.command("git", ["status"]).run();
        let _failed = environment
            .command("git", ["log", "-p", "-1", "--ext-diff"])
            .run();
        assert!(marks(&dir).len() > 1, "{:?}", marks(&dir));
        for mark in marks(&dir) {
            std::fs::remove_file(dir.join(mark)).expect("a file");
        }
        environment.write("a.py", "x = 3\n");
        for words in [
            &[][..],
            &["--staged"],
            &["--commit", "HEAD"],
            &["--diff", "HEAD^..HEAD"],
        ] {
            let outcome = scan(&environment, words);
            assert!(outcome.success(), "{words:?}: {}", outcome.page());
            assert_eq!(marks(&dir), Vec::<String>::new(), "{words:?}");
        }
    }
}

#[test]
fn objects_that_are_kept_elsewhere_are_not_read() {
    let environment = environment();
    environment.write("secret.py", "x = 1\n");
    environment.init_repository();
    git(
        &environment,
        &["clone", "--quiet", "--shared", ".", "../thief"],
    );
    let outcome = environment
        .dam(["scan", "../thief", "--commit", "HEAD"])
        .run();
    assert!(!outcome.success(), "{}", outcome.page());
    // With the other repository's objects in reach, it would be read.
    git(
        &environment,
        &["-C", "../thief", "repack", "--quiet", "-a", "-d"],
    );
    std::fs::remove_file(
        environment
            .work()
            .join("../thief/.git/objects/info/alternates"),
    )
    .expect("a file");
    let outcome = environment
        .dam(["scan", "../thief", "--commit", "HEAD"])
        .run();
    assert!(outcome.success(), "{}", outcome.page());
}

#[test]
fn a_pointer_to_somebody_elses_repository_is_not_followed() {
    let environment = environment();
    environment.write("a.py", "x = 1\n");
    environment.init_repository();
    let theirs = environment.work().join("../theirs");
    environment.create_dirs(&theirs);
    std::fs::write(
        theirs.join(".git"),
        format!("gitdir: {}/.git\n", environment.work().display()),
    )
    .expect("a file");
    std::fs::write(theirs.join("b.py"), "x = 1\n").expect("a file");
    let outcome = environment
        .dam(["scan", "../theirs", "--format", "json"])
        .run();
    assert!(
        outcome.stderr.contains("does not say so itself"),
        "{}",
        outcome.page()
    );
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(gaps(&report), [(String::new(), "not-checked".to_owned())]);
    assert_eq!(report["coverage"]["files"]["python"], 1);
    let outcome = environment
        .dam(["scan", "../theirs", "--commit", "HEAD"])
        .run();
    assert_eq!(outcome.code, Some(2), "{}", outcome.page());
}

#[test]
fn names_that_act_on_a_terminal_are_shown_harmlessly() {
    let environment = environment();
    environment.write("a\u{1b}[31m\u{202e}.py", [0xff, 0, 1, 2]);
    environment.write("bad\u{1b}[0m.py", "def (\n");
    environment.init_repository();
    let outcome = scan(&environment, &[]);
    assert!(!outcome.stdout.contains('\u{1b}'), "{}", outcome.page());
    assert_eq!(report(&environment, &[])["coverage"]["files"]["python"], 1);
}
