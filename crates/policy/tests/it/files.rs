//! Which of several rules on a path wins, and what a profile makes of places.

use std::path::{Path, PathBuf};

use dam_policy::{
    Access, CREDENTIAL_STORES, FileRule, FileRules, GitAccess, Origin, Places, Profile,
    ResolvedProfile, Rule, SandboxMode,
};
use proptest::prelude::*;

fn rule(path: &str, access: Access) -> FileRule {
    FileRule {
        path: PathBuf::from(path),
        access,
        rule: Rule::read(format!("{access:?} {path}")),
        origin: Origin::BUILTIN,
        what: "a place".to_owned(),
    }
}

fn places() -> Places {
    Places {
        workspace_roots: vec!["/w".into()],
        home: Some("/home/alice".into()),
        tmpdir: Some("/var/tmp/alice".into()),
        protected: vec!["/w/hooks".into()],
        repositories: vec![
            "/w/.git".into(),
            "/w/store".into(),
            "/home/alice/main/.git".into(),
        ],
        unreadable: vec!["/srv/journal".into()],
    }
}

fn resolved(mode: SandboxMode) -> ResolvedProfile {
    Profile::builtin(mode).resolve(&places())
}

#[test]
fn the_most_specific_rule_wins_in_any_order() {
    let mut rules = vec![
        rule("/", Access::Read),
        rule("/w", Access::Write),
        rule("/w/secret", Access::Deny),
        rule("/w/secret/shared", Access::Read),
    ];
    for _ in 0..2 {
        rules.reverse();
        let files = FileRules::new(rules.clone(), true);
        assert!(files.write(Path::new("/w/a/b")).granted);
        assert!(!files.write(Path::new("/x")).granted);
        assert!(files.read(Path::new("/x")).granted);
        assert!(!files.read(Path::new("/w/secret/key")).granted);
        assert!(files.read(Path::new("/w/secret/shared/x")).granted);
        assert!(!files.write(Path::new("/w/secret/shared/x")).granted);
        assert_eq!(
            files.write(Path::new("/w/secret/key")).rule.as_str(),
            "Deny /w/secret"
        );
    }
}

#[test]
fn between_equals_deny_beats_write_beats_read() {
    let all = [Access::Read, Access::Write, Access::Deny];
    let files = FileRules::new(all.map(|access| rule("/w", access)).to_vec(), false);
    assert!(!files.read(Path::new("/w/x")).granted);
    let files = FileRules::new(
        all[..2].iter().map(|access| rule("/w", *access)).collect(),
        false,
    );
    assert!(files.write(Path::new("/w/x")).granted);
}

#[test]
fn a_rule_is_for_whole_components() {
    let files = FileRules::new(vec![rule("/w", Access::Write)], false);
    assert!(files.write(Path::new("/w")).granted);
    assert!(!files.write(Path::new("/work")).granted);
    assert!(!files.read(Path::new("/work")).granted);
}

#[test]
fn without_a_rule_nothing_is_granted() {
    let files = FileRules::default();
    let found = files.read(Path::new("/x"));
    assert!(!found.granted);
    assert_eq!(found.rule.as_str(), "files.no-rule");
    assert!(!files.write(Path::new("/x")).granted);
}

#[test]
fn names_are_protected_below_the_writable_root_only() {
    let files = FileRules::new(
        vec![rule("/home/alice/.codex/trees/w", Access::Write)],
        true,
    );
    assert!(
        files
            .write(Path::new("/home/alice/.codex/trees/w/src/x"))
            .granted
    );
    let hook = Path::new("/home/alice/.codex/trees/w/sub/.git/hooks/pre-commit");
    let found = files.write(hook);
    assert!(!found.granted);
    assert_eq!(found.rule.as_str(), "files.protected-name");
    assert!(files.read(hook).granted);
    let unprotected = FileRules::new(
        vec![rule("/home/alice/.codex/trees/w", Access::Write)],
        false,
    );
    assert!(unprotected.write(hook).granted);
}

#[test]
fn the_workspace_profile_writes_the_workspace_and_temporary_places() {
    let files = resolved(SandboxMode::WorkspaceWrite).files;
    let writes = |path: &str| files.write(Path::new(path)).granted;
    let reads = |path: &str| files.read(Path::new(path)).granted;
    assert!(writes("/w/src/x") && writes("/tmp/x") && writes("/var/tmp/alice/x"));
    assert!(!writes("/etc/x") && !writes("/home/alice/x") && !writes("/var/tmp/x"));
    assert!(!writes("/w/hooks/pre-commit") && reads("/w/hooks/pre-commit"));
    assert!(reads("/etc/hosts") && reads("/home/alice/notes"));
    assert!(!reads("/srv/journal/x"));
    for store in [
        ".ssh/id_ed25519",
        ".aws/credentials",
        ".netrc",
        ".codex/auth.json",
        ".config/gh/hosts.yml",
        ".m2/settings.xml",
        ".gradle/gradle.properties",
        ".config/rclone/rclone.conf",
        ".local/share/kwalletd/kdewallet.kwl",
        ".claude.json",
        ".local/share/fish/fish_history",
        ".config/BraveSoftware/Brave-Browser/Default/Cookies",
    ] {
        assert!(!reads(&format!("/home/alice/{store}")), "{store}");
    }
    // What builds read beside them.
    for other in [
        ".codex/config.toml",
        ".sshd",
        ".cargo/config.toml",
        ".m2/repository/x.jar",
        ".gradle/caches/x",
        ".nuget/packages/x",
        ".config/pip/pip.conf",
        ".local/share/pnpm/x",
        ".cache/huggingface/hub/x",
    ] {
        assert!(reads(&format!("/home/alice/{other}")), "{other}");
    }
}

