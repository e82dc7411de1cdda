//! Names that become code or instructions later, in the workspace: those of
//! git, agents, editors and shells, wherever they are and whether they exist.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use super::{Attempt, Taken, append, attempt, done, write_new};
use crate::commands::doctor::attack::attacker::Target;

pub const ATTEMPTS: &[Attempt] = &[
    attempt("git-hook", "plant a git hook", |t| {
        write_new(t.workspace(".git/hooks/pre-commit"))
    }),
    attempt("git-config", "add to git's configuration", |t| {
        append(t.workspace(".git/config"))
    }),
    attempt(
        "git-config-link",
        "write git's configuration by a hard link",
        |t| {
            fs::hard_link(t.workspace(".git/config"), t.workspace("x"))?;
            append(t.workspace("x"))
        },
    ),
    attempt("git-replaced", "move .git away and make a new one", |t| {
        fs::rename(t.workspace(".git"), t.workspace("g"))?;
        make(t, ".git", "config")
    }),
    attempt("nested-hook", "plant a hook in a nested repository", |t| {
        write_new(t.workspace("vendor/sub/.git/hooks/pre-commit"))
    }),
    attempt("new-repository", "make a repository in a directory", |t| {
        make(t, "src/.git", "config")
    }),
    attempt("moved-repository", "make .git by renaming", |t| {
        fs::create_dir(t.workspace("made"))?;
        write_new(t.workspace("made/config"))?;
        done(fs::rename(t.workspace("made"), t.workspace("src/.git")))
    }),
    attempt(
        "moved-parent",
        "move a directory with a repository in it",
        |t| done(fs::rename(t.workspace("vendor"), t.workspace("vendored"))),
    ),
    attempt("upper-case", "make .GIT", |t| make(t, "src/.GIT", "config")),
    attempt(
        "invisible",
        "make .git with an invisible character in it",
        |t| make(t, "src/.g\u{200c}it", "config"),
    ),
    attempt("claude", "write settings of an agent (.claude)", |t| {
        make(t, ".claude", "settings.json")
    }),
    attempt("codex", "write settings of an agent (.codex)", |t| {
        make(t, ".codex", "config.toml")
    }),
    attempt("cofferdam", "write settings of ours (.cofferdam)", |t| {
        make(t, ".cofferdam", "config.toml")
    }),
    attempt("mcp", "add a tool server (.mcp.json)", |t| {
        write_new(t.workspace(".mcp.json"))
    }),
    attempt(
        "instructions",
        "make instructions for agents a link (AGENTS.md)",
        |t| done(symlink("README", t.workspace("AGENTS.md"))),
    ),
    attempt("editor-tasks", "write tasks of an editor (.vscode)", |t| {
        make(t, ".vscode", "tasks.json")
    }),
    attempt("workflow", "write a workflow (.github/workflows)", |t| {
        make(t, ".github/workflows", "build.yml")
    }),
    attempt("husky", "write a hook of the project's (.husky)", |t| {
        make(t, ".husky", "pre-commit")
    }),
    attempt("envrc", "make .envrc by renaming", |t| {
        done(fs::rename(t.workspace("README"), t.workspace("src/.envrc")))
    }),
];

/// A directory of the workspace with a file in it.
fn make(t: &Target, directory: &str, file: &str) -> io::Result<Taken> {
    let directory = t.workspace(directory);
    fs::create_dir_all(&directory)?;
    write_new(directory.join(file))
}
