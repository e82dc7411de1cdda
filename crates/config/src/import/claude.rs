//! From Claude Code: `settings.json` with its permissions and variables.

use std::collections::BTreeMap;
use std::path::Path;

use dam_policy::looks_secret;
use serde_json::Value;

use super::{ALLOW, Imported, SECRET, refused};
use crate::ConfigError;
use crate::value::quoted;

/// The profile that permissions become.
const PROFILE: &str = "imported";

/// Tables of the profile and of variables, each with its statements.
type Tables = BTreeMap<&'static str, Vec<String>>;

const FILES: &str = "[permissions.imported.filesystem]";
const WORKSPACE: &str = "[permissions.imported.filesystem.\":workspace_roots\"]";
const DOMAINS: &str = "[permissions.imported.network.domains]";
const VARIABLES: &str = "[shell_environment_policy.set]";

/// Reads a `settings.json`.
pub fn claude(text: &str, home: Option<&Path>) -> Result<Imported, ConfigError> {
    let settings: Value = serde_json::from_str(text)
        .map_err(|error| ConfigError::Flags(format!("settings.json is not JSON: {error}")))?;
    let mut imported = Imported::default();
    let mut tables = Tables::new();
    for (key, value) in settings.as_object().into_iter().flatten() {
        match key.as_str() {
            "permissions" => permissions(value, &mut imported, &mut tables, home),
            "env" => variables(value, &mut imported, &mut tables, home),
            "sandbox" => imported.leave(
                key,
                "the boundary is always on here; say what it is to grant in a profile",
            ),
            _ => imported.leave(key, "there is no such setting here"),
        }
    }
    imported.config = written(&tables);
    Ok(imported)
}

fn permissions(value: &Value, imported: &mut Imported, tables: &mut Tables, home: Option<&Path>) {
    for (list, entries) in value.as_object().into_iter().flatten() {
        let decision = match list.as_str() {
            "allow" => "allow",
            "ask" => "prompt",
            "deny" => "forbidden",
            other => {
                imported.leave(
                    format!("permissions.{other}"),
                    "there is no such setting here",
                );
                continue;
            }
        };
        for entry in entries.as_array().into_iter().flatten() {
            let Some(entry) = entry.as_str() else {
                continue;
            };
            let (tool, inner) = match entry.split_once('(') {
                Some((tool, rest)) => (tool, rest.strip_suffix(')').unwrap_or(rest)),
                None => (entry, ""),
            };
            let what = format!("permissions.{list} {entry}");
            match (tool, decision) {
                ("Bash", _) => command(&what, inner, decision, imported),
                ("Read", "forbidden") => reading(&what, inner, imported, tables, home),
                ("WebFetch", "allow" | "forbidden") => {
                    host(&what, inner, decision, imported, tables, home);
                }
                ("Read", _) => imported.leave(what, "what is not denied can be read"),
                ("Edit" | "Write", _) => imported.leave(
                    what,
                    "what can be written is for a profile: `filesystem` has `read` and `write`",
                ),
                _ => imported.leave(what, "no rule here speaks of this tool"),
            }
        }
    }
}

/// `npm run test:*` and `npm run test *` are beginnings; what stands alone is
/// one, too.
fn command(what: &str, inner: &str, decision: &str, imported: &mut Imported) {
    let beginning = inner
        .strip_suffix(":*")
        .or_else(|| inner.strip_suffix(" *"))
        .unwrap_or(inner);
    let words: Vec<&str> = beginning.split_whitespace().collect();
    let is_plain = |word: &&str| !word.contains(|c: char| "*?[]{}$`\\\"'|&;<>()".contains(c));
    if words.is_empty() || !words.iter().all(is_plain) {
        imported.leave(
            what,
            "a rule here is the beginning of a command, word by word",
        );
        return;
    }
    if beginning == inner {
        imported.differs(
            "a rule for a whole command is one for its beginning here: more words may follow",
        );
    }
    if decision == "allow" {
        imported.differs(ALLOW);
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let text = format!(
        "prefix_rule(pattern = [{}], decision = {})\n",
        words.join(", "),
        quoted(decision)
    );
    imported.rule(what, &text);
}

fn reading(
    what: &str,
    inner: &str,
    imported: &mut Imported,
    tables: &mut Tables,
    home: Option<&Path>,
) {
    let (table, path) = if let Some(absolute) = inner.strip_prefix("//") {
        (FILES, format!("/{absolute}"))
    } else if inner.starts_with("~/") {
        (FILES, inner.to_owned())
    } else if inner.starts_with('/') || inner.is_empty() {
        imported.leave(what, "it is not clear where this path begins");
        return;
    } else {
        (WORKSPACE, inner.trim_start_matches("./").to_owned())
    };
    add(what, table, &path, "\"deny\"", imported, tables, home);
}

fn host(
    what: &str,
    inner: &str,
    decision: &str,
    imported: &mut Imported,
    tables: &mut Tables,
    home: Option<&Path>,
) {
    let Some(domain) = inner.strip_prefix("domain:") else {
        imported.leave(what, "only hosts can be named here");
        return;
    };
    imported.differs("rules for hosts are for commands, too, and need the network, which is off");
    let word = if decision == "allow" {
        "\"allow\""
    } else {
        "\"deny\""
    };
    add(what, DOMAINS, domain, word, imported, tables, home);
}

fn variables(value: &Value, imported: &mut Imported, tables: &mut Tables, home: Option<&Path>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let what = format!("env {name}");
        match value.as_str() {
            Some(text) if looks_secret(name, text) => {
                imported.leave(what, SECRET);
            }
            Some(text) => add(
                &what,
                VARIABLES,
                name,
                &quoted(text),
                imported,
                tables,
                home,
            ),
            None => imported.leave(what, "it is no text"),
        }
    }
}

/// Adds a statement, if our reader takes it.
fn add(
    what: &str,
    table: &'static str,
    key: &str,
    value: &str,
    imported: &mut Imported,
    tables: &mut Tables,
    home: Option<&Path>,
) {
    let statement = format!("{} = {value}", quoted(key));
    if let Some(why) = refused(&format!("{table}\n{statement}\n"), home) {
        imported.leave(what, why);
        return;
    }
    let statements = tables.entry(table).or_default();
    if !statements.contains(&statement) {
        statements.push(statement);
    }
}

fn written(tables: &Tables) -> String {
    let mut parts = Vec::new();
    let has = |table: &str| tables.contains_key(table);
    if has(FILES) || has(WORKSPACE) || has(DOMAINS) {
        parts.push(format!("default_permissions = \"{PROFILE}\"\n"));
        parts.push(format!(
            "[permissions.{PROFILE}]\nextends = \":workspace\"\n"
        ));
    }
    if has(DOMAINS) {
        parts.push(format!(
            "[permissions.{PROFILE}.network]\nenabled = false\n"
        ));
    }
    let tables = tables.iter();
    parts.extend(tables.map(|(table, lines)| format!("{table}\n{}\n", lines.join("\n"))));
    parts.join("\n")
}