#[test]
fn no_credential_store_is_there_twice_or_within_another() {
    for (at, store) in CREDENTIAL_STORES.iter().enumerate() {
        let path = Path::new(store.path);
        assert!(path.is_relative() && !store.holds.is_empty());
        for other in &CREDENTIAL_STORES[at + 1..] {
            let other = Path::new(other.path);
            assert!(
                !path.starts_with(other) && !other.starts_with(path),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_workspace_that_is_the_home_directory_still_hides_credentials() {
    let home = Places {
        workspace_roots: vec!["/home/alice".into()],
        ..places()
    };
    let files = Profile::builtin(SandboxMode::WorkspaceWrite)
        .resolve(&home)
        .files;
    assert!(files.write(Path::new("/home/alice/x")).granted);
    assert!(!files.read(Path::new("/home/alice/.ssh/id")).granted);
    assert!(!files.write(Path::new("/home/alice/.ssh/config")).granted);
    assert!(!files.write(Path::new("/home/alice/.bashrc")).granted);
}

#[test]
fn the_reading_profile_writes_nowhere_and_says_what_would() {
    let files = resolved(SandboxMode::ReadOnly).files;
    for path in ["/w/x", "/tmp/x", "/var/tmp/alice/x", "/"] {
        assert!(!files.write(Path::new(path)).granted, "{path}");
    }
    let found = files.write(Path::new("/w/x"));
    assert_eq!(
        found.reason,
        "/w/x is not writable: the profile `:read-only` only reads"
    );
    // Another root would not be writable either.
    assert_eq!(
        found.hint.as_deref(),
        Some("`--sandbox workspace-write`, which makes the workspace writable")
    );
    assert!(!files.read(Path::new("/home/alice/.ssh/id")).granted);
}

#[test]
fn what_is_outside_the_workspace_could_be_added() {
    let files = resolved(SandboxMode::WorkspaceWrite).files;
    let found = files.write(Path::new("/data/x"));
    assert_eq!(
        found.reason,
        "/data/x is not writable: it is outside the workspace"
    );
    assert_eq!(found.hint.as_deref(), Some("`--add-dir /data`"));
    // Nothing ordinary opens these.
    assert_eq!(files.write(Path::new("/home/alice/.ssh/x")).hint, None);
    assert_eq!(files.write(Path::new("/w/.git/config")).hint, None);
}

#[test]
fn names_are_free_in_a_directory_of_the_boxs_own() {
    let profile = Profile {
        own_tmp: true,
        git: GitAccess::Commit,
        ..Profile::builtin(SandboxMode::WorkspaceWrite)
    };
    let places = Places {
        workspace_roots: vec!["/w".into(), "/tmp/deep/w".into()],
        unreadable: vec!["/tmp/closed".into()],
        ..places()
    };
    let files = profile.resolve(&places).files;
    for path in ["/tmp/.git/config", "/tmp/a/.GIT/hooks/x", "/tmp/AGENTS.md"] {
        assert!(files.may_write(Path::new(path)), "{path}");
        assert!(!files.protects_names_at(Path::new(path)), "{path}");
        assert_eq!(files.git_part(Path::new(path)), None, "{path}");
    }
    let closed = [
        "/w/.git/config",
        "/tmp/deep/w/.git/config",
        "/tmp/deep/w/a/AGENTS.md",
        "/tmp/closed/x",
        "/tmp/../w/.git/config",
        "/tmpx/.git",
    ];
    for path in closed {
        assert!(!files.may_write(Path::new(path)), "{path}");
    }
    let without = Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&places);
    assert!(!without.files.may_write(Path::new("/tmp/.git/config")));
}

#[test]
fn full_access_has_no_rule_but_the_root() {
    let profile = resolved(SandboxMode::DangerFullAccess);
    assert!(!profile.confined);
    assert!(!profile.files.protects_names());
    assert!(profile.files.read(Path::new("/home/alice/.ssh/id")).granted);
}

fn paths() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..4)
        .prop_map(|parts| format!("/{}", parts.join("/")))
}

proptest! {
    /// What may be written may be read, and no rule added as a deny grants.
    #[test]
    fn laws_of_rules(
        rules in prop::collection::vec((paths(), 0..3usize), 0..6), path in paths(), denied in paths(),
    ) {
        let access = [Access::Read, Access::Write, Access::Deny];
        let mut all: Vec<FileRule> = rules.iter().map(|(path, kind)| rule(path, access[*kind])).collect();
        let before = FileRules::new(all.clone(), true);
        let path = Path::new(&path);
        prop_assert!(!before.write(path).granted || before.read(path).granted);
        all.push(rule(&denied, Access::Deny));
        let after = FileRules::new(all, true);
        prop_assert!(!after.read(path).granted || before.read(path).granted);
        prop_assert!(!after.write(path).granted || before.write(path).granted);
        prop_assert!(!after.read(Path::new(&denied)).granted);
    }
}
