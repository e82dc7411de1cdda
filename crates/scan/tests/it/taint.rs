//! The taint engine on cases of our own: each line that must be found is marked
//! `# finds A rule` or `// finds A rule`, with how sure it is; every other must
//! stay silent.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dam_scan::taint::Taint;
use dam_scan::{
    Cache, Confidence, Detector, Engine, Entry, GapKind, Revision, Scan, Settings, scan_files,
};
use proptest::prelude::*;

/// Where and what: file, line, how sure, rule.
type Marked = BTreeSet<(String, u32, String, String)>;

#[test]
fn dangerous_flows_are_found_and_look_alikes_are_silent() {
    compare("python");
}

#[test]
fn dangerous_flows_in_java_are_found_and_look_alikes_are_silent() {
    compare("java");
}

#[test]
fn dangerous_flows_in_javascript_are_found_and_look_alikes_are_silent() {
    compare("javascript");
}

/// Holds what is found in the cases of a language to what is marked there.
fn compare(language: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/taint");
    let root = root.join(language);
    let mut files = Vec::new();
    let mut expected = Marked::new();
    for path in below(&root) {
        let text = fs::read_to_string(&path).expect("a case");
        let name = path
            .strip_prefix(&root)
            .expect("below")
            .to_string_lossy()
            .into_owned();
        expected.extend(marks(&name, &text));
        files.push((name, text));
    }
    assert!(expected.len() > 20, "there are cases");
    let found = scan(files)
        .findings
        .into_iter()
        .map(|finding| {
            (
                finding.path,
                finding.line,
                finding.confidence.to_string(),
                finding.rule.into_owned(),
            )
        })
        .collect::<Marked>();
    assert_eq!(found, expected);
}

#[test]
fn a_finding_tells_the_way_of_the_data() {
    let text = "from flask import Flask, request\napp = Flask(__name__)\n@app.get('/')\ndef page():\n    name = request.args['name']\n    kept = name\n    eval(kept)\n    return ''\n";
    let scan = scan(vec![("app.py".to_owned(), text.to_owned())]);
    let finding = scan.findings.first().expect("a finding");
    assert_eq!(finding.symbol.as_deref(), Some("page"));
    assert_eq!(finding.confidence, Confidence::A);
    let lines: Vec<u32> = finding.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [5, 5, 6, 7]);
    assert!(!finding.safer.is_empty() && finding.cwe.contains(&94));
}

#[test]
fn what_files_tell_together_is_known_until_one_of_them_changes() {
    let dir = tempfile::tempdir().expect("a directory");
    let app = "from flask import Flask, request\nimport runs\napp = Flask(__name__)\n@app.get('/')\ndef page():\n    runs.it(request.args['name'])\n    return ''\n";
    let told = |runs: &str| -> Vec<String> {
        let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Taint)];
        let (settings, cache) = (Settings::default(), Cache::open(dir.path()));
        let engine = Engine {
            detectors: &detectors,
            settings: &settings,
            cache: Some(&cache),
        };
        let revision = Revision {
            entries: vec![
                Entry::of_bytes("app.py", app.as_bytes()),
                Entry::of_bytes("runs.py", runs.as_bytes()),
            ],
            ..Revision::default()
        };
        let found = engine.scan(&revision, None).findings;
        let sure = found.iter().filter(|each| each.confidence == Confidence::A);
        sure.map(|each| format!("{}:{}", each.path, each.line))
            .collect()
    };
    let dangerous = "def it(text):\n    eval(text)\n";
    let harmless = "def it(text):\n    print(text)\n";
    for _ in 0..2 {
        assert_eq!(told(dangerous), ["runs.py:2"]);
        assert_eq!(told(harmless), [""; 0]);
    }
}

