//! What is read of a directory, and what is said of the rest.

use std::fs;
use std::os::unix::fs::symlink;

use dam_scan::{Detector, Facts, Finding, GapKind, Language, Settings, SourceFile, scan_tree};

/// Finds every line with the word `danger`.
struct Words;

impl Detector for Words {
    fn name(&self) -> &'static str {
        "words"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, _path: &str, _language: Language) -> bool {
        true
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        let _parsed = file.tree();
        let hit = |(index, _): (usize, &str)| Finding {
            rule: "word".into(),
            path: file.path.to_owned(),
            line: u32::try_from(index).unwrap_or(0) + 1,
            ..Finding::default()
        };
        let lines = file.text.lines().enumerate();
        Facts::of(
            lines
                .filter(|(_, line)| line.contains("danger"))
                .map(hit)
                .collect(),
        )
    }
}

#[test]
fn what_is_not_read_is_said_and_the_rest_is_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("sub")).expect("a directory");
    fs::write(at("sub/a.py"), "x = 1\ndanger()\n").expect("a file");
    fs::write(at("bad.py"), "danger(\n").expect("a file");
    fs::write(at("picture.png"), b"\x89PNG\0\0danger").expect("a file");
    let wide: Vec<u8> = "\u{feff}danger\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(at("wide.txt"), wide).expect("a file");
    fs::File::create(at("huge.py"))
        .and_then(|file| file.set_len(100 << 20))
        .expect("a file");
    symlink(".", at("sub/loop")).expect("a link");

    let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Words)];
    let scan = scan_tree(dir.path(), &detectors, &Settings::default()).expect("a scan");

    let found: Vec<_> = scan
        .findings
        .iter()
        .map(|each| (each.path.as_str(), each.line))
        .collect();
    assert_eq!(found, [("bad.py", 1), ("sub/a.py", 2), ("wide.txt", 1)]);
    let gaps: Vec<_> = scan
        .coverage
        .gaps
        .iter()
        .map(|gap| (gap.path.as_deref().unwrap_or(""), gap.kind))
        .collect();
    assert_eq!(
        gaps,
        [
            ("bad.py", GapKind::ParseErrors),
            ("huge.py", GapKind::TooBig),
            ("picture.png", GapKind::Binary),
            ("sub/loop", GapKind::Link),
        ]
    );
    assert!(!scan.coverage.is_complete());
}
