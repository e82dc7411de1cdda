//! What becomes of a finding from scan to scan, and what makes a scan fail.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use dam_testkit::environment::Environment;
use serde_json::Value;

use super::{commit, git, report, scan};
use crate::{environment, everybody};

/// A line that the scan finds a secret in. Put together here, so that nobody
/// finds it in this file.
fn secret(word: &str) -> String {
    format!("{} = \"{word}Lm4TkR7vWc2p\"\n", "password")
}

fn states(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let of = |list: &Value| {
        let list = list.as_array().expect("a list");
        let told = list
            .iter()
            .map(|each| (text(&each["path"]), text(&each["state"])));
        told.collect::<Vec<_>>()
    };
    [of(&report["findings"]), of(&report["gone"])].concat()
}

fn told(environment: &Environment, words: &[&str]) -> Vec<(String, String)> {
    states(&report(environment, words))
}

fn one(path: &str, state: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), state.to_owned())]
}

#[test]
fn a_finding_is_found_persists_is_resolved_and_comes_back() {
    for environment in everybody() {
        environment.init_repository();
        environment.write("a.py", secret("Zx9q"));
        assert_eq!(told(&environment, &[]), one("a.py", "found"));
        environment.write("a.py", format!("x = 1\n\n{}", secret("Zx9q")));
        assert_eq!(
            told(&environment, &[]),
            one("a.py", "persisting"),
            "it moved"
        );
        let moved = environment.work().join("b.py");
        std::fs::rename(environment.work().join("a.py"), &moved).expect("renamed");
        assert_eq!(
            told(&environment, &[]),
            one("b.py", "persisting"),
            "it was renamed"
        );
        environment.write("b.py", "x = 1\n");
        assert_eq!(told(&environment, &[]), one("b.py", "resolved"));
        assert_eq!(told(&environment, &[]), [], "it was told");
        environment.write("b.py", secret("Zx9q"));
        assert_eq!(told(&environment, &[]), one("b.py", "reopened"));
    }
}

#[test]
fn what_is_not_looked_at_is_not_resolved() {
    let environment = environment();
    environment.init_repository();
    environment.write("a.py", secret("Zx9q"));
    assert_eq!(told(&environment, &[]), one("a.py", "found"));
    let mut long = b"\xff\0\x01".to_vec();
    long.resize(100, 0);
    environment.write("a.py", long);
    assert_eq!(told(&environment, &[]), one("a.py", "unknown"));
}

