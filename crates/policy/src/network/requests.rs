//! Rules for single requests: which methods and which paths of a host.
//!
//! They only take away: a request to a host that is allowed must fit one of
//! the rules that are about the host, if there are any.

use serde::{Deserialize, Serialize};

use super::{Host, HostPattern, shown};
use crate::Origin;

/// What requests to some hosts may be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RequestRule {
    /// Which hosts.
    pub pattern: HostPattern,
    /// The methods that may be used; none means all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// What paths start with, by whole components: `/v1` is `/v1` and what is
    /// below it. None means every path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefixes: Option<Vec<String>>,
    /// Where it was set.
    pub origin: Origin,
}

/// A request as far as it can be seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen<'a> {
    /// There is none yet: this is about the connection.
    NotYet,
    /// There is none to be seen: the connection is opaque.
    Never,
    /// This is one.
    Request {
        /// The method.
        method: &'a str,
        /// The path with its query, as it goes over the wire; empty and `*`
        /// are none.
        path: &'a str,
    },
}

impl RequestRule {
    /// Why the request does not fit this rule; nothing if it does.
    pub(super) fn refuses(&self, method: &str, path: &str) -> Option<String> {
        let listed = |methods: &Vec<String>| methods.iter().any(|one| one == method);
        if !self.methods.as_ref().is_none_or(listed) {
            return Some(format!("the method `{}` is not allowed", shown(method)));
        }
        let Some(prefixes) = &self.path_prefixes else {
            return None;
        };
        if !is_plain(path) {
            return Some(format!(
                "the path `{}` has more than one reading",
                shown(path)
            ));
        }
        let path = without_query(path);
        let fits = |prefix: &String| is_at_or_below(path, prefix);
        let fits = prefixes.iter().any(fits);
        (!fits).then(|| format!("no rule allows the path `{}`", shown(path)))
    }

    pub(super) fn covers(&self, host: &Host, port: u16) -> bool {
        self.pattern.covers(host, port)
    }
}

/// Whether a path can begin a rule: `/`, `/v1`, `/v1/`.
pub fn is_path_prefix(text: &str) -> bool {
    text.starts_with('/') && is_plain(text) && !text.contains(['?', '#', '*'])
}

/// Whether every server reads a path as the same: no component that leads
/// back, also in other writings, and nothing that some take for a slash.
fn is_plain(path: &str) -> bool {
    let path = without_query(path);
    let lower = path.to_ascii_lowercase();
    let is_visible = path.chars().all(|c| c.is_ascii_graphic());
    let spells = |what: &str| lower.contains(what);
    // %2f and %5c are slashes to some, %2e a dot, %25 any of them twice
    // encoded, %00 an end; a `;` begins what some cut off.
    let is_ambiguous = ["%2f", "%5c", "%2e", "%25", "%00", "\\", ";", "//"]
        .iter()
        .any(|what| spells(what));
    let leads_back = path.split('/').any(|part| part == "." || part == "..");
    is_visible && !is_ambiguous && !leads_back && path.starts_with('/')
}

fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default()
}

/// By whole components.
fn is_at_or_below(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'))
}
