//! Repositories inside the boundary: what git does every day where commits are
//! allowed, and what is planted meanwhile is not run by git outside.

use std::path::PathBuf;

use dam_testkit::environment::Environment;

use crate::{environment, everybody};

const PREPARED: &str = "\
git init -q -b main .
git config user.name you; git config user.email you@example.invalid
for i in 1 2 3; do echo $i > f$i; git add .; git commit -qm c$i; done
git branch side HEAD~2
";

fn prepared(environment: &Environment) {
    outside(environment, PREPARED);
}

fn outside(environment: &Environment, script: &str) -> String {
    let outcome = environment.command("bash", ["-ec", script]).run();
    assert!(outcome.success(), "{script}: {}", outcome.page());
    outcome.stdout
}

/// What a script says inside, where commits are allowed.
fn inside(environment: &Environment, script: &str) -> (bool, String) {
    let front = [
        "sandbox",
        "-s",
        "workspace-write",
        "--allow-git",
        "--log-denials",
    ];
    let words = front.into_iter().chain(["--", "bash", "-ec", script]);
    let outcome = environment.dam(words).run();
    (outcome.success(), outcome.page())
}

fn works(environment: &Environment, script: &str) {
    let (success, page) = inside(environment, script);
    assert!(
        success && page.contains("nothing was refused"),
        "{script}: {page}"
    );
}

fn is_refused(environment: &Environment, script: &str, rule: &str) {
    let (success, page) = inside(environment, script);
    assert!(!success && page.contains(rule), "{script}: {page}");
}

#[test]
fn what_git_does_every_day_works_where_commits_are_allowed() {
    for environment in everybody() {
        prepared(&environment);
        for script in [
            "echo x > new; git add new; git commit -qm new; git commit -q --amend -m newer; git log -1 --format=%s | grep newer",
            "git branch one; git checkout -qb two; git switch -q side",
            "echo s > s; git add s; git commit -qm s; git merge -q --no-edit main; git tag v1; git tag -am two v2",
            "git switch -qc re side~1; echo r > r; git add r; git commit -qm r; git rebase -q main",
            "GIT_SEQUENCE_EDITOR='sed -i s/^pick/reword/' GIT_EDITOR=true git rebase -qi HEAD~1",
            "echo q > f1; git stash -q; git stash pop -q; git checkout -q f1; git reset -q --hard HEAD~1",
            "git switch -qc a main; echo a > f1; git commit -qam a; git switch -qc b main; echo b > f1; git commit -qam b; \
             ! git rebase a; echo ab > f1; git add f1; GIT_EDITOR=true git rebase --continue",
            "git switch -qc c main; echo c > f1; git commit -qam c; ! git merge a; git merge --abort; \
             ! git cherry-pick a; git cherry-pick --abort; git revert --no-edit HEAD",
            "git gc -q; git repack -adq; git pack-refs --all; git prune; git fsck",
            "git worktree add -q tree -b tree; cd tree; echo t > t; git add t; git commit -qm t; cd ..; \
             git worktree list | grep tree; git worktree remove tree; ! test -e tree; git worktree prune",
            "git update-index --index-version 4; echo v > v; git add v; git commit -qm v; git status",
        ] {
            works(&environment, script);
        }
        outside(&environment, "git fsck; git status; git log --oneline tree");
    }
}

#[test]
fn a_new_working_tree_is_one_for_git_outside() {
    for environment in everybody() {
        prepared(&environment);
        works(&environment, "git worktree add -q trees/one -b one");
        let tree = environment.work().join("trees/one");
        let read = |path: PathBuf| std::fs::read_to_string(path).expect("a file");
        let own = environment.work().join(".git/worktrees/one");
        assert_eq!(
            read(tree.join(".git")),
            format!("gitdir: {}\n", own.display())
        );
        assert_eq!(
            read(own.join("gitdir")),
            format!("{}/.git\n", tree.display())
        );
        assert_eq!(read(own.join("commondir")), "../..\n");
        outside(
            &environment,
            "cd trees/one; git status; git commit -q --allow-empty -m outside",
        );
    }
}

