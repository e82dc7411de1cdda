//! Fixers on cases of our own: each `FILE.fixes` says what is written instead
//! of what is found in `FILE`, or why nothing is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dam_scan::fix::{Proposal, Surroundings, Trial, apply, propose, unified};
use dam_scan::{Engine, Entry, Finding, Revision, Settings, SourceFile, detectors};

#[test]
fn each_class_is_written_in_its_right_form() {
    let mut wrong = Vec::new();
    for path in cases() {
        let text = fs::read_to_string(&path).expect("a case");
        let name = path.file_name().expect("a name").to_string_lossy();
        let said = fixes(&name, &text);
        let expected = PathBuf::from(format!("{}.fixes", path.display()));
        if fs::read_to_string(&expected).ok().as_deref() != Some(&said) {
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.fixes"));
            fs::write(&place, said).expect("a file");
            wrong.push(place);
        }
    }
    assert!(wrong.is_empty(), "not what is expected; compare: {wrong:?}");
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fix");
    let entries = fs::read_dir(root).expect("a directory").flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_none_or(|ending| ending != "fixes"));
    paths.sort();
    assert!(paths.len() > 4, "there are cases");
    paths
}

/// What is said of every finding of a file: the first proposal that a fresh
/// scan accepts.
fn fixes(name: &str, text: &str) -> String {
    let detectors = detectors();
    let settings = Settings::default();
    let engine = Engine {
        detectors: &detectors,
        settings: &settings,
        cache: None,
    };
    let revision = Revision {
        entries: vec![Entry::of_bytes(name, text)],
        ..Revision::default()
    };
    let scan = engine.scan(&revision, None);
    let file = SourceFile::of_text(name, text);
    let mut around = Surroundings::default();
    around.read(&file);
    let mut said = String::new();
    for finding in &scan.findings {
        if finding.rule == "phantom-import" {
            continue;
        }
        write!(said, "## {}: {}\n\n", finding.line, finding.rule).expect("text");
        let mut trial = Trial::new(engine, &revision, &scan, finding, Path::new("/nowhere"));
        said.push_str(&fixed(&mut trial, finding, &file, &around));
        said.push('\n');
    }
    said
}

fn fixed(
    trial: &mut Trial<'_>,
    finding: &Finding,
    file: &SourceFile<'_>,
    around: &Surroundings,
) -> String {
    let proposals = match propose(finding, file, around) {
        Ok(proposals) => proposals,
        Err(why) => return format!("no fix: {why}\n"),
    };
    let mut refused = String::new();
    for proposal in &proposals {
        touches_only_what_it_names(file.text, proposal);
        let changes = trial.change(proposal).expect("a change");
        match trial.accept(changes, &proposal.what, &proposal.risks) {
            Ok(accepted) => {
                let mut said = format!("{}\n", accepted.what);
                for risk in &accepted.risks {
                    writeln!(said, "risk: {risk}").expect("text");
                }
                let change = &accepted.changes[file.path];
                said.push_str(&unified(file.path, &change.before, &change.after));
                return said;
            }
            Err(why) => writeln!(refused, "refused: {}: {why}", proposal.what).expect("text"),
        }
    }
    refused
}

/// What no edit names stays, in its order, to the byte.
fn touches_only_what_it_names(before: &str, proposal: &Proposal) {
    let after = apply(before, &proposal.edits).expect("edits that fit");
    let mut rest = after.as_str();
    let mut at = 0;
    for edit in &proposal.edits {
        let kept = &before[at..edit.range.start];
        rest = rest.strip_prefix(kept).expect("what was before");
        rest = rest.strip_prefix(edit.text.as_str()).expect("what is new");
        at = edit.range.end;
    }
    assert_eq!(rest, &before[at..]);
}
