//! The scanners of others, as `peers` installs them: how each is started, and
//! how its report is read. None is asked to reach the network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::tool::{Found, Looked, Tool, processor_seconds};

/// What a peer looks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seeks {
    /// Weaknesses of code in these languages.
    Flaws(&'static [&'static str]),
    /// Secrets.
    Secrets,
}

impl Seeks {
    /// Whether a tool that seeks this can be measured on what seeks `other`.
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Flaws(mine), Self::Flaws(asked)) => asked.iter().all(|each| mine.contains(each)),
            (Self::Secrets, Self::Secrets) => true,
            _ => false,
        }
    }
}

/// A scanner of others.
pub struct Peer {
    name: &'static str,
    program: &'static str,
    pub seeks: Seeks,
    /// What stands before `{tree}`; `{rules}` is the language's rules and
    /// `{report}` the file that it writes, if it does not print.
    arguments: &'static [&'static str],
    read: fn(&str) -> Vec<Found>,
    directory: PathBuf,
}

/// All of them, with what `directory` has them installed in.
pub fn peers(directory: &Path) -> Vec<Peer> {
    let peer = |name: &'static str, seeks, arguments, read| Peer {
        name,
        program: name.split(' ').next().unwrap_or(name),
        seeks,
        arguments,
        read,
        directory: directory.to_owned(),
    };
    vec![
        peer(
            "semgrep",
            Seeks::Flaws(&["python", "java", "javascript"]),
            &[
                "scan",
                "--metrics=off",
                "--disable-version-check",
                "--no-git-ignore",
                "--json",
                "--quiet",
                "--config={rules}",
                "{tree}",
            ],
            semgrep,
        ),
        peer(
            "bandit",
            Seeks::Flaws(&["python"]),
            &[
                "--recursive",
                "--format=json",
                "--quiet",
                "--exit-zero",
                "{tree}",
            ],
            bandit,
        ),
        peer(
            "foxguard",
            Seeks::Flaws(&["python", "java", "javascript"]),
            &["--format=json", "{tree}"],
            foxguard,
        ),
        peer(
            "foxguard secrets",
            Seeks::Secrets,
            &["secrets", "--format=json", "{tree}"],
            foxguard,
        ),
        peer(
            "gitleaks",
            Seeks::Secrets,
            &[
                "dir",
                "{tree}",
                "--no-banner",
                "--exit-code=0",
                "--report-format=json",
                "--report-path={report}",
            ],
            gitleaks,
        ),
        peer(
            "detect-secrets",
            Seeks::Secrets,
            &["scan", "--all-files", "--no-verify", "{tree}"],
            detect_secrets,
        ),
        peer(
            "kingfisher",
            Seeks::Secrets,
            &[
                "scan",
                "{tree}",
                "--format=json",
                "--no-validate",
                "--no-update-check",
                "--quiet",
            ],
            kingfisher,
        ),
        peer(
            "trufflehog",
            Seeks::Secrets,
            &[
                "filesystem",
                "{tree}",
                "--json",
                "--no-update",
                "--no-verification",
            ],
            trufflehog,
        ),
    ]
}

impl Peer {
    fn program(&self) -> PathBuf {
        self.directory.join("bin").join(self.program)
    }

    /// Whether it is there.
    pub fn is_installed(&self) -> bool {
        self.program().exists()
    }

    fn output(&self, arguments: &[String]) -> Result<(String, String), String> {
        let program = self.program();
        let outcome = Command::new(&program)
            .args(arguments)
            .env("PATH", search_path(&program))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((text(&outcome.stdout), text(&outcome.stderr)))
    }
}

/// Python's programs start others of their own environment by name.
fn search_path(program: &Path) -> String {
    let real = program.canonicalize().unwrap_or_default();
    let beside = real
        .parent()
        .unwrap_or(Path::new("/"))
        .display()
        .to_string();
    format!("{beside}:/usr/local/bin:/usr/bin:/bin")
}

impl Tool for Peer {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn version(&self) -> String {
        let file = self.program().with_extension("version");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.trim().to_owned()
    }

