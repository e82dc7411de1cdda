//! The weaker tiers of the boundary, on a kernel from which the tests take away
//! what a container's filter takes away: which is chosen, what is said of it,
//! and what it holds. The attacks that only a missing feature would hold are
//! tried by the battery (`without` in `tests/attacks`).

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dam_testkit::environment::{Environment, Outcome, Run};
use serde_json::Value;

use crate::everybody;

const WEAKER: &[(&str, &str, &[&str])] = &[
    (
        "namespaces",
        "no namespaces",
        &[
            "hidden-processes",
            "store-names",
            "own-devices",
            "own-loopback",
            "own-ipc",
            "own-tmp",
        ],
    ),
    ("landlock", "no Landlock", &["late-stores", "ceiling"]),
];

/// A run of the program where these features are missing.
pub fn without<'a>(environment: &'a Environment, missing: &[&str], words: &[&str]) -> Run<'a> {
    environment
        .command(confine(environment), missing)
        .arg("--")
        .arg(environment.binary())
        .args(words)
}

/// The launcher that takes features away.
fn confine(environment: &Environment) -> PathBuf {
    let program = environment.work().with_file_name("confine");
    if !program.exists() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tiers/confine.c");
        #[expect(clippy::disallowed_methods, reason = "a test compiles its launcher")]
        let built = Command::new("cc")
            .arg("-o")
            .arg(&program)
            .arg(source)
            .status();
        assert!(built.expect("run `cc`").success(), "{source}");
    }
    program
}

#[test]
fn the_strongest_that_holds_is_chosen_and_named() {
    for environment in everybody() {
        for (missing, tier, lacks) in WEAKER {
            let outcome = without(&environment, &[missing], &["doctor", "--json"]).run();
            assert!(outcome.success(), "{}", outcome.page());
            let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
            assert_eq!(report["tier"], *tier);
            let listed = report["missing"].as_array().expect("a list").iter();
            let listed: Vec<_> = listed.map(|lack| lack["name"].clone()).collect();
            assert_eq!(listed, *lacks);

            let outcome = without(&environment, &[missing], &["run", "--", "echo", "ran"]).run();
            assert_eq!(outcome.stdout, "ran\n", "{}", outcome.page());
            let note = format!("note: the boundary is weaker here ({tier}): ");
            assert!(outcome.stderr.starts_with(&note), "{}", outcome.page());
            let journal = environment.dam(["log", "show", "latest"]).run();
            let told = format!("boundary {tier}");
            assert!(journal.stdout.contains(&told), "{}", journal.page());
            forget(&environment);
        }
    }
}

#[test]
fn nothing_runs_where_there_is_neither() {
    for environment in everybody() {
        let missing = ["namespaces", "landlock"];
        let outcome = without(&environment, &missing, &["run", "--", "touch", "ran"]).run();
        assert_eq!(outcome.code, Some(5), "{}", outcome.page());
        let begins = "error: the boundary cannot be put up, so nothing was run: ";
        assert!(outcome.stderr.starts_with(begins), "{}", outcome.page());
        assert!(outcome.stderr.contains("\nhint: "), "{}", outcome.page());
        assert!(!environment.work().join("ran").exists());
        let outcome = without(&environment, &missing, &["doctor", "--json"]).run();
        assert_eq!(outcome.code, Some(5), "{}", outcome.page());
        let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(report["tier"], Value::Null);
    }
}

fn forget(environment: &Environment) {
    let remembered = environment.state().join("tier.json");
    fs::remove_file(remembered).expect("what was found");
}

#[test]
fn a_tier_is_remembered_for_the_machine_it_was_found_on() {
    for environment in everybody() {
        let remembered = environment.state().join("tier.json");
        let run = |missing: &[&str]| without(&environment, missing, &["run", "--", "true"]).run();
        assert!(run(&["namespaces"]).success());
        let read = || -> Value {
            serde_json::from_slice(&fs::read(&remembered).expect("a file")).expect("JSON")
        };
        let found = read();
        assert_eq!(found["tier"], "no-namespaces");
        // Believed while the machine is the same: and then it does not hold
        // less than it says.
        let mut other = found.clone();
        other["tier"] = "full".into();
        environment.write(&remembered, other.to_string());
        let outcome = run(&["namespaces"]);
        assert_eq!(outcome.code, Some(5), "{}", outcome.page());
        // And is forgotten, so that the next command is held by what there is.
        assert!(run(&["namespaces"]).success());
        assert_eq!(read(), found);
        // Of another machine it says nothing.
        other["machine"] = "another".into();
        environment.write(&remembered, other.to_string());
        assert!(run(&["namespaces"]).success());
        assert_eq!(read(), found);
        // Landlock that is missing is noticed, whatever was found.
        let outcome = run(&["landlock"]);
        assert!(outcome.success(), "{}", outcome.page());
        assert_eq!(read()["tier"], "no-landlock");
    }
}

