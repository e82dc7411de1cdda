//! What git would run inside a writable directory cannot be written.

use insta::assert_snapshot;

use crate::world::World;

/// The protected paths, without those that every repository has.
fn protected(world: &World) -> String {
    let usual = [
        "- @/project/.git",
        "- @/project/.git/config",
        "- @/project/.git/config.worktree",
        "- @/project/.git/hooks",
    ];
    let rules = world.rules();
    let rows = rules
        .lines()
        .filter(|row| row.starts_with("- @/project") && !usual.contains(row));
    rows.collect::<Vec<_>>().join("\n")
}

fn with_config(text: &str) -> World {
    let world = World::new();
    world.write("project/.git/config", text);
    world
}

#[test]
fn hooks_directories_before_they_exist() {
    for text in [
        "[core]\n\thooksPath = tools/hooks\n",
        "[CORE]\nHooksPath=tools/hooks ; ours",
        "[core] hooksPath = \"tools/hooks\" # ours\r\n",
        "[core]\n  hooksPath = tools/\\\nhooks\n",
        "[core]\nhooksPath = @/project/tools/hooks\n",
        "[core]\nhooksPath = ~/../project/tools/hooks",
        "[core \"sub\\\"]\"]\nhooksPath = tools/hooks",
    ] {
        let world = with_config(text);
        assert_eq!(protected(&world), "- @/project/tools/hooks", "{text}");
        assert!(!world.may_write("project/tools/hooks/pre-commit"));
        assert!(world.may_write("project/tools/other"));
    }
}

