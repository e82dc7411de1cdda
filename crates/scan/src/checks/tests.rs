//! Every check finds its positive fixtures, lets its look-alikes pass, and has
//! a section in the page.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::{CHECKS, Checks};
use crate::file::text_of;
use crate::{
    Confidence, Detector, Facts, FactsOf, Finding, Joined, Language, Project, Settings, SourceFile,
};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/checks");

/// A file of a fixture.
struct Input {
    path: String,
    bytes: Vec<u8>,
}

/// A fixture: a tree of files in one text, each below a line `=== path`, and
/// first what is to be found: `identifier path:line`, one a line.
fn case(text: &str) -> (BTreeSet<String>, Vec<Input>, Option<Vec<Input>>) {
    let mut parts = text.split("\n=== ");
    let head = parts.next().unwrap_or_default();
    let wanted = head
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let (mut files, mut base) = (Vec::new(), None);
    for part in parts {
        let (path, body) = part.split_once('\n').unwrap_or((part, ""));
        let (into, path) = match path.strip_prefix("base:") {
            Some(path) => (base.get_or_insert_with(Vec::new), path),
            None => (&mut files, path),
        };
        if !path.is_empty() {
            into.push(Input {
                path: path.to_owned(),
                bytes: format!("{}\n", body.trim_end_matches('\n')).into_bytes(),
            });
        }
    }
    (wanted, files, base)
}

fn cases() -> Vec<(String, String)> {
    let mut all: Vec<_> = std::fs::read_dir(CASES)
        .expect("the cases")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    all.sort();
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    all.iter()
        .map(|path| (name(path), std::fs::read_to_string(path).expect("a case")))
        .collect()
}

#[test]
fn every_fixture_gives_what_it_says_and_nothing_else() {
    for (name, text) in cases() {
        let (wanted, files, base) = case(&text);
        let found: BTreeSet<String> = scan(&files, base.as_deref(), &settings(&text))
            .iter()
            .map(|each| format!("{} {}:{}", each.rule, each.path, each.line))
            .collect();
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn a_famous_package_that_is_not_declared_is_told_as_less() {
    let file = |path: &str, text: &str| Input {
        path: path.to_owned(),
        bytes: text.into(),
    };
    let long = format!("require('unheard-of');var a='{}'", "x".repeat(6_000));
    let files = [
        file("requirements.txt", "flask\n"),
        file("a.py", "import yaml\nimport unheard_of\n"),
        file("setup.py", "import setuptools\n"),
        file("package.json", "{}"),
        file("bundle.js", &long),
    ];
    let found = scan(&files, None, &Settings::default());
    let told: Vec<_> = found
        .iter()
        .filter(|each| each.rule == "phantom-import")
        .map(|each| (each.path.as_str(), each.line, each.confidence))
        .collect();
    assert_eq!(
        told,
        [("a.py", 1, Confidence::C), ("a.py", 2, Confidence::B)]
    );
}

/// The findings of files, compared with those of the revision before.
fn scan(files: &[Input], base: Option<&[Input]>, settings: &Settings) -> Vec<Finding> {
    scan_in_full(files, base, settings).findings
}

fn scan_in_full(files: &[Input], base: Option<&[Input]>, settings: &Settings) -> Joined {
    let looked = |files: &[Input]| -> Vec<(String, Language, bool, Facts)> {
        let look = |input: &Input| {
            let text = String::from_utf8_lossy(&input.bytes).into_owned();
            let file = SourceFile::of_text(&input.path, &text);
            (
                input.path.clone(),
                file.language,
                file.is_test,
                Checks.file(&file),
            )
        };
        let mut all: Vec<_> = files.iter().map(look).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    };
    let (now, then) = (looked(files), looked(base.unwrap_or_default()));
    let of = |all: &'_ [(String, Language, bool, Facts)]| -> Vec<String> {
        all.iter().map(|each| each.0.clone()).collect()
    };
    let (paths, old_paths) = (of(&now), of(&then));
    let (facts, old_facts) = (facts_of(&now), facts_of(&then));
    let before = Project {
        files: &old_facts,
        paths: &old_paths,
        base: None,
        settings,
        cache: None,
    };
    let project = Project {
        files: &facts,
        paths: &paths,
        base: base.map(|_| &before),
        settings,
        cache: None,
    };
    let mut joined = Checks.join(&project);
    let alone = now.iter().flat_map(|each| each.3.findings.iter().cloned());
    joined.findings.extend(alone);
    joined
}

fn facts_of(all: &[(String, Language, bool, Facts)]) -> Vec<FactsOf<'_>> {
    all.iter()
        .map(|(path, language, is_test, facts)| FactsOf {
            path,
            language: *language,
            is_test: *is_test,
            facts,
        })
        .collect()
}

