//! Profiles of a user's own: what is chosen, and what it grants.

use std::path::Path;

use dam_policy::{GitAccess, Inherit, Layer, Limits, Property, SandboxMode};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::world::World;

fn user(text: &str) -> String {
    World::refusal_of(text)
}

/// A world with a profile that is chosen.
pub fn chosen(text: &str) -> World {
    let world = World::new();
    world.user(&format!("default_permissions = \"mine\"\n{text}"));
    world
}

fn name(world: &World) -> String {
    world.settings().posture.profile.value.name
}

#[test]
fn a_profile_grants_what_it_says() {
    let world = chosen(
        r#"
        [permissions.base]
        extends = ":workspace"
        git = "commit"
        needs = ["own-ipc"]

        [permissions.base.filesystem]
        ":slash_tmp" = "deny"
        "~/notes" = "deny"

        [permissions.base.limits]
        memory = "2G"
        cpu_time = "10m"

        [permissions.mine]
        description = "for tests"
        extends = "base"
        own_tmp = true

        [permissions.mine.filesystem]
        glob_scan_max_depth = 3
        "~/notes" = "read"
        "~/data/**" = "write"
        "~/.npmrc" = "read"
        "~/private/**/*.key" = "none"

        [permissions.mine.filesystem.":workspace_roots"]
        "docs" = "read"
        "secrets" = "deny"
        "**/*.env" = "deny"

        [permissions.mine.limits]
        cpu_time = 30
        "#,
    );
    world.dir("me/data");
    let profile = world.settings().posture.profile.value;
    assert_eq!(profile.name, "mine");
    assert!(profile.confined && profile.own_tmp);
    assert_eq!(profile.git, GitAccess::Commit);
    assert_eq!(profile.needs, [Property::OwnIpc]);
    let limits = Limits {
        memory: Some(2 << 30),
        cpu_time: Some(30),
        ..Limits::default()
    };
    assert_eq!(profile.limits, limits);
    for (path, reads, writes) in [
        ("project/src/x", true, true),
        ("project/docs/x", true, false),
        ("project/secrets/x", false, false),
        ("project/a/b.env", false, false),
        ("project/.codex/x", true, false),
        ("me/notes/x", true, false),
        ("me/data/x", true, true),
        ("me/private/a/x.key", false, false),
        ("me/.npmrc", true, false),
        ("me/.ssh/id", false, false),
        ("etc/x", false, false),
    ] {
        assert_eq!(profile.files.may_read(&world.path(path)), reads, "{path}");
        assert_eq!(profile.files.may_write(&world.path(path)), writes, "{path}");
    }
    assert!(profile.files.looks_at_reading());
    let found = profile.files.read(&world.path("project/secrets/x"));
    assert_eq!(found.origin.line, Some(30));
    assert_eq!(found.rule.as_str(), "files.path");
}

#[test]
fn tables_stand_in_tables() {
    let world = chosen(
        "[permissions.mine]\nextends = \":workspace\"\n\
         [permissions.mine.filesystem.\":workspace_roots\".src]\n\".\" = \"read\"\ngenerated = \"write\"\n\
         [permissions.mine.filesystem.\":workspace_roots\".src.secret]\n\".\" = \"deny\"\n\"public/**\" = \"read\"\n\
         [permissions.mine.filesystem.\"~\".data.a]\n\"*.key\" = \"deny\"\n",
    );
    world.dir("project/src/generated");
    for (path, reads, writes) in [
        ("project/x", true, true),
        ("project/src/x", true, false),
        ("project/src/generated/x", true, true),
        ("project/src/secret/x", false, false),
        ("project/src/secret/public/x", true, false),
        ("me/data/a/x.key", false, false),
        ("me/data/b/x.key", true, true),
    ] {
        assert_eq!(world.may_read(path), reads, "{path}");
        assert_eq!(world.may_write(path), writes, "{path}");
    }
}

