//! The policies themselves: as they are written, and what they hold.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use dam_policy::{
    Access, DenyGlob, FileRules, GitAccess, Limits, Network, NetworkRules, Origin, Places, Profile,
    Property, ResolvedProfile, Rule, SandboxMode,
};
use dam_sandbox::seatbelt::{self, PolicyError};

use crate::language::Rules;
use crate::laws::{policy, profile, rule};

/// A built-in profile on a Mac, of somebody without a home: the list of what is
/// closed there is no matter of how it is written.
fn builtin(mode: SandboxMode) -> ResolvedProfile {
    resolved(mode, None)
}

fn resolved(mode: SandboxMode, home: Option<&str>) -> ResolvedProfile {
    Profile::builtin(mode).resolve(&Places {
        workspace_roots: vec!["/Users/alice/work".into()],
        home: home.map(PathBuf::from),
        tmpdir: Some("/var/folders/xy/abc/T".into()),
        protected: vec!["/Users/alice/work/tools/hooks".into()],
        unreadable: vec!["/Users/alice/Library/Application Support/cofferdam".into()],
        ..Places::default()
    })
}

fn files(rules: &[(&str, Access)]) -> FileRules {
    FileRules::new(
        rules
            .iter()
            .map(|(path, access)| rule(path, *access))
            .collect(),
        true,
    )
}

#[test]
fn read_only_as_it_is_written() {
    let policy = seatbelt::policy(&builtin(SandboxMode::ReadOnly)).unwrap();
    insta::assert_snapshot!(policy.text);
    assert!(policy.gaps.is_empty());
}

#[test]
fn workspace_write_as_it_is_written() {
    let policy = seatbelt::policy(&builtin(SandboxMode::WorkspaceWrite)).unwrap();
    insta::assert_snapshot!(policy.text);
    assert!(policy.gaps.is_empty());
}

