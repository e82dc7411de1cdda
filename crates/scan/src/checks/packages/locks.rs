//! Lock files: which versions are taken, from where, with which digest.

use super::{Locked, Packages, System};
use crate::SourceFile;
use crate::checks::document::{Node, json, toml, yaml};
use crate::checks::{Found, file_name};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let packages = match file_name(file.path) {
        "package-lock.json" | "npm-shrinkwrap.json" => {
            json(file.text).map(|document| package_lock(&document))
        }
        "yarn.lock" => Ok(yarn(file.text)),
        "pnpm-lock.yaml" => yaml(file.text).map(|documents| {
            documents
                .first()
                .map_or_else(|| Packages::lock(System::Npm), pnpm)
        }),
        "Cargo.lock" => toml(file.text).map(|document| tables(&document, System::Cargo)),
        "poetry.lock" | "uv.lock" | "pdm.lock" => {
            toml(file.text).map(|document| tables(&document, System::Python))
        }
        "Pipfile.lock" => json(file.text).map(|document| pipfile_lock(&document)),
        _ => return,
    };
    match packages {
        Ok(packages) => found.facts.packages = Some(packages),
        Err(why) => found.not_read(why.text()),
    }
}

fn package_lock(document: &Node) -> Packages {
    let mut lock = Packages::lock(System::Npm);
    for (key, node) in document
        .get("packages")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let Some((_, name)) = key.name.rsplit_once("node_modules/") else {
            continue;
        };
        if !node.is_true("link") {
            let name = node.text_of("name").unwrap_or(name);
            lock.locked.push(npm(name, node, key.line));
        }
    }
    // The first form of the file.
    if document.get("packages").is_none() {
        let mut open: Vec<&Node> = document.get("dependencies").into_iter().collect();
        while let Some(node) = open.pop() {
            for (key, node) in node.entries() {
                lock.locked.push(npm(&key.name, node, key.line));
                open.extend(node.get("dependencies"));
            }
        }
    }
    lock
}

fn npm(name: &str, node: &Node, line: u32) -> Locked {
    Locked {
        name: name.to_owned(),
        version: node.text_of("version").unwrap_or_default().to_owned(),
        // What is inside another package comes with it.
        source: node
            .text_of("resolved")
            .filter(|_| !node.is_true("inBundle") && !node.is_true("bundled"))
            .map(str::to_owned),
        has_digest: node.get("integrity").is_some(),
        licence: node.text_of("license").map(str::to_owned),
        line,
    }
}

/// `"name@range", "name@other":` and below it what was taken.
fn yarn(text: &str) -> Packages {
    let mut lock = Packages::lock(System::Npm);
    for (index, line) in text.lines().enumerate() {
        let is_head = !line.is_empty() && !line.starts_with([' ', '#']) && line.ends_with(':');
        if is_head {
            let first = line
                .trim_end_matches(':')
                .split(',')
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches('"');
            let name = first
                .get(1..)
                .and_then(|rest| rest.find('@'))
                .map_or(first, |at| &first[..=at]);
            if first.contains("@workspace:") || name == "__metadata" {
                continue;
            }
            let line = u32::try_from(index).unwrap_or(0) + 1;
            lock.locked.push(Locked {
                name: name.to_owned(),
                line,
                ..Locked::default()
            });
        } else if let (Some(last), Some((name, value))) =
            (lock.locked.last_mut(), line.trim().split_once([' ', ':']))
        {
            let value = value.trim().trim_matches('"');
            match name {
                "version" => value.clone_into(&mut last.version),
                "resolved" | "resolution" => last.source = Some(value.to_owned()),
                "integrity" | "checksum" => last.has_digest = true,
                _ => {}
            }
            // The digest of a file may be in its address.
            last.has_digest |= name == "resolved" && value.contains('#') && !value.contains("git");
        }
    }
    lock
}

fn pnpm(document: &Node) -> Packages {
    let mut lock = Packages::lock(System::Npm);
    for (key, node) in document
        .get("packages")
        .map(Node::entries)
        .unwrap_or_default()
    {
        let whole = key.name.trim_start_matches('/');
        let whole = whole.split('(').next().unwrap_or(whole);
        let Some((name, version)) = whole
            .get(1..)
            .and_then(|rest| rest.rfind(['@', '/']))
            .map(|at| (&whole[..=at], &whole[at + 2..]))
        else {
            continue;
        };
        let resolution = node.get("resolution");
        let of = |name: &str| resolution.and_then(|resolution| resolution.text_of(name));
        lock.locked.push(Locked {
            name: name.to_owned(),
            version: version.to_owned(),
            source: of("tarball").or_else(|| of("repo")).map(str::to_owned),
            has_digest: of("integrity").is_some(),
            licence: None,
            line: key.line,
        });
    }
    lock
}

/// `[[package]]` of Cargo, Poetry, PDM and uv.
fn tables(document: &Node, system: System) -> Packages {
    let mut lock = Packages::lock(system);
    for package in document.get("package").map(Node::items).unwrap_or_default() {
        let Some(name) = package.text_of("name") else {
            continue;
        };
        let source = package.get("source");
        let written = source.and_then(Node::text).or_else(|| {
            source.and_then(|source| {
                ["git", "url", "registry"]
                    .iter()
                    .find_map(|kind| source.text_of(kind))
            })
        });
        let is_git = source.is_some_and(|source| {
            source.get("git").is_some() || source.text_of("type") == Some("git")
        });
        let written = written.map(|written| {
            if is_git {
                format!("git+{written}")
            } else {
                written.to_owned()
            }
        });
        let has_files = ["files", "wheels", "sdist"].iter().any(|part| {
            package
                .get(part)
                .is_some_and(|part| !part.items().is_empty() || !part.entries().is_empty())
        });
        let own = system == System::Python
            && source.is_some_and(|source| {
                source.get("editable").is_some()
                    || source.get("virtual").is_some()
                    || source.get("directory").is_some()
            });
        lock.locked.push(Locked {
            name: name.to_owned(),
            version: package.text_of("version").unwrap_or_default().to_owned(),
            source: written.filter(|_| !own),
            has_digest: package.get("checksum").is_some() || has_files,
            licence: None,
            line: package.get("name").map_or(package.line, |name| name.line),
        });
    }
    lock
}

fn pipfile_lock(document: &Node) -> Packages {
    let mut lock = Packages::lock(System::Python);
    for part in ["default", "develop"] {
        for (key, node) in document.get(part).map(Node::entries).unwrap_or_default() {
            lock.locked.push(Locked {
                name: key.name.clone(),
                version: node
                    .text_of("version")
                    .unwrap_or_default()
                    .trim_start_matches('=')
                    .to_owned(),
                source: node
                    .text_of("git")
                    .map(|git| format!("git+{git}#{}", node.text_of("ref").unwrap_or_default())),
                has_digest: node.get("hashes").is_some(),
                licence: None,
                line: key.line,
            });
        }
    }
    lock
}