#[test]
fn between_files_the_stronger_layer_chooses() {
    let mut world = World::new();
    world.system("sandbox_mode = \"read-only\"");
    world.user("default_permissions = \":workspace\"");
    assert_eq!(name(&world), ":workspace");
    assert_snapshot!(world.notices(), @"`sandbox_mode` or what belongs to it (@/etc/config.toml:1) has no effect, because `default_permissions` (user:1) is set by a stronger layer");
    world.system("default_permissions = \":read-only\"");
    world.user("sandbox_mode = \"workspace-write\"");
    assert_eq!(name(&world), ":workspace");
    assert_snapshot!(world.notices(), @"`default_permissions` (@/etc/config.toml:1) has no effect, because `sandbox_mode` (user:1) is set by a stronger layer");
    // What belongs to the older keys alone does not choose.
    world.user("[sandbox_workspace_write]\nexclude_slash_tmp = true");
    assert_snapshot!(world.refusal(), @r#"
    @/etc/config.toml:1:23: `default_permissions` does not go together with `sandbox_mode` and `[sandbox_workspace_write]`, of which one is set by user:2
      default_permissions = ":read-only"
                            ^^^^^^^^^^^^
    hint: keep `default_permissions`, and say in a profile of your own, [permissions.<name>], what the others say
    "#);
    world.user("default_permissions = \":workspace\"");
    world.typed(&["sandbox_workspace_write.exclude_slash_tmp=true"]);
    assert_snapshot!(world.refusal(), @r#"
    user:1:23: `default_permissions` does not go together with `sandbox_mode` and `[sandbox_workspace_write]`, of which one is set by command line (-c)
      default_permissions = ":workspace"
                            ^^^^^^^^^^^^
    hint: keep `default_permissions`, and say in a profile of your own, [permissions.<name>], what the others say
    "#);
}

#[test]
fn a_profile_that_extends_nothing_has_what_it_names() {
    let world = chosen(
        "[permissions.mine.filesystem]\n\":minimal\" = \"read\"\n\":workspace_roots\" = \"write\"\n",
    );
    assert!(world.may_write("project/x") && !world.may_read("me/x"));
    assert!(
        world
            .settings()
            .posture
            .profile
            .value
            .files
            .may_read(Path::new("/usr/bin/env"))
    );
    assert!(world.settings().notices.is_empty());
}

#[test]
fn a_profile_may_say_no_more_than_what_it_extends() {
    let world =
        chosen("[permissions.mine]\nextends = \":workspace\"\n[permissions.mine.filesystem]\n");
    assert!(world.may_write("project/x") && !world.may_write("project/.git/config"));
}

#[test]
fn every_value_of_a_profile_is_shown() {
    let world = chosen(
        "[permissions.mine]\nneeds = [\"own-tmp\"]\ngit = \"read\"\n[permissions.mine.filesystem]\n\"~/x\" = \"none\"\n\":workspace_roots\" = { \"*.a\" = \"deny\" }\n[limits]\nmemory = \"1K\"\n",
    );
    let shown = |key: &str| world.entry(key).map(|(value, origin)| (value, origin.line));
    assert_eq!(
        shown("default_permissions"),
        Some(("\"mine\"".into(), Some(1)))
    );
    assert_eq!(
        shown("permissions.mine.needs"),
        Some(("[\"own-tmp\"]".into(), Some(3)))
    );
    assert_eq!(
        shown("permissions.mine.git"),
        Some(("\"read\"".into(), Some(4)))
    );
    assert_eq!(
        shown("permissions.mine.filesystem.\"~/x\""),
        Some(("\"deny\"".into(), Some(6)))
    );
    assert_eq!(
        shown("permissions.mine.filesystem.\":workspace_roots\".\"*.a\""),
        Some(("\"deny\"".into(), Some(7)))
    );
    assert_eq!(shown("limits.memory"), Some(("1024".into(), Some(9))));
    // What is not in effect.
    assert_eq!(shown("sandbox_mode"), None);
    assert_eq!(shown("sandbox_workspace_write.exclude_slash_tmp"), None);
}

#[test]
fn the_built_in_profiles_can_be_chosen() {
    for (choice, mode) in [
        (":read-only", SandboxMode::ReadOnly),
        (":workspace", SandboxMode::WorkspaceWrite),
        (":danger-full-access", SandboxMode::DangerFullAccess),
    ] {
        let mut world = World::new();
        world.user(&format!("default_permissions = \"{choice}\""));
        let found = world.settings().posture.profile;
        assert_eq!(found.origin.layer, Layer::User);
        world.user("");
        world.options.sandbox_mode = Some(mode);
        assert_eq!(found.value, world.settings().posture.profile.value);
    }
}

#[test]
fn the_older_keys_and_a_profile_do_not_go_together() {
    assert_snapshot!(user("default_permissions = \":workspace\"\nsandbox_mode = \"read-only\""), @r#"
    user:1:23: `default_permissions` does not go together with `sandbox_mode` and `[sandbox_workspace_write]`, of which one is set by user:2
      default_permissions = ":workspace"
                            ^^^^^^^^^^^^
    hint: keep `default_permissions`, and say in a profile of your own, [permissions.<name>], what the others say
    "#);
    assert_snapshot!(user("default_permissions = \":workspace\"\n[sandbox_workspace_write]\nexclude_slash_tmp = true"), @r#"
    user:1:23: `default_permissions` does not go together with `sandbox_mode` and `[sandbox_workspace_write]`, of which one is set by user:3
      default_permissions = ":workspace"
                            ^^^^^^^^^^^^
    hint: keep `default_permissions`, and say in a profile of your own, [permissions.<name>], what the others say
    "#);
    let mut world = chosen("[permissions.mine]\nextends = \":read-only\"");
    world.trusting("default_permissions = \":read-only\"");
    world.project("sandbox_mode = \"workspace-write\"");
    assert_snapshot!(world.refusal(), @r#"
    user:1:23: `default_permissions` does not go together with `sandbox_mode` and `[sandbox_workspace_write]`, of which one is set by @/project/.cofferdam/config.toml:1
      default_permissions = ":read-only"
                            ^^^^^^^^^^^^
    hint: keep `default_permissions`, and say in a profile of your own, [permissions.<name>], what the others say
    "#);
    // What was typed for this session counts.
    let mut typed = chosen("[permissions.mine]\nextends = \":read-only\"");
    typed.options.sandbox_mode = Some(SandboxMode::WorkspaceWrite);
    assert_eq!(name(&typed), ":workspace");
    assert_eq!(typed.entry("default_permissions"), None);
    typed.options.sandbox_mode = None;
    typed.typed(&["sandbox_mode=workspace-write"]);
    assert_eq!(name(&typed), ":workspace");
    typed.typed(&["sandbox_mode=workspace-write", "default_permissions=mine"]);
    assert!(typed.refusal().contains("does not go together"));
    world = World::new();
    world.user(
        "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nexclude_slash_tmp = true",
    );
    world.typed(&["default_permissions=:read-only"]);
    assert_eq!(name(&world), ":read-only");
}

#[test]
fn links_are_granted_and_denied_where_they_lead() {
    let world = chosen(
        "[permissions.mine]\nextends = \":workspace\"\n[permissions.mine.filesystem]\n\"~/link\" = \"write\"\n\"~/hidden\" = \"deny\"\n\":workspace_roots\" = { \"secret\" = \"deny\", \"open\" = \"read\" }\n",
    );
    world.dir("me/data");
    world.link("me/link", "data");
    world.link("me/hidden", "elsewhere");
    world.link("project/secret", "deeper/secret");
    world.link("project/open", world.path("me/.ssh"));
    assert!(world.may_write("me/data/x"));
    assert!(!world.may_read("me/elsewhere/x") && !world.may_read("me/hidden"));
    assert!(!world.may_read("project/deeper/secret") && !world.may_write("project/deeper/secret"));
    // A link in the workspace may be the work of a command.
    assert!(!world.may_read("me/.ssh/id"));
}

#[test]
fn a_profile_is_narrowed_where_it_would_write_too_much() {
    let mut world = chosen("[permissions.mine]\nextends = \":workspace\"\ngit = \"commit\"\n");
    world.options.cd = world.path("me");
    assert!(!world.may_write("me/x") && world.may_read("me/x"));
    assert_snapshot!(world.notices(), @r#"
    this session is read-only, because of where it is: @/me: it is your home directory; work in a project
    nothing can be committed in this session, which is read-only
    "#);
    world.typed(&["default_permissions=mine"]);
    assert!(world.may_write("me/x") && !world.may_write("me/.config/x"));
    world.options.cd = "/".into();
    assert_snapshot!(world.refusal(), @r#"
    / cannot be a writable directory: it is the whole file system
    hint: choose a directory that holds only your work
    "#);
}

#[test]
fn more_directories_belong_to_the_workspace() {
    let mut world = chosen(
        "[permissions.base]\nextends = \":workspace\"\n[permissions.base.workspace_roots]\n\"~/one\" = true\n\"~/two\" = true\n[permissions.mine]\nextends = \"base\"\n[permissions.mine.workspace_roots]\n\"~/two\" = false\n[permissions.mine.filesystem]\n\":slash_tmp\" = \"read\"\n\":workspace_roots\" = { \"x.env\" = \"deny\" }",
    );
    assert_snapshot!(world.refusal(), @r#"
    user:5:11: there is no directory ~/one
      "~/one" = true
                ^^^^
    hint: make it, or take it out
    "#);
    world.dir("me/one");
    world.dir("me/two");
    assert!(world.may_write("me/one/x") && !world.may_write("me/two/x"));
    assert!(!world.may_read("me/one/x.env") && !world.may_read("project/x.env"));
    world.options.add_dirs = vec![world.dir("added")];
    assert!(world.may_write("added/x") && !world.may_read("added/x.env"));
}

#[test]
fn environments_of_profiles() {
    let world = chosen(
        "[shell_environment_policy]\ninherit = \"none\"\nset = { A = \"1\", B = \"1\" }\n[permissions.mine.environment]\ninherit = \"core\"\nset = { B = \"2\" }\n",
    );
    let environment = world.settings().posture.profile.value.environment;
    assert_eq!(environment.inherit, Inherit::Core);
    let set: Vec<_> = environment
        .set
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(set, [("A", "1"), ("B", "2")]);
    let mut world = world;
    world.options.sandbox_mode = Some(SandboxMode::ReadOnly);
    assert_eq!(
        world.settings().posture.profile.value.environment.inherit,
        Inherit::None
    );
}

#[test]
fn limits_hold_under_every_profile() {
    let text = "[limits]\nmemory = \"1G\"\nprocesses = 100\n[permissions.mine.limits]\nmemory = \"2G\"\nprocesses = 10\nwall_time = \"1h\"\n";
    let mut world = chosen(text);
    let limits = world.settings().posture.profile.value.limits;
    assert_eq!(limits.memory, Some(1 << 30));
    assert_eq!((limits.processes, limits.wall_time), (Some(10), Some(3600)));
    world.options.sandbox_mode = Some(SandboxMode::ReadOnly);
    assert_eq!(
        world.settings().posture.profile.value.limits.processes,
        Some(100)
    );
    world.options.sandbox_mode = Some(SandboxMode::DangerFullAccess);
    assert_snapshot!(world.notices(), @"[limits] holds nothing in this session, which has no boundary");
    assert_snapshot!(user("[limits]\nmemory = \"2 pounds\""), @r#"
    user:2:10: `2 pounds` is no value for the limit `memory`; write a size above 0, as in `64K`, `512M` or `2G`
      memory = "2 pounds"
               ^^^^^^^^^^
    "#);
    assert_snapshot!(user("[limits]\nprocesses = 0"), @r#"
    user:2:13: `0` is no value for the limit `processes`; write a number above 0, as in `64`
      processes = 0
                  ^
    "#);
    assert_snapshot!(user("[limits]\nwall_time = true"), @r#"
    user:2:13: `limits.wall_time` must be a number, or a string with its unit, and this is a truth value
      wall_time = true
                  ^^^^
    "#);
    assert_snapshot!(user("[limits]\ncpu = 1"), @r#"
    user:2:1: `cpu` is not a key of [limits]
      cpu = 1
      ^^^
    hint: did you mean `cpu_time`?
    "#);
    assert_snapshot!(user("[permissions.a]\nneeds = [\"own-tpm\"]"), @r#"
    user:2:10: `own-tpm` is no value of `permissions.a.needs`, which is one of `hidden-processes`, `store-names`, `own-devices`, `own-loopback`, `own-ipc`, `own-tmp`, `late-stores`, `ceiling`
      needs = ["own-tpm"]
               ^^^^^^^^^
    hint: did you mean `own-tmp`?
    "#);
    assert_snapshot!(user("[permissions.a]\ngit = \"push\""), @r#"
    user:2:7: `push` is no value of `permissions.a.git`, which is one of `read`, `commit`
      git = "push"
            ^^^^^^
    "#);
}

#[test]
fn older_keys_have_what_profiles_have() {
    let world = World::new();
    world.user("[sandbox_workspace_write]\nown_tmp = true\ngit = \"commit\"");
    let profile = world.settings().posture.profile.value;
    assert!(profile.own_tmp && profile.git == GitAccess::Commit);
    let mut world = world;
    world.options.sandbox_mode = Some(SandboxMode::ReadOnly);
    let profile = world.settings().posture.profile.value;
    assert!(!profile.own_tmp && profile.git == GitAccess::Read);
}

#[test]
fn a_project_may_only_narrow() {
    for text in [
        "default_permissions = \":workspace\"",
        "default_permissions = \"mine\"",
        "default_permissions = \":read-only\"",
        "[permissions.x]\nextends = \":workspace\"",
        "[limits]\nmemory = \"1T\"",
        "[sandbox_workspace_write]\ngit = \"commit\"",
        "[sandbox_workspace_write]\nown_tmp = false",
    ] {
        let world = World::new();
        world.trusting("[permissions.mine]\nextends = \":workspace\"");
        world.project(text);
        assert!(world.refusal().contains("a project may"), "{text}");
    }
}

fn access() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["read", "write", "deny"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What the older keys say, said as a profile, gives the same rules.
    #[test]
    fn the_older_keys_are_a_profile(
        exclude_slash_tmp in any::<bool>(), exclude_tmpdir in any::<bool>(),
        own_tmp in any::<bool>(), has_root in any::<bool>(), commits in any::<bool>(),
    ) {
        let mut world = World::new();
        world.surroundings.tmpdir = Some(world.dir("temporary"));
        world.dir("cache");
        let git = if commits { "commit" } else { "read" };
        let roots = if has_root { "writable_roots = [\"@/cache\"]" } else { "" };
        world.user(&format!(
            "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nexclude_slash_tmp = {exclude_slash_tmp}\nexclude_tmpdir_env_var = {exclude_tmpdir}\nown_tmp = {own_tmp}\ngit = \"{git}\"\n{roots}\n",
        ));
        let older = world.settings().posture.profile.value;
        let granted = |place: &str, is: bool| {
            if is { format!("\"{place}\" = \"write\"\n") } else { String::new() }
        };
        let files = granted("@/cache", has_root)
            + &granted(":slash_tmp", !exclude_slash_tmp)
            + &granted(":tmpdir", !exclude_tmpdir);
        world.write("me/.config/cofferdam/config.toml", &format!(
            "default_permissions = \"mine\"\n[permissions.mine]\nextends = \":read-only\"\nown_tmp = {own_tmp}\ngit = \"{git}\"\n[permissions.mine.filesystem]\n\":workspace_roots\" = \"write\"\n{files}",
        ));
        let mine = world.settings().posture.profile.value;
        prop_assert_eq!((older.own_tmp, older.git), (mine.own_tmp, mine.git));
        for path in [
            "project/x", "project/.git/config", "project/.git/hooks/x", "project/.codex/x", "cache/x",
            "temporary/x", "me/x", "me/.ssh/id", "me/.config/cofferdam/config.toml", "project/.git/HEAD",
            "me/.local/state/cofferdam/journal/x",
        ] {
            let path = world.path(path);
            prop_assert_eq!(older.files.may_read(&path), mine.files.may_read(&path), "{}", path.display());
            prop_assert_eq!(older.files.may_write(&path), mine.files.may_write(&path), "{}", path.display());
        }
        prop_assert_eq!(older.files.may_write(Path::new("/tmp/x")), mine.files.may_write(Path::new("/tmp/x")));
    }

    /// In files, too: one more denial never grants.
    #[test]
    fn a_denial_more_grants_nothing(
        said in prop::collection::vec((prop::sample::select(vec![
            ":root", ":minimal", ":workspace_roots", ":tmpdir", "@/project/a", "~/a", "~/.npmrc",
        ]), access()), 0..4),
        denied in prop::sample::select(vec![
            ":slash_tmp", "@/project/a/b", "~/a/**/x", "~/.ssh", "@/project/**/b", "~/b", "@/project/*",
        ]),
    ) {
        let world = World::new();
        for dir in ["project/a/b", "me/a/b"] {
            world.dir(dir);
        }
        world.link("me/b", "a");
        let mut lines: Vec<String> = Vec::new();
        for (key, access) in said {
            let is_refused = access == "write" && matches!(key, ":root" | ":minimal" | "~/.npmrc");
            let line = format!("\"{key}\" = ");
            if !is_refused && !lines.iter().any(|other| other.starts_with(&line)) {
                lines.push(format!("{line}\"{access}\""));
            }
        }
        let rules = |lines: &[String]| {
            world.user(&format!(
                "default_permissions = \"mine\"\n[permissions.mine]\nextends = \":workspace\"\n[permissions.mine.filesystem]\n{}\n\"/nothing\" = \"deny\"\n",
                lines.join("\n"),
            ));
            world.settings().posture.profile.value.files
        };
        let before = rules(&lines);
        lines.push(format!("\"{denied}\" = \"deny\""));
        let after = rules(&lines);
        for path in [
            "project/x", "project/a/x", "project/a/b/x", "project/b", "me/a/x", "me/a/b/x", "me/b/x",
            "me/.npmrc", "me/.ssh/id", "me/x", "project/.git/config",
        ] {
            let path = world.path(path);
            prop_assert!(!after.may_read(&path) || before.may_read(&path), "{}", path.display());
            prop_assert!(!after.may_write(&path) || before.may_write(&path), "{}", path.display());
        }
    }
}
