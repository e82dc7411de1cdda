//! The signs: what an entry shows, how much it weighs, what to do about it.

use serde_json::Value;

use super::Shown;

/// What stands out. `docs/telemetry.md` has the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Sign {
    /// A journal does not verify.
    Damaged,
    /// A secret turned up in the record, where it was masked.
    Secret,
    /// A credential store was named by a command, or opened by a process.
    Credentials,
    /// Something tried to leave the boundary, or to plant what would.
    Escape,
    /// What was read and taken in came together.
    Flow,
    /// Settings, rules or trust were changed.
    Configuration,
    /// The same thing was refused again and again.
    Repeated,
    /// A host that was never named before.
    NewHost,
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Damaged,
        Self::Secret,
        Self::Credentials,
        Self::Escape,
        Self::Flow,
        Self::Configuration,
        Self::Repeated,
        Self::NewHost,
    ];

    /// Its name, for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged-journal",
            Self::Secret => "secret-seen",
            Self::Credentials => "credential-probing",
            Self::Escape => "escape-tried",
            Self::Flow => "flow-rule",
            Self::Configuration => "configuration-changed",
            Self::Repeated => "repeated-denial",
            Self::NewHost => "new-host",
        }
    }

    /// How much one entry weighs.
    pub const fn weight(self) -> u64 {
        match self {
            Self::Damaged => 100,
            Self::Secret => 10,
            Self::Credentials | Self::Escape => 8,
            Self::Flow => 6,
            Self::Configuration => 4,
            Self::Repeated | Self::NewHost => 3,
        }
    }

    /// From how many entries on it is told.
    pub(super) const fn least(self) -> u64 {
        match self {
            Self::Repeated => 3,
            _ => 1,
        }
    }

    /// What a person can do.
    pub(super) fn advice(self, about: &str) -> String {
        match self {
            Self::Damaged => {
                "compare with a copy kept elsewhere; do not rely on this journal".to_owned()
            }
            Self::Secret => format!("find where it came from, and {}", rotation(about)),
            Self::Credentials => {
                "ask why the task needs it; if it was read, change what is kept there".to_owned()
            }
            Self::Escape => {
                "read what came before it: somebody's text may be giving orders".to_owned()
            }
            Self::Flow => "look at what was read and at where it might have gone".to_owned(),
            Self::Configuration => "make sure that it was you".to_owned(),
            Self::Repeated => {
                "write a rule if it is wanted; else look at why it is tried".to_owned()
            }
            Self::NewHost => "make sure that the task needs this host".to_owned(),
        }
    }
}

/// How a secret of a kind is changed.
fn rotation(kind: &str) -> &'static str {
    match kind {
        "aws-key" => "make a new access key in IAM, and deactivate the old one",
        "github-token" => "revoke it in GitHub's developer settings, and make a new one",
        "gitlab-token" => "revoke it in GitLab's access tokens, and make a new one",
        "google-key" => "delete it in Google Cloud's credentials, and make a new one",
        "npm-token" => "revoke it with `npm token revoke`, and make a new one",
        "pypi-token" => "remove it in PyPI's account settings, and make a new one",
        "slack-token" => "revoke it in Slack's app settings, and make a new one",
        "api-key" => "make a new key at the provider, and delete the old one",
        "private-key" => "make a new key pair, and remove the public part wherever it is accepted",
        "jwt" | "authorization" | "token" => {
            "end the session or revoke the token at whoever issued it"
        }
        _ => "change it",
    }
}

