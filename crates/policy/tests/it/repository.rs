//! Which parts of a git directory may be written where the box may commit.

use std::path::Path;

use dam_policy::{GitAccess, GitPart, Places, Profile, SandboxMode, git_part};
use proptest::prelude::*;

fn part(path: &str) -> GitPart {
    git_part(Path::new(path))
}

const KEPT: &[&str] = &[
    "HEAD",
    "HEAD.lock",
    "COMMIT_EDITMSG",
    "MERGE_MSG",
    "packed-refs.lock",
    "index.lock",
    "index.stash.23993.lock",
    "next-index-7.lock",
    "shallow",
    "gc.pid.lock",
    "logs/refs/heads/feature/x",
    "logs/refs/.tmp-renamed-log",
    "refs/heads/config",
    "refs/heads/hooks/x",
    "refs/stash.lock",
    "objects/d7",
    "objects/d7/cff2ca479afe40dd79902a117a2e570b059410",
    "objects/d7/tmp_obj_EaTN4x",
    "objects/pack/pack-b7e52186ead28c463f79525ec09b6f564ecf012b.idx",
    "objects/pack/.tmp-23979-pack-b7e52186ead28c463f79525ec09b6f564ecf012b.pack",
    "objects/pack/multi-pack-index.lock",
    "objects/info/commit-graphs/commit-graph-chain.lock",
    "objects/info/packs_CT794f",
    "objects/tmp_objdir-incoming-x",
    "objects/tmp_objdir-incoming-x/pack/tmp_pack_x",
    "info/refs_Pzr5ag",
    "rebase-merge",
    "rebase-merge/done",
    "rebase-merge/git-rebase-todo.lock",
    "rebase-merge/sedKr4daD",
    "sequencer/todo",
    "reftable/tables.list",
    "worktrees",
    "worktrees/one",
    "worktrees/one/HEAD.lock",
    "worktrees/one/logs/HEAD",
    "worktrees/one/locked",
    "modules/a/HEAD",
    "modules/a/b/objects/d7/cff2ca479afe40dd79902a117a2e570b059410",
];

const CLOSED: &[&str] = &[
    "",
    "config",
    "config.lock",
    "config.worktree",
    "Config",
    "description",
    "hooks",
    "hooks/pre-commit",
    "info",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "info/sparse-checkout",
    "objects",
    "objects/info/alternates",
    "objects/info/http-alternates",
    "objects/tmp_objdir-incoming-x/info/alternates",
    "objects/zz/x",
    "objects/d7/x",
    "refs",
    "refs/heads/.git/config",
    "refs/../config",
    "/config",
    "commondir",
    "gitdir",
    "branches/x",
    "remotes/origin",
    "rr-cache/x/postimage",
    "BISECT_NAMES",
    "fsmonitor--daemon.ipc",
    "rebase-apply/next",
    "rebase-merge/strategy",
    "rebase-merge/gpg_sign_opt",
    "rebase-merge/sed-e-i",
    "sequencer/opts",
    "sequencer/opts.lock",
    "worktrees/one/config",
    "worktrees/one/config.worktree",
    "worktrees/one/hooks/x",
    "worktrees/one/objects/d7",
    "worktrees/one/info/attributes",
    "modules",
    "modules/a",
    "modules/a/config",
    "modules/a/b/hooks/x",
    "modules/a/modules/b/config.worktree",
    "modules/a/info/attributes",
    "modules/a/objects/info/alternates",
    "modules/refs/heads/config",
    "something-new",
];

#[test]
fn what_git_only_keeps_is_open_and_the_rest_is_closed() {
    for path in KEPT {
        assert_eq!(part(path), GitPart::Kept, "{path}");
    }
    for path in CLOSED {
        assert_eq!(part(path), GitPart::Closed, "{path}");
    }
}

#[test]
fn what_decides_where_git_writes_or_what_it_runs_is_looked_at() {
    for path in ["index", "worktrees/one/index", "modules/a/index"] {
        assert_eq!(part(path), GitPart::Index, "{path}");
    }
    for path in [
        "rebase-merge/git-rebase-todo",
        "worktrees/one/rebase-merge/git-rebase-todo",
    ] {
        assert_eq!(part(path), GitPart::Steps, "{path}");
    }
    for path in ["worktrees/one/commondir", "worktrees/one/gitdir"] {
        assert_eq!(part(path), GitPart::Pointer, "{path}");
    }
}

