//! Names that become code or instructions later: git's own, and those of
//! agents, editors and shells, wherever they are and whether they exist yet.

use crate::attempt::{Attempt, Outside, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = git();
    rows.extend(git_elsewhere());
    rows.extend(missing());
    rows.extend(detours());
    rows.into_iter().map(Attempt::writing).collect()
}

fn git() -> Vec<Attempt> {
    vec![
        attempt(
            "C01",
            "plant a git hook",
            &[
                "write {ws}/.git/hooks/pre-commit",
                "chmod {ws}/.git/hooks/pre-commit",
            ],
        ),
        attempt(
            "C02",
            "add to git's configuration",
            &["append {ws}/.git/config"],
        ),
        attempt(
            "C03",
            "move .git away and make a new one",
            &[
                "rename {ws}/.git {ws}/g",
                "mkdir {ws}/.git",
                "write {ws}/.git/config",
            ],
        ),
        attempt(
            "C10",
            "write git's configuration by a hard link",
            &["link {ws}/.git/config {ws}/x", "append {ws}/x"],
        )
        .watch(&["{ws}/x"]),
        attempt(
            "C12",
            "delete what is in .git",
            &["unlink {ws}/.git/config", "unlink {ws}/.git/HEAD"],
        ),
        attempt(
            "C08",
            "write a submodule's configuration",
            &["append {ws}/.git/modules/sm/config"],
        ),
        attempt(
            "C09",
            "redirect a worktree's common directory",
            &["append {ws}/.git/worktrees/wt/commondir"],
        ),
        attempt(
            "C07",
            "rewrite a worktree's pointer file",
            &["overwrite {ws}/wt/.git"],
        ),
        attempt(
            "C32",
            "make a prepared hook executable",
            &["chmod {ws}/.git/hooks/prepared"],
        ),
        attempt(
            "C33",
            "truncate git's configuration",
            &["truncate {ws}/.git/config"],
        ),
        attempt(
            "C34",
            "replace git's configuration by rename",
            &["write {ws}/c", "rename {ws}/c {ws}/.git/config"],
        ),
        attempt(
            "C35",
            "link a file in as a hook",
            &["write {ws}/h", "link {ws}/h {ws}/.git/hooks/pre-commit"],
        ),
        attempt(
            "C36",
            "make a hook a symbolic link",
            &["write {ws}/h", "symlink ../../h {ws}/.git/hooks/pre-commit"],
        ),
        attempt(
            "C37",
            "exchange .git with a directory",
            &[
                "mkdir {ws}/g",
                "write {ws}/g/config",
                "exchange {ws}/g {ws}/.git",
            ],
        ),
        attempt(
            "C38",
            "write a hook from inside the hooks directory",
            &["chdir {ws}/.git/hooks", "write pre-commit"],
        ),
        attempt(
            "C39",
            "write a hook below a directory held open",
            &["hold-dir {ws}/.git/hooks", "write-at pre-commit"],
        ),
        attempt(
            "C40",
            "name an unnamed file as a hook",
            &["tmpfile-link {ws} {ws}/.git/hooks/pre-commit"],
        ),
        attempt(
            "C41",
            "write git's configuration through io_uring",
            &["uring-write {ws}/.git/config2"],
        ),
        attempt(
            "C42",
            "write git's configuration as .GIT",
            &["mkdir {ws}/.GIT", "write {ws}/.GIT/config"],
        ),
        attempt(
            "C43",
            "write git's attributes",
            &["write {ws}/.git/info/attributes"],
        ),
        attempt(
            "C44",
            "write git's per-worktree configuration",
            &["write {ws}/.git/config.worktree"],
        ),
        attempt(
            "C45",
            "swap a directory for a link to the hooks",
            &["race-swap open {ws}/r {ws}/.git/hooks pre-commit"],
        ),
        attempt(
            "C46",
            "change memory between check and use",
            &["race-memory {ws}/good {ws}/.git/hooks/pre-commit"],
        ),
        attempt(
            "C47",
            "write git's configuration by a second opening",
            &["reopen-write {ws}/.git/config"],
        ),
        attempt(
            "C48",
            "map git's configuration and change it",
            &["mmap-write {ws}/.git/config"],
        ),
    ]
}

