//! Dockerfiles.

use super::Found;
use crate::{Confidence, Language, SourceFile};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if file.language != Language::Dockerfile {
        return;
    }
    let instructions = instructions(file.text);
    let mut stages: Vec<String> = Vec::new();
    let mut user: Option<(u32, String)> = None;
    let mut last_from = 0;
    for each in &instructions {
        match each.name.as_str() {
            "FROM" => {
                user = None;
                last_from = each.line;
                image(each, &stages, found);
                stages.extend(stage_name(&each.rest));
            }
            "USER" => user = Some((each.line, each.rest.trim().to_owned())),
            "RUN" => run(each, found),
            "ADD" => add(each, found),
            "EXPOSE"
                if each
                    .rest
                    .split_whitespace()
                    .any(|port| matches!(port, "22" | "22/tcp")) =>
            {
                found.add("docker-ssh-port", each.line, "Port 22 is offered: a container with SSH has a second way in, with credentials of its own.");
            }
            _ => {}
        }
    }
    root(user, last_from, found);
}

fn root(user: Option<(u32, String)>, last_from: u32, found: &mut Found<'_>) {
    match user {
        None if last_from > 0 => {
            found.add("docker-root-user", last_from, "No USER follows the last FROM: unless the image says otherwise, everything runs as root.").confidence = Confidence::C;
        }
        Some((line, name)) if matches!(name.split(':').next(), Some("root" | "0")) => {
            found.add(
                "docker-root-user",
                line,
                "The last USER is root: everything that the container runs is root.",
            );
        }
        _ => {}
    }
}

struct Instruction {
    line: u32,
    name: String,
    rest: String,
}

/// Instructions with their lines joined; comments and texts in place go.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut all: Vec<Instruction> = Vec::new();
    let mut continues = false;
    let mut until: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(end) = &until {
            if trimmed == end {
                until = None;
            } else if let Some(last) = all.last_mut() {
                last.rest += "\n";
                last.rest += line;
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let goes_on = trimmed.ends_with('\\');
        let body = trimmed.trim_end_matches('\\');
        if let Some(last) = all.last_mut().filter(|_| continues) {
            last.rest.push(' ');
            last.rest += body;
        } else {
            let (name, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
            let line = u32::try_from(index).unwrap_or(0) + 1;
            let (name, rest) = (name.to_ascii_uppercase(), rest.trim().to_owned());
            all.push(Instruction { line, name, rest });
        }
        continues = goes_on;
        until = all.last().filter(|_| !goes_on).and_then(here_document);
    }
    all
}

/// The word that ends a text in place: `RUN <<EOF`.
fn here_document(instruction: &Instruction) -> Option<String> {
    let (_, after) = instruction.rest.split_once("<<")?;
    let word: String = after
        .trim_start_matches(['-', '"', '\''])
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (matches!(instruction.name.as_str(), "RUN" | "COPY")
        && !word.is_empty()
        && !after.starts_with('<'))
    .then_some(word)
}

fn stage_name(rest: &str) -> Option<String> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let at = words
        .iter()
        .position(|word| word.eq_ignore_ascii_case("as"))?;
    words.get(at + 1).map(|word| word.to_ascii_lowercase())
}

fn image(from: &Instruction, stages: &[String], found: &mut Found<'_>) {
    let name = from
        .rest
        .split_whitespace()
        .find(|word| !word.starts_with("--"));
    let Some(name) = name else {
        return;
    };
    let known =
        name == "scratch" || name.contains('$') || stages.contains(&name.to_ascii_lowercase());
    if !known && is_moving(name) {
        let message = format!("`{name}` is another image tomorrow.");
        found.add("docker-unpinned-image", from.line, message);
    }
}

/// Whether an image has neither a version nor a digest.
pub(super) fn is_moving(image: &str) -> bool {
    if image.contains("@sha256:") {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once(':') {
        None => true,
        Some((_, tag)) => tag == "latest",
    }
}

fn add(each: &Instruction, found: &mut Found<'_>) {
    let remote = each
        .rest
        .split_whitespace()
        .find(|word| word.starts_with("http://") || word.starts_with("https://"));
    if let Some(address) = remote.filter(|_| !each.rest.contains("--checksum=")) {
        let message = format!("`{address}` is put into the image whatever it is by then.");
        found.add("docker-remote-add", each.line, message);
    }
}

/// Switches that leave out the check of who made a package.
const UNVERIFIED: &[&str] = &[
    "--allow-unauthenticated",
    "--force-yes",
    "--no-gpg-check",
    "--nogpgcheck",
    "--allow-untrusted",
    "--trusted-host",
    "strict-ssl false",
    "--no-check-certificate",
    "--force-unsafe",
    "NODE_TLS_REJECT_UNAUTHORIZED=0",
];

fn run(each: &Instruction, found: &mut Found<'_>) {
    if pipes_download(&each.rest) {
        found.add(
            "docker-piped-download",
            each.line,
            "What a server sends is run as it comes: neither its maker nor its content is checked.",
        );
    }
    if let Some(switch) = UNVERIFIED
        .iter()
        .find(|switch| each.rest.contains(**switch))
    {
        let message = format!(
            "`{switch}` takes packages or files from anybody who can answer in their place."
        );
        found.add("docker-unverified-packages", each.line, message);
    }
    if each.rest.split(['&', ';', '|']).any(|part| {
        part.trim_start().starts_with("curl ")
            && part
                .split_whitespace()
                .any(|word| matches!(word, "-k" | "--insecure"))
    }) {
        found.add(
            "docker-unverified-packages",
            each.line,
            "`curl -k` takes a file from anybody who can answer in the server's place.",
        );
    }
}

/// Whether a script pipes a download into an interpreter.
pub(super) fn pipes_download(script: &str) -> bool {
    let commands: Vec<&str> = script
        .split(['\n', ';'])
        .flat_map(|part| part.split("&&"))
        .collect();
    commands.iter().any(|command| {
        let parts: Vec<&str> = command.split('|').map(str::trim).collect();
        let downloads = |part: &str| {
            let first = part
                .split_whitespace()
                .find(|word| !word.contains('=') && *word != "sudo");
            matches!(first, Some("curl" | "wget" | "fetch"))
        };
        let runs = |part: &str| {
            let first = part
                .split_whitespace()
                .find(|word| !word.contains('=') && !matches!(*word, "sudo" | "-E" | "env"));
            let name = first
                .and_then(|word| word.rsplit('/').next())
                .unwrap_or_default();
            matches!(
                name,
                "sh" | "bash"
                    | "zsh"
                    | "dash"
                    | "ash"
                    | "python"
                    | "python3"
                    | "node"
                    | "perl"
                    | "ruby"
            )
        };
        parts.len() > 1 && downloads(parts[0]) && parts[1..].iter().any(|part| runs(part))
            || [
                "bash <(curl",
                "sh <(curl",
                "bash <(wget",
                "sh -c \"$(curl",
                "sh -c '$(curl",
                "bash -c \"$(curl",
                "sh -c \"$(wget",
            ]
            .iter()
            .any(|form| command.contains(form))
    })
}
