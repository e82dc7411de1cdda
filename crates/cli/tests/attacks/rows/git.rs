//! Git directories of ordinary names: git takes for a repository's what looks
//! like one, and follows pointers to it.

use crate::attempt::{Attempt, attempt};
use crate::scene::Scene;

pub fn rows() -> Vec<Attempt> {
    let mut rows = there();
    rows.extend(made());
    rows.into_iter().map(Attempt::writing).collect()
}

const SETTINGS: &str = "[core]\n\trepositoryformatversion = 0\n";

fn repository(scene: &Scene, at: &str) {
    scene.write(&format!("{at}/HEAD"), "ref: refs/heads/main\n");
    scene.write(&format!("{at}/config"), SETTINGS);
    scene.write(&format!("{at}/hooks/sample"), "#!/bin/sh\n");
    scene.write(&format!("{at}/info/exclude"), "\n");
    scene.write(&format!("{at}/objects/info/packs"), "\n");
    scene.write(&format!("{at}/refs/heads/main"), "\n");
}

/// With a working tree elsewhere, as `git init --separate-git-dir` makes it.
fn pointed_at(scene: &Scene) {
    repository(scene, "{ws}/store");
    scene.write("{ws}/tree/.git", "gitdir: {ws}/store\n");
}

/// A linked working tree's directory, and the settings that it leads to.
fn chained(scene: &Scene) {
    repository(scene, "{ws}/store");
    scene.write("{ws}/own/HEAD", "ref: refs/heads/x\n");
    scene.write("{ws}/own/commondir", "{ws}/store\n");
    scene.write("{ws}/tree/.git", "gitdir: {ws}/own\n");
}

fn there() -> Vec<Attempt> {
    let store = |id, what, steps| {
        attempt(id, what, steps)
            .prepare(pointed_at)
            .watch(&["{ws}/store"])
    };
    let chain = |id, what, steps| {
        attempt(id, what, steps)
            .prepare(chained)
            .watch(&["{ws}/store", "{ws}/own"])
    };
    vec![
        store(
            "C55",
            "write a git directory that a .git file points to",
            &["append {ws}/store/config"],
        ),
        store(
            "C201",
            "plant a hook in a git directory of another name",
            &["write {ws}/store/hooks/pre-commit"],
        ),
        store(
            "C202",
            "replace its settings by rename",
            &["write {ws}/c", "rename {ws}/c {ws}/store/config"],
        ),
        store(
            "C203",
            "link its settings under another name and write that",
            &["link {ws}/store/config {ws}/x", "append {ws}/x"],
        ),
        store(
            "C204",
            "take its head away, write, and put it back",
            &[
                "rename {ws}/store/HEAD {ws}/h",
                "append {ws}/store/config",
                "rename {ws}/h {ws}/store/HEAD",
            ],
        ),
        store(
            "C205",
            "move it away, write, and move it back",
            &[
                "rename {ws}/store {ws}/s",
                "append {ws}/s/config",
                "rename {ws}/s {ws}/store",
            ],
        ),
        store(
            "C206",
            "write its attributes and where else it has objects",
            &[
                "write {ws}/store/info/attributes",
                "write {ws}/store/objects/info/alternates",
            ],
        ),
        store(
            "C207",
            "rename a prepared directory into its hooks",
            &[
                "mkdir {ws}/h",
                "write {ws}/h/pre-commit",
                "exchange {ws}/h {ws}/store/hooks",
            ],
        ),
        store(
            "C208",
            "write its hooks from inside",
            &["chdir {ws}/store/hooks", "write pre-commit"],
        ),
        store(
            "C209",
            "write a new index into it",
            &["write {ws}/store/index"],
        ),
        chain(
            "C210",
            "lead a working tree to other settings",
            &["overwrite {ws}/own/commondir"],
        ),
        chain(
            "C211",
            "move a working tree's directory to where its settings are others",
            &["mkdir {ws}/q", "rename {ws}/own {ws}/q/own"],
        ),
        attempt(
            "C212",
            "write the settings of a submodule that is kept elsewhere",
            &["append {ws}/kept/modules/sm/config"],
        )
        .prepare(|scene| {
            repository(scene, "{ws}/kept");
            repository(scene, "{ws}/kept/modules/sm");
            scene.write("{ws}/sm/.git", "gitdir: {ws}/kept/modules/sm\n");
        })
        .watch(&["{ws}/kept"]),
        attempt(
            "C213",
            "write the settings of a bare repository further down",
            &["append {ws}/a/b/c/x.git/config"],
        )
        .prepare(|scene| repository(scene, "{ws}/a/b/c/x.git"))
        .watch(&["{ws}/a/b/c/x.git"]),
        attempt(
            "C214",
            "move what is above a bare repository",
            &["rename {ws}/a {ws}/z"],
        )
        .prepare(|scene| repository(scene, "{ws}/a/b/c/x.git"))
        .watch(&["{ws}/a/b/c/x.git"]),
    ]
}

/// Whether git would take a directory for a repository's, with settings.
fn is_whole(scene: &Scene) -> Option<String> {
    let has =
        |name: &str| std::fs::symlink_metadata(scene.fill(&format!("{{ws}}/new/{name}"))).is_ok();
    let is_one = has("HEAD") && (has("commondir") || has("objects") && has("refs"));
    (is_one && (has("config") || has("hooks") || has("commondir")))
        .then(|| "there is a repository".to_owned())
}

fn made() -> Vec<Attempt> {
    let new = |id, what, steps| attempt(id, what, steps).after(is_whole);
    vec![
        new(
            "C215",
            "make a bare repository",
            &[
                "mkdir {ws}/new",
                "write {ws}/new/config",
                "mkdir {ws}/new/objects",
                "mkdir {ws}/new/refs",
                "write {ws}/new/HEAD",
            ],
        ),
        new(
            "C216",
            "make a bare repository and give it settings at the end",
            &[
                "mkdir {ws}/new",
                "write {ws}/new/HEAD",
                "mkdir {ws}/new/objects",
                "mkdir {ws}/new/refs",
                "write {ws}/new/config",
            ],
        ),
        new(
            "C217",
            "complete a repository by renaming a directory",
            &[
                "mkdir {ws}/new",
                "mkdir {ws}/new/hooks",
                "write {ws}/new/HEAD",
                "mkdir {ws}/new/refs",
                "mkdir {ws}/o",
                "rename {ws}/o {ws}/new/objects",
            ],
        ),
        new(
            "C218",
            "complete a repository by a link",
            &[
                "mkdir {ws}/new",
                "write {ws}/new/config",
                "mkdir {ws}/new/refs",
                "mkdir {ws}/new/objects",
                "symlink refs/heads/main {ws}/new/HEAD",
            ],
        ),
        new(
            "C219",
            "complete a repository by a link that leads nowhere yet",
            &[
                "mkdir {ws}/new",
                "write {ws}/new/config",
                "write {ws}/new/HEAD",
                "mkdir {ws}/new/refs",
                "symlink ../o {ws}/new/objects",
                "mkdir {ws}/o",
            ],
        ),
        new(
            "C220",
            "make a directory whose settings are elsewhere",
            &[
                "mkdir {ws}/new",
                "write {ws}/new/commondir",
                "write {ws}/new/HEAD",
            ],
        ),
        new(
            "C221",
            "name a prepared file as its head",
            &[
                "mkdir {ws}/new",
                "write {ws}/new/config",
                "mkdir {ws}/new/objects",
                "mkdir {ws}/new/refs",
                "write {ws}/h",
                "link {ws}/h {ws}/new/HEAD",
            ],
        ),
    ]
}