fn profile(git: GitAccess) -> dam_policy::FileRules {
    let mut profile = Profile::builtin(SandboxMode::WorkspaceWrite);
    profile.git = git;
    let places = Places {
        workspace_roots: vec!["/w".into()],
        protected: vec!["/w/store/hooks".into(), "/w/tools/hooks".into()],
        repositories: vec!["/w/store".into(), "/m/main/.git".into()],
        ..Places::default()
    };
    profile.resolve(&places).files
}

#[test]
fn commits_are_for_repositories_of_the_workspace() {
    let (reads, commits) = (profile(GitAccess::Read), profile(GitAccess::Commit));
    for (path, expected) in [
        ("/w/.git/HEAD", true),
        ("/w/sub/.git/refs/heads/x", true),
        ("/w/store/refs/heads/x", true),
        ("/m/main/.git/objects/d7", true),
        ("/m/main/.git/worktrees/w/index.lock", true),
        ("/w/.git/config", false),
        ("/w/.git", false),
        ("/w/.GIT/HEAD", false),
        ("/w/.GIT/sub/.git/HEAD", false),
        ("/w/.claude/.git/HEAD", false),
        ("/w/.git/index", false),
        ("/w/store/hooks/x", false),
        ("/w/store/config", false),
        ("/w/store", false),
        ("/m/main/.git/config", false),
        ("/m/main/x", false),
        ("/w/tools/hooks/x", false),
    ] {
        let path = Path::new(path);
        assert_eq!(commits.write(path).granted, expected, "{}", path.display());
        assert!(!reads.write(path).granted, "{}", path.display());
    }
    assert!(reads.git_part(Path::new("/w/.git/HEAD")).is_none());
    let found = commits.write(Path::new("/w/.git/hooks/pre-commit"));
    assert_eq!(found.rule.as_str(), "files.git-closed");
}

#[test]
fn a_profile_that_only_reads_commits_nowhere() {
    let mut profile = Profile::builtin(SandboxMode::ReadOnly);
    profile.git = GitAccess::Commit;
    let places = Places {
        repositories: vec!["/w/.git".into()],
        ..Places::default()
    };
    let files = profile.resolve(&places).files;
    assert!(!files.write(Path::new("/w/.git/HEAD")).granted);
}

fn component() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "config",
        "config.lock",
        "hooks",
        "commondir",
        "gitdir",
        "alternates",
        "attributes",
        "info",
        "objects",
        "refs",
        "modules",
        "worktrees",
        "a",
        "d7",
        "tmp_objdir-x",
        "logs",
        "pack",
        "config.worktree",
        "rebase-merge",
        "strategy",
        "HEAD",
        "index",
        ".git",
    ])
}

proptest! {
    /// However deep, and whatever else is named on the way: only references
    /// and their logs may be called as what git runs.
    #[test]
    fn nothing_that_git_runs_is_ever_open(parts in prop::collection::vec(component(), 1..7)) {
        let path = parts.join("/");
        let runs = ["config", "config.lock", "hooks", "commondir", "gitdir", "alternates",
            "attributes", "config.worktree", "strategy"];
        let refs = parts.iter().position(|part| ["refs", "logs"].contains(part));
        // A directory may be called `strategy`, as a submodule's name may be;
        // git runs what a file of that name says.
        let is_run = |(at, part): (usize, &&str)| {
            runs.contains(part) && (*part != "strategy" || at + 1 == parts.len())
        };
        let named = parts.iter().enumerate().position(is_run);
        let in_worktrees = parts[0] == "worktrees" && named == Some(1);
        if let Some(named) = named && refs.is_none_or(|refs| refs > named) && !in_worktrees {
            prop_assert!(!part(&path).is_kept(), "{path}");
        }
        let is_never = |part: &&str| runs.contains(part) && *part != "strategy";
        if parts[0] == "modules" && parts.iter().any(is_never) {
            prop_assert_eq!(part(&path), GitPart::Closed, "{}", path);
        }
    }
}
