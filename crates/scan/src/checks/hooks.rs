//! What runs by itself: when a package is installed, when the project is
//! built, opened or imported; and where packages are taken from.

use super::catalogue::finding;
use super::document::{json, toml};
use super::{FileFacts, Found, before, file_name, has_ending};
use crate::{Confidence, Finding, Joined, Project, Severity, SourceFile};

/// Scripts that npm and its kin run when a package is installed.
const LIFECYCLE: &[&str] = &[
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "preprepare",
    "postprepare",
    "prepublish",
    "dependencies",
];

/// Parts of a command that fetch, hide or hand out.
const FETCHES: &[&str] = &[
    "curl ",
    "wget ",
    "http://",
    "https://",
    "node -e",
    "node --eval",
    "python -c",
    "python3 -c",
    "base64",
    "eval ",
    "powershell",
    "invoke-webrequest",
    "/dev/tcp",
    "bash -c",
    "sh -c",
    "| sh",
    "| bash",
    "nc ",
    "chmod +x",
    "$(",
    "`",
];

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    match file_name(file.path) {
        "package.json" => package_json(file, found),
        "setup.py" => setup_py(file, found),
        "build.rs" => build_rs(file, found),
        "pyproject.toml" => pyproject(file, found),
        "sitecustomize.py" | "usercustomize.py" => {
            found.add(
                "build-hook",
                1,
                "Python imports this file whenever it starts.",
            );
        }
        ".npmrc" | ".yarnrc" | "pip.conf" | "pip.ini" | ".yarnrc.yml" | "bunfig.toml" => {
            package_settings(file, found);
        }
        name if has_ending(name, &["pth"]) => pth(file, found),
        name if file.path.ends_with(".cargo/config.toml")
            || file.path.ends_with(".cargo/config")
            || name == "cargo-config.toml" =>
        {
            cargo_config(file, found);
        }
        "devcontainer.json" | ".devcontainer.json" => devcontainer(file, found),
        _ => {}
    }
}

fn package_json(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let document = match json(file.text) {
        Ok(document) => document,
        Err(why) => return found.not_read(why.text()),
    };
    let scripts = document
        .get("scripts")
        .map(super::document::Node::entries)
        .unwrap_or_default();
    for (key, command) in scripts
        .iter()
        .filter(|(key, _)| LIFECYCLE.contains(&key.name.as_str()))
    {
        let command = command.text().unwrap_or_default();
        found
            .facts
            .scripts
            .push((key.name.clone(), command.to_owned(), key.line));
    }
}

/// Says each lifecycle script: low where it has been there, more where it is
/// new or fetches something.
pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    for file in project.files {
        let facts = file.facts.data::<FileFacts>().unwrap_or_default();
        let then = before(project, file.path).unwrap_or_default();
        for (name, command, line) in &facts.scripts {
            let known = then
                .scripts
                .iter()
                .any(|(other, same, _)| other == name && same == command);
            joined.findings.push(script(
                file.path,
                name,
                command,
                *line,
                project.base.is_some() && !known,
            ));
        }
    }
}

fn script(path: &str, name: &str, command: &str, line: u32, is_new: bool) -> Finding {
    let lower = command.to_ascii_lowercase();
    let fetches = FETCHES.iter().find(|part| lower.contains(**part));
    let mut message =
        format!("`{name}` runs `{command}` on every machine that installs this package.");
    let severity = match (fetches, is_new) {
        (Some(part), _) => {
            message = format!(
                "{message} It has `{}` in it: what it does is not in the repository.",
                part.trim()
            );
            Severity::High
        }
        (None, true) => Severity::Medium,
        (None, false) => Severity::Low,
    };
    let confidence = if severity == Severity::Low {
        Confidence::C
    } else {
        Confidence::A
    };
    Finding {
        severity,
        confidence,
        ..finding("lifecycle-script", path, line, message)
    }
}

/// The first line with one of these, and which it is.
fn first_with<'a>(text: &str, parts: &[&'a str]) -> Option<(u32, &'a str)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with(['#', '/']))
        .find_map(|(index, line)| {
            let part = parts.iter().find(|part| line.contains(**part))?;
            Some((u32::try_from(index).unwrap_or(0) + 1, *part))
        })
}

fn setup_py(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let acts = [
        "subprocess.",
        "os.system(",
        "urlopen(",
        "urlretrieve(",
        "requests.",
        "exec(",
        "eval(",
        "socket.",
        "base64.b64decode",
        "os.popen(",
    ];
    if let Some((line, part)) = first_with(file.text, &acts) {
        found.add(
            "build-hook",
            line,
            format!(
                "`setup.py` runs when the package is installed from source, and has `{part}` in it."
            ),
        );
    } else if let Some((line, _)) = first_with(file.text, &["cmdclass"]) {
        let finding = found.add(
            "build-hook",
            line,
            "`cmdclass` replaces what installing does.",
        );
        finding.severity = Severity::Low;
        finding.confidence = Confidence::C;
    }
}

