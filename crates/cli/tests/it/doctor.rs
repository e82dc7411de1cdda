//! `dam doctor` and `dam config show`: what this machine can enforce, which
//! settings are in effect, and where each was set.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{environment, everybody};

/// What `dam doctor --json` says of one thing.
fn check(stdout: &str, name: &str) -> Value {
    let checks: Vec<Value> = serde_json::from_str(stdout).expect("JSON");
    let found = checks.into_iter().find(|check| check["name"] == name);
    found.expect("a check of this name")
}

#[test]
fn a_machine_in_order() {
    for environment in everybody() {
        let outcome = environment.dam(["doctor"]).run();
        assert!(outcome.success(), "{}", outcome.page());
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
        assert!(outcome.stdout.contains(kernel.trim()), "{}", outcome.page());
        assert!(
            outcome.stdout.contains("ok  boundary         full\n"),
            "{}",
            outcome.page()
        );
        let outcome = environment.dam(["doctor", "--json"]).run();
        assert_eq!(check(&outcome.stdout, "boundary")["found"], "full");
    }
}

#[test]
fn looking_leaves_nothing_behind() {
    let environment = environment();
    assert!(environment.dam(["doctor"]).run().success());
    assert!(environment.dam(["config", "show"]).run().success());
    let left = std::fs::read_dir(environment.home())
        .expect("the home")
        .count();
    assert_eq!(left, 0);
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
