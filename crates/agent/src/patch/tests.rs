//! Tests of the patch language as a whole: reading, printing, and real files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn refused(patch: &str) -> String {
    parse(patch).unwrap_err().to_string()
}

/// The patch between `old` and `new` as one who diffs would write it, with
/// `context` lines kept around every change.
fn diff(old: &[String], new: &[String], context: usize) -> Vec<Hunk> {
    let lines = align(old, new);
    let changed = |line: &Line| !matches!(line, Line::Keep(_));
    let near = |index: usize| {
        let from = index.saturating_sub(context);
        lines[from..(index + context + 1).min(lines.len())]
            .iter()
            .any(changed)
    };
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut open = false;
    for (index, line) in lines.iter().enumerate() {
        if !near(index) {
            open = false;
            continue;
        }
        if !open {
            hunks.push(Hunk::default());
            open = true;
        }
        hunks.last_mut().unwrap().lines.push(line.clone());
    }
    hunks
}

/// An edit script by longest common subsequence.
fn align(old: &[String], new: &[String]) -> Vec<Line> {
    let mut longest = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Keep(old[i].clone()));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || longest[i + 1][j] >= longest[i][j + 1]) {
            lines.push(Line::Remove(old[i].clone()));
            i += 1;
        } else {
            lines.push(Line::Add(new[j].clone()));
            j += 1;
        }
    }
    lines
}

fn text(lines: &[String]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| format!("{line}\n").into_bytes())
        .collect()
}

fn patch_of(hunks: Vec<Hunk>) -> Patch {
    Patch {
        changes: vec![Change::Update {
            path: "file".to_owned(),
            move_to: None,
            hunks,
        }],
    }
}

/// Lines that repeat, and the same lines with a few changed or gone.
fn repetitive() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let line = || "[ab]?";
    let edit = (any::<prop::sample::Index>(), prop::option::of(line()));
    let old = prop::collection::vec(line(), 1..16);
    (old, prop::collection::vec(edit, 1..3)).prop_map(|(old, edits)| {
        let mut new = old.clone();
        for (index, line) in edits {
            if !new.is_empty() {
                let at = index.index(new.len());
                new.splice(at..=at, line);
            }
        }
        (old, new)
    })
}

fn a_line() -> impl Strategy<Value = Line> {
    let text = "[^\n\r\0]{0,8}";
    prop_oneof![
        text.prop_map(Line::Keep),
        text.prop_map(Line::Remove),
        text.prop_map(Line::Add),
    ]
}

fn a_hunk() -> impl Strategy<Value = Hunk> {
    (
        prop::collection::vec("[a-z(]([a-z ]{0,6}[a-z])?", 0..3),
        prop::collection::vec(a_line(), 1..6),
        any::<bool>(),
    )
        .prop_map(|(contexts, lines, at_end)| Hunk {
            contexts,
            lines,
            at_end,
        })
}

fn a_change() -> impl Strategy<Value = Change> {
    let path = "[a-z]{1,4}(/[a-z é]{0,4}[a-z])?";
    prop_oneof![
        (path, prop::collection::vec("[^\n\r]{0,8}", 0..4))
            .prop_map(|(path, lines)| Change::Add { path, lines }),
        path.prop_map(|path| Change::Delete { path }),
        (
            path,
            prop::option::of(path),
            prop::collection::vec(a_hunk(), 1..3)
        )
            .prop_map(|(path, move_to, hunks)| Change::Update {
                path,
                move_to,
                hunks
            }),
    ]
}

