//! What a session may write, by where it is and what was said.

use dam_policy::{Layer, SandboxMode};
use insta::assert_snapshot;

use crate::world::World;

fn name(world: &World) -> String {
    world.settings().posture.profile.value.name
}

#[test]
fn a_folder_under_version_control_may_be_written() {
    for marker in [".git", ".hg", ".jj", ".svn"] {
        let mut world = World::without_git();
        assert_eq!(name(&world), ":read-only");
        if marker == ".git" {
            world.git_directory("project/.git");
        } else {
            world.dir(&format!("project/{marker}"));
        }
        world.options.cd = world.dir("project/sub");
        let settings = world.settings();
        assert_eq!(
            settings.posture.profile.value.name, ":workspace",
            "{marker}"
        );
        assert_eq!(settings.posture.profile.origin.layer, Layer::Builtin);
        assert_eq!(settings.project.root, Some(world.path("project")));
        assert!(settings.project.vcs);
    }
    let world = World::without_git();
    world.git_directory("real");
    world.write("project/.git", "gitdir: ../real\n");
    assert_eq!(name(&world), ":workspace");
}

#[test]
fn the_whole_set_of_rules() {
    let mut world = World::new();
    world.surroundings.tmpdir = Some(world.dir("temporary"));
    world.options.add_dirs = vec![world.dir("added")];
    world.dir("cache");
    world.user("[sandbox_workspace_write]\nwritable_roots = [\"@/cache\"]");
    assert_snapshot!(world.rules(), @r"
    + /tmp
    + @/added
    + @/cache
    + @/project
    + @/temporary
    - @/etc
    - @/gitconfig
    - @/me/.config/cofferdam
    - @/me/.config/git/config
    - @/me/.gitconfig
    - @/project/.git
    - @/project/.git/config
    - @/project/.git/config.worktree
    - @/project/.git/hooks
    - user
    ");
    let rules = world.settings().posture.profile.value.files;
    let root = rules.iter().find(|rule| rule.path == world.path("cache"));
    assert_eq!(root.expect("a rule").origin.line, Some(2));
}

#[test]
fn temporary_directories_can_be_left_out() {
    let mut world = World::new();
    world.surroundings.tmpdir = Some(world.dir("temporary"));
    world.typed(&["sandbox_workspace_write.exclude_slash_tmp=true"]);
    assert_snapshot!(world.rules(), @r#"
    + @/project
    + @/temporary
    - @/project/.git
    - @/project/.git/config
    - @/project/.git/config.worktree
    - @/project/.git/hooks
    "#);
    world.typed(&[
        "sandbox_workspace_write.exclude_slash_tmp=true",
        "sandbox_workspace_write.exclude_tmpdir_env_var=true",
    ]);
    assert_snapshot!(world.rules(), @r#"
    + @/project
    - @/project/.git
    - @/project/.git/config
    - @/project/.git/config.worktree
    - @/project/.git/hooks
    "#);
    assert!(world.settings().notices.is_empty());
    world.typed(&["sandbox_workspace_write.exclude_tmpdir_env_var=true"]);
    assert_snapshot!(world.notices(), @"`exclude_tmpdir_env_var` does not reach into /tmp, which is writable; set `exclude_slash_tmp` to change that");
    world.surroundings.tmpdir = Some("/tmp".into());
    world.typed(&["sandbox_workspace_write.exclude_slash_tmp=true"]);
    assert_snapshot!(world.notices(), @"TMPDIR (/tmp) is not writable in this session: your home directory is below it");
    world.surroundings.home = None;
    world.surroundings.cofferdam_home = Some(world.path("own"));
    assert_snapshot!(world.notices(), @"`exclude_slash_tmp` alone does not keep /tmp read-only, because TMPDIR names it; set `exclude_tmpdir_env_var`, too");
}

#[test]
fn a_temporary_directory_that_is_too_much_is_left_out() {
    let mut world = World::new();
    world.surroundings.tmpdir = Some("/".into());
    assert_snapshot!(world.notices(), @"TMPDIR (/) is not writable in this session: it is the whole file system");
    world.surroundings.tmpdir = Some(world.path("me"));
    assert_snapshot!(world.notices(), @"TMPDIR (@/me) is not writable in this session: it is your home directory");
    world.surroundings.tmpdir = Some(world.path("nothing"));
    assert_snapshot!(world.notices(), @"TMPDIR (@/nothing) is not writable in this session: there is no such directory");
    assert!(
        world
            .settings()
            .posture
            .profile
            .value
            .files
            .iter()
            .all(|rule| {
                rule.access != dam_policy::Access::Write || !rule.path.starts_with(world.path("me"))
            })
    );
}

#[test]
fn a_home_directory_is_not_written_by_default() {
    let mut world = World::new();
    world.user("sandbox_mode = \"workspace-write\"");
    world.options.cd = world.path("me");
    assert_eq!(name(&world), ":read-only");
    assert_snapshot!(world.notices(), @"this session is read-only, because of where it is: @/me: it is your home directory; work in a project");
    assert_eq!(
        world.entry("sandbox_mode").expect("it is set").0,
        "\"read-only\""
    );
    world.options.cd = world.path("");
    assert_eq!(name(&world), ":read-only");
    assert_snapshot!(world.notices(), @"this session is read-only, because of where it is: @: your home directory is below it; work in a project");
    world.options.cd = "/".into();
    assert_eq!(name(&world), ":read-only");
}

#[test]
fn a_home_directory_is_written_if_somebody_says_so_for_the_session() {
    let mut world = World::new();
    world.options.cd = world.path("me");
    world.options.sandbox_mode = Some(SandboxMode::WorkspaceWrite);
    assert_eq!(name(&world), ":workspace");
    assert_snapshot!(world.notices(), @"everything in @/me is writable, because it is the working directory; work in a project instead");
    for kept in [
        ".config/autostart/x",
        ".local/bin/x",
        "bin/x",
        ".cargo/config.toml",
        ".ssh/x",
    ] {
        assert!(!world.may_write(&format!("me/{kept}")), "{kept}");
    }
    assert!(world.may_write("me/notes.txt") && !world.may_read("me/.ssh/id"));
    world.options.cd = world.path("");
    assert_snapshot!(world.refusal(), @r#"
    @ cannot be a writable directory: your home directory is below it
    hint: choose a directory that holds only your work
    "#);
    world.options.cd = "/".into();
    assert_snapshot!(world.refusal(), @r#"
    / cannot be a writable directory: it is the whole file system
    hint: choose a directory that holds only your work
    "#);
}

#[test]
fn insides_are_never_a_workspace() {
    for inside in [
        "project/.git/hooks",
        "project/.GIT/x",
        "project/.cofferdam",
        "project/.hg/x",
        "me/.config/cofferdam",
        "me/.local/state/cofferdam/journal",
        "me/.ssh",
        "me/.aws/sso",
        "bare.git/hooks",
    ] {
        let mut world = World::new();
        world.git_directory("bare.git");
        world.options.cd = world.dir(inside);
        world.user("sandbox_mode = \"workspace-write\"");
        assert_eq!(name(&world), ":read-only", "{inside}");
        world.options.sandbox_mode = Some(SandboxMode::WorkspaceWrite);
        let refusal = world.refusal();
        assert!(
            refusal.contains("cannot be a writable directory"),
            "{refusal}"
        );
        world.options.cd = world.path("project");
        world.options.add_dirs = vec![world.path(inside)];
        let refusal = world.refusal();
        assert!(
            refusal.contains("cannot be a writable directory"),
            "{refusal}"
        );
    }
    // Another agent keeps its working trees there.
    let mut world = World::new();
    world.options.cd = world.dir("me/.codex/worktrees/one");
    world.options.full_auto = true;
    assert!(world.may_write("me/.codex/worktrees/one/x"));
}

#[test]
fn what_is_ours_is_kept_from_commands() {
    let mut world = World::new();
    let own = world.dir("project/own");
    world.write("project/own/config.toml", "model = \"m\"");
    world.surroundings.cofferdam_home = Some(own);
    assert!(
        !world.may_write("project/own/config.toml") && world.may_read("project/own/config.toml")
    );
    assert!(!world.may_write("project/own/state/x"));
    assert!(!world.may_read("project/own/state/journal/x"));
    assert!(world.may_write("project/x"));
    // What is not there yet would count in the next session.
    world.surroundings.cofferdam_home = Some(world.path("project/later"));
    assert!(!world.may_write("project/later/config.toml"));
}

#[test]
fn credential_stores_that_were_moved_are_unreadable_too() {
    let mut world = World::new();
    world.surroundings.xdg_config_home = Some(world.path("xdg"));
    world.surroundings.xdg_data_home = Some(world.path("data"));
    assert!(!world.may_read("xdg/gh/hosts.yml") && !world.may_read("data/keyrings/x"));
    assert!(world.may_read("xdg/other") && !world.may_read("me/.config/gh/hosts.yml"));
}

#[test]
fn full_access_takes_more_directories_without_complaint() {
    let mut world = World::new();
    world.options.yolo = true;
    world.options.add_dirs = vec![world.dir("added")];
    let profile = world.settings().posture.profile.value;
    assert!(!profile.confined);
}
