//! The flow rule: a session that has read private data and has taken in text
//! written by strangers does not reach out unasked. Neither half alone is how
//! data leaves; together they are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What the flow rule goes by: `[flow]` of the settings.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FlowRule {
    /// Whether it counts.
    pub enabled: bool,
    /// What is private, absolute: files, and directories with all below them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<PathBuf>,
    /// Hosts that may be reached all the same: `example.com` for one,
    /// `*.example.com` for all below it. This machine always may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_hosts: Vec<String>,
}

impl Default for FlowRule {
    fn default() -> Self {
        Self {
            enabled: true,
            private: Vec::new(),
            trusted_hosts: Vec::new(),
        }
    }
}

impl FlowRule {
    /// Whether a path is private, or something private lies below it: who reads
    /// a directory may read all of it.
    pub fn is_private(&self, path: &Path) -> bool {
        let mut private = self.private.iter();
        private.any(|private| path.starts_with(private) || private.starts_with(path))
    }

    /// Whether a host may be reached whatever the session has seen.
    pub fn trusts(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        is_this_machine(&host) || self.trusted_hosts.iter().any(|rule| covers(rule, &host))
    }
}

/// Whether a name or an address means the machine itself.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => bare == "localhost" || bare.ends_with(".localhost"),
    }
}

fn covers(rule: &str, host: &str) -> bool {
    let rule = rule.trim_end_matches('.').to_ascii_lowercase();
    match rule.trim_start_matches("**.").trim_start_matches("*.") {
        // No name that is only a star: it would switch the rule off unseen.
        "" | "*" => false,
        name if name.len() == rule.len() => name == host,
        name => host
            .strip_suffix(name)
            .is_some_and(|start| start.ends_with('.')),
    }
}

/// Where text comes from that nobody here wrote.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Untrusted {
    /// A page, or what a search found.
    Web,
    /// What a tool of an MCP server answered.
    Tool,
    /// The output of a command that reaches out.
    Network,
    /// A file of a project that the user does not trust.
    Project,
}

impl Untrusted {
    /// As a phrase.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Web => "text from the web",
            Self::Tool => "what a tool answered",
            Self::Network => "the output of a command that reaches out",
            Self::Project => "files of a project that is not trusted",
        }
    }
}

/// What a session has read and taken in. It only ever grows: nothing that was
/// seen is forgotten before the session ends.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FlowState {
    /// What was read first of all that is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<String>,
    /// What was taken in first of all that is untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
}

impl FlowState {
    /// Nothing was seen.
    pub const CLEAN: Self = Self {
        private: None,
        untrusted: None,
    };

    /// Whether nothing was seen.
    pub const fn is_clean(&self) -> bool {
        self.private.is_none() && self.untrusted.is_none()
    }

    /// Whether both halves were seen, so that reaching out is a question.
    pub const fn has_turned(&self) -> bool {
        self.private.is_some() && self.untrusted.is_some()
    }

    /// Something private was read. Whether that is new.
    pub fn read_private(&mut self, what: impl Into<String>) -> bool {
        let is_new = self.private.is_none();
        self.private.get_or_insert_with(|| what.into());
        is_new
    }

    /// Something untrusted was taken in. Whether that is new.
    pub fn take_in(&mut self, source: Untrusted, what: &str) -> bool {
        let is_new = self.untrusted.is_none();
        self.untrusted
            .get_or_insert_with(|| format!("{}: {what}", source.phrase()));
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_trusted_by_name_or_below_one() {
        let rule = FlowRule {
            trusted_hosts: ["example.com", "*.corp.example", "*"]
                .map(str::to_owned)
                .into(),
            ..FlowRule::default()
        };
        for host in [
            "example.com",
            "EXAMPLE.com.",
            "git.corp.example",
            "a.b.corp.example",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(rule.trusts(host), "{host}");
        }
        for host in [
            "www.example.com",
            "notexample.com",
            "corp.example",
            "evilcorp.example",
            "127.0.0.1.example.org",
            "10.0.0.1",
        ] {
            assert!(!rule.trusts(host), "{host}");
        }
    }

    #[test]
    fn a_directory_around_something_private_is_private() {
        let rule = FlowRule {
            private: vec!["/w/customers".into()],
            ..FlowRule::default()
        };
        for (path, private) in [
            ("/w/customers", true),
            ("/w/customers/a.csv", true),
            ("/w", true),
            ("/w/src", false),
            ("/w/customers2", false),
        ] {
            assert_eq!(rule.is_private(Path::new(path)), private, "{path}");
        }
    }
}