proptest! {
    #[test]
    fn reading_never_panics(patch in "(\\*\\*\\* (Begin Patch|End Patch|Add File: a|Update File: b|Move to: c|End of File)\n|@@( x)?\n|[ +-]?[a\\r]{0,2}\n){0,12}") {
        let _ = parse(&patch);
        let _ = parse(&format!("*** Begin Patch\n{patch}\n*** End Patch"));
    }

    #[test]
    fn what_is_printed_reads_as_the_same(changes in prop::collection::vec(a_change(), 1..4)) {
        let patch = Patch { changes };
        prop_assert_eq!(parse(&patch.to_string()), Ok(patch));
    }

    /// Where lines are unlike each other, a diff reproduces its target.
    #[test]
    fn a_diff_reproduces_its_target(
        keep in prop::collection::vec(0..4_u8, 0..30),
        context in 1..4_usize,
    ) {
        let side = |mine: u8| -> Vec<String> {
            let kept = keep.iter().enumerate().filter(|(_, who)| **who == mine || **who >= 2);
            kept.map(|(index, _)| format!("line {index}")).collect()
        };
        let (old, new) = (side(0), side(1));
        let hunks = diff(&old, &new, context);
        if !hunks.is_empty() {
            let patch = patch_of(hunks.clone());
            prop_assert_eq!(parse(&patch.to_string()), Ok(patch));
        }
        prop_assert_eq!(apply_hunks(&text(&old), &hunks).unwrap(), text(&new));
    }

    /// Where they are not, it does so or it refuses; it never writes a third.
    #[test]
    fn a_diff_never_gives_anything_else(
        (old, new) in repetitive(), context in 1..3_usize,
    ) {
        match apply_hunks(&text(&old), &diff(&old, &new, context)) {
            Ok(done) => prop_assert_eq!(done, text(&new)),
            Err(error) => {
                let doubt = matches!(error, MatchError::Ambiguous { .. });
                prop_assert!(doubt, "{}", error);
            }
        }
    }
}

#[test]
fn the_whole_grammar_is_read() {
    let patch = parse(
        "\n*** Begin Patch\n*** Add File: new dir/file\n+one\n+\n*** Delete File: gone\n\
         *** Update File: old\n*** Move to: new\n@@ class A\n@@ def f\n keep\n-minus\n+plus\n\
         @@\n-last\n*** End of File\n*** End Patch\n\n",
    )
    .unwrap();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let hunks = vec![
        Hunk {
            contexts: owned(&["class A", "def f"]),
            lines: vec![
                Line::Keep("keep".into()),
                Line::Remove("minus".into()),
                Line::Add("plus".into()),
            ],
            at_end: false,
        },
        Hunk {
            contexts: Vec::new(),
            lines: vec![Line::Remove("last".into())],
            at_end: true,
        },
    ];
    let changes = vec![
        Change::Add {
            path: "new dir/file".into(),
            lines: owned(&["one", ""]),
        },
        Change::Delete {
            path: "gone".into(),
        },
        Change::Update {
            path: "old".into(),
            move_to: Some("new".into()),
            hunks,
        },
    ];
    assert_eq!(patch, Patch { changes });
}

#[test]
fn blank_lines_are_lines_of_the_file_only_between_others() {
    let patch = parse("*** Begin Patch\n*** Update File: f\n a\n\n-b\n\n*** End Patch").unwrap();
    let Change::Update { hunks, .. } = &patch.changes[0] else {
        panic!("{patch}")
    };
    let wanted = [
        Line::Keep("a".into()),
        Line::Keep(String::new()),
        Line::Remove("b".into()),
    ];
    assert_eq!(hunks[0].lines, wanted);
}

