//! Limits: what uses up more than it was granted is ended as a whole, with a
//! sentence that says why. Every bomb here is bounded by itself, so that a
//! limit that does not hold costs little.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use dam_testkit::environment::{Environment, Outcome};

use crate::{environment, everybody};

/// Runs a script in the boundary, with a limit.
fn limited(environment: &Environment, limit: &str, script: &str) -> Outcome {
    let words = ["run", "-s", "workspace-write", "--limit", limit];
    environment
        .dam(words)
        .args(["--", "sh", "-c", script])
        .run()
}

/// Checks that a script is ended by a limit, with this sentence, and that
/// nothing of it stays.
fn ends(limit: &str, script: &str, sentence: &str) {
    ends_for(everybody(), limit, script, sentence);
}

/// As [`ends`], only for a user who can make no control group.
fn ends_without_control_group(limit: &str, script: &str, sentence: &str) {
    let ordinary = everybody().pop().into_iter().collect();
    ends_for(ordinary, limit, script, sentence);
}

fn ends_for(environments: Vec<Environment>, limit: &str, script: &str, sentence: &str) {
    for (number, environment) in environments.into_iter().enumerate() {
        // What would go on for a minute is told from others' by its length.
        let mark = format!("6{:07}{number}", std::process::id());
        let script = script.replace("MARK", &mark);
        let begun = Instant::now();
        let outcome = limited(&environment, limit, &script);
        let said = format!("cofferdam: ended: {sentence} that `--limit` grants");
        assert_eq!(outcome.code, Some(137), "{}", outcome.page());
        // What the command itself was about to say may stand before it.
        let told = outcome.stderr.matches(&said).count();
        assert_eq!(told, 1, "{said}\n{}", outcome.page());
        assert!(
            begun.elapsed() < Duration::from_secs(50),
            "it was not ended"
        );
        assert_eq!(running(&mark), Vec::<String>::new());
        let journal = environment.dam(["log", "show", "latest"]).run();
        assert!(journal.stdout.contains(sentence), "{}", journal.page());
    }
}

/// The command lines of processes that have this word.
fn running(word: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(word))
        .collect()
}

#[test]
fn a_fork_bomb_is_ended() {
    ends(
        "processes=40",
        "i=0; while [ $i -lt 3000 ]; do sleep MARK & i=$((i+1)); done; wait",
        "it ran more than the 40 processes and threads",
    );
}

#[test]
fn a_fork_bomb_that_leaves_its_parents_is_ended() {
    ends(
        "processes=40",
        "i=0; while [ $i -lt 300 ]; do (setsid sleep MARK &) ; i=$((i+1)); done; sleep MARK",
        "it ran more than the 40 processes and threads",
    );
}

#[test]
fn a_memory_bomb_is_ended() {
    ends(
        "memory=96M",
        "(setsid sleep MARK &) ; head -c 2147483648 /dev/zero | tail | wc -c; sleep MARK",
        "it used more than the 96 MiB of memory",
    );
}

#[test]
fn a_memory_bomb_of_many_is_ended() {
    let grow = "(head -c 31457280 /dev/zero; sleep MARK) | tail & ";
    ends(
        "memory=96M",
        &format!("{}sleep MARK", grow.repeat(12)),
        "it used more than the 96 MiB of memory",
    );
}

#[test]
fn shared_memory_counts_as_memory() {
    ends(
        "memory=96M",
        "head -c 1073741824 /dev/zero > /dev/shm/full; sleep MARK",
        "it used more than the 96 MiB of memory",
    );
}

#[test]
fn a_large_file_counts_as_written() {
    ends(
        "written=32M",
        "head -c 1073741824 /dev/zero > large; sleep MARK",
        "it wrote more to disks than the 32 MiB",
    );
}

#[test]
fn many_small_files_count_as_written() {
    ends(
        "written=32M",
        "i=0; while [ $i -lt 1024 ]; do head -c 1048576 /dev/zero > small$i; i=$((i+1)); done; \
         sleep MARK",
        "it wrote more to disks than the 32 MiB",
    );
}

#[test]
fn what_orphans_write_counts_as_written() {
    ends(
        "written=32M",
        "i=0; while [ $i -lt 300 ]; do (sh -c 'head -c 1048576 /dev/zero > small; sleep 0.3' &) ; \
         i=$((i+1)); done; sleep MARK",
        "it wrote more to disks than the 32 MiB",
    );
}

#[test]
fn a_spinning_command_is_ended() {
    ends(
        "cpu-time=1s",
        "ulimit -t 20; (setsid sleep MARK &) ; while :; do :; done",
        "it used more than the 1 second of processor time",
    );
}

#[test]
fn processor_time_is_added_up_over_everything() {
    let spin = "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done";
    ends_without_control_group(
        "cpu-time=1s",
        &format!("n=0; while [ $n -lt 500 ]; do sh -c '{spin}'; n=$((n+1)); done; sleep MARK"),
        "it used more than the 1 second of processor time",
    );
}

#[test]
fn processor_time_of_orphans_is_added_up() {
    let spin = "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done";
    ends_without_control_group(
        "cpu-time=1s",
        &format!(
            "n=0; while [ $n -lt 500 ]; do (sh -c '{spin}' &) ; sleep 0.02; n=$((n+1)); done; \
             sleep MARK"
        ),
        "it used more than the 1 second of processor time",
    );
}

#[test]
fn a_sleeping_command_is_ended() {
    ends(
        "wall-time=1s",
        "(setsid sleep MARK &) ; sleep MARK",
        "it ran for longer than the 1 second",
    );
}

