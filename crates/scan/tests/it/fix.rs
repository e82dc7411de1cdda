//! Fixers on cases of our own: each `FILE.fixes` says what is written instead
//! of what is found in `FILE`, or why nothing is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dam_scan::fix::{Changed, Proposal, Surroundings, Trial, apply, propose, unified};
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
    let project = tempfile::tempdir().expect("a directory");
    fs::write(project.path().join(name), text).expect("a file");
    let file = SourceFile::of_text(name, text);
    let mut around = Surroundings::default();
    around.read(&file);
    let mut said = String::new();
    let marked = marked(name, text);
    for finding in &marked {
        write!(said, "## {}: {}\n\n", finding.line, finding.rule).expect("text");
        said.push_str(&first(finding, &file, &around));
        said.push('\n');
    }
    for finding in &scan.findings {
        if finding.rule == "phantom-import" || !marked.is_empty() {
            continue;
        }
        write!(said, "## {}: {}\n\n", finding.line, finding.rule).expect("text");
        let mut trial = Trial::new(engine, &revision, &scan, finding, project.path());
        said.push_str(&fixed(&mut trial, finding, &file, &around));
        said.push('\n');
    }
    said
}

/// What is marked in a case: `// fix RULE`. Such a line is looked at without
/// a scan that finds it.
fn marked(name: &str, text: &str) -> Vec<Finding> {
    let lines = (1..).zip(text.lines());
    lines
        .filter_map(|(line, text)| {
            let (_, rule) = text.split_once("// fix ")?;
            Some(Finding {
                rule: rule.to_owned().into(),
                path: name.to_owned(),
                line,
                ..Finding::default()
            })
        })
        .collect()
}

/// The first proposal for a finding.
fn first(finding: &Finding, file: &SourceFile<'_>, around: &Surroundings) -> String {
    let proposals = match propose(finding, file, around) {
        Ok(proposals) => proposals,
        Err(why) => return format!("no fix: {why}\n"),
    };
    let proposal = proposals.first().expect("a proposal");
    touches_only_what_it_names(file.text, proposal);
    let after = apply(file.text, &proposal.edits).expect("edits that fit");
    let tree = SourceFile::of_text(file.path, &after);
    let tree = tree.tree().expect("a tree");
    assert!(!tree.root_node().has_error(), "{after}");
    let mut said = format!("{}\n", proposal.what);
    for risk in &proposal.risks {
        writeln!(said, "risk: {risk}").expect("text");
    }
    said + &unified(file.path, file.text, &after)
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

/// What a scan says of a change of one file.
fn judged(before: &str, after: &str, rule: &str) -> Result<(), String> {
    let detectors = detectors();
    let settings = Settings::default();
    let engine = Engine {
        detectors: &detectors,
        settings: &settings,
        cache: None,
    };
    let revision = Revision {
        entries: vec![Entry::of_bytes("app.py", before)],
        ..Revision::default()
    };
    let scan = engine.scan(&revision, None);
    let mut findings = scan.findings.iter();
    let finding = findings.find(|each| each.rule == rule).expect("a finding");
    let project = tempfile::tempdir().expect("a directory");
    fs::write(project.path().join("app.py"), before).expect("a file");
    let mut trial = Trial::new(engine, &revision, &scan, finding, project.path());
    let change = Changed {
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let changes = [("app.py".to_owned(), change)].into();
    trial.accept(changes, "a change", &[]).map(drop)
}

#[test]
fn what_makes_something_new_or_does_not_parse_is_refused() {
    let before = "import os\nfrom flask import Flask, request\napp = Flask(__name__)\n@app.get('/')\ndef get():\n    os.system('ls ' + request.args['a'])\n    return 'done'\n";
    let with = |line: &str| before.replace("os.system('ls ' + request.args['a'])", line);
    let judged = |line: &str| judged(before, &with(line), "command-injection");
    assert_eq!(judged("os.listdir('.')"), Ok(()));
    for (line, why) in [
        (
            "os.system('ls ' + request.args['a'] + '')",
            "still finds it",
        ),
        ("os.system('ls ' + request.args['a'])", "changes nothing"),
        ("eval(request.args['a'])", "something new: code-injection"),
        ("os.system(", "does not parse"),
    ] {
        let said = judged(line).expect_err("refused");
        assert!(said.contains(why), "{line}: {said}");
    }
}

#[test]
fn any_cut_of_a_case_is_edited_within_bounds() {
    let around = Surroundings::default();
    for path in cases() {
        let text = fs::read_to_string(&path).expect("a case");
        let name = path.file_name().expect("a name").to_string_lossy();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let rules = [
            "sql-injection",
            "command-injection",
            "cross-site-scripting",
            "template-injection",
            "path-traversal",
            "open-redirect",
            "unsafe-deserialization",
            "weak-hash",
            "weak-random",
            "predictable-temporary-file",
            "cookie-without-secure",
            "xml-external-entity",
            "debug-enabled",
        ];
        for from in (0..lines.len()).step_by(7) {
            let cut = lines[from..].concat().replace('\n', "\r\n");
            let file = SourceFile::of_text(&name, &cut);
            for (line, rule) in (1..).zip(rules.iter().cycle()).take(lines.len() - from) {
                let finding = Finding {
                    rule: (*rule).into(),
                    path: name.to_string(),
                    line,
                    ..Finding::default()
                };
                for proposal in propose(&finding, &file, &around).unwrap_or_default() {
                    touches_only_what_it_names(&cut, &proposal);
                }
            }
        }
    }
}