#[test]
fn every_error_names_its_line() {
    let messages = [
        "",
        "\n\nhello",
        "*** Begin Patch\n*** End Patch",
        "*** Begin Patch\n*** Delete File: a\n",
        "*** Begin Patch\n*** Delete File: a\n*** End Patch\nrm x",
        "*** Begin Patch\n*** Frobnicate: a\n*** End Patch",
        "*** Begin Patch\n*** Add File: a\nx\n*** End Patch",
        "*** Begin Patch\n*** Add File:\n*** End Patch",
        "*** Begin Patch\n*** Delete File: a/..\n*** End Patch",
        "*** Begin Patch\n*** Delete File: a\0b\n*** End Patch",
        "*** Begin Patch\n*** Update File: a\n*** End Patch",
        "*** Begin Patch\n*** Update File: a\n@@ x\n*** End Patch",
        "*** Begin Patch\n*** Update File: a\n x\ny\n*** End Patch",
    ]
    .map(refused);
    insta::assert_snapshot!(messages.join("\n"), @r"
    line 1: a patch begins with `*** Begin Patch`, not ``
    line 3: a patch begins with `*** Begin Patch`, not `hello`
    line 2: the patch changes nothing
    line 3: the patch ends without `*** End Patch`
    line 4: `rm x` follows `*** End Patch`
    line 2: expected `*** Add File: `, `*** Delete File: `, `*** Update File: ` or `*** End Patch`, found `*** Frobnicate: a`
    line 3: every line of a new file begins with `+`, not `x`
    line 2: the path is missing
    line 2: the path names a directory
    line 2: a path cannot hold a NUL character
    line 2: the update says nothing to change
    line 3: the hunk says nothing to change
    line 4: a line of a hunk begins with ` `, `-` or `+`, not `y`
    ");
}

/// A directory to patch in, and what it holds.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = scene.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    /// Applies and tells what changed, or why nothing did.
    fn apply(&self, body: &str) -> Result<String, String> {
        self.apply_following(body, Following::Links)
    }

    fn apply_following(&self, body: &str, following: Following) -> Result<String, String> {
        let root = self.root();
        let hidden = |text: String| text.replace(root.to_str().unwrap(), "ROOT");
        let patch = parse(&format!("*** Begin Patch\n{body}*** End Patch")).unwrap();
        let plan = plan(&patch, &root, following).map_err(|error| hidden(error.to_string()))?;
        let changed = commit(&plan).map_err(|error| hidden(error.to_string()))?;
        let lines = changed
            .iter()
            .map(|(kind, path)| format!("{} {}\n", kind.letter(), path.display()));
        Ok(hidden(lines.collect()))
    }

    /// Every file with its text, every directory with a slash.
    fn holds(&self) -> String {
        let mut lines = Vec::new();
        list(&self.root(), Path::new(""), &mut lines);
        lines.sort();
        lines.join("\n")
    }
}

fn list(root: &Path, below: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            lines.push(format!("{}/", path.display()));
            list(root, &path, lines);
        } else if kind.is_symlink() {
            let to = fs::read_link(entry.path()).unwrap();
            lines.push(format!("{} -> {}", path.display(), to.display()));
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            lines.push(format!("{}: {}", path.display(), text.escape_debug()));
        }
    }
}

