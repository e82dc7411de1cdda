//! From Codex: `config.toml`, whose keys are mostly ours, and `.rules` files.

use std::path::Path;

use toml::de::DeTable;

use super::{ALLOW, Imported, SECRET, TRUSTED, refused};
use crate::source::may_hold_secret;

/// Reads a `config.toml` and rules, each with its name.
pub fn codex(config: &str, rules: &[(String, String)], home: Option<&Path>) -> Imported {
    let mut imported = Imported::default();
    let mut writer = Writer::default();
    for statement in statements(config) {
        let text = format!("{}\n{}\n", statement.header, statement.text);
        if statement.text.lines().any(may_hold_secret) {
            imported.leave(statement.name(), SECRET);
            continue;
        }
        match refused(&text, home) {
            None => {
                if statement.text.contains("trust_level") {
                    imported.differs(TRUSTED);
                }
                writer.add(&statement);
            }
            Some(why) => imported.leave(statement.name(), why),
        }
    }
    imported.config = writer.text;
    for (name, text) in rules {
        imported.rule(name, text);
    }
    if imported.rules.contains("allow") || imported.rules.contains("prefix_rule") {
        imported.differs(ALLOW);
    }
    imported
}

/// One `key = value` with the comments before it, under its header.
struct Statement {
    header: String,
    comments: String,
    text: String,
}

impl Statement {
    /// Its key, without the value, which may be a secret.
    fn name(&self) -> String {
        let key = self.text.split('=').next().unwrap_or_default().trim();
        if self.header.is_empty() {
            key.to_owned()
        } else {
            format!("{} {key}", self.header)
        }
    }
}

#[derive(Default)]
struct Writer {
    header: String,
    text: String,
}

impl Writer {
    fn add(&mut self, statement: &Statement) {
        if statement.header != self.header {
            self.header.clone_from(&statement.header);
            self.text.extend(["\n", &statement.header, "\n"]);
        }
        self.text.push_str(&statement.comments);
        self.text.push_str(&statement.text);
        self.text.push('\n');
    }
}

/// The statements of a text. What cannot be read ends in one that is refused.
fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut header, mut comments, mut open) = (String::new(), String::new(), String::new());
    for line in text.lines() {
        let start = line.trim_start();
        if open.is_empty() && (start.is_empty() || start.starts_with('#')) {
            // What was commented out may be a secret all the same.
            if !start.is_empty() && !may_hold_secret(line) {
                comments.extend([line, "\n"]);
            }
            continue;
        }
        if open.is_empty() && start.starts_with('[') {
            line.trim().clone_into(&mut header);
            continue;
        }
        if !open.is_empty() {
            open.push('\n');
        }
        open.push_str(line);
        // A list or a text may go on for several lines.
        if DeTable::parse(&open).is_ok() {
            found.push(Statement {
                header: header.clone(),
                comments: std::mem::take(&mut comments),
                text: std::mem::take(&mut open),
            });
        }
    }
    if !open.is_empty() {
        found.push(Statement {
            header,
            comments,
            text: open,
        });
    }
    found
}
