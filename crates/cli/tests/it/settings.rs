//! `dam config explain` and named profiles, by the real program.

use dam_testkit::{ScriptedServer, Turn};
use insta::assert_snapshot;
use serde_json::Value;

use crate::exec::{repository, use_server};
use crate::{environment, everybody};

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

const NETWORK: &str = "default_permissions = \"mine\"\n\
    [permissions.mine]\nextends = \":workspace\"\n\
    [permissions.mine.network]\nenabled = true\nmode = \"limited\"\n\
    domains = { \"**.example.com\" = \"allow\", \"bad.example.com\" = \"deny\" }\n";

const OLDER: &str = "sandbox_mode = \"workspace-write\"\n\
    [sandbox_workspace_write]\nnetwork_access = true\n";

#[test]
fn nothing_starts_where_the_way_out_cannot_be_laid() {
    for environment in everybody() {
        for text in [NETWORK, OLDER] {
            environment.write_config(text);
            for front in ["run", "sandbox"] {
                let outcome = environment
                    .dam([front, "--", "touch", "made"])
                    .env("SSL_CERT_FILE", "/nowhere.pem")
                    .run();
                assert_eq!(outcome.code, Some(5), "{front} {}", outcome.page());
                assert!(!environment.work().join("made").exists());
                let said = &outcome.stderr;
                assert!(said.contains("cannot read /nowhere.pem"), "{said}");
            }
        }
    }
}

#[test]
fn no_session_of_the_agent_begins_without_it_either() {
    let environment = repository();
    let server = ScriptedServer::start(vec![Turn::message("Hello.")]);
    use_server(&environment, &server);
    let outcome = environment
        .dam(["exec", "-s", "workspace-write", "-c"])
        .args(["sandbox_workspace_write.network_access=true", "greet"])
        .env("SSL_CERT_FILE", "/nowhere.pem")
        .run();
    assert_eq!(outcome.code, Some(5), "{}", outcome.page());
    assert!(server.bodies().is_empty());
}

#[test]
fn a_host_is_judged_by_the_rules_of_the_profile() {
    let environment = environment();
    environment.write_config(NETWORK);
    let judged = |words: &[&str]| {
        let outcome = environment
            .dam(["config", "host"].iter().chain(words))
            .run();
        format!("{:?} {}{}", outcome.code, outcome.stdout, outcome.stderr)
    };
    assert_snapshot!(judged(&["a.example.com"]), @"Some(0) allowed: `**.example.com` is allowed (network.host, [HOME]/.config/cofferdam/config.toml:7)");
    assert_snapshot!(judged(&["a.example.com", "--method", "POST"]), @"Some(6) denied: the method `POST` is not allowed (network.method, [HOME]/.config/cofferdam/config.toml:5)");
    assert_snapshot!(judged(&["bad.example.com:8443"]), @"Some(6) denied: `bad.example.com` is denied (network.host, [HOME]/.config/cofferdam/config.toml:7)");
    assert_snapshot!(judged(&["other.example"]), @"Some(7) not listed: no rule allows other.example at port 443 (network.unlisted, [HOME]/.config/cofferdam/config.toml:5)");
    assert_snapshot!(judged(&["169.254.169.254:80"]), @"Some(6) denied: 169.254.169.254 is a local address: only a rule for `169.254.169.254:80` allows it (network.local, [HOME]/.config/cofferdam/config.toml:5)");
    assert_snapshot!(judged(&["*.example.com"]), @"Some(2) error: name one host: a pattern cannot be reached");
    assert_snapshot!(judged(&["https://a.example.com"]), @"Some(2) error: `https://a.example.com` is more than a host: leave out the scheme, the user and the path");
    assert_snapshot!(judged(&["a.example.com", "-s", "read-only"]), @"Some(6) denied: the profile has no network (network.none, command-line flag)");
    assert_snapshot!(judged(&["a.example.com", "--json"]), @r#"
    Some(0) {
      "reach": "allowed",
      "reason": "`**.example.com` is allowed",
      "rule": "network.host",
      "origin": {
        "layer": "user",
        "file": "[HOME]/.config/cofferdam/config.toml",
        "line": 7
      }
    }
    "#);
}
