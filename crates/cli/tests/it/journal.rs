//! `dam log`, and that nothing runs unrecorded.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use dam_testkit::environment::Environment;
use insta::assert_snapshot;

use crate::environment;

/// An environment in which one command has run in the boundary.
fn after_a_command() -> Environment {
    let environment = environment();
    let outcome = environment
        .dam(["sandbox", "--", "sh", "-c", "exit 3"])
        .run();
    assert_eq!(outcome.page(), "exit 3\n");
    environment
}

fn journals(environment: &Environment) -> Vec<PathBuf> {
    let dir = environment.state().join("journal");
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .expect("the journal's directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    found.sort();
    found
}

#[test]
fn before_the_first_session_there_is_nothing_to_list() {
    let environment = environment();
    assert_snapshot!(environment.dam(["log"]).run().page(), @r"
    exit 0
    -- stderr
    no sessions in [HOME]/.local/state/cofferdam/journal
    ");
    assert_snapshot!(environment.dam(["log", "--json"]).run().page(), @r"
    exit 0
    -- stdout
    []
    ");
    assert_snapshot!(environment.dam(["log", "show", "latest"]).run().page(), @r"
    exit 2
    -- stderr
    error: there are no sessions in [HOME]/.local/state/cofferdam/journal
    ");
    assert_snapshot!(environment.dam(["log", "verify"]).run().page(), @r"
    exit 0
    -- stderr
    no sessions in [HOME]/.local/state/cofferdam/journal
    ");
}

#[test]
fn a_command_leaves_a_private_record() {
    let environment = after_a_command();
    let [journal] = &journals(&environment)[..] else {
        panic!("one journal");
    };
    let mode = |path| fs::metadata(path).expect("metadata").permissions().mode() & 0o7777;
    assert_eq!(mode(journal.as_path()), 0o600);
    assert_eq!(mode(journal.parent().expect("a directory")), 0o700);
    assert_snapshot!(environment.dam(["log"]).run().page(), @r"
    exit 0
    -- stdout
    SESSION                 FRONT    STATE        ENTRIES  COMMAND
    [SESSION]  sandbox  completed          5  dam sandbox -- sh -c exit 3
    ");
    assert_snapshot!(environment.dam(["log", "verify"]).run().page(), @r"
    exit 0
    -- stdout
    [SESSION]  verifies  5 entries, ended, signed
    ");
}

#[test]
fn show_tells_the_whole_story() {
    let environment = after_a_command();
    let outcome = environment.dam(["log", "show", "latest"]).run();
    assert!(outcome.success());
    // Times and durations differ between runs: what follows them does not.
    let story: Vec<&str> = outcome
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.split(" after ").next().unwrap_or(line))
        .map(|line| line.get(14..).unwrap_or(line))
        .collect();
    assert_snapshot!(story.join("\n"), @r"
    started: sandbox in [WORK]: dam sandbox -- sh -c 'exit 3'
    profile :read-only, approvals on-request, reviewer user, version 0.1.0
    allowed: sh -c 'exit 3': known to read only: `exit`
    allow, boxed, by rule command.known-safe (builtin)
    runs: sh -c 'exit 3' (:read-only)
    in [WORK], boundary full
    ended: exit code 3
    finished: completed
    ");
}

#[test]
fn json_is_one_entry_a_line() {
    let environment = after_a_command();
    let outcome = environment.dam(["log", "show", "latest", "--json"]).run();
    let kinds: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|entry| entry["event"]["kind"].as_str().unwrap_or("?").to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "session_started",
            "decision",
            "command_started",
            "command_finished",
            "session_ended"
        ]
    );
}

#[test]
fn tampering_is_found_and_told_by_the_exit_code() {
    let environment = after_a_command();
    let [journal] = &journals(&environment)[..] else {
        panic!("one journal");
    };
    let text = fs::read_to_string(journal).expect("the journal");
    fs::write(journal, text.replace("exit 3", "exit 0")).expect("a changed journal");
    assert_snapshot!(environment.dam(["log", "verify"]).run().page(), @r"
    exit 8
    -- stdout
    [SESSION]  FAILS  the journal of session [SESSION] was tampered with: line 1 was changed: its content does not agree with its hash
    -- stderr
    error: 1 of 1 journals do not verify
    ");
    let outcome = environment.dam(["log", "verify", "latest", "--json"]).run();
    assert_eq!(outcome.code, Some(8));
    let checks: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(checks[0]["verifies"], false);
    assert_eq!(checks[0]["tampered"], true);
    let shown = environment.dam(["log", "show", "latest"]).run();
    assert!(shown.stderr.starts_with("warning: "), "{}", shown.stderr);
}

#[test]
fn a_session_is_found_by_its_beginning() {
    let environment = after_a_command();
    let name = journals(&environment)[0]
        .file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let by_beginning = environment.dam(["log", "show", &name[..8]]).run();
    let latest = environment.dam(["log", "show", "latest"]).run();
    assert_eq!(by_beginning.page(), latest.page());
    assert_snapshot!(environment.dam(["log", "show", "1999"]).run().page(), @r"
    exit 2
    -- stderr
    error: no session begins with `1999`
    hint: `dam log` lists the sessions
    ");
}

#[test]
fn without_a_journal_nothing_runs() {
    let environment = environment();
    // A file where a directory should be: nobody can write below it, not even
    // root.
    environment.write(environment.home().join(".local"), "");
    let tried = |front| {
        let words = [front, "-s", "danger-full-access", "--", "touch", "ran"];
        environment.dam(words).run().page()
    };
    assert_snapshot!(tried("run"), @r"
    exit 8
    -- stderr
    error: cannot use the journal's directory `[HOME]/.local/state/cofferdam/journal`: Not a directory (os error 20)
    hint: nothing runs unrecorded; `COFFERDAM_HOME=DIR` keeps settings and journal elsewhere
    ");
    assert_eq!(tried("sandbox"), tried("run"));
    assert!(!environment.work().join("ran").exists());
}

#[test]
fn a_journal_that_cannot_grow_stops_everything() {
    let environment = environment();
    // As on a full disk: the first entry does not fit any more.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} run -s danger-full-access -- touch ran",
        environment.binary().display()
    );
    let outcome = environment.command("bash", ["-c", &script]).run();
    assert_eq!(outcome.code, Some(8), "{}", outcome.page());
    assert_eq!(outcome.stderr.lines().count(), 2, "{}", outcome.page());
    assert!(
        outcome.stderr.contains("File too large"),
        "{}",
        outcome.page()
    );
    assert!(!environment.work().join("ran").exists());
    // A torn line is a crash, not tampering.
    let outcome = environment.dam(["log", "verify"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    assert!(outcome.stdout.contains("torn"), "{}", outcome.page());
}

#[test]
fn a_checkpoint_is_kept_elsewhere_and_compared_with() {
    let environment = after_a_command();
    // As it is: times in it are not made comparable.
    let printed = environment
        .dam(["log", "checkpoint"])
        .into_command()
        .output();
    let line = String::from_utf8(printed.expect("output").stdout).expect("text");
    let verify = || {
        let words = ["log", "verify", "--checkpoint", line.trim()];
        environment.dam(words).run()
    };
    assert_snapshot!(verify().page(), @r"
    exit 0
    -- stdout
    [SESSION]  verifies  5 entries, ended, signed
    ");
    for journal in journals(&environment) {
        fs::remove_file(journal.with_extension("head")).expect("a head");
        fs::remove_file(journal).expect("a journal");
    }
    // Without the line, nothing shows that there was one.
    assert!(environment.dam(["log", "verify"]).run().success());
    let outcome = verify();
    assert!(!outcome.success(), "{}", outcome.page());
    assert_snapshot!(environment.dam(["log", "verify", "--checkpoint", "x"]).run().page(), @r"
    exit 2
    -- stderr
    error: this is not a line that `dam log checkpoint` printed
    ");
}

#[test]
fn a_boxed_process_cannot_read_the_key() {
    let environment = after_a_command();
    let keys = environment.state().join("keys");
    assert!(keys.join("journal.key").is_file());
    let elsewhere = environment.home().join("token");
    fs::create_dir(&elsewhere).expect("a directory");
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).expect("a mode");
    let setting = format!("journal.key=\"{}\"", elsewhere.display());
    let plain = ["-s", "workspace-write"];
    let set = ["-c", &setting];
    for (dir, option) in [(&keys, plain), (&elsewhere, set)] {
        let script = format!("cat {}/journal.*; ls {}", dir.display(), dir.display());
        let outcome = environment
            .dam(["sandbox"])
            .args(option)
            .args(["--", "sh", "-c", &script])
            .run();
        assert!(!outcome.success(), "{}", outcome.page());
        assert!(!outcome.stdout.contains("ed25519"), "{}", outcome.page());
        assert!(dir.join("journal.key").is_file());
    }
}

#[test]
fn nothing_is_written_where_somebody_chose_so_and_that_is_said() {
    let environment = environment();
    let outcome = environment
        .dam([
            "sandbox",
            "-c",
            "history.persistence=\"none\"",
            "--",
            "true",
        ])
        .run();
    assert!(outcome.success(), "{}", outcome.page());
    assert!(
        outcome
            .stderr
            .contains("nothing of this session is written down"),
        "{}",
        outcome.page()
    );
    assert!(!environment.state().join("journal").exists());
}

#[test]
fn a_journal_has_room_for_a_session() {
    let environment = environment();
    let outcome = environment
        .dam(["sandbox", "-c", "journal.max_bytes=1", "--", "true"])
        .run();
    assert!(!outcome.success(), "{}", outcome.page());
}
