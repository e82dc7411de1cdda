//! Settings of coding agents and editors, and text that speaks to agents.

use std::path::Path;

use super::catalogue::finding;
use super::document::{Node, json, toml};
use super::{FileFacts, Found, before, file_name, has_ending};
use crate::{Confidence, Joined, Language, Project, Severity, SourceFile};

/// Whether a file is a setting that somebody else's program follows. Workflows
/// of CI have checks of their own, and what `.git` holds is never committed.
fn becomes(path: &str) -> Option<&'static str> {
    let name = dam_policy::protected_name(Path::new(path))?;
    (name.becomes != "jobs that CI runs" && name.components != [".git"]).then_some(name.becomes)
}

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if becomes(file.path).is_some() {
        found.facts.digest = Some(super::digest(file.text));
    }
    if is_settings(file.path) {
        settings(file, found);
    }
    if matches!(
        file.language,
        Language::Markdown | Language::Text | Language::Html
    ) || becomes(file.path).is_some()
    {
        spoken(file, found);
    }
}

pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    if project.base.is_none() {
        return;
    }
    for file in project.files {
        let Some(becomes) = becomes(file.path) else {
            continue;
        };
        let now = file.facts.data::<FileFacts>().unwrap_or_default().digest;
        let what = match before(project, file.path) {
            None => "is new",
            Some(then) if then.digest != now => "was changed",
            Some(_) => continue,
        };
        let message = format!("This file {what}: {becomes}.");
        joined
            .findings
            .push(finding("agent-settings-added", file.path, 0, message));
    }
}

fn is_settings(path: &str) -> bool {
    let name = file_name(path);
    let below = |dir: &str| path.starts_with(dir) || path.contains(&format!("/{dir}"));
    (below(".claude/") && name.starts_with("settings"))
        || matches!(name, ".mcp.json" | "mcp.json")
        || (below(".vscode/") && matches!(name, "settings.json" | "tasks.json"))
        || (below(".cursor/") && has_ending(name, &["json"]))
        || (below(".gemini/") && name == "settings.json")
        || (below(".codex/") && name == "config.toml")
        || (below(".cofferdam/") && name == "config.toml")
}

fn settings(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let document = if has_ending(file.path, &["toml"]) {
        toml(file.text)
    } else {
        json(file.text)
    };
    let document = match document {
        Ok(document) => document,
        Err(why) => return found.not_read(why.text()),
    };
    for node in document.every() {
        for (key, value) in node.entries() {
            entry(&key.name, value, key.line, found);
        }
    }
    hooks(&document, found);
    servers(&document, found);
}

/// Settings by their names and values.
const DANGEROUS: &[(&str, &str, &str)] = &[
    (
        "defaultMode",
        "bypassPermissions",
        "the agent asks for nothing",
    ),
    (
        "enableAllProjectMcpServers",
        "true",
        "every server that the repository names is started",
    ),
    (
        "dangerouslySkipPermissions",
        "true",
        "the agent asks for nothing",
    ),
    (
        "chat.tools.autoApprove",
        "true",
        "the editor's agent asks for nothing",
    ),
    (
        "chat.tools.global.autoApprove",
        "true",
        "the editor's agent asks for nothing",
    ),
    (
        "sandbox_mode",
        "danger-full-access",
        "the agent runs without a boundary",
    ),
    ("approval_policy", "never", "the agent asks for nothing"),
    ("autoAccept", "true", "the agent asks for nothing"),
    (
        "runOn",
        "folderOpen",
        "the task runs as soon as the folder is opened",
    ),
    (
        "security.workspace.trust.enabled",
        "false",
        "the editor trusts every folder",
    ),
    ("autoApprove", "true", "the agent asks for nothing"),
];