#[test]
fn a_file_cannot_grow_past_its_limit() {
    for environment in everybody() {
        let outcome = limited(
            &environment,
            "file-size=1M",
            "exec head -c 8388608 /dev/zero > grown",
        );
        assert_eq!(outcome.code, Some(128 + 25), "{}", outcome.page());
        let said = "cofferdam: ended: it wrote more to a file than the 1 MiB that `--limit` grants";
        assert!(outcome.stderr.contains(said), "{}", outcome.page());
        let length = |name| fs::metadata(environment.work().join(name)).map_or(0, |m| m.len());
        assert_eq!(length("grown"), 1 << 20);

        // What the broker does on the command's behalf is held, too.
        let script = "truncate -s 8M long; echo still here";
        let outcome = limited(&environment, "file-size=1M", script);
        assert!(outcome.stdout.contains("still here"), "{}", outcome.page());
        assert!(length("long") <= 1 << 20);
    }
}

#[test]
fn a_process_has_no_more_open_files_than_granted() {
    for environment in everybody() {
        let script = "ulimit -n; ulimit -Hn; ulimit -n 64 2>/dev/null || echo no";
        let outcome = limited(&environment, "open-files=16", script);
        assert_eq!(outcome.stdout, "16\n16\nno\n", "{}", outcome.page());
    }
}

#[test]
fn what_keeps_its_limits_is_not_disturbed() {
    let script = "for n in 1 2 3 4 5 6 7 8; do \
                  head -c 1048576 /dev/zero > f & done; wait; sleep 0.3; echo done";
    for environment in everybody() {
        let outcome = environment
            .dam(["run", "-s", "workspace-write"])
            .args(["--limit", "memory=256M", "--limit", "processes=40"])
            .args(["--limit", "cpu-time=1m", "--limit", "wall-time=1m"])
            .args(["--limit", "written=64M", "--limit", "file-size=2M"])
            .args(["--limit", "open-files=64", "--", "sh", "-c", script])
            .run();
        assert_eq!(outcome.page(), "exit 0\n-- stdout\ndone\n");
    }
}

#[test]
fn what_hides_what_it_writes_is_ended() {
    // Root's own processes cannot hide from it.
    let Some(environment) = Environment::as_ordinary_user(env!("CARGO_BIN_EXE_dam")) else {
        return;
    };
    let script = "cp /bin/sleep unreadable && chmod 111 unreadable && ./unreadable 60";
    let outcome = limited(&environment, "written=32M", script);
    assert_eq!(outcome.code, Some(137), "{}", outcome.page());
    assert!(
        outcome.stderr.contains("a process hid what it uses"),
        "{}",
        outcome.page()
    );
}

#[test]
fn a_limit_that_cannot_be_is_refused() {
    let environment = environment();
    for (limit, says) in [
        ("memory", "write a name and a value"),
        ("memory=much", "a size above 0"),
        ("disk=1G", "is not a limit"),
    ] {
        let outcome = environment
            .dam(["run", "--limit", limit, "--", "true"])
            .run();
        assert_eq!(outcome.code, Some(2), "{}", outcome.page());
        assert!(outcome.stderr.contains(says), "{}", outcome.page());
    }
    let outcome = environment
        .dam([
            "run",
            "-s",
            "danger-full-access",
            "--limit",
            "memory=1G",
            "--",
            "true",
        ])
        .run();
    assert!(!outcome.success());
    assert!(
        outcome.stderr.contains("needs a boundary"),
        "{}",
        outcome.page()
    );
}

#[test]
fn limits_of_the_command_line_are_part_of_the_profile() {
    let environment = environment();
    let outcome = environment
        .dam(["config", "show", "--json", "--limit", "wall-time=10m"])
        .run();
    assert!(outcome.success(), "{}", outcome.page());
    let shown: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let limits = shown.pointer("/posture/profile/value/limits");
    assert_eq!(limits, Some(&serde_json::json!({ "wall_time": 600 })));
}

/// Control groups can be made here only by some; the others' limits are held
/// without.
#[test]
fn a_control_group_goes_when_the_box_has_ended_or_its_parent_was_killed() {
    let environment = environment();
    let words = ["run", "--limit", "cpu-time=1m", "--", "sh", "-c"];
    let outcome = environment.dam(words).arg("cat /proc/self/cgroup").run();
    let Some(name) = leaf_in(&outcome.stdout) else {
        eprintln!("no control group can be made here: not tested");
        return;
    };
    assert_eq!(group(&name), None, "it was left behind");

    let mut child = environment
        .dam(words)
        .arg("cat /proc/self/cgroup; exec sleep 60 >/dev/null")
        .into_command()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a run");
    let stdout = BufReader::new(child.stdout.take().expect("its output"));
    let said = stdout.lines().map_while(Result::ok);
    let name = said.into_iter().find_map(|line| leaf_in(&line));
    let name = name.expect("a control group");
    assert!(group(&name).is_some(), "it is not where it is looked for");
    child.kill().expect("killed");
    child.wait().expect("an end");
    let until = Instant::now() + Duration::from_secs(20);
    while group(&name).is_some() {
        assert!(Instant::now() < until, "it was left behind");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The name of a box's control group, as the box itself is told.
fn leaf_in(cgroup: &str) -> Option<String> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    let name = path.rsplit('/').next()?;
    name.starts_with("cofferdam-").then(|| name.to_owned())
}

/// Where a control group of this name is.
fn group(name: &str) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    let mounted = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    find(Path::new(mounted.split(' ').nth(4)?), name)
}

fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut found = directories.map(|entry| {
        if entry.file_name() == name {
            Some(entry.path())
        } else {
            find(&entry.path(), name)
        }
    });
    found.find_map(|found| found)
}