/// A setting in a fixture: `#set branch=…`.
fn settings(text: &str) -> Settings {
    let mut settings = Settings {
        today: "2026-11-21".to_owned(),
        ..Settings::default()
    };
    for line in text.lines().filter_map(|line| line.strip_prefix("#set ")) {
        match line.split_once('=') {
            Some(("branch", value)) => settings.branch = Some(value.to_owned()),
            Some(("advisories", value)) => {
                settings.advisories = Some(Path::new(CASES).join("..").join(value));
            }
            Some((name, value)) => {
                settings
                    .of_detectors
                    .insert(name.to_owned(), value.to_owned());
            }
            None => {}
        }
    }
    settings
}

#[test]
fn what_the_advisories_cannot_say_is_not_checked() {
    let text = std::fs::read_to_string(Path::new(CASES).join("advisories.txt")).expect("a case");
    let (_, mut files, _) = case(&text);
    let lock = "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\n";
    files.push(Input {
        path: "Cargo.lock".to_owned(),
        bytes: lock.into(),
    });
    let gaps = |settings: &Settings| -> Vec<String> {
        scan_in_full(&files, None, settings)
            .gaps
            .into_iter()
            .map(|gap| gap.why)
            .collect()
    };
    let given = settings(&text);
    assert_eq!(
        gaps(&given),
        ["1 packages of crates.io are not checked: the advisories have nothing on them"]
    );
    let none = Settings {
        advisories: None,
        ..given.clone()
    };
    assert!(gaps(&none)[0].contains("no advisories were given"));
    let missing = Settings {
        advisories: Some("/nowhere".into()),
        ..given.clone()
    };
    assert!(gaps(&missing)[0].contains("/nowhere cannot be read"));
    let empty = tempfile::tempdir().expect("a directory");
    let empty = Settings {
        advisories: Some(empty.path().into()),
        ..given.clone()
    };
    assert!(gaps(&empty)[0].contains("has no advisories"));
    let later = Settings {
        today: "2027-01-10".to_owned(),
        ..given
    };
    assert!(
        gaps(&later)[0].contains("the advisories are 61 days old"),
        "{:?}",
        gaps(&later)
    );
}

#[test]
fn every_check_has_a_fixture_and_a_line_in_the_page() {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/scan/checks.md"
    ))
    .expect("the page");
    let wanted: String = cases()
        .iter()
        .flat_map(|(_, text)| case(text).0)
        .map(|line| line + "\n")
        .collect();
    for check in CHECKS {
        assert!(
            page.contains(&format!("`{}`", check.id)),
            "{} is not in docs/scan/checks.md",
            check.id
        );
        assert!(
            wanted.contains(&format!("{} ", check.id)),
            "{} has no fixture",
            check.id
        );
        assert!(!check.safer.is_empty());
    }
}

#[test]
fn no_scan_of_these_files_fails_however_they_are_cut() {
    for (_, text) in cases() {
        for file in case(&text).1 {
            let body = String::from_utf8_lossy(&file.bytes).into_owned();
            for (end, _) in body.char_indices().step_by(7) {
                let cut = &body[..end];
                let _ = Checks.file(&SourceFile::of_text(&file.path, cut));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), name in prop::sample::select(vec![
        "Dockerfile", "a.tf", "package.json", ".github/workflows/a.yml", "docker-compose.yml", "k.yaml", "a.py", "a.js",
        ".npmrc", "setup.py", "pyproject.toml", ".claude/settings.json", "a.md", "requirements.txt", "Cargo.lock",
    ])) {
        if let Ok(text) = text_of(&bytes) {
            let file = SourceFile::new(name, &text, &bytes);
            let _ = Checks.file(&file);
        }
    }
}