#[test]
fn what_git_runs_is_refused_by_name_also_where_commits_are_allowed() {
    for environment in everybody() {
        prepared(&environment);
        outside(&environment, "git worktree add -q tree -b tree");
        for (script, rule) in [
            ("git config core.fsmonitor ./x", "files.git-closed"),
            ("echo x > .git/config.worktree", "files.protected-path"),
            ("echo x > .git/hooks/pre-commit", "files.protected-path"),
            ("git rebase -x ./x HEAD~1", "files.git-checked"),
            ("git init sub", "files.git-closed"),
            ("git clone -q . copy", "files.git-closed"),
            ("git init --bare bare", "files.git-directory"),
            ("git init --separate-git-dir=store sub", "files.git"),
            ("ln -s ../../../x .git/refs/heads/x", "files.git-closed"),
            ("mkdir d; mv d .git/refs/heads/d", "files.git-closed"),
            ("mv .git g", "files.git-closed"),
            ("echo x > .git/index", "files.git-checked"),
            ("echo x > .git/worktrees/tree/gitdir", "files.git"),
        ] {
            is_refused(&environment, script, rule);
        }
    }
}

#[test]
fn without_the_grant_repositories_are_only_read() {
    for environment in everybody() {
        prepared(&environment);
        let run = |script: &str| {
            let words = ["sandbox", "-s", "workspace-write", "--log-denials", "--"];
            environment
                .dam(words.into_iter().chain(["bash", "-ec", script]))
                .run()
        };
        assert!(run("git status; git diff; git log").success());
        for script in [
            "git commit -q --allow-empty -m x",
            "git init sub",
            "git clone -q . copy",
        ] {
            let page = run(script).page();
            assert!(page.contains("files.protected"), "{script}: {page}");
        }
        let outcome = environment
            .dam(["sandbox", "--allow-git", "--", "true"])
            .run();
        assert!(
            outcome.page().contains("this session is read-only"),
            "{}",
            outcome.page()
        );
    }
}

#[test]
fn a_linked_working_tree_commits_to_the_repository_that_it_belongs_to() {
    for environment in everybody() {
        // Not below /tmp, which is writable as a whole.
        let main = environment.home().join("main");
        environment.create_dirs(&main);
        let at = |script: &str| format!("cd {}; {script}", main.display());
        outside(&environment, &at(PREPARED));
        let tree = environment.work();
        outside(
            &environment,
            &at(&format!("git worktree add -qf {} -b tree", tree.display())),
        );
        works(
            &environment,
            "echo t > t; git add t; git commit -qm from-inside",
        );
        outside(
            &environment,
            &at("git log -1 --format=%s tree | grep from-inside"),
        );
        for name in ["config", "hooks/pre-commit", "worktrees/work/commondir"] {
            let script = format!("echo x >> {}/.git/{name}", main.display());
            is_refused(&environment, &script, "files.");
        }
        // One that another repository knows nothing of.
        let other = environment.home().join("other");
        environment.create_dirs(&other);
        outside(&environment, &format!("cd {}; {PREPARED}", other.display()));
        environment.write(
            tree.join(".git"),
            format!("gitdir: {}/.git\n", other.display()),
        );
        is_refused(
            &environment,
            "git commit -q --allow-empty -m x",
            "files.root",
        );
    }
}

/// What every attempt to plant something begins with.
const MEANS: &str = r##"
evil="#!/bin/sh
touch $CANARY"
put() { mkdir -p "$(dirname "$1")"; printf '%s\n' "$2" > "$1"; chmod +x "$1"; }
settings="[core]
	repositoryformatversion = 0
	fsmonitor = $PWD/evil.sh"