    fn look(&self, tree: &Path, language: &str) -> Result<Looked, String> {
        let tree = tree
            .canonicalize()
            .map_err(|error| format!("{}: {error}", tree.display()))?;
        let report = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let rules = self.directory.join("rules").join(language);
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|word| {
                word.replace("{tree}", &tree.to_string_lossy())
                    .replace("{rules}", &rules.to_string_lossy())
                    .replace("{report}", &report.path().to_string_lossy())
            })
            .collect();
        let before = processor_seconds();
        let (said, complaint) = self.output(&arguments)?;
        let seconds = processor_seconds() - before;
        let written = std::fs::read_to_string(report.path()).unwrap_or_default();
        let text = if written.is_empty() { said } else { written };
        if text.trim().is_empty() && self.name != "trufflehog" {
            return Err(format!(
                "{} printed nothing: {}",
                self.name,
                complaint.trim()
            ));
        }
        let root = format!("{}/", tree.display());
        let mut found = (self.read)(&text);
        for each in &mut found {
            let inside = each.path.strip_prefix(&root).unwrap_or(&each.path);
            each.path = inside.trim_start_matches("./").to_owned();
            each.end_line = each.end_line.max(each.line);
        }
        Ok(Looked { found, seconds })
    }
}

fn semgrep(text: &str) -> Vec<Found> {
    let report = json(text);
    let place = |each: &Value| {
        found(
            each["path"].as_str(),
            &each["start"]["line"],
            &each["end"]["line"],
        )
    };
    list(&report["results"])
        .iter()
        .map(|each| Found {
            cwe: numbers(&each["extra"]["metadata"]["cwe"]),
            what: word(&each["check_id"]),
            ..place(each)
        })
        .collect()
}

fn bandit(text: &str) -> Vec<Found> {
    let report = json(text);
    list(&report["results"])
        .iter()
        .map(|each| Found {
            cwe: numbers(&each["issue_cwe"]["id"]),
            what: word(&each["test_id"]),
            ..found(
                each["filename"].as_str(),
                &each["line_number"],
                &Value::Null,
            )
        })
        .collect()
}

fn foxguard(text: &str) -> Vec<Found> {
    let report = json(text);
    let all = if report.is_array() {
        &report
    } else {
        &report["findings"]
    };
    list(all)
        .iter()
        .map(|each| Found {
            cwe: numbers(&each["cwe"]),
            what: word(&each["rule_id"]),
            ..found(each["file"].as_str(), &each["line"], &each["end_line"])
        })
        .collect()
}

fn gitleaks(text: &str) -> Vec<Found> {
    list(&json(text))
        .iter()
        .map(|each| Found {
            what: word(&each["RuleID"]),
            ..found(each["File"].as_str(), &each["StartLine"], &each["EndLine"])
        })
        .collect()
}

fn detect_secrets(text: &str) -> Vec<Found> {
    let report = json(text);
    let files = report["results"].as_object().into_iter().flatten();
    files
        .flat_map(|(path, all)| {
            list(all).iter().map(move |each| Found {
                what: word(&each["type"]),
                ..found(Some(path), &each["line_number"], &Value::Null)
            })
        })
        .collect()
}

/// Kingfisher prints an object for each finding, or one for all.
fn kingfisher(text: &str) -> Vec<Found> {
    let mut all = Vec::new();
    for report in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let Ok(report) = report else { break };
        for each in list(&report["findings"]) {
            let of = &each["finding"];
            all.push(Found {
                what: word(&each["rule"]["id"]),
                ..found(of["path"].as_str(), &of["line"], &Value::Null)
            });
        }
    }
    all
}

/// Trufflehog prints one object on each line, beside its log.
fn trufflehog(text: &str) -> Vec<Found> {
    let objects = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects
        .filter_map(|each| {
            let place = &each["SourceMetadata"]["Data"]["Filesystem"];
            let path = place["file"].as_str()?;
            Some(Found {
                what: word(&each["DetectorName"]),
                ..found(Some(path), &place["line"], &Value::Null)
            })
        })
        .collect()
}

fn found(path: Option<&str>, line: &Value, end_line: &Value) -> Found {
    let number = |value: &Value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.unwrap_or_default()
    };
    Found {
        path: path.unwrap_or_default().to_owned(),
        line: number(line),
        end_line: number(end_line),
        cwe: Vec::new(),
        what: String::new(),
    }
}

/// What is printed before the report is left out.
fn json(text: &str) -> Value {
    let begin = text.find(['{', '[']).unwrap_or_default();
    serde_json::Deserializer::from_str(&text[begin..])
        .into_iter::<Value>()
        .find_map(Result::ok)
        .unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `89`, `"CWE-89: SQL injection"`, or a list of such.
fn numbers(value: &Value) -> Vec<u16> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        Value::Number(number) => number
            .as_u64()
            .and_then(|n| u16::try_from(n).ok())
            .into_iter()
            .collect(),
        Value::String(text) => {
            let digits = text.trim_start_matches("CWE-");
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits[..end].parse().into_iter().collect()
        }
        _ => Vec::new(),
    }
}