#[test]
fn what_a_tool_wrote_is_left_out_and_that_is_said() {
    let route = "require('express')().get('/', (req, res) => { eval(req.query.x) });\n";
    let one_line = format!("{route}var a = '{}';\n", "x".repeat(6_000));
    let long_lines = format!(
        "{route}{}",
        format!("var a = '{}';\n", "x".repeat(400)).repeat(20)
    );
    let ordinary = format!("{route}{}", "var a = 1;\n".repeat(1_000));
    for (text, is_read) in [(one_line, false), (long_lines, false), (ordinary, true)] {
        let scan = scan(vec![("app.js".to_owned(), text)]);
        let is_found = scan.findings.iter().any(|one| one.rule == "code-injection");
        let mut gaps = scan.coverage.gaps.iter();
        let is_said = gaps.any(|gap| gap.kind == GapKind::NotChecked);
        assert_eq!((is_found, is_said), (is_read, !is_read));
    }
}

#[test]
fn what_is_too_much_is_said() {
    // Each function calls the next twice: nobody can go through all of that.
    let mut text = String::from("def f0(x):\n    return x\n");
    for number in 1..30 {
        let before = number - 1;
        let calls = format!("f{before}(x) + f{before}(x + 'a')");
        let many = [calls.as_str(); 30].join(" + ");
        writeln!(text, "def f{number}(x):\n    return {many}").expect("text");
    }
    let scan = scan(vec![("many.py".to_owned(), text)]);
    assert!(
        scan.coverage
            .gaps
            .iter()
            .any(|gap| gap.kind == GapKind::Cap)
    );
}