fn entry(name: &str, value: &Node, line: u32, found: &mut Found<'_>) {
    let text = value.text().unwrap_or_default();
    if let Some((_, _, what)) = DANGEROUS
        .iter()
        .find(|(other, wanted, _)| *other == name && *wanted == text)
    {
        found.add(
            "agent-settings-dangerous",
            line,
            format!("`{name}: {text}`: {what}."),
        );
    }
    if name == "allow" {
        for item in value.items() {
            let rule = item.text().unwrap_or_default();
            if matches!(
                rule,
                "*" | "Bash" | "Bash(*)" | "Bash(*:*)" | "Bash(:*)" | "Write(*)" | "Edit(*)"
            ) {
                found.add(
                    "agent-settings-dangerous",
                    item.line,
                    format!("`allow: {rule}`: every command or every file, unasked."),
                );
            }
        }
    }
    let base_urls = [
        "ANTHROPIC_BASE_URL",
        "OPENAI_BASE_URL",
        "apiBase",
        "base_url",
    ];
    if base_urls.contains(&name) && !text.is_empty() {
        let message =
            format!("`{name}` sends what the agent reads, and the user's key, to `{text}`.");
        found.add("agent-settings-dangerous", line, message);
    }
}

/// Commands that an agent runs around its acts.
fn hooks(document: &Node, found: &mut Found<'_>) {
    let Some(hooks) = document.get("hooks") else {
        return;
    };
    for node in hooks.every() {
        if let Some(command) = node
            .get("command")
            .filter(|command| command.text().is_some())
        {
            let text = command.text().unwrap_or_default();
            let finding = found.add(
                "agent-settings-dangerous",
                command.line,
                format!("The agent runs `{text}` by itself, as the user."),
            );
            finding.severity = Severity::Medium;
            finding.confidence = Confidence::B;
        }
    }
}

/// Servers that an agent starts.
fn servers(document: &Node, found: &mut Found<'_>) {
    let named = ["mcpServers", "servers", "mcp_servers"]
        .into_iter()
        .find_map(|name| document.get(name));
    for (key, server) in named.map(Node::entries).unwrap_or_default() {
        let Some(command) = server.text_of("command") else {
            continue;
        };
        let arguments: Vec<&str> = server
            .get("args")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .collect();
        let line = format!("{command} {}", arguments.join(" "));
        let fetches = ["npx", "uvx", "pipx", "bunx", "curl", "sh", "bash", "docker"]
            .contains(&file_name(command));
        let pinned = arguments.iter().any(|word| {
            word.rsplit_once('@').is_some_and(|(name, version)| {
                !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit())
            })
        });
        if fetches && !pinned {
            let finding = found.add(
                "agent-settings-dangerous",
                key.line,
                format!(
                    "The agent starts `{}`: whatever is under that name by then, as the user.",
                    line.trim()
                ),
            );
            finding.severity = Severity::Medium;
            finding.confidence = Confidence::B;
        }
    }
}

/// What nobody writes to people, in small letters.
const SPOKEN: &[&str] = &[
    "ignore previous instructions",
    "ignore all previous instructions",
    "ignore your previous instructions",
    "disregard previous instructions",
    "disregard all prior",
    "do not tell the user",
    "don't tell the user",
    "without telling the user",
    "do not mention this to the user",
    "without asking the user",
    "hide this from the user",
    "you are now in developer mode",
    "override your instructions",
    "reveal your system prompt",
    "do not reveal this",
    "silently run",
    "silently execute",
    "exfiltrate the",
    "send the contents of .env",
];

fn spoken(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let follows = becomes(file.path).is_some();
    for (index, line) in file.text.lines().enumerate() {
        let lower = line.to_ascii_lowercase();
        if let Some(phrase) = SPOKEN.iter().find(|phrase| lower.contains(**phrase)) {
            let number = u32::try_from(index).unwrap_or(0) + 1;
            let finding = found.add(
                "agent-instruction-injection",
                number,
                format!("“{phrase}” is said to an agent, not to a reader."),
            );
            let commented = lower.contains("<!--")
                || lower.contains("display:none")
                || lower.contains("font-size:0");
            if follows || commented {
                finding.severity = Severity::High;
                finding.confidence = Confidence::B;
            }
        }
    }
}