#[test]
fn a_profile_that_needs_what_is_missing_is_refused_by_name() {
    for environment in everybody() {
        for (missing, tier, lacks) in WEAKER {
            let need = lacks[0];
            environment.write_config(&format!(
                "default_permissions = \"mine\"\n[permissions.mine]\n\
                 extends = \":read-only\"\nneeds = [\"{need}\"]\n"
            ));
            let outcome = environment.dam(["run", "--", "true"]).run();
            assert!(outcome.success(), "{}", outcome.page());
            let outcome = without(&environment, &[missing], &["run", "--", "true"]).run();
            assert_eq!(outcome.code, Some(5), "{}", outcome.page());
            for word in ["`mine`", tier, need] {
                assert!(outcome.stderr.contains(word), "{}", outcome.page());
            }
            forget(&environment);
        }
    }
}

#[test]
fn what_is_closed_in_the_workspace_is_closed_in_every_tier() {
    for environment in everybody() {
        let secret = environment.write(environment.home().join(".ssh/id"), "secret\n");
        environment.write(environment.home().join("notes/x"), "plain\n");
        let late = environment.home().join(".aws/credentials");
        for (missing, ..) in WEAKER {
            let words = ["run", "-s", "workspace-write", "--", "sh", "-c"];
            let script = "cat notes/x .ssh/id; mv .ssh open; ln .ssh/id open; cat open/id open; \
                          echo up > notes/y; until [ -e notes/go ]; do sleep 0.01; done; \
                          cat .aws/credentials; echo end";
            let run = without(&environment, &[missing], &words).arg(script);
            let mut command = run.in_dir(environment.home()).into_command();
            command.stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().expect("a run");
            wait_for("the command", || {
                environment.home().join("notes/y").exists()
            });
            // Made while the command runs: closed by the ceiling.
            if *missing == "namespaces" {
                environment.write(&late, "secret\n");
            }
            environment.write(environment.home().join("notes/go"), "");
            let mut said = String::new();
            let mut stdout = child.stdout.take().expect("its output");
            stdout.read_to_string(&mut said).expect("text");
            child.wait().expect("an end");
            assert_eq!(said, "plain\nend\n", "without {missing}");
            assert!(secret.exists());
            for left in ["notes/y", "notes/go"] {
                fs::remove_file(environment.home().join(left)).expect("what was left");
            }
            forget(&environment);
        }
    }
}

#[test]
fn what_reads_for_a_command_cannot_be_read_itself() {
    for mut environment in everybody() {
        environment.set("ORDINARY", "outside-alone");
        environment.write_config(
            "default_permissions = \"mine\"\n[permissions.mine]\nextends = \":workspace\"\n\
             environment = { exclude = [\"ORDINARY\"] }\n\
             [permissions.mine.filesystem.\":workspace_roots\"]\n\"**/*.env\" = \"deny\"\n",
        );
        environment.write("a.env", "closed\n");
        environment.write("look.py", include_str!("tiers/look.py"));
        for (missing, ..) in WEAKER {
            let words = ["run", "--", "python3", "look.py"];
            let outcome = without(&environment, &[missing], &words).run();
            assert_eq!(outcome.stdout, "python3\nend\n", "{}", outcome.page());
            forget(&environment);
        }
    }
}

#[test]
fn everything_ends_with_the_command_and_with_us() {
    for environment in everybody() {
        for (missing, ..) in WEAKER {
            // Daemons, sessions of their own, and as many as can be made.
            let leave = "(setsid sleep MARK &); setsid sh -c 'sleep MARK & sleep MARK &'; \
                         trap '' TERM HUP INT; i=0; \
                         while [ $i -lt 200 ]; do sleep MARK & i=$((i+1)); done; ";
            let mark = format!("7{:07}{}", std::process::id(), missing.len());
            let leave = leave.replace("MARK", &mark);
            let words = ["run", "--", "sh", "-c"];
            let ended = without(&environment, &[missing], &words).arg(&leave).run();
            assert!(ended.success(), "{}", ended.page());
            assert_eq!(running(&mark), 0, "without {missing}, after the command");

            let run = without(&environment, &[missing], &words).arg(format!("{leave}wait"));
            let mut command = run.into_command();
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().expect("a run");
            wait_for("its processes", || running(&mark) >= 200);
            child.kill().expect("a signal");
            child.wait().expect("an end");
            wait_for("their end", || running(&mark) == 0);
            forget(&environment);
        }
    }
}

/// How many processes have this word on their command lines.
fn running(word: &str) -> usize {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(word))
        .count()
}

