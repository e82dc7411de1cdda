//! Every way in which requirements make no sense or cannot be relied on, and
//! what is said about it.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use crate::world::World;

fn refusal(text: &str) -> String {
    let world = World::new();
    world.required(text);
    world.refusal()
}

/// What is said about each.
fn refusals(texts: &[&str]) -> String {
    let mut page = String::new();
    for text in texts {
        writeln!(page, "{}\n", refusal(text)).expect("a string");
    }
    page
}

#[test]
fn what_makes_no_sense_stops_the_start() {
    let texts = [
        "allowed_sandbox_mode = [\"read-only\"]",
        "zzz = 1",
        "allowed_sandbox_modes = [\"readonly\"]",
        "allowed_sandbox_modes = [\"workspace-write\"]",
        "allowed_sandbox_modes = []",
        "allowed_sandbox_modes = \"read-only\"",
        "allowed_approval_policies = []",
        "allowed_approval_policies = [\"always\"]",
        "allowed_approvals_reviewers = [\"me\"]",
        "allowed_web_search_modes = [\"some\"]",
        "default_permissions = \"acme\"\n[allowed_permission_profiles]\n\":read-only\" = true",
        "[allowed_permission_profiles]\n\":readonly\" = true",
        "[allowed_permission_profiles]\n\":read-only\" = false",
        "default_permissions = \"nowhere\"",
    ];
    assert_snapshot!(refusals(&texts), @r#"
    @/etc/requirements.toml:1:1: `allowed_sandbox_mode` is not a key of requirements
      allowed_sandbox_mode = ["read-only"]
      ^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `allowed_sandbox_modes`?

    @/etc/requirements.toml:1:1: `zzz` is not a key of requirements
      zzz = 1
      ^^^
    hint: keys here: allowed_sandbox_modes, allowed_approval_policies, allowed_approvals_reviewers, allowed_web_search_modes, allowed_permission_profiles, default_permissions, permissions, rules, experimental_network, mcp_servers, features, remote_sandbox_config, allow_managed_hooks_only, guardian_policy_config, enforce_residency, sensitivity

    @/etc/requirements.toml:1:26: `readonly` is not a sandbox mode; use `read-only`, `workspace-write` or `danger-full-access`
      allowed_sandbox_modes = ["readonly"]
                               ^^^^^^^^^^

    @/etc/requirements.toml:1:25: `allowed_sandbox_modes` must allow `read-only`
      allowed_sandbox_modes = ["workspace-write"]
                              ^^^^^^^^^^^^^^^^^^^
    hint: nobody is given more than they asked for, so what only reads must be allowed

    @/etc/requirements.toml:1:25: `allowed_sandbox_modes` must allow `read-only`
      allowed_sandbox_modes = []
                              ^^
    hint: nobody is given more than they asked for, so what only reads must be allowed

    @/etc/requirements.toml:1:25: `allowed_sandbox_modes` must be a list of strings, and this is a string
      allowed_sandbox_modes = "read-only"
                              ^^^^^^^^^^^

    @/etc/requirements.toml:1:29: `allowed_approval_policies` allows nothing
      allowed_approval_policies = []
                                  ^^
    hint: name at least one policy

    @/etc/requirements.toml:1:30: `always` is none of `untrusted`, `on-request`, `granular`, `on-failure`, `never`
      allowed_approval_policies = ["always"]
                                   ^^^^^^^^

    @/etc/requirements.toml:1:32: `me` is none of `user`, `auto_review`
      allowed_approvals_reviewers = ["me"]
                                     ^^^^

    @/etc/requirements.toml:1:29: `some` is none of `disabled`, `cached`, `indexed`, `live`
      allowed_web_search_modes = ["some"]
                                  ^^^^^^

    @/etc/requirements.toml:1:23: `acme` is not one of `allowed_permission_profiles`
      default_permissions = "acme"
                            ^^^^^^
    hint: allow it, or name one that is allowed

    @/etc/requirements.toml:2:15: `:readonly` is no profile that is built in
      ":readonly" = true
                    ^^^^
    hint: did you mean `:read-only`?

    @/etc/requirements.toml:1:1: `allowed_permission_profiles` allows no profile
      [allowed_permission_profiles]
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: say `":read-only" = true`

    this session cannot be had: there is no profile `nowhere`: no config.toml describes it (required by @/etc/requirements.toml:1)
    hint: `dam requirements show` lists what is required; ask your administrator
    "#);
}

#[test]
fn paths_rules_and_networks_that_make_no_sense() {
    let texts = [
        "[permissions.filesystem]\ndeny_reads = []",
        "[permissions.filesystem]\ndeny_read = [\"./x\"]",
        "[permissions.filesystem]\ndeny_read = [\"/\"]",
        "[permissions.filesystem]\ndeny_read = [\"/a/{b,c}\"]",
        "[permissions.filesystem]\ndeny_read = [\":tmpdir\"]",
        "[permissions.acme]\nextends = \":workspace\"",
        "[rules]\nprefix_rules = [{ pattern = [{ token = \"ls\" }], decision = \"allow\" }]",
        "[rules]\nprefix_rules = [{ pattern = [], decision = \"prompt\" }]",
        "[rules]\nprefix_rules = [{ pattern = [{ token = \"ls\" }] }]",
        "[rules]\nprefix_rules = [{ pattern = [{ token = \"a\", any_of = [\"b\"] }], decision = \"prompt\" }]",
        "[experimental_network]\ndenied_domains = [\"https://x\"]",
        "[experimental_network]\nallow_upstream_proxy = true",
    ];
    assert_snapshot!(refusals(&texts), @r#"
    @/etc/requirements.toml:2:1: `permissions.filesystem.deny_reads` is not a key of requirements
      deny_reads = []
      ^^^^^^^^^^
    hint: did you mean `deny_read`?

    @/etc/requirements.toml:2:14: `./x` is not an absolute path
      deny_read = ["./x"]
                   ^^^^^
    hint: begin it with `/`, or with `~/` for everybody's home directory

    @/etc/requirements.toml:2:14: `/` cannot be kept from being read: nothing would run
      deny_read = ["/"]
                   ^^^

    @/etc/requirements.toml:2:14: in `{b,c}`, `{` is not known: write one pattern for each choice, or `\{`
      deny_read = ["/a/{b,c}"]
                   ^^^^^^^^^^

    @/etc/requirements.toml:2:14: `:tmpdir` is not an absolute path
      deny_read = [":tmpdir"]
                   ^^^^^^^^^
    hint: begin it with `/`, or with `~/` for everybody's home directory

    @/etc/requirements.toml:1:1: `permissions.acme` is no requirement
      [permissions.acme]
      ^^^^^^^^^^^^^^^^^^
    hint: describe the profile in config.toml beside this file, and allow it in `allowed_permission_profiles`

    @/etc/requirements.toml:2:60: requirements can only ask or forbid, and this allows
    hint: `.rules` files allow; what they allow, requirements can still forbid

    @/etc/requirements.toml:2:29: a rule without words would be on every command
      prefix_rules = [{ pattern = [], decision = "prompt" }]
                                  ^^

    @/etc/requirements.toml:2:17: `rules.prefix_rules.decision` is missing here

    @/etc/requirements.toml:2:30: a word of a pattern is one of `token` and `any_of`

    @/etc/requirements.toml:2:19: `https://x` is more than a host: leave out the scheme, the user and the path
      denied_domains = ["https://x"]
                        ^^^^^^^^^^^

    @/etc/requirements.toml:2:1: `experimental_network.allow_upstream_proxy` is not a key of requirements
      allow_upstream_proxy = true
      ^^^^^^^^^^^^^^^^^^^^
    hint: keys here: enabled, domains, allowed_domains, denied_domains, managed_allowed_domains_only, allow_local_binding
    "#);
}

#[test]
fn servers_features_and_classes_that_make_no_sense() {
    let texts = [
        "[mcp_servers.x]\nidentity = {}",
        "[mcp_servers.x]\ncommand = \"y\"",
        "[mcp_servers.x.identity]\nurl = { match = \"regex\", value = \".*\" }",
        "[features]\nhooks = true",
        "[features]\nhoks = false",
        "[[remote_sandbox_config]]\nhostname_patterns = [\"*\"]",
        "allow_managed_hooks_only = 1",
        "guardian_policy_config = \" \"",
        "[sensitivity]\n",
        "[sensitivity]\nunknown = \"secret\"",
        "[sensitivity]\nunknown = \"public\"\n[sensitivity.floors.prod]\nnetwork = false",
        "[sensitivity]\nunknown = \"public\"\n[sensitivity.floors.public]\nnetwork = true",
        "[sensitivity]\nunknown = \"public\"\nrepositories = [{ class = \"public\" }]",
        "[sensitivity]\nunknown = \"public\"\nrepositories = [{ class = \"public\", remotes = [\"https://x/y\"] }]",
        "a = ",
    ];
    assert_snapshot!(refusals(&texts), @r#"
    @/etc/requirements.toml:2:12: an identity is one of `command` and `url`
      identity = {}
                 ^^

    @/etc/requirements.toml:2:1: `mcp_servers.x.command` is not a key of requirements
      command = "y"
      ^^^^^^^
    hint: keys here: identity

    @/etc/requirements.toml:2:17: regular expressions are not read here
      url = { match = "regex", value = ".*" }
                      ^^^^^^^
    hint: use `exact` or `prefix`

    @/etc/requirements.toml:2:9: the feature `hooks` is required, and this version does not have it
      hooks = true
              ^^^^
    hint: take it out, or say `false`

    @/etc/requirements.toml:2:1: `features.hoks` is not a key of requirements
      hoks = false
      ^^^^
    hint: did you mean `hooks`?

    @/etc/requirements.toml:1:1: `remote_sandbox_config.allowed_sandbox_modes` is missing here
      [[remote_sandbox_config]]
      ^^^^^^^^^^^^^^^^^^^^^^^^^

    @/etc/requirements.toml:1:28: `allow_managed_hooks_only` must be true or false, and this is a number
      allow_managed_hooks_only = 1
                                 ^

    @/etc/requirements.toml:1:26: `guardian_policy_config` must not be empty
      guardian_policy_config = " "
                               ^^^

    @/etc/requirements.toml:1:1: `sensitivity.unknown` is missing here
      [sensitivity]
      ^^^^^^^^^^^^^

    @/etc/requirements.toml:2:11: `secret` is not a class
      unknown = "secret"
                ^^^^^^^^
    hint: classes: public, internal, regulated, production

    @/etc/requirements.toml:3:1: `prod` is not a class
      [sensitivity.floors.prod]
      ^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: did you mean `production`?

    @/etc/requirements.toml:4:11: a class can only take the network away
      network = true
                ^^^^
    hint: say `false`, or leave it out

    @/etc/requirements.toml:3:17: no repository is named: neither `remotes` nor `paths` says anything
      repositories = [{ class = "public" }]
                      ^^^^^^^^^^^^^^^^^^^^

    @/etc/requirements.toml:3:48: `https://x/y` is not a pattern for `host/path`
      repositories = [{ class = "public", remotes = ["https://x/y"] }]
                                                     ^^^^^^^^^^^^^
    hint: leave out scheme, user and port: `github.com/acme/*`

    @/etc/requirements.toml:1:5: string values must be quoted, expected literal string
      a =
          ^
    "#);
}

#[test]
fn a_file_that_others_can_change_stops_the_start() {
    let text = "allowed_sandbox_modes = [\"read-only\"]";
    let mut world = World::new();
    let path = world.required(text);
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode));
    mode(0o620).expect("its mode");
    assert_snapshot!(world.refusal(), @r"
    @/etc/requirements.toml can be changed by other users, so it is not followed
    hint: `chmod go-w @/etc/requirements.toml`
    ");
    mode(0o600).expect("its mode");
    world.load().expect("it counts again");
    std::fs::set_permissions(world.path("etc"), PermissionsExt::from_mode(0o777))
        .expect("its mode");
    assert_snapshot!(world.refusal(), @r"
    @/etc can be changed by other users, so it is not followed
    hint: `chmod go-w @/etc`
    ");
    std::fs::set_permissions(world.path("etc"), PermissionsExt::from_mode(0o755))
        .expect("its mode");
    let own = world.surroundings.administrator;
    if own != 0 {
        world.surroundings.administrator = own + 1;
        assert!(
            world.refusal().contains("belongs to another user"),
            "{}",
            world.refusal()
        );
        world.surroundings.administrator = own;
    }
    std::fs::remove_file(&path).expect("it was there");
    world.link("etc/requirements.toml", "nowhere");
    assert_snapshot!(world.refusal(), @"cannot read @/etc/requirements.toml: it is a link that leads nowhere");
    std::fs::remove_file(&path).expect("it was there");
    world.dir("etc/requirements.toml");
    assert_snapshot!(world.refusal(), @"cannot read @/etc/requirements.toml: it is not a file");
}