fn git_elsewhere() -> Vec<Attempt> {
    vec![
        attempt(
            "C04",
            "make a .git where there is none",
            &["mkdir {ws}/src/.git", "write {ws}/src/.git/config"],
        ),
        attempt(
            "C05",
            "plant a hook two directories down",
            &["write {ws}/vendor/sub/.git/hooks/post-checkout"],
        ),
        attempt(
            "C06",
            "plant a hook six directories down",
            &["write {ws}/1/2/3/4/5/6/.git/hooks/post-checkout"],
        ),
        attempt(
            "C11",
            "move what is above a nested .git and rebuild",
            &[
                "rename {ws}/vendor {ws}/v2",
                "mkdir {ws}/vendor",
                "mkdir {ws}/vendor/sub",
                "mkdir {ws}/vendor/sub/.git",
                "mkdir {ws}/vendor/sub/.git/hooks",
                "write {ws}/vendor/sub/.git/hooks/post-checkout",
            ],
        ),
        attempt(
            "C49",
            "make a .git six directories down",
            &[
                "mkdir {ws}/a/b/c/d/e/f/.git",
                "write {ws}/a/b/c/d/e/f/.git/config",
            ],
        ),
        attempt(
            "C50",
            "make a .git file that points to a prepared one",
            &["mkdir {ws}/g", "write {ws}/g/config", "write {ws}/src/.git"],
        ),
        attempt(
            "C51",
            "make a .git that is a link",
            &["mkdir {ws}/g", "symlink ../g {ws}/src/.git"],
        ),
        attempt(
            "C52",
            "rename a prepared directory into .git",
            &[
                "mkdir {ws}/g",
                "write {ws}/g/config",
                "rename {ws}/g {ws}/src/.git",
            ],
        ),
        attempt(
            "C53",
            "make a .git in /tmp",
            &[
                "mkdir /tmp/{id}",
                "mkdir /tmp/{id}/.git",
                "write /tmp/{id}/.git/config",
            ],
        )
        .watch(&["/tmp/{id}/.git"]),
        attempt(
            "C54",
            "write the hooks that the configuration names",
            &["write {ws}/.githooks/pre-commit"],
        )
        .prepare(|scene| {
            scene.write(
                "{ws}/.git/config",
                "[core]\n\trepositoryformatversion = 0\n\thooksPath = .githooks\n",
            );
            scene.write("{ws}/.githooks/commit-msg", "#!/bin/sh\n");
        })
        .watch(&["{ws}/.githooks"]),
        attempt(
            "C56",
            "write a directory that a .claude links to",
            &["append {ws}/conf/settings.json"],
        )
        .prepare(|scene| {
            scene.write("{ws}/conf/settings.json", "\n");
            std::os::unix::fs::symlink("conf", scene.fill("{ws}/.claude")).expect("link");
        })
        .watch(&["{ws}/conf"]),
        attempt(
            "C57",
            "have git on the host run the workspace's monitor",
            &["own-pair"],
        )
        .prepare(|scene| {
            scene.write(
                "{ws}/.git/config",
                "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {ws}/monitor\n",
            );
            executable(
                scene,
                "{ws}/monitor",
                "#!/bin/sh\necho attacked > {out}/new\n",
            );
        })
        .outside(Outside::AfterGit)
        .proof(Proof::Maybe),
    ]
}

