//! Manifests: what a package asks for.

use super::{Declared, Packages, System};
use crate::SourceFile;
use crate::checks::document::{Node, json, toml};
use crate::checks::{Found, file_name, has_ending};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let name = file_name(file.path);
    let packages = match name {
        "package.json" => json(file.text).map(|document| Some(package_json(&document))),
        "tsconfig.json" | "jsconfig.json" => json(file.text).map(|document| aliases(&document)),
        "Cargo.toml" => toml(file.text).map(|document| Some(cargo(&document))),
        "pyproject.toml" => toml(file.text).map(|document| Some(pyproject(&document))),
        "Pipfile" => toml(file.text).map(|document| Some(pipfile(&document))),
        "setup.cfg" => Ok(Some(setup_cfg(file.text))),
        "setup.py" => Ok(Some(setup_py(file.text))),
        _ if name.contains("requirements") && has_ending(name, &["txt", "in"]) => {
            Ok(Some(requirements(file.text)))
        }
        _ if file.path.contains("requirements/") && has_ending(name, &["txt", "in"]) => {
            Ok(Some(requirements(file.text)))
        }
        _ => return,
    };
    match packages {
        Ok(packages) => found.facts.packages = packages,
        Err(why) => found.not_read(why.text()),
    }
}

fn package_json(document: &Node) -> Packages {
    let mut packages = Packages::new(System::Npm);
    packages.own = document.text_of("name").map(str::to_owned);
    packages.licence = document.text_of("license").map(str::to_owned);
    for part in [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
    ] {
        for (key, wanted) in document.get(part).map(Node::entries).unwrap_or_default() {
            let wanted = wanted.text().unwrap_or_default().to_owned();
            let is_local = ["file:", "link:", "workspace:", "portal:", "catalog:"]
                .iter()
                .any(|start| wanted.starts_with(start));
            // What a host brings is not locked here, but may be imported.
            let is_local = is_local || part == "peerDependencies" || part == "optionalDependencies";
            packages.declared.push(Declared {
                name: key.name.clone(),
                wanted,
                line: key.line,
                is_local,
            });
        }
    }
    packages
}

fn aliases(document: &Node) -> Option<Packages> {
    let paths = document.at(&["compilerOptions", "paths"]);
    let mut packages = Packages::new(System::Npm);
    // No manifest: it declares nothing.
    packages.is_lock = true;
    packages.aliases = paths
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|(key, _)| key.name.trim_end_matches('*').to_owned())
        .filter(|alias| !alias.is_empty())
        .collect();
    (!packages.aliases.is_empty()).then_some(packages)
}

fn cargo(document: &Node) -> Packages {
    let mut packages = Packages::new(System::Cargo);
    packages.own = document
        .at(&["package", "name"])
        .and_then(Node::text)
        .map(str::to_owned);
    packages.licence = document
        .at(&["package", "license"])
        .and_then(Node::text)
        .map(str::to_owned);
    let mut tables: Vec<&Node> = Vec::new();
    let parts = ["dependencies", "dev-dependencies", "build-dependencies"];
    tables.extend(parts.iter().filter_map(|part| document.get(part)));
    tables.extend(document.at(&["workspace", "dependencies"]));
    for (_, target) in document
        .get("target")
        .map(Node::entries)
        .unwrap_or_default()
    {
        tables.extend(parts.iter().filter_map(|part| target.get(part)));
    }
    for (key, wanted) in tables.into_iter().flat_map(Node::entries) {
        let name = wanted.text_of("package").unwrap_or(&key.name).to_owned();
        let asked = wanted.text_of("git").map(|git| {
            let revision = wanted.text_of("rev").unwrap_or_default();
            format!(
                "{}#{revision}",
                if git.contains("://") {
                    git.to_owned()
                } else {
                    format!("git:{git}")
                }
            )
        });
        let asked = asked
            .or_else(|| {
                wanted
                    .text()
                    .or_else(|| wanted.text_of("version"))
                    .map(str::to_owned)
            })
            .unwrap_or_default();
        let is_local = wanted.get("path").is_some()
            || wanted.is_true("workspace")
            || wanted.is_true("optional");
        packages.declared.push(Declared {
            name,
            wanted: asked,
            line: key.line,
            is_local,
        });
    }
    packages
}

fn pyproject(document: &Node) -> Packages {
    let mut packages = Packages::new(System::Python);
    let project = document.get("project");
    packages.own = project
        .and_then(|project| project.text_of("name"))
        .or_else(|| {
            document
                .at(&["tool", "poetry", "name"])
                .and_then(Node::text)
        })
        .map(str::to_owned);
    packages.licence = project
        .and_then(|project| {
            project
                .text_of("license")
                .or_else(|| project.at(&["license", "text"]).and_then(Node::text))
        })
        .map(str::to_owned);
    let listed = project
        .and_then(|project| project.get("dependencies"))
        .map(Node::items)
        .unwrap_or_default();
    let groups = [
        document.at(&["project", "optional-dependencies"]),
        document.get("dependency-groups"),
    ];
    let grouped = groups
        .into_iter()
        .flatten()
        .flat_map(Node::entries)
        .flat_map(|(_, list)| list.items());
    let required = document
        .at(&["build-system", "requires"])
        .map(Node::items)
        .unwrap_or_default();
    for item in listed {
        packages
            .declared
            .extend(item.text().and_then(|text| requirement(text, item.line)));
    }
    // Not everybody installs these, and locks may leave them out.
    for item in grouped.chain(required) {
        let declared = item.text().and_then(|text| requirement(text, item.line));
        packages.declared.extend(declared.map(|declared| Declared {
            is_local: true,
            ..declared
        }));
    }
    let poetry = document.at(&["tool", "poetry"]);
    let poetry_groups = poetry
        .and_then(|poetry| poetry.get("group"))
        .map(Node::entries)
        .unwrap_or_default();
    let tables = poetry
        .and_then(|poetry| poetry.get("dependencies"))
        .into_iter()
        .chain(poetry.and_then(|poetry| poetry.get("dev-dependencies")))
        .chain(
            poetry_groups
                .iter()
                .filter_map(|(_, group)| group.get("dependencies")),
        );
    for (key, wanted) in tables
        .flat_map(Node::entries)
        .filter(|(key, _)| key.name != "python")
    {
        packages
            .declared
            .push(table_entry(key.name.clone(), key.line, wanted));
    }
    packages
}