#[test]
fn a_change_fails_for_what_it_brings_and_not_for_what_was_there() {
    let environment = environment();
    environment.write("old.py", secret("Zx9q"));
    environment.init_repository();
    git(&environment, &["checkout", "--quiet", "-b", "work"]);
    environment.write("a.py", "x = 1\n");
    commit(&environment, "harmless");
    let outcome = scan(&environment, &["--diff", "main..HEAD"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    environment.write("new.py", secret("Qw7e"));
    git(&environment, &["add", "new.py"]);
    let staged = report(&environment, &["--staged"]);
    assert!(
        states(&staged).contains(&("new.py".to_owned(), "introduced".to_owned())),
        "{staged:#}"
    );
    assert_eq!(scan(&environment, &["--staged"]).code, Some(1));
    commit(&environment, "harmful");
    assert_eq!(scan(&environment, &["--commit", "HEAD"]).code, Some(1));
    assert_eq!(scan(&environment, &["--diff", "main..HEAD"]).code, Some(1));
    let id = staged["findings"][0]["id"]
        .as_str()
        .expect("a name")
        .to_owned();
    // Squashed into one commit on another branch, it is the same.
    git(&environment, &["checkout", "--quiet", "main"]);
    git(&environment, &["merge", "--quiet", "--squash", "work"]);
    commit(&environment, "squashed");
    let squashed = report(&environment, &["--commit", "HEAD"]);
    assert_eq!(squashed["findings"][0]["id"].as_str(), Some(id.as_str()));
    // What is above the gate's level only.
    assert_eq!(
        scan(&environment, &["--commit", "HEAD", "--fail-on", "critical"]).code,
        Some(0)
    );
}

#[test]
fn an_ignore_needs_a_day_and_ends_with_it() {
    let environment = environment();
    environment.init_repository();
    let ignored = |until: &str| {
        let line = secret("Zx9q");
        format!("# dam: ignore secret-password until {until}: only for tests\n{line}")
    };
    environment.write("a.py", ignored("2999-01-01"));
    let outcome = scan(&environment, &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    assert!(outcome.stdout.contains("1 ignored"), "{}", outcome.page());
    environment.write("a.py", ignored("2020-01-01"));
    assert_eq!(scan(&environment, &[]).code, Some(1));
    environment.write("a.py", secret("Zx9q"));
    let settings = |until: &str| {
        format!(
            "[[ignore]]\nrule = \"secret-password\"\npath = \"*.py\"\nreason = \"known\"\nuntil = \"{until}\"\n"
        )
    };
    environment.write(".cofferdam/scan.toml", settings("2999-01-01"));
    assert_eq!(scan(&environment, &[]).code, Some(0));
    environment.write(".cofferdam/scan.toml", settings("2020-01-01"));
    assert_eq!(scan(&environment, &[]).code, Some(1));
    environment.write(".cofferdam/scan.toml", settings("soon"));
    let outcome = scan(&environment, &[]);
    assert!(
        outcome.stderr.contains("needs `until`"),
        "{}",
        outcome.page()
    );
}

#[test]
fn a_change_does_not_excuse_itself() {
    let environment = environment();
    environment.write("a.py", "x = 1\n");
    environment.init_repository();
    environment.write(
        "a.py",
        format!(
            "# dam: ignore secret-password until 2999-01-01: trust me\n{}",
            secret("Zx9q")
        ),
    );
    environment.write(
        ".cofferdam/scan.toml",
        "[[ignore]]\nrule = \"secret-password\"\nreason = \"trust me\"\nuntil = \"2999-01-01\"\n",
    );
    git(&environment, &["add", "--all"]);
    let outcome = scan(&environment, &["--staged"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.page());
    let outcome = scan(&environment, &["--staged", "--accept-ignores"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
}

#[test]
fn a_baseline_holds_what_was_there_and_nothing_else() {
    let environment = environment();
    environment.init_repository();
    environment.write("a.py", secret("Zx9q"));
    assert_eq!(
        scan(&environment, &["--write-baseline", "baseline.json"]).code,
        Some(1)
    );
    assert_eq!(
        scan(&environment, &["--baseline", "baseline.json"]).code,
        Some(0)
    );
    environment.write("b.py", secret("Qw7e").replace("password", "db_password"));
    assert_eq!(
        scan(&environment, &["--baseline", "baseline.json"]).code,
        Some(1)
    );
}

#[test]
fn what_the_projects_settings_leave_out_is_said() {
    let environment = environment();
    environment.init_repository();
    environment.write("vendor/a.py", secret("Zx9q"));
    environment.write(".cofferdam/scan.toml", "leave_out = [\"vendor/**\"]\n");
    let outcome = scan(&environment, &["--require-complete"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    assert!(
        outcome
            .stdout
            .contains("1 left out by the project's settings"),
        "{}",
        outcome.page()
    );
}

#[test]
fn what_was_once_committed_is_found_in_history_and_the_scan_goes_on_where_it_was() {
    for environment in everybody() {
        environment.write("a.py", "x = 1\n");
        environment.init_repository();
        environment.write("a.py", secret("Zx9q"));
        commit(&environment, "oops");
        environment.write("a.py", "x = 2\n");
        commit(&environment, "undone");
        assert_eq!(scan(&environment, &[]).code, Some(0));
        assert_eq!(told(&environment, &["--history"]), one("a.py", "buried"));
        assert_eq!(scan(&environment, &["--history"]).code, Some(1));
        // Interrupted in the middle of a line, it goes on.
        let memory = std::fs::read_dir(environment.state().join("scan")).expect("a memory");
        let memory = memory
            .map(|dir| dir.expect("one").path().join("history"))
            .next()
            .expect("one");
        let text = std::fs::read_to_string(&memory).expect("a file");
        std::fs::write(&memory, format!("{text}{{\"commits\":[")).expect("a file");
        environment.write("b.py", secret("Qw7e"));
        commit(&environment, "again");
        git(&environment, &["rm", "--quiet", "b.py"]);
        commit(&environment, "undone again");
        let found = told(&environment, &["--history"]);
        assert_eq!(
            found,
            [one("a.py", "buried"), one("b.py", "buried")].concat()
        );
        assert_eq!(
            std::fs::read_to_string(&memory)
                .expect("a file")
                .lines()
                .count(),
            3
        );
        assert_eq!(
            told(&environment, &["--history", "--since", "2999-01-01"]),
            []
        );
    }
}

/// What `git fast-import` makes a branch of: every seventh commit brings a
/// secret, which the next one takes away.
fn long_history(commits: u32) -> String {
    let mut text = String::new();
    for number in 0..commits {
        let line = match number % 7 {
            0 => secret(&format!("Zx{number}q")),
            _ => format!("x = {number}\n"),
        };
        let file = number / 7;
        let _cannot_fail = write!(
            text,
            "commit refs/heads/long\ncommitter A <a@example.invalid> {} +0000\ndata 1\nm\nM 100644 inline file{file}.py\ndata {}\n{line}\n",
            1_600_000_000 + number,
            line.len(),
        );
    }
    text
}

#[test]
fn a_scan_of_history_that_is_killed_anywhere_goes_on_and_says_the_same() {
    const COMMITS: u32 = 1_500;
    let environment = environment();
    let import = environment.command("git", ["fast-import", "--quiet"]);
    environment.init_repository();
    assert!(import.stdin(long_history(COMMITS)).run().success());
    git(&environment, &["checkout", "--quiet", "--force", "long"]);
    let paths = || -> BTreeSet<String> {
        let all = told(&environment, &["--history"]);
        all.into_iter().map(|(path, _)| path).collect()
    };
    let whole = paths();
    assert_eq!(whole.len(), COMMITS.div_ceil(7) as usize);
    let known = environment.state().join("scan");
    std::fs::remove_dir_all(&known).expect("forgotten");
    for _ in 0..8 {
        let mut running = environment.dam(["scan", "--history"]).into_command();
        let running = running.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = running.spawn().expect("it starts");
        // Anywhere: the clock's last digits are as good as chance.
        let chance = jiff::Timestamp::now().subsec_microsecond() % 700;
        std::thread::sleep(Duration::from_millis(chance.unsigned_abs().into()));
        running.kill().expect("killed");
        running.wait().expect("it ended");
    }
    assert_eq!(paths(), whole);
    let place = std::fs::read_dir(&known).expect("a memory").next();
    let memory = place.expect("one").expect("one").path().join("history");
    let text = std::fs::read_to_string(memory).expect("a file");
    let steps = text.lines().skip(1).map(|line| {
        let step: Value = serde_json::from_str(line).expect("a whole line");
        step["commits"].as_array().expect("commits").len()
    });
    assert_eq!(steps.sum::<usize>(), COMMITS as usize, "each once");
}

#[test]
fn each_new_commit_is_scanned_as_it_comes() {
    let environment = environment();
    environment.write("a.py", "x = 1\n");
    environment.init_repository();
    let mut watch = environment
        .dam(["scan", "watch", "--every", "1", "--until", "2"])
        .into_command();
    let watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = watch.spawn().expect("it starts");
    let mut ready = String::new();
    let stderr = watch.stderr.take().expect("a pipe");
    BufReader::new(stderr)
        .read_line(&mut ready)
        .expect("a line");
    assert!(ready.starts_with("waiting"), "{ready}");
    environment.write("a.py", secret("Zx9q"));
    commit(&environment, "one");
    commit(&environment, "two");
    let output = watch.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("introduced").count(), 1, "{text}");
    assert_eq!(text.matches("\ncommit ").count(), 2, "{text}");
}

#[test]
fn what_is_known_from_before_says_the_same() {
    let environment = environment();
    environment.write("a.py", secret("Zx9q"));
    environment.write("bad.py", "def (\n");
    environment.init_repository();
    let words = ["--commit", "HEAD"];
    let first = report(&environment, &words);
    assert_eq!(report(&environment, &words), first);
    let memory = std::fs::read_dir(environment.state().join("scan")).expect("a memory");
    let pack = memory
        .map(|dir| dir.expect("one").path().join("facts.pack"))
        .next()
        .expect("one");
    std::fs::write(&pack, b"dam-scan-facts 1\nnonsense").expect("a file");
    assert_eq!(report(&environment, &words), first);
}
