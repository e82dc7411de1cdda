//! Classes of repositories: what git says of remotes, what paths say, and what
//! a class asks for.

use insta::assert_snapshot;

use crate::world::World;

const REQUIRED: &str = "
[sensitivity]
unknown = \"internal\"

[sensitivity.floors.internal]
allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]

[sensitivity.floors.regulated]
allowed_approval_policies = [\"untrusted\"]
deny_read = [\"~/exports\"]

[sensitivity.floors.production]
allowed_sandbox_modes = [\"read-only\"]
network = false

[[sensitivity.repositories]]
class = \"public\"
remotes = [\"github.com/acme/open-*\"]

[[sensitivity.repositories]]
class = \"regulated\"
remotes = [\"*/acme/bank*\"]
paths = [\"~/bank\"]

[[sensitivity.repositories]]
class = \"production\"
remotes = [\"git.acme.example/*\"]
paths = [\"/**/live\"]
";

fn class(world: &World) -> String {
    let settings = world.settings();
    let posture = settings.posture;
    let class = posture.held.class.expect("a class");
    let text = format!(
        "{}, because of {}: {} {}",
        class.name, class.why, posture.profile.value.name, posture.approval_policy.value
    );
    world.short(&text)
}

/// A project whose git settings are these, and which asks for everything.
fn with(config: &str) -> World {
    let mut world = World::new();
    world.required(REQUIRED);
    world.write("project/.git/config", config);
    world.options.yolo = true;
    world
}

#[test]
fn the_class_is_found_and_its_floor_counts() {
    let world = with("");
    assert_eq!(
        class(&world),
        "internal, because of nothing names it: :workspace never"
    );
    let world = with("[remote \"origin\"]\n\turl = git@github.com:acme/open-x.git\n");
    assert_eq!(
        class(&world),
        "public, because of the remote github.com/acme/open-x, by `github.com/acme/open-*`: :danger-full-access never"
    );
    let world = with("[remote \"origin\"]\n\turl = https://u:p@github.com/acme/bank.git\n");
    assert_eq!(
        class(&world),
        "regulated, because of the remote github.com/acme/bank, by `*/acme/bank*`: :workspace untrusted"
    );
    assert!(!world.may_read("me/exports/x"));
    let world = with("[remote \"origin\"]\n\turl = ssh://git.acme.example:22/x\n");
    assert_eq!(
        class(&world),
        "production, because of the remote git.acme.example/x, by `git.acme.example/*`: :read-only untrusted"
    );
    let notices = world.notices();
    assert_snapshot!(notices, @r"
    `danger-full-access` is not allowed, only `read-only`: it is `:read-only` now (required by @/etc/requirements.toml:13)
    `never` is not allowed as approval policy, only `untrusted`: it is `untrusted` now (required by @/etc/requirements.toml:9)
    ");
}

#[test]
fn every_way_that_git_knows_to_name_a_remote_counts() {
    let production = "production";
    let open = "[remote \"origin\"]\n\turl = https://github.com/acme/open-x\n";
    for more in [
        "[remote \"other\"]\n\turl = https://git.acme.example/x\n",
        "[remote \"origin\"]\n\tpushurl = https://git.acme.example/x\n",
        "[REMOTE \"x\"]\n\tURL = https://git.acme.example/x\n",
        "[remote.older]\n\turl = https://git.acme.example/x\n",
        "[url \"https://git.acme.example/\"]\n\tinsteadOf = https://github.com/acme/\n",
        "[url \"https://git.acme.example/\"]\n\tpushInsteadOf = https://github.com/\n",
        "[include]\n\tpath = more\n",
        "[includeIf \"onbranch:never\"]\n\tpath = more\n",
    ] {
        let world = with(&format!("{open}{more}"));
        world.write(
            "project/.git/more",
            "[remote \"m\"]\n\turl = git.acme.example:x\n",
        );
        assert!(
            class(&world).starts_with(production),
            "{more}: {}",
            class(&world)
        );
    }
    for (path, text) in [
        (
            "project/.git/config.worktree",
            "[remote \"w\"]\n\turl = git.acme.example:x\n",
        ),
        (
            "project/.git/remotes/old",
            "URL: git.acme.example:x\nPull: main\n",
        ),
        ("project/.git/branches/old", "https://git.acme.example/x\n"),
        (
            "me/.gitconfig",
            "[url \"https://git.acme.example/\"]\n\tinsteadOf = https://github.com/\n",
        ),
    ] {
        let world = with(open);
        world.write(path, text);
        assert!(
            class(&world).starts_with(production),
            "{path}: {}",
            class(&world)
        );
    }
    // What git would never use is no reason for a milder class.
    let world = with(
        "[remote \"origin\"]\n\turl = evil.example:x\n[remote \"more\"]\n\turl = https://github.com/acme/open-x\n",
    );
    assert!(class(&world).starts_with("internal"), "{}", class(&world));
    // An abbreviation stands for what it means.
    let world = with(
        "[remote \"origin\"]\n\turl = gh:acme/open-x\n[url \"https://github.com/\"]\n\tinsteadOf = gh:\n",
    );
    assert!(class(&world).starts_with("public"), "{}", class(&world));
}

#[test]
fn a_repository_inside_of_another_is_both() {
    let mut world = with("[remote \"origin\"]\n\turl = git.acme.example:x\n");
    world.git_directory("project/inner/.git");
    world.write(
        "project/inner/.git/config",
        "[remote \"origin\"]\n\turl = https://github.com/acme/open-x\n",
    );
    world.options.cd = world.path("project/inner");
    assert!(class(&world).starts_with("production"), "{}", class(&world));
    // So is what is written to besides the project.
    let mut world = with("[remote \"origin\"]\n\turl = https://github.com/acme/open-x\n");
    world.git_directory("more/.git");
    world.write(
        "more/.git/config",
        "[remote \"origin\"]\n\turl = git.acme.example:x\n",
    );
    world.options.yolo = false;
    world.options.sandbox_mode = Some(dam_policy::SandboxMode::WorkspaceWrite);
    world.options.add_dirs = vec![world.path("more")];
    assert!(class(&world).starts_with("production"), "{}", class(&world));
}

#[test]
fn nothing_in_a_repository_makes_its_path_milder() {
    let mut world = with("");
    for dir in ["me/bank/x", "project/live/y"] {
        world.git_directory(&format!("{dir}/.git"));
        world.write(
            &format!("{dir}/.git/config"),
            "[remote \"origin\"]\n\turl = https://github.com/acme/open-x\n",
        );
    }
    world.options.cd = world.path("me/bank/x");
    assert!(
        class(&world).starts_with("regulated, because of the path @/me/bank"),
        "{}",
        class(&world)
    );
    world.options.cd = world.path("project/live/y");
    assert!(
        class(&world).starts_with("production, because of the path /"),
        "{}",
        class(&world)
    );
    // Around a path of a class is what is in it.
    world.options.cd = world.path("me");
    assert!(class(&world).starts_with("regulated"), "{}", class(&world));
    // A link to it leads there.
    world.link("way", world.path("me/bank"));
    world.options.cd = world.path("way/x");
    assert!(class(&world).starts_with("regulated"), "{}", class(&world));
}

#[test]
fn a_user_can_only_make_it_stricter() {
    let open = "[remote \"origin\"]\n\turl = https://github.com/acme/open-x\n";
    let mut world = with(open);
    world.options.yolo = false;
    world.user("[sensitivity]\nunknown = \"public\"\nrepositories = [{ class = \"regulated\", remotes = [\"github.com/*\"] }]\nfloors.regulated.allowed_sandbox_modes = [\"read-only\"]");
    assert_eq!(
        class(&world),
        "regulated, because of the remote github.com/acme/open-x, by `github.com/*`: :read-only untrusted"
    );
    world.user("[sensitivity]\nunknown = \"public\"\nrepositories = [{ class = \"public\", paths = [\"/\"] }]");
    world.write(
        "project/.git/config",
        "[remote \"origin\"]\n\turl = git.acme.example:x\n",
    );
    assert!(class(&world).starts_with("production"), "{}", class(&world));
    world.user("[sensitivity]\nclasses = [\"production\", \"public\"]");
    assert_snapshot!(world.refusal(), @r"
    user:1:1: the classes of this machine are `public`, `internal`, `regulated`, `production`, the mildest first
      [sensitivity]
      ^^^^^^^^^^^^^
    hint: say the same in `classes`
    ");
    // A project has no say in it.
    let world = with(open);
    world.trusting("");
    world.project("[sensitivity]\nunknown = \"public\"");
    assert_snapshot!(world.refusal(), @r"
    @/project/.cofferdam/config.toml:1:2: a project may not set `sensitivity`
      [sensitivity]
       ^^^^^^^^^^^
    hint: set it in your own config.toml
    ");
}

#[test]
fn a_user_alone_can_have_classes_of_their_own() {
    let world = World::new();
    world.user("[sensitivity]\nclasses = [\"play\", \"work\"]\nrepositories = [{ class = \"work\", paths = [\"~/../project\", \"@/project\"] }]");
    assert_snapshot!(world.refusal(), @r#"
    user:3:44: `~/../project` goes up by `..`
      repositories = [{ class = "work", paths = ["~/../project", "@/project"] }]
                                                 ^^^^^^^^^^^^^^
    hint: write where it leads
    "#);
    world.user("[sensitivity]\nclasses = [\"play\", \"work\"]\nrepositories = [{ class = \"work\", paths = [\"@/project\"] }]\nfloors.work.allowed_sandbox_modes = [\"read-only\"]");
    assert_eq!(
        class(&world),
        "work, because of the path @/project: :read-only on-request"
    );
    let (value, _) = world.entry("sensitivity").expect("a value");
    assert_snapshot!(value, @r#"{ classes = ["play", "work"], floors."work".allowed_sandbox_modes = ["read-only"], repositories = [{ class = "work", paths = ["@/project"] }] }"#);
}
