//! What is let through of git's index and of a rebase's steps, held against
//! what git itself writes.

use std::path::Path;

use dam_policy::{BadGitFile, check_git_index, check_git_steps};
use proptest::prelude::*;

/// Where object names are 20 bytes long.
const SHA1: usize = 20;

#[expect(
    clippy::disallowed_methods,
    reason = "git is what the reader is compared with"
)]
fn git(dir: &Path, words: &[&str]) {
    let output = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=n",
            "-c",
            "user.email=e",
            "-c",
            "index.threads=3",
        ])
        .args([
            "-c",
            "index.recordOffsetTable=true",
            "-c",
            "index.recordEndOfIndexEntries=true",
        ])
        .args(words)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", dir)
        .output()
        .expect("git is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {words:?}: {said}");
}

/// An index as git writes it, of files in several directories.
fn index(version: &str, init: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    git(dir, &[&["init", "-q"], init].concat());
    for name in [
        "xgit/hooks/a",
        "xgit/hooks/b",
        "src/long/way/down/c",
        "d",
        ".gitignore",
        "é/f",
    ] {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, name).expect("a file");
    }
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["add", "-N", "d"]);
    git(
        dir,
        &[
            "update-index",
            "--force-write-index",
            "--index-version",
            version,
        ],
    );
    std::fs::read(dir.join(".git/index")).expect("an index")
}

fn changed(index: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = |bytes: &[u8]| bytes.windows(from.len()).position(|window| window == from);
    let mut index = index.to_vec();
    let at = at(&index).expect("it is there");
    index[at..at + to.len()].copy_from_slice(to);
    index
}

#[test]
fn what_git_writes_is_let_through_in_every_version() {
    for version in ["2", "3", "4"] {
        let index = index(version, &[]);
        assert_eq!(check_git_index(&index, SHA1), Ok(()), "{version}");
        let has = |name: &[u8]| index.windows(4).any(|window| window == name);
        assert!(has(b"IEOT") && has(b"EOIE") && has(b"TREE"), "{version}");
    }
    let long = index("4", &["--object-format=sha256"]);
    assert_eq!(check_git_index(&long, 32), Ok(()));
    assert!(check_git_index(&long, SHA1).is_err());
}

#[test]
fn an_entry_below_dot_git_is_not() {
    for version in ["2", "4"] {
        let index = index(version, &[]);
        for (from, to) in [
            (&b"xgit/hooks"[..], &b".git"[..]),
            (b"xgit/hooks", b".GIT"),
            (b"src/long/way", b"src/.git/way"),
            (b"src/long/way", b"src/git~1/aa"),
            (b"src/long/way", b"src/.git./aa"),
            (b"src/long/way", b"src/../../aa"),
            (b"src/long/way", b"src//aaaaaaa"),
            (b"src/long/way", b"/src/aaaaaaa"),
            (b"src/long/way", b"s/.g\xe2\x80\x8cit/aa"),
        ] {
            let found = check_git_index(&changed(&index, from, to), SHA1);
            let to = String::from_utf8_lossy(to);
            assert!(
                matches!(found, Err(BadGitFile::Entry(_))),
                "{version} {to}: {found:?}"
            );
        }
    }
}

/// Who believes what is said of the place of entries would see others.
#[test]
fn what_is_said_of_the_entries_must_be_so() {
    let index = index("2", &[]);
    let at = |name: &[u8]| {
        let mut found = index.windows(4).enumerate();
        found
            .find(|(_, window)| *window == name)
            .expect("it is there")
            .0
    };
    for at in [at(b"IEOT") + 15, at(b"IEOT") + 19, at(b"EOIE") + 11] {
        let mut index = index.clone();
        index[at] ^= 1;
        assert!(check_git_index(&index, SHA1).is_err(), "{at}");
    }
    // One that is hidden in what git does not look into.
    let mut hidden = index.clone();
    let first = at(b"EOIE");
    let whole = hidden[first..first + 32].to_vec();
    let length = u32::try_from(whole.len()).expect("a length").to_be_bytes();
    hidden.splice(first..first, [&b"XXXX"[..], &length, &whole].concat());
    hidden.drain(first + 40..first + 72);
    assert!(check_git_index(&hidden, SHA1).is_err());
    let split = changed(&index, b"TREE", b"link");
    assert_eq!(
        check_git_index(&split, SHA1),
        Err(BadGitFile::Form("it is split in two"))
    );
    assert!(check_git_index(&changed(&index, b"DIRC", b"DIRD"), SHA1).is_err());
    // Another length than the name has.
    let name = changed(&index, b"xgit/hooks/a\0", b"xgit/hooks\0");
    assert!(check_git_index(&name, SHA1).is_err());
}

#[test]
fn steps_that_run_nothing_are_let_through() {
    let steps = b"pick d7cff2c one\n# exec in a note\n\n\tsquash d7 x\nlabel onto\nreset [new root]\nmerge -C d7 b # B\nupdate-ref refs/heads/x\nnoop\nb\r\n";
    assert_eq!(check_git_steps(steps), Ok(()));
    for step in [
        "exec touch x",
        "x touch x",
        "  exec x",
        "\texec x",
        "execute x",
        "pick\0exec",
        "exec",
        "\x0bexec",
    ] {
        let text = format!("pick d7 one\n{step}\n");
        let found = check_git_steps(text.as_bytes());
        assert!(matches!(found, Err(BadGitFile::Step(_))), "{step}");
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300), version in 2..5_u8) {
        let _any = check_git_index(&bytes, SHA1);
        let index = [b"DIRC\0\0\0", &[version][..], b"\0\0\0\x02", &bytes].concat();
        let _any = check_git_index(&index, SHA1);
        let _any = check_git_steps(&bytes);
    }
}
