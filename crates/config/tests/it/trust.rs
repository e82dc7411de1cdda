//! A project's own settings: when they count, and what they may not say.

use insta::assert_snapshot;

use crate::world::World;

fn project(text: &str) -> String {
    let world = World::new();
    world.trusting("");
    world.project(text);
    world.refusal()
}

#[test]
fn a_project_counts_only_where_it_is_trusted() {
    let world = World::new();
    world.project("this is not even TOML");
    assert_snapshot!(world.notices(), @"@/project/.cofferdam/config.toml is not followed, because the project is not trusted");
    assert!(!world.settings().project.trusted);
    world.user("[projects.\"@/project\"]\ntrust_level = \"untrusted\"\n");
    assert!(!world.settings().project.trusted);
    world.trusting("");
    assert_snapshot!(world.refusal(), @r#"
    @/project/.cofferdam/config.toml:1:6: key with no value, expected `=`
      this is not even TOML
           ^
    "#);
    world.project("model = \"theirs\"");
    let settings = world.settings();
    assert!(settings.project.trusted && settings.notices.is_empty());
    assert_eq!(settings.model.expect("the project's").value, "theirs");
}

#[test]
fn trust_is_found_under_every_name_of_the_directory() {
    let mut world = World::new();
    world.project("model = \"theirs\"");
    world.link("other", world.path("project"));
    world.user("[projects.\"@/other/\"]\ntrust_level = \"trusted\"");
    assert!(world.settings().project.trusted);
    world.user("model = \"mine\"");
    world.typed(&["projects.\"@/project\".trust_level=trusted"]);
    assert!(world.settings().project.trusted);
    world.typed(&[]);
    world.surroundings.home = Some(world.path(""));
    world.write(
        ".config/cofferdam/config.toml",
        "[projects.\"~/project\"]\ntrust_level = \"trusted\"",
    );
    assert!(world.settings().project.trusted);
}

#[test]
fn trust_is_of_a_whole_project() {
    let mut world = World::new();
    world.options.cd = world.dir("project/sub/deep");
    world.user("[projects.\"@/project/sub\"]\ntrust_level = \"trusted\"");
    world.write("project/sub/.cofferdam/config.toml", "model = \"theirs\"");
    assert_snapshot!(world.notices(), @r#"
    [projects."@/project/sub"] has no effect here: trust is given to a whole project, and the root of this one is @/project
    @/project/sub/.cofferdam/config.toml is not followed, because the project is not trusted
    "#);
    assert!(!world.settings().project.trusted);
    // A parent's trust is not the project's: what else is checked out there
    // was not looked at.
    world.user("[projects.\"@/\"]\ntrust_level = \"trusted\"");
    assert!(!world.settings().project.trusted);
}

#[test]
fn files_are_read_from_the_root_down() {
    let mut world = World::new();
    world.options.cd = world.dir("project/sub/deep");
    world.trusting("");
    world.project("model = \"root\"\napproval_policy = \"never\"");
    world.write("project/sub/.cofferdam/config.toml", "model = \"sub\"");
    world.write(".cofferdam/config.toml", "model = \"outside\"");
    let settings = world.settings();
    assert_eq!(settings.model.expect("the nearest").value, "sub");
    assert_eq!(settings.posture.approval_policy.value.to_string(), "never");
    assert_eq!(settings.files.len(), 3);
}

#[test]
fn what_a_project_may_not_say() {
    assert_snapshot!(project("model_provider = \"theirs\""), @r#"
    @/project/.cofferdam/config.toml:1:1: a project may not set `model_provider`
      model_provider = "theirs"
      ^^^^^^^^^^^^^^
    hint: set it in your own config.toml
    "#);
    assert_snapshot!(project("[model_providers.openai]\nbase_url = \"https://theirs.example\""), @r#"
    @/project/.cofferdam/config.toml:1:2: a project may not set `model_providers`
      [model_providers.openai]
       ^^^^^^^^^^^^^^^
    hint: set it in your own config.toml
    "#);
    assert_snapshot!(project("[projects.\"/\"]\ntrust_level = \"trusted\""), @r#"
    @/project/.cofferdam/config.toml:1:2: a project may not set `projects`
      [projects."/"]
       ^^^^^^^^
    hint: set it in your own config.toml
    "#);
    assert_snapshot!(project("profile = \"theirs\""), @r#"
    @/project/.cofferdam/config.toml:1:1: a project may not set `profile`
      profile = "theirs"
      ^^^^^^^
    hint: set it in your own config.toml
    "#);
    assert_snapshot!(project("[profiles.x]\nmodel = \"m\""), @r#"
    @/project/.cofferdam/config.toml:1:2: a project may not set `profiles`
      [profiles.x]
       ^^^^^^^^
    hint: set it in your own config.toml
    "#);
    assert_snapshot!(project("[shell_environment_policy.set]\nPATH = \"/theirs\""), @r#"
    @/project/.cofferdam/config.toml:1:2: a project may not set `shell_environment_policy`
      [shell_environment_policy.set]
       ^^^^^^^^^^^^^^^^^^^^^^^^
    hint: set it in your own config.toml
    "#);
    assert_snapshot!(project("sandbox_mode = \"danger-full-access\""), @r#"
    @/project/.cofferdam/config.toml:1:16: a project may not switch the boundary off
      sandbox_mode = "danger-full-access"
                     ^^^^^^^^^^^^^^^^^^^^
    hint: whoever wants that says `--sandbox danger-full-access` for the session
    "#);
    assert_snapshot!(project("[sandbox_workspace_write]\nwritable_roots = [\"~\"]"), @r#"
    @/project/.cofferdam/config.toml:2:18: a project may not make @/me writable, which is outside of it
      writable_roots = ["~"]
                       ^^^^^
    hint: set it in your own config.toml
    "#);
    let world = World::new();
    world.trusting("");
    world.project("[sandbox_workspace_write]\nwritable_roots = [\"link\"]");
    world.link("project/link", world.dir("elsewhere"));
    assert_snapshot!(world.refusal(), @r#"
    @/project/.cofferdam/config.toml:2:18: a project may not make @/elsewhere writable, which is outside of it
      writable_roots = ["link"]
                       ^^^^^^^^
    hint: set it in your own config.toml
    "#);
    world.trusting("sandbox_mode = \"danger-full-access\"");
    world.project("approval_policy = \"never\"");
    assert_snapshot!(world.refusal(), @r#"
    @/project/.cofferdam/config.toml:1:19: a project may not say when you are asked while there is no boundary
      approval_policy = "never"
                        ^^^^^^^
    hint: say `--ask-for-approval` for the session
    "#);
}

#[test]
fn a_project_may_name_its_own_directories() {
    let mut world = World::new();
    world.trusting("");
    world.dir("project/build");
    world.options.cd = world.dir("project/sub");
    world.project(
        "[sandbox_workspace_write]\nwritable_roots = [\"build\"]\nexclude_slash_tmp = true",
    );
    assert!(world.may_write("project/build/x") && world.may_write("project/sub/x"));
    assert!(!world.may_write("project/x"));
}

#[test]
fn the_users_own_file_is_not_also_a_projects() {
    let mut world = World::new();
    world.surroundings.cofferdam_home = Some(world.dir("project/.cofferdam"));
    world.project("model = \"mine\"");
    let settings = world.settings();
    assert_eq!(settings.files.len(), 1);
    assert_eq!(
        settings.model.expect("it is set").origin.layer,
        dam_policy::Layer::User
    );
    assert!(settings.notices.is_empty(), "{:?}", settings.notices);
}
