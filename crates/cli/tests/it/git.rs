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

/// Everything that is known to make git run something.
const HOSTILE: &str = include_str!("git/hostile.sh");

/// What a person does afterwards.
const HOST: &str = include_str!("git/host.sh");

/// An index whose entry `xgit/hooks/post-checkout` has become one of `.git`.
fn crafted(environment: &Environment) -> PathBuf {
    outside(
        environment,
        "mkdir -p xgit/hooks; printf '#!/bin/sh\ntouch %s\n' \"$CANARY\" > xgit/hooks/post-checkout; \
         chmod +x xgit/hooks/post-checkout; cp .git/index kept; git add xgit; cp .git/index crafted; \
         mv kept .git/index; rm -r xgit",
    );
    let path = environment.work().join("crafted");
    let mut index = std::fs::read(&path).expect("an index");
    let name = b"xgit/hooks";
    let at = index.windows(name.len()).position(|window| window == name);
    let at = at.expect("the entry");
    index[at] = b'.';
    std::fs::write(&path, index).expect("written");
    path
}

/// Whether something planted was run, once git has worked on the host.
fn host_ran_something(environment: &mut Environment, hostile: impl Fn(&Environment)) -> bool {
    let canary = environment.home().join("canary");
    environment.set("CANARY", &canary);
    prepared(environment);
    outside(
        environment,
        "git -c protocol.file.allow=always submodule add -q \"$PWD\" sm; git commit -qm sm; \
         git worktree add -q host -b host; mkdir src",
    );
    let crafted = crafted(environment);
    environment.set("CRAFTED", &crafted);
    hostile(environment);
    environment.command("bash", ["-c", HOST]).run();
    canary.exists()
}

#[test]
fn nothing_that_was_planted_inside_is_run_by_git_outside() {
    for mut environment in everybody() {
        let ran = host_ran_something(&mut environment, |environment| {
            let (success, page) = inside(environment, HOSTILE);
            assert!(success, "{page}");
        });
        assert!(!ran);
    }
    // Where there is no boundary, it is.
    let ran = host_ran_something(&mut environment(), |environment| {
        outside(environment, HOSTILE);
    });
    assert!(ran);
}