fn table_entry(name: String, line: u32, wanted: &Node) -> Declared {
    let git = wanted.text_of("git").map(|git| {
        format!(
            "git+{git}#{}",
            wanted
                .text_of("rev")
                .or_else(|| wanted.text_of("ref"))
                .unwrap_or_default()
        )
    });
    let text = git
        .or_else(|| wanted.text_of("url").map(str::to_owned))
        .or_else(|| wanted.text().map(str::to_owned))
        .unwrap_or_default();
    let is_local = wanted.get("path").is_some() || wanted.is_true("optional");
    Declared {
        name,
        wanted: text,
        line,
        is_local,
    }
}

fn pipfile(document: &Node) -> Packages {
    let mut packages = Packages::new(System::Python);
    for part in ["packages", "dev-packages"] {
        for (key, wanted) in document.get(part).map(Node::entries).unwrap_or_default() {
            packages
                .declared
                .push(table_entry(key.name.clone(), key.line, wanted));
        }
    }
    packages
}

/// `name[extra]>=1,<2; marker`, `name @ address`.
fn requirement(text: &str, line: u32) -> Option<Declared> {
    let text = text.split(" #").next().unwrap_or(text).trim();
    let length = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let name = &text[..length];
    if name.is_empty() || name.starts_with(['-', '.']) {
        return None;
    }
    let rest = text[length..].split(';').next().unwrap_or_default();
    let wanted = match rest.split_once('@') {
        Some((before, address)) if !before.contains("://") => address.trim().to_owned(),
        _ => rest.trim().to_owned(),
    };
    Some(Declared {
        name: name.to_owned(),
        wanted,
        line,
        is_local: false,
    })
}

fn requirements(text: &str) -> Packages {
    let mut packages = Packages::new(System::Python);
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index).unwrap_or(0) + 1;
        let line = line.trim();
        let editable = line
            .strip_prefix("-e ")
            .or_else(|| line.strip_prefix("--editable "))
            .unwrap_or(line)
            .trim();
        if editable.starts_with("git+")
            || editable.starts_with("http://")
            || editable.starts_with("https://")
        {
            let name = editable
                .split("#egg=")
                .nth(1)
                .or_else(|| editable.rsplit('/').next())
                .unwrap_or(editable);
            let name = name
                .split(['@', '#', '&', '['])
                .next()
                .unwrap_or(name)
                .trim_end_matches(".git");
            packages.declared.push(Declared {
                name: name.to_owned(),
                wanted: editable.to_owned(),
                line: number,
                is_local: false,
            });
        } else if !line.starts_with(['#', '-', '.', '/']) {
            packages.declared.extend(requirement(
                line.split(" --")
                    .next()
                    .unwrap_or(line)
                    .trim_end_matches('\\'),
                number,
            ));
        }
    }
    packages
}

fn setup_cfg(text: &str) -> Packages {
    let mut packages = Packages::new(System::Python);
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index).unwrap_or(0) + 1;
        if line.starts_with([' ', '\t']) {
            if inside {
                packages.declared.extend(requirement(line, number));
            }
            continue;
        }
        inside = false;
        if let Some((name, value)) = line.split_once('=') {
            match name.trim() {
                "name" => packages.own = Some(value.trim().to_owned()),
                "install_requires" | "tests_require" | "setup_requires" => {
                    inside = true;
                    packages.declared.extend(requirement(value, number));
                }
                _ => {}
            }
        }
        // Extras are lists under names of their own choice.
        inside |= line.trim() == "[options.extras_require]" || line.trim_end().ends_with('=');
    }
    packages
}

/// Names in the lists of `setup(…)`: every string that is a requirement.
fn setup_py(text: &str) -> Packages {
    let mut packages = Packages::new(System::Python);
    let mut inside = 0_i32;
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index).unwrap_or(0) + 1;
        let begins = [
            "install_requires",
            "extras_require",
            "tests_require",
            "requires",
        ]
        .iter()
        .any(|word| line.contains(word))
            && line.contains(['[', '{', '=']);
        if begins || inside > 0 {
            for part in line.split(['"', '\'']).skip(1).step_by(2) {
                packages
                    .declared
                    .extend(requirement(part, number).map(|declared| Declared {
                        is_local: true,
                        ..declared
                    }));
            }
            let open = i32::try_from(line.matches(['[', '{', '(']).count()).unwrap_or(0);
            let closed = i32::try_from(line.matches([']', '}', ')']).count()).unwrap_or(0);
            inside = (inside + open - closed).clamp(0, 20);
        }
    }
    packages
}
