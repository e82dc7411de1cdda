//! Which layer's value counts, and that each remembers its place.

use dam_policy::{ApprovalPolicy, Granular, Layer, SandboxMode};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::world::World;

/// Lets a layer say something.
type Say = fn(&mut World);

/// Each layer, saying which model to use. Later ones are stronger.
const LAYERS: [(Layer, Say); 7] = [
    (Layer::System, |world| {
        world.system("model = \"system\"");
    }),
    (Layer::Managed, |world| {
        world.write("etc/managed_config.toml", "model = \"managed\"");
    }),
    (Layer::User, |world| {
        append_user(world, "model = \"user\"\n");
    }),
    (Layer::Profile, |world| {
        append_user(world, "[profiles.p]\nmodel = \"profile\"\n");
        world.options.profile = Some("p".to_owned());
    }),
    (Layer::Project, |world| {
        world.project("model = \"project\"");
        append_user(
            world,
            "[projects.\"@/project\"]\ntrust_level = \"trusted\"\n",
        );
    }),
    (Layer::CommandLine, |world| world.typed(&["model=typed"])),
    (Layer::Flag, |world| {
        world.options.model = Some("flag".to_owned());
    }),
];

fn append_user(world: &World, text: &str) {
    let path = world.path("me/.config/cofferdam/config.toml");
    let present = std::fs::read_to_string(path).unwrap_or_default();
    world.user(&format!("{present}{text}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_strongest_layer_that_says_something_counts(
        said in prop::collection::vec(any::<bool>(), LAYERS.len()),
        profile_has_a_file in any::<bool>(),
    ) {
        let mut world = World::new();
        let mut strongest = None;
        for ((layer, say), _) in LAYERS.iter().zip(&said).filter(|(_, said)| **said) {
            if *layer == Layer::Profile && profile_has_a_file {
                world.profile("p", "model = \"profile\"");
                world.options.profile = Some("p".to_owned());
            } else {
                say(&mut world);
            }
            strongest = Some(*layer);
        }
        let model = world.settings().model;
        prop_assert_eq!(model.map(|model| model.origin.layer), strongest);
        // Every layer that said something is named, the strongest first.
        let explained = world.settings().explain("model").expect("a key").said;
        let mut named: Vec<Layer> = explained.iter().map(|said| said.origin.layer).collect();
        prop_assert_eq!(named.first().copied(), strongest);
        named.reverse();
        let expected: Vec<Layer> =
            LAYERS.iter().zip(&said).filter(|(_, said)| **said).map(|((layer, _), _)| *layer).collect();
        prop_assert_eq!(named, expected);
        let counting: Vec<bool> = explained.iter().map(|said| said.counts).collect();
        prop_assert!(counting.iter().skip(1).all(|counts| !counts));
        prop_assert!(counting.first().is_none_or(|counts| *counts));
    }
}

#[test]
fn a_profile_has_a_file_or_a_table_and_not_both() {
    let mut world = World::new();
    world.options.profile = Some("work".to_owned());
    world.profile("work", "model = \"m\"\n[permissions.x]\nown_tmp = true\n");
    let settings = world.settings();
    let model = settings.model.expect("the profile's");
    assert_eq!(
        (model.origin.layer, model.origin.line),
        (Layer::Profile, Some(1))
    );
    assert!(settings.files[0].ends_with("work.config.toml"));
    // What is not chosen has no say.
    world.options.profile = None;
    assert_eq!(world.settings().model, None);
    // Chosen by the key.
    world.user("profile = \"work\"");
    assert!(world.settings().model.is_some());
    world.user("profile = \"work\"\n[profiles.work]\napproval_policy = \"never\"\n");
    assert_snapshot!(world.refusal(), @r#"
    user:3:19: the profile `work` is described here and in @/me/.config/cofferdam/work.config.toml
      approval_policy = "never"
                        ^^^^^^^
    hint: keep @/me/.config/cofferdam/work.config.toml, and move what [profiles.work] says there; or remove @/me/.config/cofferdam/work.config.toml
    "#);
    world.user("");
    world.options.profile = Some("work".to_owned());
    world.profile("work", "profile = \"other\"\n");
    assert_snapshot!(world.short(&world.refusal()), @r#"
    @/me/.config/cofferdam/work.config.toml:1:1: `profile` cannot be set in a named profile's file
      profile = "other"
      ^^^^^^^
    hint: set it in config.toml
    "#);
    world.options.profile = Some("wrok".to_owned());
    assert_snapshot!(world.refusal(), @"
    there is no profile `wrok` in the settings
    hint: did you mean `work`?
    ");
    // No name leads out of the directory.
    world.write("me/.config/x.config.toml", "model = \"m\"");
    for name in ["../x", "/etc/x", "", "."] {
        world.options.profile = Some(name.to_owned());
        assert!(world.load().is_err(), "{name}");
    }
}

#[test]
fn a_key_is_explained_by_all_that_was_said_of_it() {
    let mut world = World::new();
    world.system("sandbox_mode = \"read-only\"");
    world.trusting("[shell_environment_policy.set]\nMY_TOKEN = \"hidden-token\"\n");
    world.project("sandbox_mode = \"workspace-write\"");
    world.write(
        "project/sub/.cofferdam/config.toml",
        "sandbox_mode = \"read-only\"",
    );
    world.options.cd = world.path("project/sub");
    let explained = |world: &World, key: &str| {
        let found = world.settings().explain(key).expect("a key");
        let rows: Vec<String> = found
            .said
            .iter()
            .map(|said| {
                let mark = if said.counts { "*" } else { " " };
                format!(
                    "{mark} {} = {} # {}: {}",
                    said.key, said.value, said.origin, said.why
                )
            })
            .collect();
        world.short(&format!(
            "{}: {}\n{}\n{}",
            found.key,
            found.doc,
            found.setters,
            rows.join("\n")
        ))
    };
    assert_snapshot!(explained(&world, "sandbox_mode"), @r#"
    sandbox_mode: what commands may touch: `read-only`, `workspace-write` or `danger-full-access`
    every layer, a trusted project included
    * sandbox_mode = "read-only" # @/project/sub/.cofferdam/config.toml:1: the strongest layer that sets it
      sandbox_mode = "workspace-write" # @/project/.cofferdam/config.toml:1: another of the same layer is read after it
      sandbox_mode = "read-only" # @/etc/config.toml:1: the project configuration is stronger
      sandbox_mode = "workspace-write" # built-in default: the project configuration is stronger
    "#);
    assert_snapshot!(explained(&world, "shell_environment_policy"), @r#"
    shell_environment_policy: which variables commands are given
    every layer but a project
    * shell_environment_policy.ignore_default_excludes = false # built-in default: the strongest layer that sets it
    * shell_environment_policy.inherit = "all" # built-in default: the strongest layer that sets it
    * shell_environment_policy.set.MY_TOKEN = "[hidden]" # user:2: the strongest layer that sets it
    "#);
    assert_snapshot!(explained(&world, "permissions.\"x\".limits.memory"), @"
    permissions.x.limits.memory: memory, as in `2G`
    every layer but a project and a [profiles.<name>]
    ");
    // The older keys, where a profile was chosen in their place.
    world.typed(&["default_permissions=\":workspace\""]);
    assert_snapshot!(explained(&world, "sandbox_mode"), @r#"
    sandbox_mode: what commands may touch: `read-only`, `workspace-write` or `danger-full-access`
    every layer, a trusted project included
      sandbox_mode = "read-only" # @/project/sub/.cofferdam/config.toml:1: `default_permissions` and the older `sandbox_mode` do not go together, and the other one was chosen
      sandbox_mode = "workspace-write" # @/project/.cofferdam/config.toml:1: `default_permissions` and the older `sandbox_mode` do not go together, and the other one was chosen
      sandbox_mode = "read-only" # @/etc/config.toml:1: `default_permissions` and the older `sandbox_mode` do not go together, and the other one was chosen
      sandbox_mode = "workspace-write" # built-in default: `default_permissions` and the older `sandbox_mode` do not go together, and the other one was chosen
    "#);
    let refused = |key: &str| {
        world
            .settings()
            .explain(key)
            .expect_err("no key")
            .to_string()
    };
    assert_snapshot!(refused("sandbox_mod"), @"`sandbox_mod` is not a key of settings; did you mean `sandbox_mode`?");
    assert_snapshot!(refused("limits.memroy"), @"`memroy` is not a key of settings; did you mean `memory`?");
    assert_snapshot!(refused("a b"), @"`a b` is not a key of settings");
}

#[test]
fn every_value_remembers_its_place() {
    let mut world = World::new();
    world.system(
        "sandbox_mode = \"read-only\"\n\n[sandbox_workspace_write]\nexclude_slash_tmp = true\n",
    );
    world.trusting(
        "model = \"m\"\nprofile = \"p\"\n\n[profiles.p]\napproval_policy = \"untrusted\"\n\
         [model_providers.openai]\nrequest_max_retries = 7\n\
         http_headers = { Team = \"hidden-team\" }\nquery_params = { v = \"1\", api_key = \"hidden-key\" }\n\
         [shell_environment_policy.set]\nCI = \"1\"\nMY_TOKEN = \"hidden-token\"\n",
    );
    world.project("model = \"theirs\"");
    world.typed(&["sandbox_mode=workspace-write"]);
    let settings = world.settings();
    let rows: Vec<String> = settings
        .entries()
        .iter()
        .map(|(key, value, origin)| format!("{key} = {value}  # {origin}"))
        .collect();
    assert_snapshot!(world.short(&rows.join("\n")), @r#"
    approval_policy = "untrusted"  # user:5
    model = "theirs"  # @/project/.cofferdam/config.toml:1
    model_provider = "openai"  # built-in default
    model_providers.openai.base_url = "https://api.openai.com/v1"  # built-in default
    model_providers.openai.env_key = "OPENAI_API_KEY"  # built-in default
    model_providers.openai.http_headers.Team = "[hidden]"  # user:8
    model_providers.openai.name = "OpenAI"  # built-in default
    model_providers.openai.query_params.api_key = "[hidden]"  # user:9
    model_providers.openai.query_params.v = "1"  # user:9
    model_providers.openai.request_max_retries = 7  # user:7
    profile = "p"  # user:2
    profiles.p.approval_policy = "untrusted"  # user:5
    projects."@/project".trust_level = "trusted"  # user:15
    sandbox_mode = "workspace-write"  # command line (-c)
    sandbox_workspace_write.exclude_slash_tmp = true  # @/etc/config.toml:4
    sandbox_workspace_write.exclude_tmpdir_env_var = false  # built-in default
    sandbox_workspace_write.network_access = false  # built-in default
    shell_environment_policy.ignore_default_excludes = false  # built-in default
    shell_environment_policy.inherit = "all"  # built-in default
    shell_environment_policy.set.CI = "1"  # user:11
    shell_environment_policy.set.MY_TOKEN = "[hidden]"  # user:12
    "#);
    let debug = format!("{:?} {:?}", settings.provider, settings.entries());
    assert!(!debug.contains("hidden-"), "{debug}");
    let origin = &settings.posture.approval_policy.origin;
    assert_eq!((origin.layer, origin.line), (Layer::Profile, Some(5)));
    assert_eq!(settings.files.len(), 3);
}

#[test]
fn one_key_of_a_table_leaves_the_others_to_weaker_layers() {
    let mut world = World::new();
    world.user("[shell_environment_policy]\nexclude = [\"MINE*\"]\n[model_providers.x]\nbase_url = \"https://x/v1/\"\nenv_key = \"X_KEY\"\n");
    world.typed(&[
        "shell_environment_policy.inherit=core",
        "model_providers.x.request_max_retries=2",
        "model_provider=x",
        "model_providers.openai.base_url=https://proxy.example/v1",
    ]);
    let settings = world.settings();
    let environment = &settings.posture.profile.value.environment;
    assert_eq!(environment.inherit, dam_policy::Inherit::Core);
    assert_eq!(environment.exclude[0], "MINE*");
    let provider = &settings.provider.value;
    assert_eq!(provider.base_url, "https://x/v1");
    assert_eq!(provider.env_key.as_deref(), Some("X_KEY"));
    assert_eq!(provider.patience.request_max_retries, Some(2));
    assert_eq!(settings.provider.origin.layer, Layer::CommandLine);
}

#[test]
fn lists_are_replaced_as_a_whole() {
    let mut world = World::new();
    world.system("[shell_environment_policy]\ninclude_only = [\"A\", \"B\"]\n");
    world.typed(&["shell_environment_policy.include_only=[\"C\"]"]);
    let entry = world.entry("shell_environment_policy.include_only");
    assert_eq!(entry.expect("it is set").0, "[\"C\"]");
}

#[test]
fn what_nobody_set() {
    let settings = World::new().settings();
    assert_eq!(settings.posture.profile.value.name, ":workspace");
    assert_eq!(
        settings.posture.approval_policy.value,
        ApprovalPolicy::OnRequest
    );
    assert_eq!(settings.posture.reviewer, dam_policy::ReviewerKind::User);
    assert_eq!(settings.model, None);
    let provider = &settings.provider.value;
    assert_eq!(provider.id, "openai");
    assert_eq!(provider.base_url, "https://api.openai.com/v1");
    assert_eq!(provider.env_key.as_deref(), Some("OPENAI_API_KEY"));
    assert!(settings.files.is_empty() && settings.notices.is_empty());
    let mut alone = World::new();
    alone.interactive = false;
    assert_eq!(
        alone.settings().posture.reviewer,
        dam_policy::ReviewerKind::Nobody
    );
}

#[test]
fn flags_stand_for_modes_and_policies() {
    let stance = |change: fn(&mut dam_config::Options)| {
        let mut world = World::without_git();
        world.user("sandbox_mode = \"read-only\"\napproval_policy = \"untrusted\"");
        change(&mut world.options);
        let posture = world.settings().posture;
        (posture.profile.value.name, posture.approval_policy.value)
    };
    let full_auto = stance(|options| options.full_auto = true);
    assert_eq!(
        full_auto,
        (":workspace".to_owned(), ApprovalPolicy::OnRequest)
    );
    let yolo = stance(|options| options.yolo = true);
    assert_eq!(
        yolo,
        (":danger-full-access".to_owned(), ApprovalPolicy::Never)
    );
    let both = stance(|options| {
        options.full_auto = true;
        options.approval_policy = Some(ApprovalPolicy::Never);
    });
    assert_eq!(both, (":workspace".to_owned(), ApprovalPolicy::Never));
    let mode = stance(|options| options.sandbox_mode = Some(SandboxMode::WorkspaceWrite));
    assert_eq!(mode, (":workspace".to_owned(), ApprovalPolicy::Untrusted));
}

#[test]
fn approval_policies_of_either_form() {
    let policy = |text: &str| {
        let world = World::new();
        world.user(text);
        world.settings().posture.approval_policy.value
    };
    for name in ["untrusted", "on-failure", "on-request", "never"] {
        let expected: ApprovalPolicy = name.parse().expect("a policy");
        assert_eq!(policy(&format!("approval_policy = \"{name}\"")), expected);
    }
    let granular = Granular {
        sandbox_approval: true,
        rules: false,
        mcp_elicitations: false,
        request_permissions: false,
        skill_approval: false,
    };
    assert_eq!(
        policy(
            "approval_policy = { granular = { sandbox_approval = true, rules = false, mcp_elicitations = false } }"
        ),
        ApprovalPolicy::Granular(granular)
    );
    let former = Granular {
        request_permissions: true,
        ..granular
    };
    assert_eq!(
        policy(
            "[approval_policy.reject]\nsandbox_approval = false\nrules = true\nmcp_elicitations = true\nskill_approval = true\n"
        ),
        ApprovalPolicy::Granular(former)
    );
}

#[test]
fn a_profile_may_change_every_setting_that_is_not_its_own() {
    let mut world = World::new();
    world.user(
        "[profiles.p]\nmodel_provider = \"x\"\n[profiles.p.model_providers.x]\nbase_url = \"http://127.0.0.1:8080\"\n\
         [profiles.p.sandbox_workspace_write]\nexclude_slash_tmp = true\n\
         [profiles.p.shell_environment_policy]\ninherit = \"none\"\n",
    );
    world.options.profile = Some("p".to_owned());
    let settings = world.settings();
    assert_eq!(settings.provider.value.base_url, "http://127.0.0.1:8080");
    assert_eq!(settings.provider.value.env_key, None);
    assert_eq!(
        settings.posture.profile.value.environment.inherit,
        dam_policy::Inherit::None
    );
    world.options.profile = None;
    assert_eq!(world.settings().provider.value.id, "openai");
}

#[test]
fn secrets_of_providers_stay_out_of_commands() {
    let world = World::new();
    world.user("[model_providers.x]\nbase_url = \"https://x\"\nenv_key = \"PLAIN\"\nenv_http_headers = { Team = \"HEAD\" }\n");
    let variables = || {
        [("PLAIN", "a"), ("HEAD", "b"), ("OTHER", "c")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let environment = world.settings().posture.profile.value.environment;
    assert_eq!(
        environment
            .apply(variables())
            .into_keys()
            .collect::<Vec<_>>(),
        ["OTHER"]
    );
    let mut world = world;
    world.typed(&["shell_environment_policy.pass=[\"PLAIN\"]"]);
    let environment = world.settings().posture.profile.value.environment;
    assert!(
        environment
            .apply(variables())
            .into_keys()
            .eq(["OTHER", "PLAIN"])
    );
    world.typed(&["shell_environment_policy.ignore_default_excludes=true"]);
    let environment = world.settings().posture.profile.value.environment;
    assert_eq!(environment.apply(variables()).len(), 3);
}
