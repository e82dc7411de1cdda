//! `dam doctor` and `dam config show`: what this machine can enforce, whether
//! it holds, which settings are in effect, and where each was set.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{environment, everybody};

/// What `dam doctor --json` says of one thing.
fn check(stdout: &str, name: &str) -> Value {
    let report: Value = serde_json::from_str(stdout).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["name"] == name);
    found.expect("a check of this name").clone()
}

#[test]
fn a_machine_in_order() {
    for environment in everybody() {
        let outcome = environment.dam(["doctor"]).run();
        assert!(outcome.success(), "{}", outcome.page());
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
        assert!(outcome.stdout.contains(kernel.trim()), "{}", outcome.page());
        assert!(
            outcome.stdout.contains("ok  boundary         full\n"),
            "{}",
            outcome.page()
        );
        let outcome = environment.dam(["doctor", "--json"]).run();
        assert_eq!(check(&outcome.stdout, "boundary")["found"], "full");
        let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(report["tier"], "full");
        assert_eq!(report["missing"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn looking_leaves_nothing_behind() {
    let environment = environment();
    assert!(environment.dam(["doctor"]).run().success());
    assert!(environment.dam(["config", "show"]).run().success());
    let left = fs::read_dir(environment.home()).expect("the home").count();
    assert_eq!(left, 0);
}

/// What `dam doctor --attack --json` says.
fn attacked(stdout: &str) -> Value {
    serde_json::from_str(stdout).expect("one JSON object")
}

#[test]
fn every_attack_is_held() {
    let before = remains();
    for environment in everybody() {
        let outcome = environment.dam(["doctor", "--attack", "--json"]).run();
        assert!(outcome.success(), "{}", outcome.page());
        let report = attacked(&outcome.stdout);
        assert_eq!(report["tier"], "full");
        assert_eq!(report["profile"], ":workspace");
        assert_eq!(report["counts"]["escaped"], 0);
        assert_eq!(report["counts"]["unknown"], 0);
        // Most succeed outside for everybody; else there is nothing to hold.
        assert!(report["counts"]["held"].as_u64() > Some(100), "{report}");
        let attempts = report["attempts"].as_array().expect("attempts");
        assert_eq!(report["counts"]["attempts"], attempts.len());
        assert!(
            attempts
                .iter()
                .all(|row| row["class"].is_string() && row["detail"].is_string()),
            "{report}"
        );
    }
    nothing_is_left(&before);
}

#[test]
fn attacks_get_out_where_there_is_no_boundary() {
    let before = remains();
    let environment = environment();
    let outcome = environment
        .dam(["doctor", "--attack", "-s", "danger-full-access", "--json"])
        .run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.page());
    assert!(
        outcome
            .stderr
            .ends_with("attempts got out of the boundary\n"),
        "{}",
        outcome.stderr
    );
    let report = attacked(&outcome.stdout);
    assert_eq!(report["tier"], "none");
    // What is left over are variables, which are filtered all the same.
    let held = report["counts"]["held"].as_u64();
    assert!(held < Some(10), "{}", outcome.page());
    let attempts = report["attempts"].as_array().expect("attempts");
    for class in ["files", "credentials", "processes", "sockets", "terminal"] {
        let mut of_class = attempts.iter().filter(|row| row["class"] == class);
        assert!(of_class.any(|row| row["answer"] == "escaped"), "{class}");
    }
    // A stopped victim says nothing, which must hold up nobody.
    let stop = attempts.iter().find(|row| row["name"] == "stop");
    assert_eq!(stop.expect("such an attempt")["answer"], "escaped");
    nothing_is_left(&before);
}

#[test]
fn an_attack_has_a_workspace_of_its_own() {
    let outcome = environment().dam(["doctor", "--attack", "-C", "."]).run();
    assert_eq!(outcome.code, Some(2), "{}", outcome.page());
    assert!(outcome.stderr.contains("leave `--cd` out"));
}

#[test]
fn an_interrupted_attack_leaves_nothing_behind() {
    let before = remains();
    let environment = environment();
    let mut command = environment.dam(["doctor", "--attack"]).into_command();
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a started program");
    let id = child.id();
    // It has started somebody, and so it holds its signals.
    while fs::read_to_string(format!("/proc/{id}/task/{id}/children"))
        .expect("it runs")
        .is_empty()
    {
        sleep(Duration::from_millis(1));
    }
    let pid = Pid::from_raw(id.cast_signed()).expect("a process");
    kill_process(pid, Signal::INT).expect("a signal");
    let status = child.wait().expect("an end");
    assert_eq!(status.code(), Some(130));
    nothing_is_left(&before);
}

#[test]
fn a_weaker_tier_holds_all_but_what_it_is_said_to_lack() {
    // As an ordinary user, where that can be.
    let environment = everybody().pop().expect("at least one");
    let dam = environment.binary().to_string_lossy().into_owned();
    let script =
        format!("echo 0 > /proc/sys/user/max_user_namespaces && {dam} doctor --attack --json");
    let words = ["--user", "--map-root-user", "sh", "-c", &script];
    let outcome = environment.command("unshare", words).run();
    assert!(outcome.success(), "{}", outcome.page());
    let report = attacked(&outcome.stdout);
    assert_eq!(report["tier"], "no namespaces");
    assert_eq!(report["counts"]["escaped"], 0);
    assert_eq!(report["counts"]["lacking"], 2, "{}", outcome.page());
}

/// Scenes, and processes of scenes, that are there now: of everybody.
fn remains() -> Vec<String> {
    let entries = |dir: &str| fs::read_dir(dir).expect("a list").flatten();
    let scenes = ["/var/tmp", "/dev/shm"]
        .into_iter()
        .flat_map(entries)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("cofferdam-attack-"));
    let processes = entries("/proc").filter_map(|entry| {
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&words).into_owned();
        let name = entry.file_name().to_string_lossy().into_owned();
        words
            .contains("internal-attack")
            .then(|| format!("{name} {words}"))
    });
    scenes.chain(processes).collect()
}

/// That nothing has come to stay. What other runs have comes and goes.
fn nothing_is_left(before: &[String]) {
    let mut left = remains();
    left.retain(|name| !before.contains(name));
    for _ in 0..1000 {
        if left.is_empty() {
            return;
        }
        sleep(Duration::from_millis(10));
        let now = remains();
        left.retain(|name| now.contains(name));
    }
    assert_eq!(left, Vec::<String>::new(), "left behind");
}

#[test]
fn what_is_wrong_is_named_and_told_by_the_exit_code() {
    let environment = environment();
    environment.write_config("sandbox_mod = 1\n");
    let outcome = environment.dam(["doctor", "--json"]).run();
    assert_eq!(outcome.code, Some(3), "{}", outcome.page());
    assert_eq!(outcome.stderr, "error: not in order: settings\n");
    let settings = check(&outcome.stdout, "settings");
    assert_eq!(settings["good"], false);
    assert_eq!(settings["hints"][0], "did you mean `sandbox_mode`?");

    let environment = crate::environment();
    environment.write(environment.home().join(".local/state"), "");
    let outcome = environment.dam(["doctor"]).run();
    assert_eq!(outcome.code, Some(8), "{}", outcome.page());
    assert_eq!(outcome.stderr, "error: not in order: journal\n");
}

#[test]
fn settings_name_their_origin() {
    let environment = environment();
    environment.write_config(
        "approval_policy = \"never\"\n[sandbox_workspace_write]\nexclude_slash_tmp = true\n",
    );
    let words = [
        "config",
        "show",
        "-s",
        "workspace-write",
        "-c",
        "model=\"m\"",
    ];
    assert_snapshot!(environment.dam(words).run().page(), @r#"
    exit 0
    -- stdout
    approval_policy = "never"
    model = "m"
    model_provider = "openai"
    model_providers.openai.base_url = "https://api.openai.com/v1"
    model_providers.openai.env_key = "OPENAI_API_KEY"
    model_providers.openai.name = "OpenAI"
    sandbox_mode = "workspace-write"
    sandbox_workspace_write.exclude_slash_tmp = true
    sandbox_workspace_write.exclude_tmpdir_env_var = false
    sandbox_workspace_write.network_access = false
    shell_environment_policy.ignore_default_excludes = false
    shell_environment_policy.inherit = "all"
    "#);
    assert_snapshot!(environment.dam(words).arg("--origin").run().page(), @r#"
    exit 0
    -- stdout
    approval_policy = "never"  # [HOME]/.config/cofferdam/config.toml:1
    model = "m"  # command line (-c)
    model_provider = "openai"  # built-in default
    model_providers.openai.base_url = "https://api.openai.com/v1"  # built-in default
    model_providers.openai.env_key = "OPENAI_API_KEY"  # built-in default
    model_providers.openai.name = "OpenAI"  # built-in default
    sandbox_mode = "workspace-write"  # command-line flag
    sandbox_workspace_write.exclude_slash_tmp = true  # [HOME]/.config/cofferdam/config.toml:3
    sandbox_workspace_write.exclude_tmpdir_env_var = false  # built-in default
    sandbox_workspace_write.network_access = false  # built-in default
    shell_environment_policy.ignore_default_excludes = false  # built-in default
    shell_environment_policy.inherit = "all"  # built-in default
    "#);
    let outcome = environment.dam(words).arg("--json").run();
    let shown: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    // As it would be written in a file.
    assert_eq!(shown["settings"]["approval_policy"]["value"], "\"never\"");
    assert_eq!(
        shown["settings"]["approval_policy"]["origin"],
        "[HOME]/.config/cofferdam/config.toml:1"
    );
    assert_eq!(shown["posture"]["profile"]["value"]["name"], ":workspace");
}