#[test]
fn settings_that_hold_for_every_repository() {
    let mut world = World::new();
    world.write("me/.gitconfig", "[core]\nhooksPath = .githooks\n");
    assert_snapshot!(protected(&world), @"- @/project/.githooks");
    world.write("me/.config/git/config", "[core]\nfsmonitor = ./watch\n");
    assert_snapshot!(protected(&world), @r#"
    - @/project/.githooks
    - @/project/watch
    "#);
    world.write("xdg/git/config", "[core]\npager = tools/page --fast\n");
    world.write("project/tools/page", "");
    world.surroundings.xdg_config_home = Some(world.path("xdg"));
    assert_snapshot!(protected(&world), @r#"
    - @/project/.githooks
    - @/project/tools/page
    "#);
}

#[test]
fn included_settings_and_what_they_name() {
    let world = with_config(
        "[include]\npath = ../shared.gitconfig\n[includeIf \"onbranch:x\"]\npath = ../missing\n",
    );
    world.write(
        "project/shared.gitconfig",
        "[include]\npath = .git/config\npath = shared.gitconfig\n[core]\nhooksPath = h\n",
    );
    assert_snapshot!(protected(&world), @r#"
    - @/project/h
    - @/project/missing
    - @/project/shared.gitconfig
    "#);
}

#[test]
fn programs_that_settings_name() {
    let world = with_config(
        "[filter \"x\"]\nclean = tools/clean %f\nsmudge = sh -c './tools/smudge'\n\
         [alias]\nx = !tools/alias; echo a/b\n[diff \"d\"]\ntextconv = \"@/project/tools/conv\"\n\
         [merge \"m\"]\ndriver = cat %A\n[remote \"origin\"]\nurl = ../other\nreceivepack = ./tools/receive\n\
         [difftool \"t\"]\npath = tools/diff\n[branch \"b\"]\ndescription = tools/clean2\n",
    );
    for name in ["clean", "clean2", "alias", "diff"] {
        world.write(&format!("project/tools/{name}"), "");
    }
    assert_snapshot!(protected(&world), @r#"
    - @/project/tools/alias
    - @/project/tools/clean
    - @/project/tools/conv
    - @/project/tools/diff
    - @/project/tools/receive
    - @/project/tools/smudge
    "#);
}

#[test]
fn hooks_that_are_links() {
    let world = World::new();
    world.write("project/scripts/check.sh", "");
    world.link("project/.git/hooks/pre-commit", "../../scripts/check.sh");
    world.link("project/.git/hooks/pre-push", "../../scripts/later.sh");
    assert_snapshot!(protected(&world), @r#"
    - @/project/scripts/check.sh
    - @/project/scripts/later.sh
    "#);
}

#[test]
fn pointer_files() {
    let mut world = World::without_git();
    world.git_directory("project/.bare");
    world.write("project/.bare/worktrees/one/HEAD", "ref: refs/heads/one\n");
    world.write("project/.bare/worktrees/one/commondir", "../..\n");
    world.write("project/one/.git", "gitdir: ../.bare/worktrees/one\n");
    world.write(
        "project/.bare/config",
        "[core]\nhooksPath = hooks-of-ours\n",
    );
    world.options.cd = world.path("project/one");
    world.options.add_dirs = vec![world.path("project/.bare/../sibling")];
    world.dir("project/sibling");
    assert_snapshot!(protected(&world), @r#"
    - @/project/.bare
    - @/project/.bare/config
    - @/project/.bare/hooks
    - @/project/.bare/worktrees/one
    - @/project/.bare/worktrees/one/config.worktree
    - @/project/one/.git
    - @/project/one/hooks-of-ours
    "#);
    world.options.add_dirs = vec![];
    world.write("project/.git", "gitdir: .bare\n");
    world.options.cd = world.path("project");
    assert_snapshot!(protected(&world), @r#"
    - @/project/.bare
    - @/project/.bare/config
    - @/project/.bare/config.worktree
    - @/project/.bare/hooks
    - @/project/hooks-of-ours
    "#);
    world.options.cd = world.path("project/.bare");
    assert_eq!(world.settings().posture.profile.value.name, ":read-only");
}

#[test]
fn every_working_tree_has_its_own_hooks() {
    let world = with_config("[core]\nhooksPath = .githooks\n");
    world.write(
        "project/.git/worktrees/one/gitdir",
        "@/project/trees/one/.git\n",
    );
    world.write("project/.git/worktrees/one/commondir", "../..\n");
    world.write(
        "project/.git/worktrees/one/config.worktree",
        "[core]\nhooksPath = own\n",
    );
    world.write(
        "project/trees/one/.git",
        "gitdir: @/project/.git/worktrees/one\n",
    );
    world.write(
        "project/.git/config.worktree",
        "[core]\nworktree = ../elsewhere\n",
    );
    assert_snapshot!(protected(&world), @r#"
    - @/project/.git/worktrees/one/config.worktree
    - @/project/.githooks
    - @/project/elsewhere/.githooks
    - @/project/trees/one/.githooks
    - @/project/trees/one/own
    "#);
}

#[test]
fn the_machines_own_settings_count() {
    let world = World::new();
    world.write("gitconfig", "[core]\nhooksPath = tools/hooks\n");
    assert_snapshot!(protected(&world), @"- @/project/tools/hooks");
}

/// Every file that git itself reads settings from, and where it looks for
/// hooks, in each working tree.
#[test]
fn what_git_itself_reads_is_protected() {
    let world = World::without_git();
    let git = |dir: &str, words: &[&str]| git(&world, dir, words);
    git("project", &["init", "-q", "-b", "main"]);
    git("project", &["commit", "-q", "--allow-empty", "-m", "one"]);
    git("project", &["worktree", "add", "-q", "tree"]);
    git("project", &["config", "extensions.worktreeConfig", "true"]);
    git("project", &["config", "include.path", "../shared/a"]);
    git(
        "project",
        &["config", "includeIf.onbranch:main.path", "../shared/b"],
    );
    git(
        "project",
        &[
            "config",
            "includeIf.gitdir/i:**/.git.path",
            "~/../project/shared/c",
        ],
    );
    git(
        "tree",
        &["config", "--worktree", "core.hooksPath", "own hooks"],
    );
    world.write(
        "project/shared/a",
        "[include]\npath = \"deep er/d\"\n[core]\nhooksPath = .githooks\n",
    );
    world.write("project/shared/deep er/d", "[core]\nexcludesFile = x\n");
    world.write("project/shared/b", "[alias]\nx = y\n");
    world.write("project/shared/c", "[user]\nname = n\n");
    for dir in ["project", "project/tree"] {
        let list = git(
            dir,
            &["config", "--includes", "--show-origin", "--list", "-z"],
        );
        let origins: Vec<&str> = list
            .split('\0')
            .filter_map(|part| part.strip_prefix("file:"))
            .collect();
        assert!(origins.len() > 5, "{list}");
        for origin in origins {
            assert!(!may_write(&world, dir, origin), "{dir}: {origin}");
        }
        let hooks = git(dir, &["rev-parse", "--git-path", "hooks"]);
        assert!(
            !may_write(&world, dir, &format!("{}/pre-commit", hooks.trim())),
            "{dir}: {hooks}"
        );
    }
    assert!(world.may_write("project/shared/other"));
}

fn may_write(world: &World, dir: &str, path: &str) -> bool {
    let path = world.path(dir).join(path);
    let below = path.strip_prefix(world.path("")).expect("in the world");
    world.may_write(&below.display().to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "git is what the reader is compared with"
)]
fn git(world: &World, dir: &str, words: &[&str]) -> String {
    let dir = if dir == "tree" { "project/tree" } else { dir };
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=n", "-c", "user.email=e"])
        .args(words)
        .current_dir(world.path(dir))
        .env("HOME", world.path("me"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .expect("git is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {words:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn links_with_protected_names() {
    let world = World::new();
    world.write("project/docs/agents.txt", "");
    world.link("project/AGENTS.md", "docs/agents.txt");
    world.link("project/Claude.md", "docs/claude.txt");
    world.link("project/.github/workflows", "../ci");
    world.link("project/README.md", "docs/readme.txt");
    assert_snapshot!(protected(&world), @r#"
    - @/project/ci
    - @/project/docs/agents.txt
    - @/project/docs/claude.txt
    "#);
}

#[test]
fn a_workspace_below_the_root_is_looked_at_from_the_root() {
    let mut world = with_config("[core]\nhooksPath = sub/hooks\n");
    world.link("project/CLAUDE.md", "sub/notes.txt");
    world.options.cd = world.dir("project/sub");
    assert_snapshot!(protected(&world), @r#"
    - @/project/sub/hooks
    - @/project/sub/notes.txt
    "#);
    world.options.cd = world.dir("project/sub/hooks/deep");
    assert_eq!(world.settings().posture.profile.value.name, ":read-only");
    assert_snapshot!(world.notices(), @"this session is read-only, because of where it is: @/project/sub/hooks/deep: git runs what is in @/project/sub/hooks; work in a project");
}

#[test]
fn other_version_control() {
    let world = World::without_git();
    world.dir("project/.hg");
    world.dir("project/.jj");
    assert_snapshot!(protected(&world), @r#"
    - @/project/.hg
    - @/project/.jj
    "#);
    assert!(!world.may_write("project/.hg/hgrc"));
}

#[test]
fn a_repository_behind_something_that_is_none() {
    for inner in [".git", ".hg"] {
        let mut world = with_config("[core]\nhooksPath = sub/hooks\n");
        world.dir(&format!("project/sub/{inner}"));
        world.options.cd = world.path("project/sub");
        assert!(!world.may_write("project/sub/hooks/pre-commit"), "{inner}");
        assert!(world.may_write("project/sub/x"));
    }
}

#[test]
fn nothing_unreadable_becomes_readable() {
    let world = with_config("[core]\nhooksPath = ~/.ssh/hooks\n[include]\npath = ~/.netrc\n");
    assert!(!world.may_read("me/.ssh/hooks/x"));
    assert!(!world.may_read("me/.netrc"));
}

#[test]
fn what_cannot_be_understood_is_an_error() {
    let refusal = |text: &str| with_config(text).refusal();
    assert_snapshot!(refusal("[core]\nhooksPath = \"x\n"), @r#"
    @/project/.git/config:3: a quoted value has no end, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
    assert_snapshot!(refusal("[core\nhooksPath = x"), @r#"
    @/project/.git/config:2: a section has no end, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
    assert_snapshot!(refusal("[core]\nhooksPath x"), @r#"
    @/project/.git/config:2: a name is not followed by `=`, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
    assert_snapshot!(refusal("[core]\nhooksPath = \\x"), @r#"
    @/project/.git/config:2: an escape that there is not, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
    assert_snapshot!(refusal("[core]\n= x"), @r#"
    @/project/.git/config:2: neither a section nor a name, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
    assert_snapshot!(refusal("[core x]\n"), @r#"
    @/project/.git/config:1: a subsection is not quoted, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
    let world = World::without_git();
    world.write("project/.git", "not a pointer");
    assert_snapshot!(world.refusal(), @r#"
    @/project/.git: it does not say `gitdir: …`, so what git would run here cannot be known
    hint: git would refuse it, too; repair the file
    "#);
}
