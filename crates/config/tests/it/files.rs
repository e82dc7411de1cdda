//! Which files are read, and which are not relied on.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;

use crate::world::World;

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn own(path: &Path, uid: u32) {
    std::os::unix::fs::chown(path, Some(uid), None).expect("its owner");
}

#[test]
fn the_users_file_is_where_the_environment_says() {
    let mut world = World::new();
    world.user("model = \"home\"");
    world.write("xdg/cofferdam/config.toml", "model = \"xdg\"");
    world.write("own/config.toml", "model = \"own\"");
    let found = |world: &World| {
        let settings = world.settings();
        let state = world.short(&settings.dirs.journal.display().to_string());
        (settings.model.expect("it is set").value, state)
    };
    assert_eq!(
        found(&world),
        (
            "home".to_owned(),
            "@/me/.local/state/cofferdam/journal".to_owned()
        )
    );
    world.surroundings.xdg_config_home = Some(world.path("xdg"));
    world.surroundings.xdg_state_home = Some(world.path("states"));
    assert_eq!(
        found(&world),
        ("xdg".to_owned(), "@/states/cofferdam/journal".to_owned())
    );
    world.surroundings.cofferdam_home = Some(world.path("own"));
    assert_eq!(
        found(&world),
        ("own".to_owned(), "@/own/state/journal".to_owned())
    );
}

#[test]
fn a_missing_or_read_only_home_is_no_error() {
    let mut world = World::new();
    world.surroundings.home = Some(world.path("nowhere"));
    assert!(world.settings().files.is_empty());
    assert!(!world.path("nowhere").exists());
    let world = World::new();
    world.user("model = \"m\"");
    mode(&world.path("me"), 0o500);
    assert!(world.settings().model.is_some());
}

#[test]
fn no_home_at_all_is_one_sentence() {
    let mut world = World::new();
    world.surroundings.home = None;
    assert_snapshot!(world.refusal(), @r#"
    neither COFFERDAM_HOME nor HOME names a directory
    hint: set COFFERDAM_HOME to a directory of your own
    "#);
    world.surroundings.cofferdam_home = Some(world.path("own"));
    world.settings();
}

#[test]
fn what_is_no_readable_file_is_an_error() {
    let world = World::new();
    let path = world.user("");
    std::fs::remove_file(&path).expect("it is there");
    std::fs::create_dir(&path).expect("a directory");
    assert_snapshot!(world.refusal(), @"cannot read user: it is not a file");
    std::fs::remove_dir(&path).expect("it is there");
    std::os::unix::fs::symlink("nowhere", &path).expect("a link");
    assert_snapshot!(world.refusal(), @"cannot read user: it is a link that leads nowhere");
    std::fs::remove_file(&path).expect("it is there");
    let pipe = rustix::fs::FileType::Fifo;
    let private = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, pipe, private, 0).expect("a pipe");
    assert_snapshot!(world.refusal(), @"cannot read user: it is not a file");
    std::fs::remove_file(&path).expect("it is there");
    std::fs::write(&path, b"model = \"\xff\"").expect("a file");
    assert_snapshot!(world.refusal(), @"cannot read user: it is not UTF-8 text");
    std::fs::write(&path, "#".repeat((1 << 20) + 1)).expect("a file");
    assert_snapshot!(world.refusal(), @"cannot read user: it is larger than a file of settings can be (1 MiB)");
    let world = World::new();
    world.write("me/.config", "a file");
    assert!(world.settings().files.is_empty());
}

#[test]
fn a_file_that_may_not_be_read_is_an_error() {
    let world = World::new();
    mode(&world.user("model = \"m\""), 0o000);
    if is_root() {
        // Nothing keeps root from reading.
        assert!(world.settings().model.is_some());
    } else {
        assert_snapshot!(world.refusal(), @"cannot read user: Permission denied (os error 13)");
    }
}

#[test]
fn what_others_can_change_is_not_followed() {
    let world = World::new();
    let path = world.user("model = \"m\"");
    mode(&path, 0o666);
    assert_snapshot!(world.refusal(), @r#"
    user can be changed by other users, so it is not followed
    hint: `chmod go-w user`
    "#);
    mode(&path, 0o660);
    assert_snapshot!(world.refusal(), @r#"
    user can be changed by other users, so it is not followed
    hint: `chmod go-w user`
    "#);
    mode(&path, 0o600);
    mode(path.parent().expect("a directory"), 0o777);
    assert_snapshot!(world.refusal(), @r#"
    @/me/.config/cofferdam can be changed by other users, so it is not followed
    hint: `chmod go-w @/me/.config/cofferdam`
    "#);
    mode(path.parent().expect("a directory"), 0o1777);
    world.settings();
    mode(&world.system("model = \"m\""), 0o646);
    assert_snapshot!(world.refusal(), @r#"
    @/etc/config.toml can be changed by other users, so it is not followed
    hint: `chmod go-w @/etc/config.toml`
    "#);
    let world = World::new();
    world.trusting("");
    let path = world.project("model = \"m\"");
    mode(&path, 0o664);
    world.settings();
    mode(&path, 0o666);
    assert_snapshot!(world.refusal(), @r#"
    @/project/.cofferdam/config.toml can be changed by other users, so it is not followed
    hint: `chmod go-w @/project/.cofferdam/config.toml`
    "#);
}

#[test]
fn what_others_own_is_not_followed() {
    if !is_root() {
        // Only root can give a file away.
        return;
    }
    let world = World::new();
    own(&world.user("model = \"m\""), 12345);
    assert_snapshot!(world.refusal(), @r#"
    user belongs to another user (uid 12345), so it is not followed
    hint: copy it, or make it yours: `chown "$(id -u)" user`
    "#);
    let world = World::new();
    world.trusting("");
    own(&world.project("model = \"m\""), 12345);
    world.settings();
}

#[test]
fn a_link_to_a_file_is_followed_and_its_target_protected() {
    let world = World::new();
    let target = world.write("project/dotfiles/dam.toml", "model = \"m\"");
    world.link("me/.config/cofferdam/config.toml", target);
    assert_eq!(world.settings().model.expect("it is set").value, "m");
    assert!(!world.may_write("project/dotfiles/dam.toml"));
    assert!(world.may_write("project/dotfiles/other"));
}
