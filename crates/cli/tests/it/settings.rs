//! `dam config explain` and named profiles, by the real program.

use insta::assert_snapshot;
use serde_json::Value;

use crate::environment;

#[test]
fn a_setting_is_explained_with_everything_that_was_said_of_it() {
    let environment = environment();
    environment.write_config("sandbox_mode = \"read-only\"\nmodel = \"mine\"\n");
    let profile = environment.config().join("work.config.toml");
    environment.write(profile, "sandbox_mode = \"workspace-write\"\n");
    let outcome = environment
        .dam(["config", "explain", "sandbox_mode", "-p", "work"])
        .run();
    assert!(outcome.success(), "{}", outcome.page());
    assert_snapshot!(outcome.stdout, @r#"
    sandbox_mode: what commands may touch: `read-only`, `workspace-write` or `danger-full-access`
    set by: every layer, a trusted project included
    * sandbox_mode = "workspace-write"  # [HOME]/.config/cofferdam/work.config.toml:1: the strongest layer that sets it
      sandbox_mode = "read-only"  # [HOME]/.config/cofferdam/config.toml:1: the named profile is stronger
      sandbox_mode = "read-only"  # built-in default: the named profile is stronger
    "#);
    let outcome = environment
        .dam(["config", "explain", "--json", "sandbox_mode", "-p", "work"])
        .run();
    let found: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(found["key"], "sandbox_mode");
    assert_eq!(found["said"][0]["layer"], "profile");
    assert_eq!(found["said"][0]["counts"], true);
    assert_eq!(found["said"][1]["layer"], "user");
    assert_eq!(found["said"][1]["counts"], false);
    let outcome = environment.dam(["config", "explain", "limits"]).run();
    assert_snapshot!(outcome.stdout, @"
    limits: what a command may use up, under any profile; where the profile says something, too, the smaller counts
    set by: every layer but a project
    no layer sets it
    ");
}

#[test]
fn what_is_no_setting_is_not_explained() {
    let outcome = environment()
        .dam(["config", "explain", "sandbox_moed"])
        .run();
    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(outcome.stderr, @"error: `sandbox_moed` is not a key of settings; did you mean `sandbox_mode`?");
}

#[test]
fn a_profile_with_a_file_and_a_table_is_refused_and_nothing_runs() {
    let environment = environment();
    environment.write_config("[profiles.work]\nmodel = \"a\"\n");
    let profile = environment.config().join("work.config.toml");
    environment.write(profile, "model = \"b\"\n");
    let outcome = environment
        .dam(["run", "-p", "work", "--", "touch", "made"])
        .run();
    assert_eq!(outcome.code, Some(3), "{}", outcome.page());
    assert!(!environment.work().join("made").exists());
    assert_snapshot!(outcome.stderr, @r#"
    error: [HOME]/.config/cofferdam/config.toml:2:9: the profile `work` is described here and in [HOME]/.config/cofferdam/work.config.toml
      model = "a"
              ^^^
    hint: keep [HOME]/.config/cofferdam/work.config.toml, and move what [profiles.work] says there; or remove [HOME]/.config/cofferdam/work.config.toml
    "#);
}
