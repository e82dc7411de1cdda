//! The licences of what we depend on, and a few crates that we do not want
//! under any licence.

use cargo_metadata::Metadata;

use super::Finding;

/// Licences that ask for no more than a notice.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Exceptions that widen an allowed licence.
const ALLOWED_EXCEPTIONS: &[&str] = &["LLVM-exception"];

/// Crates that must not come in, with the reason.
const UNWANTED: &[(&str, &str)] = &[
    ("aws-lc-sys", "it is slow to build; rustls uses ring here"),
    ("openssl-sys", "it links the system's OpenSSL; use rustls"),
];

/// A crate that is not ours.
#[derive(Clone, Debug)]
pub struct Foreign {
    name: String,
    version: String,
    licence: Option<String>,
}

/// Reads everything that is not ours from cargo's description.
pub fn read(metadata: &Metadata) -> Vec<Foreign> {
    metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .map(|package| Foreign {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
        })
        .collect()
}

/// Every dependency that should not be there.
pub fn check(dependencies: &[Foreign]) -> Vec<Finding> {
    dependencies.iter().filter_map(check_one).collect()
}

fn check_one(dependency: &Foreign) -> Option<Finding> {
    let place = format!("{} {}", dependency.name, dependency.version);
    if let Some((_, why)) = UNWANTED.iter().find(|(name, _)| *name == dependency.name) {
        return Some(Finding::error(place, format!("is not wanted: {why}")));
    }
    match &dependency.licence {
        None => Some(Finding::error(place, "names no licence")),
        Some(expression) if allows(expression) => None,
        Some(expression) => Some(Finding::error(
            place,
            format!("has the licence `{expression}`, which is not in the allowed list"),
        )),
    }
}

/// Whether an SPDX expression can be met with allowed licences alone.
/// Anything that does not parse cannot.
fn allows(expression: &str) -> bool {
    // Old manifests write `MIT/Apache-2.0`.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    either(&mut rest) == Some(true) && rest.is_empty()
}

fn either(words: &mut &[&str]) -> Option<bool> {
    let mut met = both(words)?;
    while let Some(rest) = words.strip_prefix(&["OR"]) {
        *words = rest;
        met |= both(words)?;
    }
    Some(met)
}

fn both(words: &mut &[&str]) -> Option<bool> {
    let mut met = one(words)?;
    while let Some(rest) = words.strip_prefix(&["AND"]) {
        *words = rest;
        met &= one(words)?;
    }
    Some(met)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    if *first == "(" {
        let met = either(words)?;
        *words = words.strip_prefix(&[")"])?;
        return Some(met);
    }
    let mut met = ALLOWED.contains(first);
    if let ["WITH", exception, rest @ ..] = *words {
        met &= ALLOWED_EXCEPTIONS.contains(exception);
        *words = rest;
    }
    Some(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx() {
        for allowed in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(allows(allowed), "{allowed}");
        }
        for refused in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "MIT OR",
            "(MIT",
            "MIT Apache-2.0",
            "Apache-2.0 WITH Some-exception",
            "OpenSSL",
        ] {
            assert!(!allows(refused), "{refused}");
        }
    }

    fn foreign(name: &str, licence: Option<&str>) -> Foreign {
        Foreign {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
        }
    }

    #[test]
    fn a_dependency_fails_for_its_licence_or_its_name() {
        let found = check(&[
            foreign("fine", Some("MIT")),
            foreign("copyleft", Some("AGPL-3.0-only")),
            foreign("silent", None),
            foreign("aws-lc-sys", Some("ISC")),
        ]);
        let places: Vec<&str> = found.iter().map(|each| each.place.as_str()).collect();
        assert_eq!(
            places,
            ["copyleft 1.0.0", "silent 1.0.0", "aws-lc-sys 1.0.0"]
        );
    }
}
