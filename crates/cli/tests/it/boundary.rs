//! `dam run` and `dam sandbox`: what passes through, and what does not.

use std::io::Read;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::{environment, everybody};

#[test]
fn exit_codes_and_streams_pass_through() {
    for environment in everybody() {
        for front in ["run", "sandbox"] {
            let outcome = environment
                .dam([front, "--", "sh", "-c", "cat; echo err >&2; exit 42"])
                .stdin("in\n")
                .run();
            assert_eq!(outcome.page(), "exit 42\n-- stdout\nin\n-- stderr\nerr\n");
        }
    }
}

#[test]
fn a_command_begins_with_no_signal_blocked() {
    for environment in everybody() {
        for mode in ["read-only", "workspace-write", "danger-full-access"] {
            let words = [
                "run",
                "-s",
                mode,
                "--",
                "grep",
                "SigBlk",
                "/proc/self/status",
            ];
            let outcome = environment.dam(words).run();
            assert_eq!(outcome.stdout, "SigBlk:\t0000000000000000\n", "{mode}");
        }
    }
}

#[test]
fn a_signal_that_ends_the_command_is_told_as_shells_do() {
    for environment in everybody() {
        let outcome = environment
            .dam(["run", "--", "sh", "-c", "kill -KILL $$"])
            .run();
        assert_eq!(outcome.page(), "exit 137\n");
    }
}

#[test]
fn a_signal_to_us_reaches_the_command() {
    for environment in everybody() {
        let mut child = environment
            .dam([
                "run",
                "--",
                "sh",
                "-c",
                "trap 'echo got it; exit 7' TERM; echo up; while :; do sleep 0.05; done",
            ])
            .into_command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a run");
        let mut stdout = child.stdout.take().expect("its output");
        let mut up = [0; 3];
        stdout.read_exact(&mut up).expect("a sign of life");
        let pid = child.id().to_string();
        wait_until_signals_are_heard(&pid);
        let sent = environment.command("kill", ["-TERM", &pid]);
        // The tests' own user may signal what an ordinary user runs.
        assert!(sent.run().success());
        let mut said = String::new();
        stdout.read_to_string(&mut said).expect("the rest");
        assert_eq!(child.wait().expect("an end").code(), Some(7));
        assert_eq!(said, "got it\n");
    }
}

