//! The forms of a report: each holds what it promises, whatever is in it.

use std::path::Path;

use dam_scan::judge::{ModelPart, Opinion, Origin, Stopped, Verdict, Wording};
use dam_scan::report::{self, Compared, Gate, Report, Target};
use dam_scan::{
    Confidence, Detector, Entry, Facts, Finding, Language, Proof, Scan, Settings, Severity,
    SourceFile, Step, scan_files,
};
use serde_json::Value;

const HOSTILE: &str = "<script>alert(1)</script> ![x](http://h/) @all \u{202e}\u{1b}[31m `` \"";

/// Finds something in every file, and says it in hostile words.
struct Loud;

impl Detector for Loud {
    fn name(&self) -> &'static str {
        "loud"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, _path: &str, _language: Language) -> bool {
        true
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        let _parsed = file.tree();
        let step = Step {
            path: file.path.to_owned(),
            line: 1,
            what: HOSTILE.to_owned(),
        };
        let whole = Finding {
            rule: "loud".into(),
            cwe: vec![79],
            title: HOSTILE.to_owned(),
            message: format!("{HOSTILE} again"),
            path: file.path.to_owned(),
            line: 1,
            column: 1,
            steps: vec![step],
            severity: Severity::High,
            confidence: Confidence::A,
            safer: HOSTILE.to_owned(),
            symbol: Some("f".to_owned()),
            proof: Proof::NotReproduced {
                tried: "nothing".to_owned(),
            },
            ..Finding::default()
        };
        let of_file = Finding {
            rule: "silent".into(),
            path: file.path.to_owned(),
            ..Finding::default()
        };
        Facts::of(vec![whole, of_file])
    }
}

fn hostile_report() -> Report {
    let files = vec![
        Entry::of_bytes("a b/<c>\u{202e}%.py", format!("x = 1 # {HOSTILE}\n")),
        Entry::of_bytes("bad.py", "def (\n"),
        Entry::of_bytes("picture.png", b"\x89PNG\0".to_vec()),
        Entry::of_bytes("tests/a.py", "x = 1\n"),
    ];
    let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Loud)];
    let mut scan = scan_files(files, &detectors, &Settings::default());
    advise(&mut scan);
    let compared = Compared {
        today: "2026-11-21",
        ..Compared::default()
    };
    report::compose(&scan, Target::default(), &compared, Gate::default())
}

/// A model has something to say, as hostile as the rest.
fn advise(scan: &mut Scan) {
    let text = || HOSTILE.to_owned();
    for finding in &mut scan.findings {
        if finding.rule == "silent" {
            finding.origin = Origin::Model { model: text() };
            continue;
        }
        finding.opinion = Some(Opinion {
            model: text(),
            verdict: Verdict::Disagrees,
            reason: text(),
            evidence: finding.steps.clone(),
            wording: Some(Wording {
                title: text(),
                message: text(),
                safer: text(),
            }),
        });
    }
    scan.model = Some(ModelPart {
        model: text(),
        stopped: Some(Stopped::Cap),
        ..ModelPart::default()
    });
}

#[test]
fn json_is_what_its_schema_says_and_is_read_back() {
    let report = hostile_report();
    let text = report::json(&report).expect("JSON");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/scan-report.json");
    let schema = std::fs::read_to_string(path).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let mut wrong = Vec::new();
    conforms(&value, &schema, &schema, "report", &mut wrong);
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(
        serde_json::from_str::<Report>(&text).expect("a report"),
        report
    );
    // The check can fail.
    let mut other = value;
    other["findings"][0]["severity"] = "awful".into();
    other["more"] = 1.into();
    conforms(&other, &schema, &schema, "report", &mut wrong);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
}

/// The part of JSON Schema that ours is written in.
fn conforms(value: &Value, schema: &Value, root: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let place = name.trim_start_matches('#');
        let target = root.pointer(place).expect("a definition");
        return conforms(value, target, root, at, wrong);
    }
    let is = |kind: &Value| match kind.as_str().expect("a kind") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is not known here"),
    };
    let fits = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(is),
        Value::Null => true,
        kind => is(kind),
    };
    let listed = schema["enum"]
        .as_array()
        .is_none_or(|list| list.contains(value));
    let fixed = schema.get("const").is_none_or(|fixed| fixed == value);
    if !(fits && listed && fixed) {
        wrong.push(format!("{at}: {value}"));
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(name.as_str().expect("a name")) {
                wrong.push(format!("{at} lacks {name}"));
            }
        }
        for (name, inner) in object {
            let more = &schema["additionalProperties"];
            let place = format!("{at}.{name}");
            match schema["properties"].get(name) {
                Some(known) => conforms(inner, known, root, &place, wrong),
                None if more.is_object() => conforms(inner, more, root, &place, wrong),
                None if more == &Value::Bool(false) => wrong.push(format!("{place} is not known")),
                None => {}
            }
        }
    }
    for inner in value
        .as_array()
        .into_iter()
        .flatten()
        .filter(|_| schema["items"].is_object())
    {
        conforms(inner, &schema["items"], root, at, wrong);
    }
}

#[test]
fn sarif_has_what_services_need() {
    let report = hostile_report();
    let log = report::sarif(&report);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "cofferdam");
    let rules = driver["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), report.findings.len());
    for result in results {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        assert!(!result["message"]["text"].as_str().expect("text").is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(uri.chars().all(plain) && !uri.starts_with('/'), "{uri}");
        // Lines are counted from 1, and what is about a file has none.
        let line = place["region"]["startLine"].as_u64();
        assert_eq!(line, (result["ruleId"] == "loud").then_some(1));
        assert!(result["partialFingerprints"]["cofferdam/v1"].is_string());
    }
    assert!(
        results
            .iter()
            .any(|result| result["codeFlows"][0]["threadFlows"][0]["locations"].is_array())
    );
    let told = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .expect("notifications");
    assert_eq!(told.len(), report.coverage.gaps.len());
    assert_eq!(run["invocations"][0]["properties"]["complete"], false);
}

#[test]
fn no_form_lets_text_of_a_repository_act() {
    let report = hostile_report();
    let sarif = report::printed(&report::sarif(&report)).expect("JSON");
    let json = report::json(&report).expect("JSON");
    let text = report::text(&report, &report::Painter::default());
    let markdown = report::markdown(&report);
    let html = report::html(&report);
    for (form, shown) in [
        ("sarif", &sarif),
        ("json", &json),
        ("text", &text),
        ("markdown", &markdown),
        ("html", &html),
    ] {
        assert!(!shown.contains(['\u{202e}', '\u{1b}']), "{form}");
        assert!(
            shown.contains("bad.py"),
            "{form} does not tell the coverage"
        );
    }
    let outside_code: String = markdown.split("```").step_by(2).collect();
    assert!(
        !outside_code.contains("<script>") && !outside_code.contains("@all"),
        "{outside_code}"
    );
    assert!(
        !html.contains("<script") && !html.contains("<img"),
        "{html}"
    );
    assert!(!html.contains("src=") && !html.contains("href="), "{html}");
}

#[test]
fn what_is_in_tests_counts_less() {
    let report = hostile_report();
    let in_tests = |path: &str| {
        let mut found = report.findings.iter();
        let found = found.find(|each| each.finding.path == path && each.finding.rule == "loud");
        let found = found.expect("it is found");
        (found.finding.severity, found.gates)
    };
    assert_eq!(in_tests("bad.py"), (Severity::High, true));
    assert_eq!(in_tests("tests/a.py"), (Severity::Medium, false));
}
