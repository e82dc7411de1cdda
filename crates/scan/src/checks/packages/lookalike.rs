//! Names of packages that look like other packages' names.

use std::collections::BTreeSet;

use super::{Known, System, lists, words};
use crate::Joined;
use crate::checks::catalogue::finding;
use crate::checks::unicode::plain_twin;

/// Names shorter than this are near to too many.
const SHORTEST: usize = 5;

/// New names that are near to well-known ones, or to those that the project
/// used before.
pub(super) fn names(known: &Known, before: Option<&Known>, joined: &mut Joined) {
    for system in [System::Python, System::Npm, System::Cargo] {
        let famous = words(match system {
            System::Python => lists::FAMOUS_PYTHON,
            System::Npm => lists::FAMOUS_NPM,
            System::Cargo => lists::FAMOUS_CARGO,
        });
        let famous: BTreeSet<String> = famous.into_iter().map(|name| system.plain(name)).collect();
        let old = before
            .map(|before| before.names(system))
            .unwrap_or_default();
        let mut said = BTreeSet::new();
        for (file, declared) in known
            .declared(system)
            .filter(|(_, declared)| !declared.is_local)
        {
            let name = system.plain(&declared.name);
            if famous.contains(&name) || old.contains(&name) || !said.insert(name.clone()) {
                continue;
            }
            let near = famous
                .iter()
                .chain(&old)
                .find_map(|other| Some((other, likeness(&name, other)?)));
            if let Some((other, how)) = near {
                let message = format!(
                    "`{}` is `{other}` {how}: it may be another's package, put there to be taken for it.",
                    declared.name
                );
                joined.findings.push(finding(
                    "lookalike-package",
                    &file.path,
                    declared.line,
                    message,
                ));
            }
        }
    }
}

/// How a name looks like another, if it does.
fn likeness(name: &str, other: &str) -> Option<&'static str> {
    if plain_twin(name).as_deref() == Some(other) {
        return Some("in other letters");
    }
    // `@types/react` and other scopes are names of their own.
    if name.starts_with('@') || other.starts_with('@') || other.len() < SHORTEST {
        return None;
    }
    let joined = |text: &str| text.replace(['-', '_', '.'], "");
    if joined(name) == joined(other) {
        return Some("with other signs between its words");
    }
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    if strsim::osa_distance(name, other) == 1 && digits(name) == digits(other) {
        // A plural and a version are other packages' names all too often.
        return Some("with one letter changed");
    }
    let mut parts: Vec<&str> = name.split(['-', '_']).collect();
    parts.reverse();
    (parts.len() == 2 && joined(&parts.concat()) == joined(other))
        .then_some("with its words exchanged")
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn near_names_are_told_from_different_ones() {
        for (name, other) in [
            ("reqeusts", "requests"),
            ("expresss", "express"),
            ("cross_env", "cross-env"),
            ("dateutil-python", "python-dateutil"),
            ("l\u{43e}dash", "lodash"),
        ] {
            assert!(likeness(name, other).is_some(), "{name}");
        }
        for (name, other) in [
            ("requests-mock", "requests"),
            ("psycopg3", "psycopg2"),
            ("vue", "vuex"),
            ("@types/react", "react"),
            ("boto", "boto3"),
        ] {
            assert!(likeness(name, other).is_none(), "{name}");
        }
    }
}
