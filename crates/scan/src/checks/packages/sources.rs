//! Packages from outside of the registry, and packages without a digest.

use super::{Known, System};
use crate::checks::catalogue::finding;
use crate::{Confidence, Finding, Joined, Severity};

/// Hosts of registries.
const REGISTRIES: &[&str] = &[
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "npm.pkg.github.com",
    "registry.npmmirror.com",
    "index.crates.io",
    "github.com/rust-lang/crates.io-index",
    "pypi.org",
    "files.pythonhosted.org",
];

pub(super) fn sources(known: &Known, joined: &mut Joined) {
    for system in [System::Python, System::Npm, System::Cargo] {
        for (file, declared) in known
            .declared(system)
            .filter(|(_, declared)| !declared.is_local)
        {
            if let Some(source) = outside(&declared.wanted, system) {
                joined
                    .findings
                    .push(found(&file.path, declared.line, &declared.name, source));
            }
        }
        let declared: Vec<&str> = known
            .declared(system)
            .filter(|(_, each)| outside(&each.wanted, system).is_some())
            .map(|(_, each)| each.name.as_str())
            .collect();
        for (file, locked) in known.locked(system) {
            // What was said of the manifest need not be said again.
            let source = locked.source.as_deref().unwrap_or_default();
            let is_address = source.contains("://") || source.starts_with("git");
            let is_outside =
                is_address && !REGISTRIES.iter().any(|registry| source.contains(registry));
            if is_outside && !declared.contains(&locked.name.as_str()) {
                joined
                    .findings
                    .push(found(&file.path, locked.line, &locked.name, source));
            }
        }
    }
}

fn found(path: &str, line: u32, name: &str, source: &str) -> Finding {
    let message = format!("`{name}` comes from `{source}`, not from the registry.");
    let found = finding("package-source", path, line, message);
    // A digest of a commit cannot be exchanged.
    let pinned = source
        .split(['#', '@', '=', '?'])
        .any(|part| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if pinned {
        Finding {
            severity: Severity::Low,
            confidence: Confidence::B,
            ..found
        }
    } else {
        found
    }
}

/// The source that a manifest asks for, where it is none of the registry's.
fn outside(wanted: &str, system: System) -> Option<&str> {
    let wanted = wanted.trim();
    let address = [
        "git+",
        "git:",
        "git@",
        "github:",
        "gitlab:",
        "bitbucket:",
        "http://",
        "https://",
        "ssh://",
        "svn+",
        "hg+",
    ];
    if let Some(at) = wanted.find(" @ ").map(|at| at + 3) {
        return outside(&wanted[at..], system);
    }
    if address.iter().any(|start| wanted.starts_with(start)) {
        return Some(wanted);
    }
    // `user/repository` is GitHub's to npm.
    let short = system == System::Npm
        && wanted.matches('/').count() == 1
        && !wanted.contains([':', ' ', '@'])
        && !wanted.starts_with('.');
    short.then_some(wanted)
}

pub(super) fn digests(known: &Known, joined: &mut Joined) {
    for file in known.files.iter().filter(|file| file.packages.is_lock) {
        // Forms that have digests of nothing are of a version without them.
        if !file.packages.locked.iter().any(|locked| locked.has_digest) {
            continue;
        }
        for locked in &file.packages.locked {
            let fetched = locked
                .source
                .as_deref()
                .is_some_and(|source| !source.starts_with("git"));
            if fetched && !locked.has_digest {
                let message = format!(
                    "`{}` {} has no digest, and others in this file have: what is fetched under that name is not compared with anything.",
                    locked.name, locked.version
                );
                joined.findings.push(finding(
                    "package-without-integrity",
                    &file.path,
                    locked.line,
                    message,
                ));
            }
        }
    }
}
