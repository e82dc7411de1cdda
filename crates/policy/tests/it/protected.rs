//! Protected names: at any depth, in any spelling that a file system may take
//! for the same name.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use dam_policy::{PROTECTED_NAMES, protected_component, protected_name};
use proptest::prelude::*;

fn is_protected(path: &str) -> bool {
    protected_name(Path::new(path)).is_some()
}

#[test]
fn names_are_protected_at_any_depth_and_with_everything_below() {
    for path in [
        ".git",
        ".git/hooks/pre-commit",
        "a/b/.git/config",
        ".codex/config.toml",
        "sub/.claude/settings.json",
        ".mcp.json",
        "deep/er/.envrc",
        "AGENTS.md",
        "docs/CLAUDE.md",
        ".github/workflows/ci.yml",
        ".vscode/tasks.json",
        ".gitlab-ci.yml",
        ".husky/pre-push",
        ".gitmodules",
        "x/.cofferdam",
    ] {
        assert!(is_protected(path), "{path}");
    }
}

#[test]
fn names_that_only_look_alike_are_not() {
    for path in [
        "",
        ".",
        "git",
        ".gitignore",
        ".github",
        ".github/ISSUE_TEMPLATE/x",
        "workflows/x",
        ".git2",
        "agents.txt",
        "my-agents.md",
        "src/git/hooks",
        "x.git",
        ".github/x/workflows",
    ] {
        assert!(!is_protected(path), "{path}");
    }
}

#[test]
fn case_does_not_matter() {
    for path in [
        ".GIT/config",
        ".Git",
        "agents.MD",
        "Agents.md",
        ".GitHub/WorkFlows/x",
        ".CODEX",
    ] {
        assert!(is_protected(path), "{path}");
    }
}

#[test]
fn spellings_that_file_systems_take_for_the_same_do_not_help() {
    for path in [
        ".g\u{200c}it",
        "\u{feff}.git",
        ".gi\u{200d}t/config",
        ".git\u{fe0f}",
        ".g\u{ad}it",
        ".g\u{2060}it",
        ".\u{ff47}\u{ff49}\u{ff54}",
        "\u{ff21}GENTS.md",
        ".hu\u{17f}ky",
        ".code\u{1d499}",
        "a/.\u{ff27}IT/hooks",
        "\u{202e}.git",
        ".git\u{e0041}",
    ] {
        assert!(is_protected(path), "{path:?}");
    }
}

#[test]
fn names_that_are_no_text_are_no_protected_names() {
    assert!(protected_name(Path::new(OsStr::from_bytes(b".git\xff"))).is_none());
    assert!(protected_name(Path::new(OsStr::from_bytes(b"\xff/.git/x"))).is_some());
}

#[test]
fn the_first_component_of_a_sequence_is_known() {
    assert!(protected_component(".GitHub"));
    assert!(protected_component(".git"));
    assert!(!protected_component("workflows"));
    assert!(!protected_component("src"));
}

#[test]
fn the_list_is_in_the_form_that_is_compared() {
    for name in PROTECTED_NAMES {
        assert!(!name.components.is_empty());
        let path = name.components.join("/");
        assert_eq!(path, path.to_lowercase());
        assert!(is_protected(&path), "{path}");
        assert!(
            is_protected(&name.usual_spelling().to_string_lossy()),
            "{path}"
        );
        assert!(protected_component(name.components[0]));
    }
}

proptest! {
    #[test]
    fn no_path_around_it_hides_a_name(before in "[a-z/.]{0,12}", after in "[a-z/]{0,12}", upper in any::<[bool; 4]>()) {
        let name: String = ".git"
            .chars()
            .zip(upper)
            .map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c })
            .collect();
        let path = format!("{before}/{name}/{after}");
        prop_assert!(is_protected(&path));
    }

    #[test]
    fn any_path_gets_an_answer(path in ".*") {
        protected_name(Path::new(&path));
        protected_component(&path);
    }
}
