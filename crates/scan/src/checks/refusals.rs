//! Tests that a change lacks: those of what must be refused.

use super::catalogue::finding;
use super::{FileFacts, Found, before};
use crate::{Joined, Language, Project, SourceFile};

/// What handles requests, by words that only it has.
const HANDLES: &[&str] = &[
    "@app.route",
    "@app.get(",
    "@app.post(",
    "@app.put(",
    "@app.delete(",
    "@router.",
    "@blueprint.route",
    "@bp.route",
    "APIView)",
    "ViewSet)",
    "app.get(",
    "app.post(",
    "app.put(",
    "app.delete(",
    "router.get(",
    "router.post(",
    "router.put(",
    "router.delete(",
    "@GetMapping",
    "@PostMapping",
    "@Controller(",
    "fastify.",
];

/// Cases that must be refused: what a test of one has in it, and what a
/// skeleton sends.
struct Case {
    name: &'static str,
    signs: &'static [&'static str],
    sends: &'static str,
    wants: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "without a login",
        signs: &[
            "401",
            "unauthorized",
            "Unauthorized",
            "UNAUTHORIZED",
            "login_required",
        ],
        sends: "no credentials",
        wants: "401",
    },
    Case {
        name: "of somebody else",
        signs: &[
            "403",
            "forbidden",
            "Forbidden",
            "FORBIDDEN",
            "PermissionDenied",
        ],
        sends: "the identifier of another user's object",
        wants: "403 or 404",
    },
    Case {
        name: "of a path that leads out",
        signs: &["../", "..%2f", "traversal"],
        sends: "`../../etc/passwd`",
        wants: "400 or 404",
    },
    Case {
        name: "of a text that is a command",
        signs: &["' OR", "' or", "1=1", "<script", "injection", "DROP TABLE"],
        sends: "`' OR '1'='1`",
        wants: "no more rows than without it",
    },
    Case {
        name: "of too much",
        signs: &[
            "413",
            "too_large",
            "TooLarge",
            "oversize",
            "max_length",
            "* 1024",
            "10**6",
            "1_000_000",
        ],
        sends: "a body of 10 MB",
        wants: "413 or 400",
    },
];

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let is_code = matches!(
        file.language,
        Language::Python
            | Language::JavaScript
            | Language::TypeScript
            | Language::Tsx
            | Language::Java
            | Language::Kotlin
    );
    if !is_code {
        return;
    }
    if file.is_test {
        found.facts.refused = CASES
            .iter()
            .enumerate()
            .filter(|(_, case)| case.signs.iter().any(|sign| file.text.contains(sign)))
            .map(|(index, _)| index)
            .collect();
    } else {
        found.facts.handles = file
            .text
            .lines()
            .enumerate()
            .find(|(_, line)| HANDLES.iter().any(|sign| line.contains(sign)))
            .map(|(index, _)| {
                (
                    u32::try_from(index).unwrap_or(0) + 1,
                    super::digest(file.text),
                )
            });
    }
}

/// For what handles requests and is new or changed: the cases that no test of
/// the project has.
pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    if project.base.is_none() {
        return;
    }
    let facts: Vec<(&str, FileFacts)> = project
        .files
        .iter()
        .map(|file| (file.path, file.facts.data().unwrap_or_default()))
        .collect();
    let missing: Vec<&Case> = CASES
        .iter()
        .enumerate()
        .filter(|(index, _)| !facts.iter().any(|(_, facts)| facts.refused.contains(index)))
        .map(|(_, case)| case)
        .collect();
    if missing.is_empty() {
        return;
    }
    for (path, facts) in &facts {
        let Some((line, digest)) = facts.handles else {
            continue;
        };
        let same = before(project, path)
            .and_then(|then| then.handles)
            .is_some_and(|(_, then)| then == digest);
        if !same {
            joined.findings.push(finding_of(path, line, &missing));
        }
    }
}

fn finding_of(path: &str, line: u32, missing: &[&Case]) -> crate::Finding {
    let names: Vec<&str> = missing.iter().map(|case| case.name).collect();
    let message = format!(
        "This handles requests and was changed, and no test of the project makes a request {}.",
        names.join(", ")
    );
    let mut finding = finding("missing-refusal-test", path, line, message);
    let skeleton: Vec<String> = missing
        .iter()
        .map(|case| {
            format!(
                "- a request {}: send {}, expect {}",
                case.name, case.sends, case.wants
            )
        })
        .collect();
    finding.safer = format!("Write a test for each:\n{}", skeleton.join("\n"));
    finding
}