pub fn executable(scene: &crate::scene::Scene, path: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    scene.write(path, text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(scene.fill(path), mode).expect("make it run");
}

fn missing() -> Vec<Attempt> {
    let below = |id, what, steps| attempt(id, what, steps);
    vec![
        below(
            "C14",
            "make .codex/config.toml",
            &["mkdir {ws}/.codex", "write {ws}/.codex/config.toml"],
        ),
        below(
            "C15",
            "make .cofferdam/config.toml",
            &["mkdir {ws}/.cofferdam", "write {ws}/.cofferdam/config.toml"],
        )
        .ours(),
        below(
            "C16",
            "make .claude/settings.local.json",
            &[
                "mkdir {ws}/.claude",
                "write {ws}/.claude/settings.local.json",
            ],
        ),
        below(
            "C17",
            "make .vscode/tasks.json",
            &["mkdir {ws}/.vscode", "write {ws}/.vscode/tasks.json"],
        ),
        below("C18", "make .mcp.json", &["write {ws}/.mcp.json"]),
        below("C19", "make .envrc", &["write {ws}/.envrc"]),
        below(
            "C20",
            "make .cursor/mcp.json",
            &["mkdir {ws}/.cursor", "write {ws}/.cursor/mcp.json"],
        ),
        below("C21", "make .agents", &["mkdir {ws}/.agents"]),
        below(
            "C22",
            "make .husky/pre-commit",
            &["mkdir {ws}/.husky", "write {ws}/.husky/pre-commit"],
        ),
        below(
            "C23",
            "make .github/workflows",
            &[
                "mkdir {ws}/.github",
                "mkdir {ws}/.github/workflows",
                "write {ws}/.github/workflows/x.yml",
            ],
        ),
        below("C24", "make .gitmodules", &["write {ws}/.gitmodules"]),
        below(
            "C25",
            "make .idea/workspace.xml",
            &["mkdir {ws}/.idea", "write {ws}/.idea/workspace.xml"],
        ),
        below(
            "C26",
            "make .bashrc in the workspace",
            &["write {ws}/.bashrc"],
        ),
        below("C27", "make AGENTS.md", &["write {ws}/AGENTS.md"]),
        below(
            "C28",
            "make AGENTS.md further down",
            &["write {ws}/a/b/c/AGENTS.md"],
        ),
        below(
            "C29",
            "make CLAUDE.md further down",
            &["write {ws}/src/CLAUDE.md"],
        ),
        below(
            "C58",
            "make .claude further down",
            &[
                "mkdir {ws}/src/.claude",
                "write {ws}/src/.claude/settings.json",
            ],
        ),
        below(
            "C59",
            "make .codex six directories down",
            &["mkdir {ws}/a/b/c/d/e/f/.codex"],
        ),
        below("C60", "make .gitlab-ci.yml", &["write {ws}/.gitlab-ci.yml"]),
        below("C61", "make .windsurfrules", &["write {ws}/.windsurfrules"]),
        below("C62", "make .envrc a pipe", &["mkfifo {ws}/.envrc"]),
        below("C63", "make .envrc a socket", &["unix-bind {ws}/.envrc"]),
        below(
            "C64",
            "make .github/hooks",
            &["mkdir {ws}/.github", "mkdir {ws}/.github/hooks"],
        ),
    ]
}

fn detours() -> Vec<Attempt> {
    vec![
        attempt(
            "C30",
            "make .codex a link",
            &["mkdir {ws}/ev", "symlink ev {ws}/.codex"],
        ),
        attempt(
            "C31",
            "rename a prepared directory into .claude",
            &[
                "mkdir {ws}/ev",
                "write {ws}/ev/settings.json",
                "rename {ws}/ev {ws}/.claude",
            ],
        ),
        attempt(
            "C65",
            "rename a prepared directory that holds workflows",
            &[
                "mkdir {ws}/p",
                "mkdir {ws}/p/workflows",
                "write {ws}/p/workflows/x.yml",
                "rename {ws}/p {ws}/.github",
            ],
        ),
        attempt(
            "C66",
            "rename a prepared directory into workflows",
            &[
                "mkdir {ws}/p",
                "write {ws}/p/x.yml",
                "mkdir {ws}/.github",
                "rename {ws}/p {ws}/.github/workflows",
            ],
        ),
        attempt(
            "C67",
            "rename a file into AGENTS.md",
            &["write {ws}/p", "rename {ws}/p {ws}/AGENTS.md"],
        ),
        attempt(
            "C68",
            "link a file as AGENTS.md",
            &["write {ws}/p", "link {ws}/p {ws}/AGENTS.md"],
        ),
        attempt(
            "C69",
            "make agents.md in lower case",
            &["write {ws}/agents.md"],
        ),
        attempt(
            "C70",
            "make .claude with an invisible character",
            &["mkdir {ws}/.cla\u{200c}ude"],
        ),
        attempt(
            "C71",
            "make .envrc through a link to its directory",
            &["symlink . {ws}/l", "write {ws}/l/.envrc"],
        ),
        attempt(
            "C72",
            "make .envrc by a dangling link",
            &["symlink .envrc {ws}/l", "write {ws}/l"],
        ),
        attempt(
            "C73",
            "make .envrc below a directory held open",
            &["hold-dir {ws}/src", "write-at .envrc"],
        ),
        attempt(
            "C74",
            "make .envrc by `..`",
            &["chdir {ws}/src", "write ../.envrc"],
        ),
        attempt(
            "C75",
            "make .envrc through /proc/self/cwd",
            &["chdir {ws}", "write /proc/self/cwd/.envrc"],
        ),
        attempt(
            "C76",
            "make .envrc through openat2",
            &["openat2-write {ws}/.envrc"],
        ),
        attempt(
            "C77",
            "exchange a prepared file with AGENTS.md",
            &["write {ws}/p", "exchange {ws}/p {ws}/AGENTS.md"],
        )
        .prepare(|scene| scene.write("{ws}/AGENTS.md", "be good\n")),
        attempt("C78", "remove AGENTS.md", &["unlink {ws}/AGENTS.md"])
            .prepare(|scene| scene.write("{ws}/AGENTS.md", "be good\n")),
        attempt(
            "C79",
            "add to an AGENTS.md that is there",
            &["append {ws}/src/AGENTS.md"],
        )
        .prepare(|scene| scene.write("{ws}/src/AGENTS.md", "be good\n")),
        attempt(
            "C80",
            "move what is above an AGENTS.md away",
            &["rename {ws}/src {ws}/elsewhere"],
        )
        .prepare(|scene| scene.write("{ws}/src/.claude/settings.json", "\n")),
        attempt(
            "C81",
            "remove a nested configuration through io_uring",
            &["uring-unlink {ws}/vendor/sub/.git/config"],
        ),
    ]
}