/// A signal in the moment before they are passed on ends us, and with us the
/// command. After it, SIGTERM (15) is blocked: it is read as a message.
fn wait_until_signals_are_heard(pid: &str) {
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
        let blocked = status
            .lines()
            .find_map(|line| line.strip_prefix("SigBlk:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .expect("a mask");
        if blocked & (1 << 14) != 0 {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn trying_out_starts_from_read_only() {
    for environment in everybody() {
        environment.init_repository();
        let touch = |words: &[&str]| {
            let words = words.iter().chain(&["--", "touch", "made"]);
            environment.dam(words).run().success()
        };
        assert!(!touch(&["sandbox"]));
        assert!(touch(&["sandbox", "--full-auto"]));
        assert!(touch(&["sandbox", "-s", "workspace-write"]));
        assert!(touch(&["debug", "landlock", "--full-auto"]));
        assert!(touch(&["run"]), "a folder under version control");
        environment.write_config("sandbox_mode = \"workspace-write\"\n");
        assert!(touch(&["sandbox"]), "the settings say otherwise");
    }
}

#[test]
fn a_profile_of_ones_own_is_held() {
    for environment in everybody() {
        environment.init_repository();
        environment.write_config(
            "default_permissions = \"mine\"\n[permissions.mine]\nextends = \":workspace\"\n\
             [permissions.mine.filesystem.\":workspace_roots\"]\n\
             \"closed\" = \"deny\"\n\"fixed\" = \"read\"\n",
        );
        let made = environment
            .dam(["run", "-s", "workspace-write", "--"])
            .args([
                "sh",
                "-c",
                "mkdir closed fixed && echo secret > closed/x && echo plain > fixed/x",
            ]);
        assert!(made.run().success(), "the flag counts before the settings");
        let outcome = environment
            .dam(["run", "--", "sh", "-c"])
            .arg("touch made; cat fixed/x closed/x; touch fixed/y closed/y")
            .run();
        assert_eq!(outcome.stdout, "plain\n", "{}", outcome.page());
        let work = environment.work();
        assert!(work.join("made").exists());
        assert!(!work.join("fixed/y").exists() && !work.join("closed/y").exists());
    }
}

#[test]
fn a_store_that_was_not_read_is_listed() {
    for environment in everybody() {
        environment.write(environment.home().join(".ssh/id"), "S3CRET\n");
        let outcome = environment
            .dam(["sandbox", "--log-denials", "--", "cat"])
            .arg(environment.home().join(".ssh/id"))
            .run();
        assert_eq!(outcome.code, Some(1), "{}", outcome.page());
        assert!(!outcome.page().contains("S3CRET"), "{}", outcome.page());
        assert!(
            outcome.stderr.contains("1 act was refused")
                && outcome.stderr.contains("reading ")
                && outcome.stderr.contains("files.credential-store"),
            "{}",
            outcome.page()
        );
    }
}

#[test]
fn refusals_are_listed_with_path_process_and_rule() {
    for environment in everybody() {
        let outcome = environment
            .dam(["sandbox", "--full-auto", "--log-denials", "--"])
            .args(["sh", "-c", "touch .envrc ../outside 2>/dev/null"])
            .run();
        // Process numbers differ between runs.
        let lines: Vec<String> = outcome
            .stderr
            .lines()
            .map(|line| {
                let parts = line.split(|c: char| c.is_ascii_digit());
                let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
                parts.join("N")
            })
            .collect();
        assert_eq!(outcome.code, Some(1), "{}", outcome.page());
        assert!(lines[0].ends_with("acts were refused"), "{}", lines[0]);
        assert_eq!(
            lines[1..],
            [
                "  writing [WORK]/.envrc was refused because `.envrc` is a protected name: \
                 a script that the shell runs on entering the directory",
                "    openat by `touch .envrc ../outside` (process N), rule files.protected-name",
                "  writing [ROOT]/outside was refused because [ROOT]/outside is not writable: \
                 it is outside the workspace; this would allow it: `--add-dir [ROOT]`",
                "    openat by `touch .envrc ../outside` (process N), rule files.root",
            ],
            "{}",
            outcome.page()
        );
    }
}

#[test]
fn a_refused_system_call_is_listed() {
    for environment in everybody() {
        let outcome = environment
            .dam(["sandbox", "--log-denials", "--", "unshare", "-m", "true"])
            .run();
        assert_eq!(outcome.code, Some(1), "{}", outcome.page());
        assert!(
            outcome.stderr.contains(
                "  calling unshare (flags 0x20000) was refused because it makes other views of \
                 the file system, or of the machine\n    unshare by `unshare -m true` (process "
            ),
            "{}",
            outcome.page()
        );
    }
}

#[test]
fn the_policy_of_a_mac_is_printed_for_the_same_settings() {
    let environment = environment();
    let printed = |words: &[&str]| {
        let words = ["sandbox", "macos", "--print-policy"].iter().chain(words);
        let outcome = environment.dam(words).run();
        assert!(outcome.success(), "{}", outcome.page());
        assert!(outcome.stdout.starts_with("(version 1)\n(deny default)\n"));
        outcome.stdout
    };
    let own = "(subpath \"[WORK]\")";
    let reading = printed(&[]);
    assert!(!reading.contains(own), "{reading}");
    assert!(reading.contains("/.ssh\")"), "{reading}");
    let writing = printed(&["--full-auto"]);
    assert!(writing.contains(own), "{writing}");
    assert_eq!(writing, printed(&["-s", "workspace-write"]));
}

#[test]
fn the_journal_cannot_be_reached_from_inside() {
    for environment in everybody() {
        let journal = environment.state().join("journal");
        let outcome = environment
            .dam(["run", "-s", "workspace-write", "--", "ls"])
            .arg(&journal)
            .run();
        assert_ne!(outcome.code, Some(0), "{}", outcome.page());
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn secrets_of_the_environment_stay_outside() {
    let environment = environment();
    let outcome = environment
        .dam(["run", "--", "env"])
        .env("OPENAI_API_KEY", "sk-not-a-key")
        .env("LD_PRELOAD", "/nowhere.so")
        .env("ORDINARY", "1")
        .run();
    let mut names: Vec<&str> = outcome
        .stdout
        .lines()
        .filter_map(|line| line.split('=').next())
        .filter(|name| !name.starts_with("GIT_"))
        .collect();
    names.sort_unstable();
    assert_snapshot!(names.join(" "), @"COFFERDAM_SANDBOX COFFERDAM_SANDBOX_NETWORK_DISABLED HOME ORDINARY PATH TERM");
}