#[test]
fn a_network_is_the_port_of_the_proxy_and_nothing_else() {
    let mut profile = builtin(SandboxMode::ReadOnly);
    let without = seatbelt::policy(&profile).unwrap();
    let rules = NetworkRules::new(Origin::BUILTIN);
    profile.network = Network::Proxy(Box::new(rules));
    assert_eq!(seatbelt::policy(&profile), Err(PolicyError::NoProxy));
    let with = seatbelt::policy_with_proxy(&profile, 41_234).unwrap();
    assert_eq!(
        with,
        seatbelt::policy_with_proxy(&profile, 41_234).unwrap(),
        "the same each time"
    );
    let added = with.text.strip_prefix(&without.text).unwrap();
    insta::assert_snapshot!(added.trim(), @r#"
    ; The way out: the proxy, by its port, and no other.
    (allow system-socket (socket-domain AF_INET))
    (allow network-outbound (remote ip "localhost:41234"))
    "#);
    let rules = Rules::read(&with);
    assert_eq!(rules.named("remote"), ["localhost:41234"]);
    assert_eq!(with.gaps.len(), 1, "{:?}", with.gaps);
    // A port alone gives nobody a network.
    let off = seatbelt::policy_with_proxy(&builtin(SandboxMode::ReadOnly), 41_234).unwrap();
    assert_eq!(off, without);
}

#[test]
fn every_credential_store_is_closed() {
    let profile = resolved(SandboxMode::WorkspaceWrite, Some("/Users/alice"));
    let rules = Rules::read(&seatbelt::policy(&profile).unwrap());
    for path in profile.files.paths(Access::Deny) {
        let path = path.display();
        assert!(
            !rules.grants("file-read-data", &format!("{path}")),
            "{path}"
        );
        assert!(
            !rules.grants("file-read-data", &format!("{path}/x")),
            "{path}"
        );
    }
    for path in ["/Users/alice/.ssh/id", "/Users/alice/.SSH/id"] {
        assert!(!rules.grants("file-read-data", path), "{path}");
    }
}

#[test]
fn a_profile_of_listed_places_as_it_is_written() {
    let listed = files(&[
        ("/bin", Access::Read),
        ("/usr/bin", Access::Read),
        ("/Users/alice/My \"own\" \\ work (1)", Access::Write),
        (
            "/Users/alice/My \"own\" \\ work (1)/d\u{e9}p\u{f4}t",
            Access::Deny,
        ),
        (
            "/Users/alice/My \"own\" \\ work (1)/d\u{e9}p\u{f4}t/open",
            Access::Read,
        ),
    ]);
    insta::assert_snapshot!(policy(&listed).text);
}

#[test]
fn patterns_as_they_are_written() {
    let pattern = |base: &str, glob: &str| DenyGlob {
        base: base.into(),
        glob: glob.parse().unwrap(),
        origin: Origin::BUILTIN,
    };
    let rules = files(&[("/", Access::Read), ("/Users/alice/work", Access::Write)]);
    let rules = rules.denying(vec![
        pattern("/Users/alice/work", "**/*.pem"),
        pattern("/Users/alice/work", "config/**/secret[s0-9]/?.env"),
        pattern("/private/var", "keys/*"),
    ]);
    let text = policy(&rules).text;
    let begin = text.find("; Closed by patterns").unwrap();
    let end = text.find("; Devices").unwrap();
    insta::assert_snapshot!(&text[begin..end]);
}

#[test]
fn what_a_pattern_closes_cannot_be_moved_into_the_open() {
    let rules = files(&[("/w", Access::Write), ("/private/tmp", Access::Write)]);
    let rules = rules.denying(vec![DenyGlob {
        base: "/w".into(),
        glob: "keys/**/own/*.pem".parse().unwrap(),
        origin: Origin::BUILTIN,
    }]);
    let rules = Rules::read(&policy(&rules));
    for path in [
        "/w/keys/own/a.pem",
        "/w/KEYS/b/c/own/A.PEM/x",
        "/tmp/b/own/a.pem",
        "/w/b/own/a.pem",
    ] {
        assert!(!rules.grants("file-read-data", path), "{path}");
    }
    for path in [
        "/w",
        "/w/keys",
        "/w/keys/own",
        "/w/keys/a/own",
        "/private/tmp/a/own",
    ] {
        assert!(!rules.grants("file-write-unlink", path), "{path}");
        assert!(rules.grants("file-read-data", path), "{path}");
    }
    assert!(rules.grants("file-write-unlink", "/w/keys/a"));
}

#[test]
fn a_repository_is_only_read() {
    let mut repository = rule("/w/.git", Access::Write);
    repository.rule = Rule::builtin(dam_policy::REPOSITORY_RULE);
    let rules = FileRules::new(vec![rule("/w", Access::Write), repository], true);
    let mut commits = profile(rules.with_git(GitAccess::Commit));
    commits.git = GitAccess::Commit;
    let policy = seatbelt::policy(&commits).unwrap();
    assert_eq!(
        policy.gaps,
        ["nothing can be committed on macOS: what an index lists cannot be looked at there"]
    );
    let rules = Rules::read(&policy);
    for path in [
        "/w/.git/index",
        "/w/.git/config",
        "/w/.git/hooks/x",
        "/w/.git",
    ] {
        assert!(rules.grants("file-read-data", path), "{path}");
        assert!(!rules.grants("file-write-data", path), "{path}");
        assert!(!rules.grants("file-write-create", path), "{path}");
    }
}

#[test]
fn a_thousand_rules_are_one_policy() {
    let paths: Vec<String> = (0..1_000)
        .map(|n| format!("/Users/alice/work/d{}/s{n}", n % 10))
        .collect();
    let mut all: Vec<_> = paths.iter().map(|path| rule(path, Access::Deny)).collect();
    all.push(rule("/", Access::Read));
    all.push(rule("/Users/alice/work", Access::Write));
    let policy = policy(&FileRules::new(all, true));
    let rules = Rules::read(&policy);
    for path in paths.iter().step_by(97) {
        let below = format!("{path}/x");
        assert!(!rules.grants("file-read-data", path) && !rules.grants("file-read-data", &below));
    }
    assert!(rules.grants("file-write-data", "/Users/alice/work/d1/s"));
    assert!(!rules.grants("file-write-unlink", "/Users/alice/work/d1"));
}

#[test]
fn more_rules_than_can_be_passed_on_are_refused() {
    let many = (0..5_000).map(|n| rule(&format!("/Users/alice/work/{n}"), Access::Deny));
    let found = seatbelt::policy(&profile(FileRules::new(many.collect(), true)));
    assert!(matches!(found, Err(PolicyError::TooLong(_))), "{found:?}");
}

#[test]
fn what_cannot_be_held_is_refused_or_said() {
    let open = builtin(SandboxMode::DangerFullAccess);
    assert_eq!(
        seatbelt::policy(&open).unwrap_err().to_string(),
        "the profile `:danger-full-access` has no boundary, so there is no policy"
    );
    let path = PathBuf::from(OsStr::from_bytes(b"/w/\xff"));
    let mut odd = rule("/w", Access::Write);
    odd.path = path;
    let odd = seatbelt::policy(&profile(FileRules::new(vec![odd], true))).unwrap_err();
    assert_eq!(
        odd.to_string(),
        "/w/\u{fffd} cannot be written in a Seatbelt policy: it is not UTF-8"
    );
    let mut needy = builtin(SandboxMode::ReadOnly);
    needy.needs = vec![Property::LateStores];
    assert!(seatbelt::policy(&needy).is_ok());
    needy.needs.push(Property::OwnTmp);
    assert_eq!(
        seatbelt::policy(&needy).unwrap_err().to_string(),
        "the profile needs `own-tmp`, which macOS does not give: `/tmp` is the host's"
    );
    let mut limited = builtin(SandboxMode::ReadOnly);
    limited.limits = Limits {
        memory: Some(1),
        cpu_time: Some(1),
        open_files: Some(1),
        ..Limits::default()
    };
    assert_eq!(
        seatbelt::policy(&limited).unwrap().gaps,
        [
            "the limit on memory is not held on macOS",
            "the limit on processor time holds for each process alone on macOS"
        ]
    );
}

#[test]
fn links_and_mounts_of_the_system_are_no_way_around() {
    let rules = Rules::read(&policy(&files(&[
        ("/", Access::Read),
        ("/tmp", Access::Write),
        ("/var/keys", Access::Deny),
        ("/Users/alice/.ssh", Access::Deny),
    ])));
    for path in [
        "/var/keys/x",
        "/private/var/keys/x",
        "/System/Volumes/Data/private/var/keys/x",
        "/Users/alice/.ssh",
        "/Users/alice/.SSH/id",
        "/Users/alice/.\u{17f}\u{17f}h/id",
        "/System/Volumes/Data/Users/alice/.ssh/id",
        "/System/Volumes/Data/users/Alice/.Ssh/id",
    ] {
        assert!(!rules.grants("file-read-data", path), "{path}");
        assert!(!rules.grants("file-read-metadata", path), "{path}");
    }
    assert!(rules.grants("file-write-create", "/private/tmp/x"));
    assert!(rules.grants("file-write-create", "/tmp/x"));
    assert!(!rules.grants("file-write-data", "/private/tmp/a/.git/config"));
    assert!(!rules.grants("file-write-data", "/private/etc/hosts"));
    assert!(rules.grants("file-read-data", "/private/etc/hosts"));
}

#[test]
fn protected_names_hold_in_every_spelling() {
    let rules = Rules::read(&policy(&files(&[("/w", Access::Write)])));
    for path in [
        "/w/.git",
        "/w/a/.GIT/hooks/x",
        "/w/a\nb/.git",
        "/w/.hus\u{212a}y",
        "/w/.hu\u{17f}ky/x",
        "/w/.github/work\u{fb02}ows/ci.yml",
        "/w/.pro\u{fb01}le",
        "/w/.g\u{200c}it/config",
        "/w/\u{feff}.git",
        "/w/a/claude\u{200d}.md",
        "/w/.GITHUB/w\u{200b}\u{200c}orkflows/x",
    ] {
        for act in ["file-write-data", "file-write-create", "file-write-unlink"] {
            assert!(!rules.grants(act, path), "{act} {path:?}");
        }
    }
    for path in [
        "/w/.gitignore",
        "/w/agit",
        "/w/a/x.md",
        "/w/\u{1f468}\u{200d}\u{1f469}.txt",
    ] {
        assert!(rules.grants("file-write-create", path), "{path:?}");
    }
    assert!(rules.grants("file-write-create", "/w/.github/x.md"));
    assert!(!rules.grants("file-write-create", "/w/.github"));
}

#[test]
fn what_is_closed_cannot_be_moved_into_the_open() {
    let rules = Rules::read(&policy(&files(&[
        ("/Users/alice", Access::Write),
        ("/Users/alice/.config/gh", Access::Deny),
    ])));
    for path in [
        "/Users/alice",
        "/Users/alice/.config",
        "/Users/alice/.CONFIG",
        "/Users/alice/.config/gh",
    ] {
        assert!(!rules.grants("file-write-unlink", path), "{path}");
        assert!(!rules.grants("file-write-create", path), "{path}");
    }
    assert!(rules.grants("file-write-unlink", "/Users/alice/.config/x"));
    for act in ["file-link", "file-clone", "file-write-setugid"] {
        assert!(!rules.grants(act, "/Users/alice/x"), "{act}");
    }
}

#[test]
fn devices_are_few() {
    let all = [("/", Access::Write)];
    let rules = Rules::read(&policy(&files(&all)));
    assert!(rules.grants("file-write-data", "/dev/null"));
    assert!(rules.grants("file-read-data", "/dev/urandom"));
    assert!(rules.grants("file-ioctl", "/dev/ttys012"));
    assert!(rules.grants("file-read-data", "/dev/fd/3"));
    for path in [
        "/dev/ttys012",
        "/dev/tty",
        "/dev/disk0",
        "/dev/bpf0",
        "/dev/fd/3x",
    ] {
        assert!(!rules.grants("file-read-data", path), "{path}");
        assert!(!rules.grants("file-write-data", path), "{path}");
    }
    assert!(!rules.grants("file-ioctl", "/dev/tty"));
}

#[test]
fn no_service_opens_a_way_out() {
    let rules = Rules::read(&seatbelt::policy(&builtin(SandboxMode::WorkspaceWrite)).unwrap());
    assert_eq!(
        rules.named("global-name"),
        [
            "com.apple.system.opendirectoryd.libinfo",
            "com.apple.system.opendirectoryd.membership",
            "com.apple.bsd.dirhelper",
        ]
    );
    for act in [
        "network-outbound",
        "network-bind",
        "network-inbound",
        "lsopen",
        "appleevent-send",
        "job-creation",
    ] {
        assert!(!rules.grants(act, "/private/tmp/socket"), "{act}");
    }
    assert_eq!(rules.named("target"), ["same-sandbox", "same-sandbox"]);
    assert!(
        rules
            .named("sysctl-name")
            .iter()
            .all(|name| !name.starts_with("kern.proc"))
    );
}