#[test]
fn files_are_added_changed_moved_and_deleted() {
    let scene = Scene::new(&[("a", "one\ntwo\n"), ("b", "b\n"), ("sub/c", "c\n")]);
    let changed = scene.apply(
        "*** Add File: deep/er/new\n+hello\n*** Update File: a\n-one\n+1\n*** Delete File: b\n\
         *** Update File: sub/c\n*** Move to: moved\n-c\n+C\n",
    );
    insta::assert_snapshot!(changed.unwrap(), @r"
    A ROOT/deep/er/new
    M ROOT/a
    D ROOT/b
    D ROOT/sub/c
    A ROOT/moved
    ");
    insta::assert_snapshot!(scene.holds(), @r"
    a: 1\ntwo\n
    deep/
    deep/er/
    deep/er/new: hello\n
    moved: C\n
    sub/
    ");
}

#[test]
fn later_changes_see_earlier_ones() {
    let scene = Scene::new(&[("a", "one\n"), ("b", "old\n")]);
    let changed = scene.apply(
        "*** Update File: a\n-one\n+two\n*** Update File: ./a\n-two\n+three\n\
         *** Delete File: b\n*** Add File: b\n+newer\n*** Update File: b\n-newer\n+new\n\
         *** Add File: c\n+c\n*** Delete File: c\n",
    );
    assert_eq!(changed.unwrap(), "M ROOT/a\nM ROOT/b\n");
    assert_eq!(scene.holds(), "a: three\\n\nb: new\\n");
}

#[test]
fn a_patch_that_does_not_fit_changes_nothing() {
    let scene = Scene::new(&[("a", "one\n"), ("dir/x", "x\n")]);
    let before = scene.holds();
    let refused = [
        "*** Update File: missing\n-x\n",
        "*** Delete File: missing\n",
        "*** Add File: a\n+x\n",
        "*** Add File: dir\n+x\n",
        "*** Delete File: dir\n",
        "*** Update File: dir\n-x\n",
        "*** Update File: a\n-nothing\n",
        "*** Add File: a/below\n+x\n",
        "*** Update File: a\n*** Move to: dir/x\n",
        "*** Update File: a\n-one\n+x\n*** Delete File: missing\n",
    ]
    .map(|body| scene.apply(body).unwrap_err());
    assert_eq!(scene.holds(), before);
    insta::assert_snapshot!(refused.join("\n"), @r"
    `missing` does not exist
    `missing` does not exist
    `a` exists already: use `*** Update File: `, or delete it first
    `dir` is not a regular file
    `dir` is not a regular file
    `dir` is not a regular file
    `a`: hunk 1: the file has no such lines:
    nothing
    the directory `ROOT/a` cannot be opened: Not a directory (os error 20)
    `dir/x` exists already: use `*** Update File: `, or delete it first
    `missing` does not exist
    ");
}

#[test]
fn a_write_that_fails_is_undone_with_all_before_it() {
    let scene = Scene::new(&[
        ("a", "one\n"),
        ("b", "b\n"),
        ("c", "c\n"),
        ("late/x", "x\n"),
    ]);
    let patch = parse(
        "*** Begin Patch\n*** Update File: a\n-one\n+two\n*** Delete File: b\n\
         *** Add File: new/n\n+n\n*** Update File: late/x\n-x\n+y\n*** End Patch",
    )
    .unwrap();
    let plan = plan(&patch, &scene.root(), Following::Links).unwrap();
    // What was a file is a directory by now, which no rename replaces.
    fs::remove_file(scene.path("late/x")).unwrap();
    fs::create_dir(scene.path("late/x")).unwrap();
    let before = scene.holds();
    let error = commit(&plan).unwrap_err().to_string();
    assert!(error.ends_with("nothing was changed"), "{error}");
    assert_eq!(scene.holds(), before);
}

#[test]
fn permissions_stay() {
    let scene = Scene::new(&[("script", "a\n")]);
    let mode = |path: &str| fs::metadata(scene.path(path)).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(scene.path("script"), fs::Permissions::from_mode(0o750)).unwrap();
    scene.apply("*** Update File: script\n-a\n+b\n").unwrap();
    assert_eq!(mode("script"), 0o750);
    scene
        .apply("*** Update File: script\n*** Move to: moved\n")
        .unwrap();
    assert_eq!(mode("moved"), 0o750);
}

#[test]
fn a_link_to_a_file_is_followed_for_changes_and_removed_for_deletions() {
    let scene = Scene::new(&[("real", "a\n")]);
    symlink("real", scene.path("link")).unwrap();
    let changed = scene.apply("*** Update File: link\n-a\n+b\n");
    assert_eq!(changed.unwrap(), "M ROOT/real\n");
    assert_eq!(scene.holds(), "link -> real\nreal: b\\n");
    scene.apply("*** Delete File: link\n").unwrap();
    assert_eq!(scene.holds(), "real: b\\n");
}

#[test]
fn judged_paths_follow_no_links() {
    let scene = Scene::new(&[("real/file", "a\n")]);
    symlink("real", scene.path("dir")).unwrap();
    symlink("real/file", scene.path("leaf")).unwrap();
    let before = scene.holds();
    let exact = |path: &str| {
        let path = scene.path(path);
        let body = format!("*** Update File: {}\n-a\n+b\n", path.display());
        scene.apply_following(&body, Following::Nothing)
    };
    assert!(exact("dir/file").is_err());
    assert!(exact("leaf").is_err());
    assert_eq!(scene.holds(), before);
    assert_eq!(exact("real/file").unwrap(), "M ROOT/real/file\n");
    let relative = scene.apply_following("*** Add File: x\n+x\n", Following::Nothing);
    assert!(relative.is_err());
}

#[test]
fn a_pipe_does_not_hold_the_patch_up() {
    let scene = Scene::new(&[]);
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.path("pipe"), 0o600.into()).unwrap();
    let refused = scene.apply("*** Update File: pipe\n-a\n+b\n");
    assert_eq!(refused.unwrap_err(), "`pipe` is not a regular file");
}

#[test]
fn absolute_paths_are_as_good_as_relative_ones() {
    let scene = Scene::new(&[("a", "a\n")]);
    let path = scene.path("a");
    let body = format!("*** Update File: {}\n-a\n+b\n", path.display());
    assert_eq!(scene.apply(&body).unwrap(), "M ROOT/a\n");
}
