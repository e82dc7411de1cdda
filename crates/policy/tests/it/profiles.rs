//! What profiles of a user's own make of their places.

use std::path::{Path, PathBuf};

use dam_policy::{
    Access, FileRules, GitAccess, Limits, Origin, Place, Places, Profile, SandboxMode,
};
use proptest::prelude::*;

fn places() -> Places {
    Places {
        workspace_roots: vec!["/w".into(), "/v".into()],
        home: Some("/home/alice".into()),
        tmpdir: Some("/var/tmp/alice".into()),
        protected: vec!["/w/a/hooks".into(), "/w/b".into(), "/w/x.env".into()],
        repositories: vec!["/w/a/store".into(), "/w/.git".into()],
        unreadable: vec!["/srv/journal".into()],
    }
}

/// A profile that says this and nothing else.
fn profile(files: &[(Place, Access)], globs: &[(Place, &str)]) -> Profile {
    let mut profile = Profile::builtin(SandboxMode::ReadOnly);
    profile.files = files
        .iter()
        .map(|(place, access)| (place.clone(), *access, Origin::BUILTIN))
        .collect();
    profile.globs = globs
        .iter()
        .map(|(place, glob)| {
            (
                place.clone(),
                glob.parse().expect("a pattern"),
                Origin::BUILTIN,
            )
        })
        .collect();
    profile
}

fn resolved(files: &[(Place, Access)], globs: &[(Place, &str)]) -> FileRules {
    profile(files, globs).resolve(&places()).files
}

fn below(place: Place, path: &str) -> Place {
    Place::Below(Box::new(place), path.into())
}

#[test]
fn a_profile_that_names_little_reads_little() {
    let files = resolved(
        &[
            (Place::Root, Access::Deny),
            (Place::Minimal, Access::Read),
            (Place::WorkspaceRoots, Access::Write),
        ],
        &[],
    );
    let reads = |path: &str| files.may_read(Path::new(path));
    for path in [
        "/usr/bin/env",
        "/bin/sh",
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/etc/passwd",
    ] {
        assert!(reads(path), "{path}");
    }
    assert!(reads("/proc/self/stat") && reads("/dev/null") && reads("/w/src") && reads("/v/x"));
    for path in [
        "/home/alice/notes",
        "/srv/y",
        "/srv/x",
        "/mnt/x",
        "/run/user/1/bus",
        "/",
        "/tmp/x",
    ] {
        assert!(!reads(path), "{path}");
    }
    assert!(files.looks_at_reading());
    // Nothing that a mount would have to cover everything for.
    assert!(files.paths(Access::Deny).all(|path| path != Path::new("/")));
    assert!(!files.may_write(Path::new("/usr/x")));
}

#[test]
fn paths_below_places_are_there_for_each_of_them() {
    let files = resolved(
        &[
            (Place::Root, Access::Read),
            (Place::WorkspaceRoots, Access::Read),
            (below(Place::WorkspaceRoots, "out"), Access::Write),
            (below(Place::Home("work".into()), "secret"), Access::Deny),
        ],
        &[(Place::WorkspaceRoots, "**/*.env")],
    );
    for root in ["/w", "/v"] {
        let path = |below: &str| PathBuf::from(format!("{root}/{below}"));
        assert!(files.may_write(&path("out/x")) && !files.may_write(&path("x")));
        assert!(!files.may_read(&path("out/x.env")) && files.may_read(&path("x")));
    }
    assert!(!files.may_read(Path::new("/home/alice/work/secret/x")));
    assert!(files.may_read(Path::new("/home/alice/work/x.env")));
}

#[test]
fn what_is_protected_stays_unreadable_where_it_is_denied() {
    for git in [GitAccess::Read, GitAccess::Commit] {
        let mut profile = profile(
            &[
                (Place::Root, Access::Read),
                (Place::WorkspaceRoots, Access::Write),
                (below(Place::WorkspaceRoots, "a"), Access::Deny),
            ],
            &[(Place::WorkspaceRoots, "*.env")],
        );
        profile.git = git;
        let files = profile.resolve(&places()).files;
        for path in ["/w/a/x", "/w/a/hooks/x", "/w/a/store/HEAD", "/w/x.env"] {
            assert!(!files.may_read(Path::new(path)), "{path}");
            assert!(!files.may_write(Path::new(path)), "{path}");
        }
        assert!(files.may_read(Path::new("/w/b/x")) && !files.may_write(Path::new("/w/b/x")));
    }
}