part() { mkdir -p $1/objects $1/refs tree; put $1/config "$settings
	worktree = $PWD/tree"; }
whole() { part $1; put $1/HEAD 'ref: refs/heads/main'; }
pause() { GIT_SEQUENCE_EDITOR="sed -i 1ibreak" git rebase -qi "$@"; }
put evil.sh "$evil"
"##;

/// What makes git run something: how it is planted, and what a person does
/// afterwards.
const PLANTED: &[(&str, &str)] = &[
    (
        "put .git/hooks/post-checkout \"$evil\"",
        "git checkout -q side",
    ),
    (
        "ln -s ../../evil.sh .git/hooks/post-checkout",
        "git checkout -q side",
    ),
    (
        "mv .git/hooks .git/h; put .git/h/post-checkout \"$evil\"; mv .git/h .git/hooks",
        "git checkout -q side",
    ),
    ("echo \"$settings\" >> .git/config", "git status"),
    ("git config core.fsmonitor $PWD/evil.sh", "git status"),
    (
        "put .git/config.lock \"$settings\"; mv .git/config.lock .git/config",
        "git status",
    ),
    ("ln .git/config c; echo \"$settings\" >> c", "git status"),
    ("put .git/config.worktree \"$settings\"", "git status"),
    (
        "put .git/worktrees/host/config.worktree \"$settings\"",
        "cd host; git status",
    ),
    ("part else; put .git/commondir $PWD/else", "git status"),
    (
        "part else; put .git/worktrees/host/commondir $PWD/else",
        "cd host; git status",
    ),
    (
        "whole else; put host/.git \"gitdir: $PWD/else\"",
        "cd host; git status",
    ),
    (
        "whole else; rm host/.git; put host/.git \"gitdir: $PWD/else\"",
        "cd host; git status",
    ),
    (
        "whole else; put src/.git \"gitdir: $PWD/else\"",
        "cd src; git status",
    ),
    (
        "whole else; put sm/.git \"gitdir: $PWD/else\"",
        "cd sm; git status",
    ),
    ("whole else; ln -s ../else src/.git", "cd src; git status"),
    ("whole bare", "cd bare; git status"),
    (
        "part bare; put bare/H 'ref: refs/heads/main'; mv bare/H bare/HEAD",
        "cd bare; git status",
    ),
    (
        "part bare; ln -s refs/heads/main bare/HEAD",
        "cd bare; git status",
    ),
    (
        "mkdir -p bare/refs bare/objects; put bare/HEAD 'ref: refs/heads/main'; part bare",
        "cd bare; git status",
    ),
    (
        "part else; put bare/HEAD 'ref: refs/heads/main'; put bare/commondir ../else",
        "cd bare; git --work-tree=. status",
    ),
    ("rm .git/HEAD; whole .", "git status"),
    (
        "git init -q nested; put nested/.git/config \"$settings\"",
        "cd nested; git status",
    ),
    (
        "mv .git gone; mkdir .git; cp -r gone/. .git; echo \"$settings\" >> .git/config",
        "git status",
    ),
    (
        "echo \"$settings\" >> .git/modules/sm/config",
        "cd sm; git status",
    ),
    (
        "put .git/modules/sm/hooks/post-checkout \"$evil\"",
        "git submodule update -f; cd sm; git checkout -qb x",
    ),
    (
        "part else; mkdir new; perl -e 'sub put { open F, \">\", $_[0] and print F $_[1]; close F } \
         $d = \".git/worktrees/new\"; mkdir $d; put(\"$d/HEAD\", \"ref: refs/heads/main\n\"); \
         put(\"$d/gitdir\", \"$ENV{PWD}/new/.git\n\"); put(\"new/.git\", \"gitdir: $ENV{PWD}/$d\n\"); \
         put(\"$d/commondir\", \"$ENV{PWD}/else\n\")'",
        "cd new; git status",
    ),
    (
        "cp crafted .git/index.lock; mv .git/index.lock .git/index",
        "git checkout -- .; git checkout -q side",
    ),
    (
        "cp crafted .git/index",
        "git checkout -- .; git checkout -q side",
    ),
    (
        "rm .git/index; ln crafted .git/index",
        "git checkout -- .; git checkout -q side",
    ),
    (
        "cp .git/index .git/index.lock; exec 9<>.git/index.lock; mv .git/index.lock .git/index; cat crafted >&9",
        "git checkout -- .; git checkout -q side",
    ),
    (
        "cp crafted .git/worktrees/host/index.lock; mv .git/worktrees/host/index.lock .git/worktrees/host/index",
        "cd host; rm .git; mkdir .git; cp -r ../.git/. .git; cp ../.git/worktrees/host/index .git; git checkout -- .; \
         git checkout -q side",
    ),
    (
        "pause HEAD~1; cd .git/rebase-merge; put git-rebase-todo.lock \"exec touch $CANARY\"; \
         mv git-rebase-todo.lock git-rebase-todo",
        "git rebase --continue",
    ),
    (
        "pause HEAD~1; put .git/rebase-merge/git-rebase-todo \"exec touch $CANARY\"",
        "git rebase --continue",
    ),
    (
        "GIT_SEQUENCE_EDITOR='sed -i 1ibreak' git rebase -qi -x \"touch $CANARY\" HEAD~1",
        "git rebase --continue",
    ),
    (
        "mkdir git-merge-x; git checkout -q away; pause main; put .git/rebase-merge/strategy x/../evil.sh",
        "git rebase --continue",
    ),
];

/// A repository with all that there can be something planted in.
const TARGET: &str = "
git config extensions.worktreeConfig true
git -c protocol.file.allow=always submodule add -q \"$PWD\" sm; git commit -qm sm
git checkout -qb away; echo away > away; git add away; git commit -qm away; git checkout -q main
echo here > here; git add here; git commit -qm here; git branch -f side
git worktree add -q host -b host; mkdir src; rm .git/hooks/*; cp -r .git kept
mkdir -p xgit/hooks; printf '#!/bin/sh\\ntouch %s\\n' \"$CANARY\" > xgit/hooks/post-checkout
chmod +x xgit/hooks/post-checkout; git add xgit; rm -r xgit
LC_ALL=C sed 's|xgit/hooks|.git/hooks|' .git/index > crafted; cp kept/index .git/index; rm -r kept
";

/// Whether git on the host runs what was planted.
fn runs(environment: &mut Environment, planted: &str, then: &str, is_boxed: bool) -> bool {
    let canary = environment.home().join("canary");
    environment.set("CANARY", &canary);
    let place = environment.home().join("target");
    let work = environment.work();
    if !place.exists() {
        prepared(environment);
        outside(environment, TARGET);
        outside(environment, &format!("cp -a . {}", place.display()));
    }
    let anew = format!(
        "find . -mindepth 1 -delete; cp -a {}/. .; rm -f $CANARY",
        place.display()
    );
    outside(environment, &anew);
    let script = format!("{MEANS}{planted}\nexit 0");
    if is_boxed {
        let front = ["sandbox", "-s", "workspace-write", "--allow-git"];
        let words = front.into_iter().chain(["--", "bash", "-c", &script]);
        assert!(environment.dam(words).run().success());
    } else {
        environment.command("bash", ["-c", &script]).run();
    }
    // Outside, git may have run it already.
    environment
        .command("bash", ["-c", &format!("{then} < /dev/null")])
        .in_dir(&work)
        .run();
    canary.exists()
}

fn nothing_runs(mut environment: Environment) {
    let was_run = |(planted, then): &&(&str, &str)| runs(&mut environment, planted, then, true);
    let ran: Vec<_> = PLANTED.iter().filter(was_run).collect();
    assert!(ran.is_empty(), "{ran:#?}");
}

#[test]
fn nothing_that_was_planted_inside_is_run_by_git_outside() {
    nothing_runs(environment());
}

#[test]
fn nothing_that_an_ordinary_user_planted_is_run_either() {
    if let Some(environment) = Environment::as_ordinary_user(env!("CARGO_BIN_EXE_dam")) {
        nothing_runs(environment);
    }
}

#[test]
fn without_a_boundary_all_of_it_is_run() {
    let mut environment = environment();
    let is_idle = |(planted, then): &&(&str, &str)| !runs(&mut environment, planted, then, false);
    let idle: Vec<_> = PLANTED.iter().filter(is_idle).collect();
    assert!(idle.is_empty(), "{idle:#?}");
}