#[test]
fn deep_and_wide_code_is_bounded() {
    let n = 4_000;
    let texts = [
        format!("x = {}1{}\n", "(".repeat(n), ")".repeat(n)),
        format!("x = {}\n", vec!["a"; n * 5].join(" + ")),
        format!("x = {}\n", vec!["a"; n * 5].join(" and ")),
        format!("x = {}a\n", "not ".repeat(n)),
        format!("x = a{}\n", ".b()".repeat(n)),
        format!("x = {}{}\n", "[".repeat(n), "]".repeat(n)),
        format!("if a:\n  pass\n{}", "elif b:\n  pass\n".repeat(n)),
        (0..90).fold(String::new(), |text, depth| {
            text + &" ".repeat(depth) + "if a:\n"
        }) + &" ".repeat(90)
            + "pass\n",
        format!("def f(x):\n{}", "    f(x)\n".repeat(n)),
        format!(
            "x = {{{}}}\n",
            (0..n)
                .map(|k| format!("'{k}': [{k}]"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "class A(A):\n  def a(self):\n    return self.a()\n".repeat(50),
        "import deep\nfrom deep import *\n".to_owned(),
    ];
    let files = texts.into_iter().enumerate().map(|(at, text)| {
        let name = if at == 11 {
            "deep.py".to_owned()
        } else {
            format!("{at}.py")
        };
        (name, text)
    });
    scan(files.collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,400}") {
        for name in ["any.py", "any.js", "any.tsx"] {
            scan(vec![(name.to_owned(), text.clone())]);
        }
    }

    #[test]
    fn any_soup_of_script_gets_an_answer(words in proptest::collection::vec(proptest::sample::select(SCRIPT), 0..120)) {
        scan(vec![("soup.js".to_owned(), words.concat()), ("other.ts".to_owned(), words.concat())]);
    }

    #[test]
    fn any_expression_gets_an_answer(pattern in "[a-c.*+?()\\[\\]{},|^$\\\\\\-0-9dws]{0,60}") {
        let text = format!("exports.f = function (t) {{ return new RegExp('{pattern}').test(t) || /{pattern}/.test(t); }};");
        scan(vec![("expression.js".to_owned(), text)]);
    }

    #[test]
    fn any_soup_of_java_gets_an_answer(words in proptest::collection::vec(proptest::sample::select(JAVA_WORDS), 0..120)) {
        let text = format!("class A extends B {{ A f(B x) {{ {} }} }}", words.concat());
        scan(vec![("A.java".to_owned(), text), ("B.java".to_owned(), "class B implements A {}".to_owned())]);
    }

    #[test]
    fn any_soup_of_syntax_gets_an_answer(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..120)) {
        scan(vec![("soup.py".to_owned(), words.concat())]);
    }
}

const JAVA_WORDS: &[&str] = &[
    "String s = ",
    "A a = ",
    "B b = (B) ",
    "int n = ",
    "x",
    "a.f(",
    "this.s",
    "s",
    "new A(",
    "new B() { A f(B x) { ",
    "new StringBuilder(",
    ".append(",
    ".toString()",
    ".substring(",
    ".charAt(",
    ".get(",
    ".put(",
    ".remove(",
    "new java.util.ArrayList<String>(",
    "new HashMap<>(",
    "String.format(\"%1$s %d %\", ",
    "request.getParameter(\"a\")",
    "x.equals(",
    "\"text\"",
    "0",
    "-1",
    "99999999999999999999",
    "null",
    "(",
    ")",
    "{",
    "}",
    ";",
    ",",
    " + ",
    " == ",
    "if (",
    "else ",
    "while (",
    "for (A a : x) ",
    "switch (x) { case 'a': ",
    "try { ",
    "} catch (E e) { ",
    "return ",
    "class C extends A { C f; } ",
    "new C(",
    "() -> ",
    "super.f(",
    "Runtime.getRuntime().exec(",
];

const WORDS: &[&str] = &[
    "def f(x, *a, **k):\n    ",
    "return ",
    "x",
    "request.args['a']",
    " + ",
    "'text'",
    "f'{x}'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "\n",
    "\n    ",
    "    ",
    "if ",
    "else:\n",
    "for x in ",
    "while ",
    "eval(",
    "x = ",
    "x.append(",
    ", ",
    "class A(B):\n    ",
    "self.x",
    "lambda x: ",
    "match x:\n    case ",
    "try:\n    ",
    "except E as e:\n    ",
    "with open(x) as f:\n    ",
    "yield ",
    "await ",
    "*",
    "**",
    "1",
    "%",
    "import a.b",
    "from . import x",
    "[x for x in ",
    "not ",
    " and ",
    " in ",
    "x[1:-1]",
    "del x",
    "\"\"\"",
    "#",
];

const SCRIPT: &[&str] = &[
    "function f(x, ...a) {\n",
    "(x, y) => ",
    "return ",
    "x",
    "req.query.a",
    " + ",
    "'text'",
    "`a${x}b`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";\n",
    ",",
    "if (x) ",
    "else ",
    "for (const k in x) ",
    "while (x) ",
    "eval(",
    "x = ",
    "x[k] = ",
    "this.x = ",
    "this.f(",
    "F.prototype.f = ",
    "class A extends B {",
    "switch (x) { case 1: ",
    "try { ",
    "} catch (e) { ",
    "await ",
    "yield ",
    "new ",
    "(function () {",
    "})()",
    ".call(this, ",
    ".forEach(",
    ".then(",
    ".map(f)",
    "require('./other')",
    "require('./soup')",
    "module.exports = ",
    "exports.f = ",
    "import a, { b } from './other';\n",
    "export default ",
    "/(a+)+/.test(",
    "/[^a]/g",
    " ? ",
    " : ",
    " || ",
    " && ",
    "!",
    "...",
    "=>",
    "<a b={x}>",
    "</a>",
];

fn scan(files: Vec<(String, String)>) -> Scan {
    let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Taint)];
    let entries = files
        .into_iter()
        .map(|(name, text)| Entry::of_bytes(name, text.into_bytes()))
        .collect();
    scan_files(entries, &detectors, &Settings::default())
}

fn marks(name: &str, text: &str) -> Marked {
    let mut all = Marked::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mark = ["# finds ", "// finds "];
        let Some((_, marks)) = mark.iter().find_map(|mark| text.split_once(mark)) else {
            continue;
        };
        for mark in marks.split(", ") {
            let (sure, rule) = mark.split_once(' ').expect("how sure, and the rule");
            all.insert((name.to_owned(), line, sure.to_owned(), rule.to_owned()));
        }
    }
    all
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).expect("cases") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(below(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}
