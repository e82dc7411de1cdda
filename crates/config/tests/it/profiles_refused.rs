//! Every way a profile of a user's own can be wrong, and what is said about it.

use insta::assert_snapshot;

use crate::permissions::chosen;
use crate::world::World;

fn user(text: &str) -> String {
    World::refusal_of(text)
}

/// A refusal of what stands in a chosen profile's `filesystem`.
fn files(text: &str) -> String {
    chosen(&format!("[permissions.mine.filesystem]\n{text}\n")).refusal()
}

#[test]
fn profiles_that_do_not_exist_or_go_round() {
    assert_snapshot!(user("default_permissions = \"wrok\"\n[permissions.work]\nown_tmp = true"), @r#"
    user:1:23: there is no profile `wrok`
      default_permissions = "wrok"
                            ^^^^^^
    hint: did you mean `work`?
    "#);
    assert_snapshot!(user("default_permissions = \"other\""), @r#"
    user:1:23: there is no profile `other`
      default_permissions = "other"
                            ^^^^^^^
    hint: add [permissions.other], or use `:workspace`
    "#);
    assert_snapshot!(user("default_permissions = \":workspce\""), @r#"
    user:1:23: `:workspce` is no profile that is built in, which are `:read-only`, `:workspace`, `:danger-full-access`
      default_permissions = ":workspce"
                            ^^^^^^^^^^^
    hint: did you mean `:workspace`?
    "#);
    assert_snapshot!(user("[permissions.a]\nextends = \"b\"\n[permissions.b]\nextends = \"a\""), @r#"
    user:4:11: the profile `a` extends itself
      extends = "a"
                ^^^
    "#);
    assert_snapshot!(user("[permissions.a]\nextends = \"bc\"\n[permissions.bd]\nown_tmp = true"), @r#"
    user:2:11: there is no profile `bc`
      extends = "bc"
                ^^^^
    hint: add [permissions.bc], or use `:workspace`
    "#);
    assert_snapshot!(user("[permissions.a]\nextends = \":danger-full-access\""), @r#"
    user:2:11: a profile cannot extend `:danger-full-access`, which has no boundary
      extends = ":danger-full-access"
                ^^^^^^^^^^^^^^^^^^^^^
    hint: extend `:workspace`
    "#);
    assert_snapshot!(user("[permissions.a]\nfilesytem = 1"), @r#"
    user:2:1: `filesytem` is not a key of [permissions.a]
      filesytem = 1
      ^^^^^^^^^
    hint: did you mean `filesystem`?
    "#);
    assert_snapshot!(user("[permissions.\":a\"]\nown_tmp = true"), @r#"
    user:1:14: `:a` is not a name: letters, digits, `_`, `-` and `.`
      [permissions.":a"]
                   ^^^^
    "#);
    assert_snapshot!(user("[profiles.x.permissions.a]\nown_tmp = true"), @r#"
    user:1:13: `permissions` cannot be set in a named profile
      [profiles.x.permissions.a]
                  ^^^^^^^^^^^
    hint: set it at the top of the file
    "#);
}

#[test]
fn paths_that_cannot_be_meant() {
    assert_snapshot!(files("\":workspace_root\" = \"read\""), @r#"
    user:3:1: `:workspace_root` is not a place
      ":workspace_root" = "read"
      ^^^^^^^^^^^^^^^^^
    hint: did you mean `:workspace_roots`?
    "#);
    assert_snapshot!(files("\":home\" = \"read\""), @r#"
    user:3:1: `:home` is not a place
      ":home" = "read"
      ^^^^^^^
    hint: places: :root, :minimal, :workspace_roots, :tmpdir, :slash_tmp
    "#);
    assert_snapshot!(files("\"docs\" = \"read\""), @r#"
    user:3:1: `docs` is not an absolute path
      "docs" = "read"
      ^^^^^^
    hint: begin it with `/` or `~/`, or put it below `:workspace_roots`
    "#);
    assert_snapshot!(files("\"~other/x\" = \"read\""), @r#"
    user:3:1: `~other/x` is not an absolute path
      "~other/x" = "read"
      ^^^^^^^^^^
    hint: begin it with `/` or `~/`, or put it below `:workspace_roots`
    "#);
    assert_snapshot!(files("\"/srv/../etc\" = \"read\""), @r#"
    user:3:1: `/srv/../etc` goes up by `..`
      "/srv/../etc" = "read"
      ^^^^^^^^^^^^^
    hint: write where it leads
    "#);
    assert_snapshot!(files("\":workspace_roots\" = { \"../x\" = \"deny\" }"), @r#"
    user:3:24: `../x` goes up by `..`
      ":workspace_roots" = { "../x" = "deny" }
                             ^^^^^^
    hint: write where it leads
    "#);
    assert_snapshot!(files("\":workspace_roots\" = { \"/x\" = \"deny\" }"), @r#"
    user:3:24: `/x` is not a path below another
      ":workspace_roots" = { "/x" = "deny" }
                             ^^^^
    hint: leave out what it begins with, or put it beside the other
    "#);
    assert_snapshot!(files("\":minimal\" = { \"x\" = \"deny\" }"), @r#"
    user:3:16: `:minimal` is many directories: nothing can stand below it
      ":minimal" = { "x" = "deny" }
                     ^^^
    hint: name the directory by its own path
    "#);
    assert_snapshot!(files("\"/srv/*\" = { \"x\" = \"deny\" }"), @r#"
    user:3:14: `/srv/*` is a pattern: nothing can stand below it
      "/srv/*" = { "x" = "deny" }
                   ^^^
    "#);
    assert_snapshot!(files("\":workspace_roots\" = { \"*.env\" = \"read\" }"), @r#"
    user:3:24: `*.env` is a pattern, and a pattern can only deny
      ":workspace_roots" = { "*.env" = "read" }
                             ^^^^^^^
    hint: name a directory or a file
    "#);
    assert_snapshot!(files("\":workspace_roots\" = { \"[a\" = \"deny\" }"), @r#"
    user:3:24: in `[a`, a `[` does not begin a class of characters such as `[a-z]`
      ":workspace_roots" = { "[a" = "deny" }
                             ^^^^
    "#);
    assert_snapshot!(files("\"/srv/*.{a,b}\" = \"deny\""), @r#"
    user:3:1: in `*.{a,b}`, `{` is not known: write one pattern for each choice, or `\{`
      "/srv/*.{a,b}" = "deny"
      ^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(files("\":root\" = \"execute\""), @r#"
    user:3:11: `execute` is no value of `permissions.mine.filesystem.":root"`, which is one of `read`, `write`, `deny`, `none`
      ":root" = "execute"
                ^^^^^^^^^
    "#);
    assert_snapshot!(files("\":root\" = { \"etc\" = { \"../x\" = \"read\" } }"), @r#"
    user:3:23: `etc/../x` goes up by `..`
      ":root" = { "etc" = { "../x" = "read" } }
                            ^^^^^^
    hint: write where it leads
    "#);
    assert_snapshot!(files("\":root\" = { \"etc\" = { \"/x\" = \"read\" } }"), @r#"
    user:3:23: `/x` is not a path below another
      ":root" = { "etc" = { "/x" = "read" } }
                            ^^^^
    hint: leave out what it begins with, or put it beside the other
    "#);
    assert_snapshot!(files("\":root\" = { \"e*\" = { \"x\" = \"read\" } }"), @r#"
    user:3:13: `e*` is a pattern, and a pattern can only deny
      ":root" = { "e*" = { "x" = "read" } }
                  ^^^^
    hint: name a directory or a file
    "#);
    assert_snapshot!(files("glob_scan_max_depth = 0"), @r#"
    user:3:23: `permissions.mine.filesystem.glob_scan_max_depth` must be a whole number from 1 to 1000
      glob_scan_max_depth = 0
                            ^
    "#);
}

#[test]
fn what_cannot_be_granted() {
    assert_snapshot!(files("\":root\" = \"write\""), @r#"
    user:3:11: / cannot be writable: it is the whole file system
      ":root" = "write"
                ^^^^^^^
    "#);
    assert_snapshot!(files("\":minimal\" = \"write\""), @r#"
    user:3:14: `:minimal` is what programs need to run, and cannot be writable
      ":minimal" = "write"
                   ^^^^^^^
    "#);
    assert_snapshot!(files("\"~\" = \"write\""), @r#"
    user:3:7: @/me cannot be writable: it is your home directory
      "~" = "write"
            ^^^^^^^
    "#);
    assert_snapshot!(files("\"~/.config/cofferdam\" = \"write\""), @r#"
    user:3:25: @/me/.config/cofferdam cannot be writable: it belongs to Cofferdam itself
      "~/.config/cofferdam" = "write"
                              ^^^^^^^
    "#);
    assert_snapshot!(files("\":workspace_roots\" = { \".git\" = \"write\" }"), @r#"
    user:3:33: @/project/.git cannot be writable: it is inside of a repository's or a project's own settings
      ":workspace_roots" = { ".git" = "write" }
                                      ^^^^^^^
    "#);
    let world = chosen("[permissions.mine.filesystem]\n\"~/.ssh/config\" = \"write\"");
    world.write("me/.ssh/config", "");
    assert_snapshot!(world.refusal(), @r#"
    user:3:19: @/me/.ssh/config cannot be writable: it belongs to a credential store
      "~/.ssh/config" = "write"
                        ^^^^^^^
    "#);
    assert_snapshot!(files("\"~/.local/state/cofferdam/journal\" = \"read\""), @r#"
    user:3:38: @/me/.local/state/cofferdam/journal belongs to Cofferdam itself, and cannot be read
      "~/.local/state/cofferdam/journal" = "read"
                                           ^^^^^^
    "#);
    let world =
        chosen("[permissions.mine.filesystem]\n\":workspace_roots\" = { \"out\" = \"write\" }");
    assert_snapshot!(world.notices(), @"@/project/out is not writable in this session: it does not exist (user:3)");
    world.dir("me/data");
    world.link("project/out", world.path("me/data"));
    assert_snapshot!(world.refusal(), @r#"
    user:3:32: @/project/out leads out of its place, to @/me/data
      ":workspace_roots" = { "out" = "write" }
                                     ^^^^^^^
    hint: name where it leads by its own path, if that is meant
    "#);
}