/// What an entry shows.
pub(super) fn of(event: &Value, stores: &[String]) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut show = |sign, about: &str, went_through| {
        shown.push(Shown {
            sign,
            about: crate::clean(about),
            went_through,
        });
    };
    let text = |at: &str| {
        event
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut secrets = Vec::new();
    marks(event, &mut secrets);
    secrets.sort_unstable();
    secrets.dedup();
    for secret in secrets {
        // It is in a transcript, so a model or a person has had it.
        show(Sign::Secret, secret, true);
    }
    let rule = match text("/kind") {
        "denial" => text("/rule"),
        _ => text("/verdict/rule"),
    };
    match text("/kind") {
        "flow_marked" => show(Sign::Flow, text("/mark"), false),
        "configuration_changed" | "trust_changed" => {
            show(Sign::Configuration, text("/what"), true);
        }
        "denial" | "decision" | "network_decision" => {
            let allowed = is_allowed(event);
            let store = store_in(event, stores);
            if let Some(store) = store {
                show(Sign::Credentials, store, allowed);
            }
            if text("/source") == "flow" || rule.starts_with("flow") {
                show(Sign::Flow, rule, allowed);
            } else if store.is_none() && is_escape(event, rule) {
                show(Sign::Escape, rule, allowed);
            } else if !allowed {
                show(
                    Sign::Repeated,
                    &format!("{rule}: {}", subject(event)),
                    false,
                );
            }
        }
        _ => {}
    }
    shown
}

/// Whether what an entry is about went ahead.
pub(super) fn is_allowed(event: &Value) -> bool {
    event.pointer("/allowed").and_then(Value::as_bool) == Some(true)
}

/// The host that an entry is about.
pub(super) fn host(event: &Value) -> Option<String> {
    let host = event
        .pointer("/host")
        .or_else(|| event.pointer("/action/host"));
    Some(crate::clean(&host?.as_str()?.to_ascii_lowercase()))
}

/// Rules whose breach plants something, or leads out.
const LEADS_OUT: &[&str] = &[
    "files.protected",
    "files.git-closed",
    "files.git-checked",
    "files.set-user-id",
    "files.device",
    "files.linked-outside",
    "network.unix-socket",
    "network.abstract-socket",
    "command.escalation",
];

fn is_escape(event: &Value, rule: &str) -> bool {
    let wanted_out = event
        .pointer("/action/escalation")
        .is_some_and(|wish| !wish.is_null());
    wanted_out || LEADS_OUT.iter().any(|start| rule.starts_with(start))
}

/// The store that a command names or a process opens.
fn store_in<'a>(event: &Value, stores: &'a [String]) -> Option<&'a str> {
    let path = event
        .pointer("/path")
        .or_else(|| event.pointer("/action/path"));
    let words = event.pointer("/action/argv").and_then(Value::as_array);
    let words = words
        .into_iter()
        .flatten()
        .chain(path)
        .filter_map(Value::as_str);
    let names = |text: &str, store: &str| {
        let starts = text.match_indices(store);
        starts.into_iter().any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + store.len()..].chars().next();
            let inside =
                |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c));
            !inside(before) && !inside(after)
        })
    };
    for word in words {
        if let Some(store) = stores.iter().find(|store| names(word, store)) {
            return Some(store);
        }
        let is_env = |part: &str| part == ".env" || part.starts_with(".env.");
        if word
            .split(|c: char| c == '/' || c.is_whitespace() || "\"'=".contains(c))
            .any(is_env)
        {
            return Some(".env");
        }
    }
    None
}

/// What was refused, so that the same again is known.
fn subject(event: &Value) -> String {
    let words = event.pointer("/action/argv").and_then(Value::as_array);
    if let Some(words) = words {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return shortened(&words.join(" "));
    }
    let places = [
        "/path",
        "/action/path",
        "/host",
        "/action/host",
        "/action/tool",
        "/what",
    ];
    let found = places
        .iter()
        .find_map(|at| event.pointer(at).and_then(Value::as_str));
    shortened(found.unwrap_or_default())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The kinds of secrets that were masked anywhere in an entry.
fn marks<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            let parts = text.split("[masked:").skip(1);
            found.extend(parts.filter_map(|rest| {
                let (kind, _) = rest.split_once(']')?;
                let good = |c: char| c.is_ascii_lowercase() || c == '-';
                (!kind.is_empty() && kind.len() < 40 && kind.chars().all(good)).then_some(kind)
            }));
        }
        Value::Array(items) => items.iter().for_each(|item| marks(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| marks(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