fn wait_for(what: &str, come: impl Fn() -> bool) {
    let begun = Instant::now();
    while !come() {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "{what} did not come"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_others_of_the_same_user_are_not_slowed() {
    for environment in everybody() {
        let mut other = environment.command("sleep", ["600"]).into_command();
        let mut other = other.spawn().expect("a process");
        let stat = format!("/proc/{}/stat", other.id());
        // After the name: from the state on, the seventeenth is how nice it is.
        let nice = || {
            let stat = fs::read_to_string(&stat).expect("a status");
            let (_, fields) = stat.rsplit_once(") ").expect("fields");
            fields.split(' ').nth(16).expect("a number").to_owned()
        };
        let before = nice();
        let script = "import os; os.setpriority(os.PRIO_PROCESS, 0, 19); print(1, flush=True); \
                      os.setpriority(os.PRIO_USER, 0, 19)";
        for (missing, ..) in WEAKER {
            let words = ["run", "--", "python3", "-c", script];
            let outcome = without(&environment, &[missing], &words).run();
            assert_eq!(outcome.stdout, "1\n", "{}", outcome.page());
            assert_eq!(nice(), before, "without {missing}");
            forget(&environment);
        }
        other.kill().expect("a signal");
        other.wait().expect("an end");
    }
}

#[test]
fn its_own_terminal_can_be_opened_by_name() {
    for environment in everybody() {
        for (missing, ..) in WEAKER {
            let words = without(&environment, &[missing], &["run", "--", "sh", "-c"]);
            let words = words.arg("echo err >/dev/stderr; echo out >/dev/stdout");
            let line = words.into_command();
            let line = std::iter::once(line.get_program()).chain(line.get_args());
            let line: Vec<String> = line.map(|word| format!("'{}'", word.display())).collect();
            let outcome = environment
                .command("script", ["-qec", &line.join(" "), "/dev/null"])
                .run();
            let said = "err\r\nout\r\n";
            assert!(outcome.stdout.ends_with(said), "{}", outcome.page());
            forget(&environment);
        }
    }
}

#[test]
fn work_goes_on_in_every_tier() {
    for environment in everybody() {
        environment.write("main.c", "int main(void) { return 0; }\n");
        environment.write("Makefile", "main: main.c\n\tcc -o main main.c\n");
        environment.init_repository();
        for (missing, ..) in WEAKER {
            let script = "set -e; git status --short; make -s; ./main; mkdir d; mv main d; \
                          chmod 700 d/main; rm -r d; printf 'b\\na\\n' | sort > sorted; \
                          cat sorted; rm sorted; ! touch ../outside 2>/dev/null; \
                          ! sh -c 'echo x > .git/config' 2>/dev/null; \
                          python3 -c 'import subprocess, tempfile, threading; print(1)'; \
                          if command -v node >/dev/null; then node -e 0; fi";
            let words = ["run", "-s", "workspace-write", "--", "sh", "-c", script];
            let outcome = without(&environment, &[missing], &words).run();
            assert_eq!(outcome.stdout, "a\nb\n1\n", "{}", outcome.page());
            assert!(outcome.success(), "{}", outcome.page());
            forget(&environment);
        }
    }
}

/// Runs a script in something like a container, as this user.
fn in_container(environment: &Environment, uid: u32, script: &str) -> Outcome {
    let mut words = vec!["--mount", "--pid", "--fork", "--ipc", "--uts", "--net"];
    if !dam_testkit::environment::is_root() {
        words.push("--map-root-user");
    }
    let container = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tiers/container.sh");
    let run = environment.command("unshare", words);
    run.args(["sh", container])
        .arg(environment.work().join("root"))
        .arg(uid.to_string())
        .arg(environment.binary())
        .arg(confine(environment))
        .arg(script)
        .run()
}

/// Whether one can be made here. A machine that is there for tests must.
#[expect(
    clippy::disallowed_methods,
    reason = "asks whether a test may be left out"
)]
fn has_containers() -> bool {
    let outcome = in_container(&crate::environment(), 0, "echo made");
    let made = outcome.stdout == "made\n";
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(made || !must, "no container: {}", outcome.page());
    made
}

#[test]
fn in_a_container_what_is_missing_is_named_and_the_rest_holds() {
    if !has_containers() {
        eprintln!("NOT TRIED: nothing like a container can be made here");
        return;
    }
    let ordinary = dam_testkit::environment::is_root().then_some(20_001);
    for uid in [0].into_iter().chain(ordinary) {
        let environment = crate::environment();
        let outcome = in_container(&environment, uid, "/dam doctor --json");
        assert!(outcome.success(), "{}", outcome.page());
        let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(report["tier"], "no namespaces");
        let checks = report["checks"].as_array().expect("checks");
        let find = |name: &str| checks.iter().find(|check| check["name"] == name);
        assert_eq!(find("container").expect("a container")["found"], "Docker");
        let hints = find("boundary").expect("a boundary")["hints"].to_string();
        assert!(hints.contains("--security-opt seccomp="), "{hints}");
        let limits = find("limits").expect("limits")["found"].to_string();
        assert!(limits.contains("memory: nothing"), "{limits}");

        // The command is the first process, as it often is.
        let script = "mkdir p .ssh; echo secret > .ssh/id; cd p; exec /dam run \
                      -s workspace-write -- sh -c 'echo kept > f; cat f; cat ../.ssh/id; \
                      echo x > ../no; cat /proc/1/environ; kill -9 1; echo x > /dev/pts/ptmx; \
                      python3 -c \"print(1)\"; setsid sleep 7777 & mkdir d; mv f d; ls; ls ..'";
        let outcome = in_container(&environment, uid, script);
        assert_eq!(outcome.stdout, "kept\n1\nd\np\n", "{}", outcome.page());
    }
}