fn build_rs(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let acts = [
        "TcpStream",
        "reqwest",
        "ureq",
        "curl",
        "wget",
        "http://",
        "https://",
        "\"sh\"",
        "\"bash\"",
        "env::vars",
    ];
    if let Some((line, part)) = first_with(file.text, &acts) {
        found.add(
            "build-hook",
            line,
            format!("`build.rs` runs when the crate is built, and has `{part}` in it."),
        );
    }
}

fn pyproject(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let document = match toml(file.text) {
        Ok(document) => document,
        Err(why) => return found.not_read(why.text()),
    };
    let places: &[(&[&str], &str)] = &[
        (
            &["build-system", "backend-path"],
            "the build backend is code of the repository itself",
        ),
        (
            &["tool", "hatch", "build", "hooks", "custom"],
            "a hook of Hatch runs code of the repository when the package is built",
        ),
        (
            &["tool", "poetry", "build", "script"],
            "a script of the repository runs when the package is built",
        ),
        (
            &["tool", "pdm", "build", "run-setuptools"],
            "a script of the repository runs when the package is built",
        ),
    ];
    for (place, what) in places {
        if let Some(node) = document.at(place) {
            found
                .add(
                    "build-hook",
                    node.line,
                    format!("`{}`: {what}.", place.join(".")),
                )
                .severity = Severity::Low;
        }
    }
}

fn pth(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let import = file
        .text
        .lines()
        .position(|line| line.starts_with("import ") || line.starts_with("import\t"));
    if let Some(index) = import {
        let line = u32::try_from(index).unwrap_or(0) + 1;
        found
            .add(
                "build-hook",
                line,
                "A line of a `.pth` file that begins with `import` runs whenever Python starts.",
            )
            .severity = Severity::High;
    }
}

fn cargo_config(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let document = match toml(file.text) {
        Ok(document) => document,
        Err(why) => return found.not_read(why.text()),
    };
    for (key, node) in document
        .every()
        .into_iter()
        .flat_map(super::document::Node::entries)
    {
        match key.name.as_str() {
            "runner" | "rustc-wrapper" | "rustc-workspace-wrapper" | "credential-provider" => {
                let message = format!(
                    "`{}` runs a program whenever cargo does something here.",
                    key.name
                );
                found.add("build-hook", key.line, message);
            }
            "replace-with" | "git-fetch-with-cli" => {
                let message = format!(
                    "`{} = {}` changes where crates come from.",
                    key.name,
                    node.text().unwrap_or_default()
                );
                found
                    .add("package-manager-setting", key.line, message)
                    .severity = Severity::Low;
            }
            _ => {}
        }
    }
}

/// Settings of package managers, by how they are spelled in a line.
const WEAK: &[(&str, &str)] = &[
    ("strict-ssl=false", "servers of packages are not verified"),
    ("strict-ssl = false", "servers of packages are not verified"),
    (
        "enableStrictSsl: false",
        "servers of packages are not verified",
    ),
    ("trusted-host", "that server of packages is not verified"),
    (
        "extra-index-url",
        "a package of that name from either place is taken, whichever has the higher version",
    ),
    ("registry=http://", "packages come over an open connection"),
    (
        "index-url = http://",
        "packages come over an open connection",
    ),
    (
        "ignore-scripts=false",
        "scripts of packages run when they are installed",
    ),
    ("_auth=", "a credential for the registry"),
    ("unsafe-perm=true", "scripts of packages run as root"),
    (
        "checksumBehavior: ignore",
        "digests of packages are not compared",
    ),
    (
        "enableScripts: true",
        "scripts of packages run when they are installed",
    ),
];

fn package_settings(file: &SourceFile<'_>, found: &mut Found<'_>) {
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some((part, what)) = WEAK.iter().find(|(part, _)| line.contains(part)) {
            let number = u32::try_from(index).unwrap_or(0) + 1;
            found.add(
                "package-manager-setting",
                number,
                format!("`{part}`: {what}."),
            );
        }
    }
}

fn devcontainer(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let document = match json(file.text) {
        Ok(document) => document,
        Err(why) => return found.not_read(why.text()),
    };
    if let Some(node) = document.get("initializeCommand") {
        found.add("build-hook", node.line, "`initializeCommand` runs on the machine itself, outside of the container, when the folder is opened.");
    }
}
