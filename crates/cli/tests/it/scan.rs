//! `dam scan`, on real repositories.

mod given;
mod hostile;
mod model;
mod prove;
mod states;
mod threat_model;

use dam_testkit::environment::{Environment, Outcome};
use serde_json::Value;

use crate::{environment, everybody};

fn scan(environment: &Environment, words: &[&str]) -> Outcome {
    environment.dam(["scan"].iter().chain(words)).run()
}

/// The report as JSON, whatever the exit code is.
fn report(environment: &Environment, words: &[&str]) -> Value {
    let words: Vec<&str> = words.iter().copied().chain(["--format", "json"]).collect();
    let outcome = scan(environment, &words);
    assert!(outcome.stdout.starts_with('{'), "{}", outcome.page());
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

/// What was not looked at: path and kind.
fn gaps(report: &Value) -> Vec<(String, String)> {
    let gaps = report["coverage"]["gaps"].as_array().expect("gaps");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    gaps.iter()
        .map(|gap| (text(&gap["path"]), text(&gap["kind"])))
        .collect()
}

fn git(environment: &Environment, words: &[&str]) {
    let outcome = environment.command("git", words).run();
    assert!(outcome.success(), "git {words:?}: {}", outcome.page());
}

fn commit(environment: &Environment, message: &str) {
    git(environment, &["add", "--all"]);
    git(
        environment,
        &["commit", "--quiet", "--allow-empty", "--message", message],
    );
}

#[test]
fn what_git_ignores_is_not_looked_at_and_the_rest_is() {
    for environment in everybody() {
        environment.write(".gitignore", "built/\n");
        environment.write("built/a.py", "x = 1\n");
        environment.write("b.py", "x = 1\n");
        environment.init_repository();
        environment.write("new.py", "x = 1\n");
        let report = report(&environment, &[]);
        assert_eq!(report["coverage"]["files"]["python"], 2, "{report:#}");
        assert_eq!(report["complete"], true, "{report:#}");
    }
}

#[test]
fn what_cannot_be_looked_at_is_said_and_makes_a_scan_incomplete() {
    let environment = environment();
    environment.write("good.py", "x = 1\n");
    environment.init_repository();
    assert_eq!(scan(&environment, &["--require-complete"]).code, Some(0));
    let huge = environment.write("huge.py", "");
    let file = std::fs::File::options()
        .write(true)
        .open(huge)
        .expect("a file");
    file.set_len(100 << 20).expect("a hole");
    let incomplete = scan(&environment, &["--require-complete"]);
    assert_eq!(incomplete.code, Some(2), "{}", incomplete.page());
    assert!(
        incomplete.stdout.contains("huge.py: 104857600 bytes"),
        "{}",
        incomplete.page()
    );
    assert!(scan(&environment, &[]).success());
}

#[test]
fn the_index_a_commit_and_a_difference_are_read_from_git_and_not_from_the_disk() {
    for environment in everybody() {
        environment.write("a.py", "x = 1\n");
        environment.init_repository();
        environment.write("b.py", "x = 1\n");
        commit(&environment, "b");
        environment.write("c.py", "x = 1\n");
        git(&environment, &["add", "c.py"]);
        environment.write("d.py", "x = 1\n");
        for (words, files) in [
            (&["--staged"][..], 3),
            (&["--commit", "HEAD"], 2),
            (&["--commit", "HEAD^"], 1),
            (&["--diff", "HEAD^..HEAD"], 2),
            (&[], 4),
        ] {
            let report = report(&environment, words);
            assert_eq!(
                report["coverage"]["files"]["python"], files,
                "{words:?}: {report:#}"
            );
        }
        let none = scan(&environment, &["--commit", "nothing"]);
        assert_eq!(none.code, Some(2), "{}", none.page());
        assert!(
            none.stderr.contains("there is no commit `nothing`"),
            "{}",
            none.page()
        );
    }
}

#[test]
fn what_git_has_lost_is_said() {
    let environment = environment();
    environment.write("a.py", "x = 1\n");
    environment.write("b.py", "y = 2\n");
    environment.init_repository();
    let id = environment
        .command("git", ["rev-parse", "HEAD:a.py"])
        .run()
        .stdout;
    let (dir, name) = id.trim().split_at(2);
    let object = environment.work().join(".git/objects").join(dir).join(name);
    std::fs::remove_file(object).expect("a loose object");
    let report = report(&environment, &["--commit", "HEAD"]);
    assert_eq!(
        gaps(&report),
        [("a.py".to_owned(), "unreadable".to_owned())]
    );
    assert_eq!(report["complete"], false);
}

#[test]
fn a_bare_and_a_shallow_clone_are_looked_at() {
    let environment = environment();
    environment.write("a.py", "x = 1\n");
    environment.init_repository();
    commit(&environment, "again");
    git(
        &environment,
        &["clone", "--quiet", "--bare", ".", "../bare"],
    );
    let bare = environment
        .dam(["scan", "../bare", "--format", "json"])
        .run();
    let bare: Value = serde_json::from_str(&bare.stdout).expect("JSON");
    assert_eq!(bare["coverage"]["files"]["python"], 1);
    let here = format!("file://{}", environment.work().display());
    git(
        &environment,
        &["clone", "--quiet", "--depth=1", &here, "../shallow"],
    );
    let words = ["scan", "../shallow", "--commit", "HEAD", "--format", "json"];
    let shallow = environment.dam(words).run();
    let shallow: Value = serde_json::from_str(&shallow.stdout).expect("JSON");
    assert_eq!(gaps(&shallow), [(String::new(), "shallow".to_owned())]);
}

#[test]
fn a_scan_is_a_session_with_its_record() {
    let environment = environment();
    environment.init_repository();
    assert!(scan(&environment, &[]).success());
    let shown = environment.dam(["log", "show", "latest"]).run();
    assert!(
        shown.stdout.contains("the working tree: nothing found"),
        "{}",
        shown.page()
    );
}