#[test]
fn whoever_names_exactly_a_credential_store_means_it() {
    let store = Place::Home(".npmrc".into());
    let named = resolved(
        &[(Place::Root, Access::Read), (store.clone(), Access::Read)],
        &[],
    );
    let path = Path::new("/home/alice/.npmrc");
    assert!(named.may_read(path) && !named.may_read(Path::new("/home/alice/.ssh/id")));
    let denied = resolved(&[(Place::Root, Access::Read), (store, Access::Deny)], &[]);
    assert!(!denied.may_read(path));
    // Not by naming what is around it, and nothing opens the journal.
    let around = [
        Place::Home(PathBuf::new()),
        Place::Absolute("/srv/journal".into()),
    ];
    let around = around.map(|place| (place, Access::Read));
    let around = resolved(&around, &[]);
    assert!(around.may_read(Path::new("/home/alice/x")) && !around.may_read(path));
    assert!(!around.may_read(Path::new("/srv/journal/x")));
}

#[test]
fn the_smaller_of_two_limits_counts() {
    let one = Limits {
        memory: Some(2),
        processes: Some(5),
        ..Limits::default()
    };
    let other = Limits {
        memory: Some(3),
        written: Some(7),
        ..Limits::default()
    };
    let both = Limits {
        memory: Some(2),
        processes: Some(5),
        written: Some(7),
        ..Limits::default()
    };
    assert_eq!(one.smaller(other), both);
    assert_eq!(other.smaller(one), both);
    assert_eq!(one.smaller(Limits::default()), one);
}

fn place() -> impl Strategy<Value = Place> {
    let name = prop::sample::select(vec!["a", "b", "a/hooks", "out"]);
    prop_oneof![
        Just(Place::Root),
        Just(Place::Minimal),
        Just(Place::WorkspaceRoots),
        Just(Place::Tmpdir),
        Just(Place::SlashTmp),
        name.clone().prop_map(|name| Place::Home(name.into())),
        name.clone()
            .prop_map(|name| Place::Absolute(Path::new("/w").join(name))),
        name.prop_map(|name| below(Place::WorkspaceRoots, name)),
    ]
}

fn grants() -> impl Strategy<Value = Vec<(Place, Access)>> {
    let access = prop::sample::select(vec![Access::Read, Access::Write, Access::Deny]);
    prop::collection::vec((place(), access), 0..6)
}

proptest! {
    /// Of a whole profile, with everything that is added to it: to deny more
    /// never grants, be it by path or by pattern.
    #[test]
    fn a_denial_more_grants_nothing(
        before in grants(),
        denied in place(),
        pattern in prop::sample::select(vec!["**/x.env", "a/**", "*", "**/hooks", "**/[a-b]"]),
        commits in any::<bool>(),
        path in prop::sample::select(vec![
            "/w/x", "/w/a/x", "/w/a/hooks/x", "/w/b", "/w/b/x.env", "/w/out/x", "/v/a/x", "/tmp/x",
            "/w/x.env", "/w/a/store/HEAD", "/w/.git/HEAD", "/w/.git/config", "/home/alice/a/x",
            "/home/alice/.ssh/id", "/usr/bin/x", "/var/tmp/alice/x", "/srv/journal/x",
        ]),
    ) {
        let path = Path::new(path);
        let git = if commits { GitAccess::Commit } else { GitAccess::Read };
        let resolve = |mut profile: Profile| {
            profile.git = git;
            profile.resolve(&places()).files
        };
        let fewer = resolve(profile(&before, &[]));
        let mut more = before.clone();
        more.push((denied.clone(), Access::Deny));
        for after in [resolve(profile(&more, &[])), resolve(profile(&before, &[(denied, pattern)]))] {
            prop_assert!(!after.may_read(path) || fewer.may_read(path));
            prop_assert!(!after.may_write(path) || fewer.may_write(path));
        }
        prop_assert!(!fewer.may_write(path) || fewer.may_read(path));
    }
}
