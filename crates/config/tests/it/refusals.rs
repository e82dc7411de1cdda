//! Every way a setting can be wrong, and what is said about it.

use insta::assert_snapshot;

use crate::world::World;

fn user(text: &str) -> String {
    World::refusal_of(text)
}

fn typed(text: &str) -> String {
    World::refusal_of_typed(text)
}

#[test]
fn unknown_keys() {
    assert_snapshot!(user("model = \"m\"\nsandbox_mod = \"read-only\"\n"), @r#"
    user:2:1: `sandbox_mod` is not a key
      sandbox_mod = "read-only"
      ^^^^^^^^^^^
    hint: did you mean `sandbox_mode`?
    "#);
    assert_snapshot!(user("Sandbox-Mode = 1"), @r#"
    user:1:1: `Sandbox-Mode` is not a key
      Sandbox-Mode = 1
      ^^^^^^^^^^^^
    hint: did you mean `sandbox_mode`?
    "#);
    assert_snapshot!(user("zzz = 1"), @"
    user:1:1: `zzz` is not a key
      zzz = 1
      ^^^
    hint: keys here: sandbox_mode, approval_policy, approvals_reviewer, flow, default_permissions, permissions, limits, history, journal, model, model_provider, model_providers, otel, profile, profiles, projects, sandbox_workspace_write, scan, secrets, sensitivity, shell_environment_policy, features
    ");
    assert_snapshot!(user("writable_roots = []"), @r#"
    user:1:1: `writable_roots` is not a key
      writable_roots = []
      ^^^^^^^^^^^^^^
    hint: it belongs into [sandbox_workspace_write]
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_root = []"), @r#"
    user:2:1: `writable_root` is not a key of [sandbox_workspace_write]
      writable_root = []
      ^^^^^^^^^^^^^
    hint: did you mean `writable_roots`?
    "#);
    assert_snapshot!(user("[model_providers.x]\nbaseurl = \"https://x\""), @r#"
    user:2:1: `baseurl` is not a key of [model_providers.x]
      baseurl = "https://x"
      ^^^^^^^
    hint: did you mean `base_url`?
    "#);
    assert_snapshot!(user("[profiles.x]\nmodle = \"m\""), @r#"
    user:2:1: `modle` is not a key of [profiles.x]
      modle = "m"
      ^^^^^
    hint: did you mean `model`?
    "#);
    assert_snapshot!(typed("sandbox_mod=read-only"), @r#"
    -c sandbox_mod = "read-only": `sandbox_mod` is not a key
    hint: did you mean `sandbox_mode`?
    "#);
}

#[test]
fn wrong_types() {
    assert_snapshot!(user("sandbox_mode = true"), @r#"
    user:1:16: `sandbox_mode` must be a string, and this is a truth value
      sandbox_mode = true
                     ^^^^
    "#);
    assert_snapshot!(user("model = [\"m\"]"), @r#"
    user:1:9: `model` must be a string, and this is a list
      model = ["m"]
              ^^^^^
    "#);
    assert_snapshot!(user("profiles = 3"), @r#"
    user:1:12: `profiles` must be a table, and this is a number
      profiles = 3
                 ^
    "#);
    assert_snapshot!(user("[profiles]\nx = 1.5"), @r#"
    user:2:5: `profiles.x` must be a table, and this is a fraction
      x = 1.5
          ^^^
    "#);
    assert_snapshot!(user("[[projects]]\ntrust_level = \"trusted\""), @r#"
    user:1:1: `projects` must be a table, and this is a list
      [[projects]]
      ^^^^^^^^^^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nexclude_slash_tmp = \"yes\""), @r#"
    user:2:21: `sandbox_workspace_write.exclude_slash_tmp` must be true or false, and this is a string
      exclude_slash_tmp = "yes"
                          ^^^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = \"/srv\""), @r#"
    user:2:18: `sandbox_workspace_write.writable_roots` must be a list of strings, and this is a string
      writable_roots = "/srv"
                       ^^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\nexclude = [\"A\", 2024-01-01]"), @r#"
    user:2:17: `shell_environment_policy.exclude` must be a string, and this is a date or time
      exclude = ["A", 2024-01-01]
                      ^^^^^^^^^^
    "#);
    assert_snapshot!(typed("sandbox_workspace_write.exclude_slash_tmp=yes"), @r#"-c sandbox_workspace_write.exclude_slash_tmp = "yes": `sandbox_workspace_write.exclude_slash_tmp` must be true or false, and this is a string"#);
}

#[test]
fn wrong_words() {
    assert_snapshot!(user("sandbox_mode = \"readonly\""), @r#"
    user:1:16: `readonly` is not a sandbox mode; use `read-only`, `workspace-write` or `danger-full-access`
      sandbox_mode = "readonly"
                     ^^^^^^^^^^
    "#);
    assert_snapshot!(user("sandbox_mode = \"off\""), @r#"
    user:1:16: `off` is not a sandbox mode; use `read-only`, `workspace-write` or `danger-full-access`
      sandbox_mode = "off"
                     ^^^^^
    "#);
    assert_snapshot!(user("approval_policy = \"on-requst\""), @r#"
    user:1:19: `on-requst` is not an approval policy; use `untrusted`, `on-request`, `on-failure` or `never`
      approval_policy = "on-requst"
                        ^^^^^^^^^^^
    "#);
    assert_snapshot!(user("[projects.\"/p\"]\ntrust_level = \"yes\""), @r#"
    user:2:15: `yes` is no value of `projects."/p".trust_level`, which is one of `trusted`, `untrusted`
      trust_level = "yes"
                    ^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\ninherit = \"some\""), @r#"
    user:2:11: `some` is no value of `shell_environment_policy.inherit`, which is one of `all`, `core`, `none`
      inherit = "some"
                ^^^^^^
    "#);
}

#[test]
fn nothing_is_empty_or_there_twice() {
    assert_snapshot!(user("model = \" \""), @r#"
    user:1:9: `model` must not be empty
      model = " "
              ^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]"), @r#"
    user:1:1: [sandbox_workspace_write] is empty
      [sandbox_workspace_write]
      ^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: say something in it, or leave it out
    "#);
    assert_snapshot!(user("[profiles.x]"), @r#"
    user:1:1: [profiles.x] is empty
      [profiles.x]
      ^^^^^^^^^^^^
    hint: say something in it, or leave it out
    "#);
    assert_snapshot!(user("model = \"a\"\nmodel = \"b\""), @r#"
    user:2:1: duplicate key
      model = "b"
      ^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\nexclude = [\"A\", \"B\", \"A\"]"), @r#"
    user:2:22: `A` is in `shell_environment_policy.exclude` twice
      exclude = ["A", "B", "A"]
                           ^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\nexclude = [\"\"]"), @r#"
    user:2:12: `shell_environment_policy.exclude` must not be empty
      exclude = [""]
                 ^^
    "#);
}

#[test]
fn what_is_not_toml() {
    assert_snapshot!(user("model = \"m\"\nsandbox_mode = read-only"), @r#"
    user:2:16: string values must be quoted, expected literal string
      sandbox_mode = read-only
                     ^^^^^^^^^
    "#);
    assert_snapshot!(user("[model_providers.x"), @r#"
    user:1:19: unclosed table, expected `]`
      [model_providers.x
                        ^
    "#);
    assert_snapshot!(user("model = \"never ends\n\n"), @r#"
    user:1:20: invalid basic string, expected `"`
      model = "never ends
                         ^
    "#);
}

#[test]
fn what_strangers_wrote_cannot_act_on_the_terminal() {
    assert_snapshot!(user("\"\\u001b[2J\\u202e\" = 1 # \u{202e}\u{200b}"), @r#"
    user:1:1: `<U+001B>[2J<U+202E>` is not a key
      "\u001b[2J\u202e" = 1 # <U+202E><U+200B>
      ^^^^^^^^^^^^^^^^^
    hint: keys here: sandbox_mode, approval_policy, approvals_reviewer, flow, default_permissions, permissions, limits, history, journal, model, model_provider, model_providers, otel, profile, profiles, projects, sandbox_workspace_write, scan, secrets, sensitivity, shell_environment_policy, features
    "#);
    assert_snapshot!(user(&format!("zzz = \"{}\"", "x".repeat(500))), @r#"
    user:1:1: `zzz` is not a key
      zzz = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
      ^^^
    hint: keys here: sandbox_mode, approval_policy, approvals_reviewer, flow, default_permissions, permissions, limits, history, journal, model, model_provider, model_providers, otel, profile, profiles, projects, sandbox_workspace_write, scan, secrets, sensitivity, shell_environment_policy, features
    "#);
    assert_snapshot!(user(&format!("model_providers = {{ {:>300} = 1 }}", "x")), @r#"
    user:1:324: `model_providers.x` must be a table, and this is a number
      …                                                        x = 1 }
                                                                   ^
    "#);
}

#[test]
fn what_may_be_secret_is_not_shown() {
    for text in [
        "[model_providers.x]\nbase_url = \"https://x\"\nhttp_headers = { Team = \"a\\nhide-me\" }",
        "[model_providers.openai]\nhttp_headers = { authorization = \"hide-me\" }",
        "[model_providers.openai]\nhttp_headers = { x-api-key = \"hide-me }",
        "[shell_environment_policy.set]\nMY_TOKEN = \"hide-me",
        "[shell_environment_policy.set]\nA = \"hide-me\\u0000\"",
        "open_ai_key = \"hide-me\"",
        "openai = \"sk-hide-me\"",
        "x = { a = \"b\", password = \"hide-me\" }",
    ] {
        let refusal = user(text);
        assert!(!refusal.contains("hide-me"), "{refusal}");
        assert!(refusal.starts_with("user:"), "{refusal}");
    }
    for text in [
        "model_providers.openai.http_headers.Team=\"a\\nhide-me\"",
        "shell_environment_policy.token=hide-me",
    ] {
        let refusal = typed(text);
        assert!(!refusal.contains("hide-me"), "{refusal}");
    }
}

#[test]
fn approval_policies() {
    assert_snapshot!(user("approval_policy = 3"), @r#"
    user:1:19: `approval_policy` must be a name or { granular = { … } }, and this is a number
      approval_policy = 3
                        ^
    "#);
    assert_snapshot!(user("approval_policy = {}"), @r#"
    user:1:19: `approval_policy` takes one of `granular` and `reject`
      approval_policy = {}
                        ^^
    "#);
    assert_snapshot!(user("[approval_policy.granuler]\nrules = true"), @r#"
    user:1:18: `granuler` is not a key of `approval_policy`
      [approval_policy.granuler]
                       ^^^^^^^^
    hint: did you mean `granular`?
    "#);
    assert_snapshot!(user("[approval_policy.granular]\nrules = true\nmcp_elicitations = true"), @r#"
    user:1:1: `approval_policy.granular` does not say `sandbox_approval`
      [approval_policy.granular]
      ^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: it needs at least sandbox_approval, rules, mcp_elicitations
    "#);
    assert_snapshot!(user("[approval_policy.granular]\nrule = true"), @r#"
    user:2:1: `rule` is not a key of `approval_policy.granular`
      rule = true
      ^^^^
    hint: did you mean `rules`?
    "#);
    assert_snapshot!(user("[approval_policy.reject]\nrules = 1"), @r#"
    user:2:9: `approval_policy.reject.rules` must be true or false, and this is a number
      rules = 1
              ^
    "#);
    assert_snapshot!(user("[approval_policy.reject]\nrules = true\n[approval_policy.granular]\nrules = true"), @r#"
    user:1:2: `approval_policy` takes one of `granular` and `reject`
      [approval_policy.reject]
       ^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn writable_roots() {
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"data\"]"), @r#"
    user:2:19: `data` is not an absolute path
      writable_roots = ["data"]
                        ^^^^^^
    hint: begin it with `/`, or with `~/` for your home directory
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"/srv\", \"~root/x\"]"), @r#"
    user:2:27: `~root/x` is not an absolute path
      writable_roots = ["/srv", "~root/x"]
                                ^^^^^^^^^
    hint: begin it with `/`, or with `~/` for your home directory
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"~/nothing\"]"), @r#"
    user:2:18: there is no directory @/me/nothing
      writable_roots = ["~/nothing"]
                       ^^^^^^^^^^^^^
    hint: make it, or take it out
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"/\"]"), @r#"
    user:2:18: / cannot be a writable directory: it is the whole file system
      writable_roots = ["/"]
                       ^^^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"~\"]"), @r#"
    user:2:18: @/me cannot be a writable directory: it is your home directory
      writable_roots = ["~"]
                       ^^^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"~/..\"]"), @r#"
    user:2:18: @ cannot be a writable directory: your home directory is below it
      writable_roots = ["~/.."]
                       ^^^^^^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"~/.config/cofferdam\"]"), @r#"
    user:2:18: @/me/.config/cofferdam cannot be a writable directory: it belongs to Cofferdam itself
      writable_roots = ["~/.config/cofferdam"]
                       ^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(user("[sandbox_workspace_write]\nwritable_roots = [\"~/../project/.git/hooks\"]"), @r#"
    user:2:18: @/project/.git/hooks cannot be a writable directory: it is inside of a repository's or a project's own settings
      writable_roots = ["~/../project/.git/hooks"]
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn providers() {
    assert_snapshot!(user("model_provider = \"azur\"\n[model_providers.azure]\nbase_url = \"https://a\""), @r#"
    user:1:18: there is no [model_providers.azur]
      model_provider = "azur"
                       ^^^^^^
    hint: did you mean `azure`?
    "#);
    assert_snapshot!(user("model_provider = \"mine\""), @r#"
    user:1:18: there is no [model_providers.mine]
      model_provider = "mine"
                       ^^^^^^
    hint: add [model_providers.mine] with a `base_url`, or use `openai`
    "#);
    assert_snapshot!(user("[model_providers.x]\nname = \"X\""), @r#"
    user:2:8: [model_providers.x] has no `base_url`
      name = "X"
             ^^^
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"x.example\""), @r#"
    user:2:12: `model_providers.x.base_url` must be an address such as https://host/v1, without `?` and `#`
      base_url = "x.example"
                 ^^^^^^^^^^^
    hint: parameters go into `query_params`
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https:///v1\""), @r#"
    user:2:12: `model_providers.x.base_url` must be an address such as https://host/v1, without `?` and `#`
      base_url = "https:///v1"
                 ^^^^^^^^^^^^^
    hint: parameters go into `query_params`
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x/v1?a=b\""), @r#"
    user:2:12: `model_providers.x.base_url` must be an address such as https://host/v1, without `?` and `#`
      base_url = "https://x/v1?a=b"
                 ^^^^^^^^^^^^^^^^^^
    hint: parameters go into `query_params`
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nwire_api = \"chat\""), @r#"
    user:3:12: `chat` is the older protocol, which is not spoken here
      wire_api = "chat"
                 ^^^^^^
    hint: use a provider that speaks `responses`, and leave `wire_api` out
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nwire_api = \"grpc\""), @r#"
    user:3:12: `grpc` is not spoken here: only `responses` is
      wire_api = "grpc"
                 ^^^^^^
    hint: leave `wire_api` out
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nrequest_max_retries = 101"), @r#"
    user:3:23: `model_providers.x.request_max_retries` must be a whole number from 0 to 100
      request_max_retries = 101
                            ^^^
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nstream_idle_timeout_ms = -1"), @r#"
    user:3:26: `model_providers.x.stream_idle_timeout_ms` must be a whole number from 1 to 86400000
      stream_idle_timeout_ms = -1
                               ^^
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nenv_key = \"MY KEY\""), @r#"
    user:3:11: `model_providers.x.env_key` must be the name of an environment variable: letters, digits and `_`, no digit first
      env_key = "MY KEY"
                ^^^^^^^^
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nhttp_headers = { \"a b\" = \"c\" }"), @r#"
    user:3:18: `a b` is not the name of a header
      http_headers = { "a b" = "c" }
                       ^^^^^
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nhttp_headers = { a = \"c\\r\\nd: e\" }"), @"user:3:22: `model_providers.x.http_headers.a` must be the value of a header: text without control characters");
    assert_snapshot!(user("[model_providers.\"a b\"]\nbase_url = \"https://x\""), @r#"
    user:1:18: `a b` is not a name: letters, digits, `_`, `-` and `.`
      [model_providers."a b"]
                       ^^^^^
    "#);
    assert_snapshot!(user("[model_providers.x]\nbase_url = \"https://x\"\nhttp_headers = { Team = \"a\" }\nenv_http_headers = { team = \"B\" }"), @r#"
    user:4:29: the header `team` is also set by `http_headers`
      env_http_headers = { team = "B" }
                                  ^^^
    "#);
    assert_snapshot!(user("[model_providers.openai]\nhttp_headers = { authorization = \"Basic eA==\" }"), @"user:2:34: the header `authorization` is also set by the key in `OPENAI_API_KEY` (`env_key`)");
}

#[test]
fn environments() {
    assert_snapshot!(user("[shell_environment_policy]\npass = [\"A_*\"]"), @r#"
    user:2:9: `A_*` is not the name of an environment variable: letters, digits and `_`, no digit first
      pass = ["A_*"]
              ^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\npass = [\"A\", \"LD_PRELOAD\"]"), @r#"
    user:2:8: `LD_PRELOAD` is never handed on: it makes programs load something, or leads outside
      pass = ["A", "LD_PRELOAD"]
             ^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\npass = [\"A_TOKEN\"]\nexclude = [\"A*\"]"), @r#"
    user:2:8: `A_TOKEN` is passed, and `exclude` or `include_only` would leave it out again
      pass = ["A_TOKEN"]
             ^^^^^^^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy]\npass = [\"A_TOKEN\"]\ninclude_only = [\"B\"]"), @r#"
    user:2:8: `A_TOKEN` is passed, and `exclude` or `include_only` would leave it out again
      pass = ["A_TOKEN"]
             ^^^^^^^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy.set]\n\"A=B\" = \"c\""), @r#"
    user:2:1: `A=B` is not the name of an environment variable: letters, digits and `_`, no digit first
      "A=B" = "c"
      ^^^^^
    "#);
    assert_snapshot!(user("[shell_environment_policy.set]\nA = \"b\\u0000c\""), @"user:2:5: `shell_environment_policy.set.A` must be text without a NUL character");
    assert_snapshot!(user("[shell_environment_policy]\ninclude_only = [\"PATH\"]\nset = { CI = \"1\" }"), @r#"
    user:3:14: `CI` is set, and `include_only` would leave it out again
    hint: add `CI` to `include_only`
    "#);
}

#[test]
fn profiles() {
    assert_snapshot!(user("profile = \"wrok\"\n[profiles.work]\nmodel = \"m\""), @r#"
    user:1:11: there is no profile `wrok` in the settings
      profile = "wrok"
                ^^^^^^
    hint: did you mean `work`?
    "#);
    assert_snapshot!(user("profile = \"work\""), @r#"
    user:1:11: there is no profile `work` in the settings
      profile = "work"
                ^^^^^^
    hint: write work.config.toml beside your config.toml
    "#);
    assert_snapshot!(user("[profiles.work]\nprofile = \"other\""), @r#"
    user:2:1: `profile` cannot be set in a named profile
      profile = "other"
      ^^^^^^^
    hint: set it at the top of the file
    "#);
    assert_snapshot!(user("[profiles.work.projects.\"/p\"]\ntrust_level = \"trusted\""), @r#"
    user:1:16: `projects` cannot be set in a named profile
      [profiles.work.projects."/p"]
                     ^^^^^^^^
    hint: set it at the top of the file
    "#);
    let mut world = World::new();
    world.user("[profiles.work]\nmodel = \"m\"");
    world.options.profile = Some("worc".to_owned());
    assert_snapshot!(world.refusal(), @r#"
    there is no profile `worc` in the settings
    hint: did you mean `work`?
    "#);
}

#[test]
fn projects() {
    assert_snapshot!(user("[projects.\"relative\"]\ntrust_level = \"trusted\""), @r#"
    user:1:11: `relative` is not an absolute path, or one from `~/`
      [projects."relative"]
                ^^^^^^^^^^
    "#);
    assert_snapshot!(user("[projects.\"@/project\"]\ntrust_level = \"trusted\"\n[projects.\"@/me/../project\"]\ntrust_level = \"untrusted\""), @r#"
    user:2:15: @/project is trusted under one name, and not under another
      trust_level = "trusted"
                    ^^^^^^^^^
    "#);
}

#[test]
fn the_command_line() {
    assert_snapshot!(typed("model"), @"`-c model` is not of the form KEY=VALUE");
    assert_snapshot!(typed("#model=m"), @"`-c #model=m` is not of the form KEY=VALUE");
    assert_snapshot!(typed("model="), @r#"-c model = "": `model` must not be empty"#);
    assert_snapshot!(typed("model=5"), @"-c model = 5: `model` must be a string, and this is a number");
    let mut world = World::new();
    world.typed(&["model=a", "model=b"]);
    assert_snapshot!(world.refusal(), @r#"-c model = "b": `model` is set by another -c, too"#);
}

#[test]
fn flags_that_contradict_each_other() {
    let refusal = |change: fn(&mut dam_config::Options)| {
        let mut world = World::new();
        change(&mut world.options);
        world.refusal()
    };
    assert_snapshot!(refusal(|options| {
        options.yolo = true;
        options.full_auto = true;
    }), @"--dangerously-bypass-approvals-and-sandbox cannot be used with --sandbox, --full-auto or --ask-for-approval");
    assert_snapshot!(refusal(|options| {
        options.full_auto = true;
        options.sandbox_mode = Some(dam_policy::SandboxMode::ReadOnly);
    }), @"--full-auto cannot be used with --sandbox, which it stands for");
    assert_snapshot!(refusal(|options| options.model = Some(String::new())), @"--model needs the name of a model");
    assert_snapshot!(refusal(|options| {
        options.sandbox_mode = Some(dam_policy::SandboxMode::ReadOnly);
        options.add_dirs = vec!["/srv".into()];
    }), @"--add-dir makes a directory writable, and this session is read-only; add `--sandbox workspace-write`");
    assert_snapshot!(refusal(|options| options.cd = "/nothing/here".into()), @"there is no directory /nothing/here");
    assert_snapshot!(refusal(|options| options.add_dirs = vec!["/".into()]), @r#"
    / cannot be a writable directory: it is the whole file system
    hint: choose a directory that holds only your work
    "#);
}

#[test]
fn a_file_that_is_nested_too_deep_is_refused() {
    for unit in ["set = { x]\n", "a = [", "a = {b = "] {
        let refusal = World::refusal_of(&unit.repeat(20_000));
        assert!(refusal.contains("it is nested too deep"), "{refusal}");
    }
}
