//! Environment variables: each that means something to the program is
//! declared here, the environment is read here once, and handed down.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

/// A variable that means something to the program.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does, for help.
    pub doc: &'static str,
}

const fn variable(name: &'static str, doc: &'static str) -> Variable {
    Variable { name, doc }
}

/// Overrides where settings, state and journal are.
pub const COFFERDAM_HOME: Variable = variable(
    "COFFERDAM_HOME",
    "one directory for settings, state and journal",
);
/// The user's home.
pub const HOME: Variable = variable("HOME", "the home directory, whose credentials are guarded");
/// Where settings are without `COFFERDAM_HOME`.
pub const XDG_CONFIG_HOME: Variable =
    variable("XDG_CONFIG_HOME", "where `cofferdam/config.toml` is");
/// Where state is without `COFFERDAM_HOME`.
pub const XDG_STATE_HOME: Variable = variable("XDG_STATE_HOME", "where the journal is");
/// Where keyrings and their kind are.
pub const XDG_DATA_HOME: Variable =
    variable("XDG_DATA_HOME", "where keyrings are, which are guarded");
/// A temporary directory that `workspace-write` includes.
pub const TMPDIR: Variable = variable("TMPDIR", "writable in `workspace-write`, besides `/tmp`");
/// The proxy that the machine has to use.
pub const HTTPS_PROXY: Variable = variable(
    "HTTPS_PROXY",
    "the proxy behind which the way out goes on; `https_proxy`, too",
);
/// The same where the other is not set.
pub const HTTP_PROXY: Variable = variable("HTTP_PROXY", "the same, where HTTPS_PROXY is not set");
/// Certificates of the machine's own.
pub const SSL_CERT_FILE: Variable = variable(
    "SSL_CERT_FILE",
    "a file of certificates that the way out trusts, too",
);
/// No colour when set and not empty.
pub const NO_COLOR: Variable = variable("NO_COLOR", "no colour, if not empty");
/// Colour even where there is no terminal.
pub const CLICOLOR_FORCE: Variable = variable(
    "CLICOLOR_FORCE",
    "colour everywhere, if neither empty nor 0",
);
/// The kind of terminal.
pub const TERM: Variable = variable("TERM", "no colour, if `dumb`");

/// Where Claude Code was started.
pub const CLAUDE_PROJECT_DIR: Variable = variable(
    "CLAUDE_PROJECT_DIR",
    "`guard hook`: where Claude Code was started",
);

/// Every variable that means something, besides those that settings name
/// (`env_key` of a model provider).
pub const ALL: &[Variable] = &[
    COFFERDAM_HOME,
    HOME,
    XDG_CONFIG_HOME,
    XDG_STATE_HOME,
    XDG_DATA_HOME,
    TMPDIR,
    HTTPS_PROXY,
    HTTP_PROXY,
    SSL_CERT_FILE,
    NO_COLOR,
    CLICOLOR_FORCE,
    TERM,
    CLAUDE_PROJECT_DIR,
];

/// The environment as it was when the program started.
#[derive(Clone, Debug)]
pub struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// Reads the environment: the one place that does.
    #[expect(
        clippy::disallowed_methods,
        reason = "the command reads the environment once, and hands it down"
    )]
    pub fn read() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment made up for a test.
    #[cfg(test)]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.into(), value.into());
        Self(pairs.iter().map(owned).collect())
    }

    /// The same environment with these set.
    pub fn with(mut self, pairs: &[(&str, String)]) -> Self {
        let owned = |(name, value): &(&str, String)| (name.into(), value.into());
        self.0.extend(pairs.iter().map(owned));
        self
    }

    /// The same environment with these left out.
    pub fn without(&self, names: &[&str]) -> Self {
        let mut left = self.0.clone();
        left.retain(|name, _| !names.iter().any(|other| name == other));
        Self(left)
    }

    /// The text of a variable, if it is set, not empty and text.
    pub fn text(&self, variable: Variable) -> Option<&str> {
        self.named(variable.name)
    }

    /// The text of a variable that settings name.
    pub fn named(&self, name: &str) -> Option<&str> {
        let value = self.0.get(&OsString::from(name))?.to_str()?;
        (!value.is_empty()).then_some(value)
    }

    /// A directory. As the XDG rules say, a relative path counts as not set.
    pub fn directory(&self, variable: Variable) -> Option<PathBuf> {
        let path = PathBuf::from(self.0.get(&OsString::from(variable.name))?);
        path.is_absolute().then_some(path)
    }

    /// Everything that may be handed to a command. What is not text cannot be
    /// judged, so it is not handed on.
    pub fn pairs(&self) -> BTreeMap<String, String> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?.into(), value.to_str()?.into())))
            .collect()
    }
}

/// The table for help.
pub fn table() -> String {
    let mut text = String::new();
    for variable in ALL {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "  {:<18} {}", variable.name, variable.doc);
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_or_relative_counts_as_not_set() {
        assert_eq!(Variables::of(&[("NO_COLOR", "")]).text(NO_COLOR), None);
        assert_eq!(
            Variables::of(&[("NO_COLOR", "1")]).text(NO_COLOR),
            Some("1")
        );
        assert_eq!(
            Variables::of(&[("XDG_STATE_HOME", "state")]).directory(XDG_STATE_HOME),
            None
        );
        assert_eq!(
            Variables::of(&[("XDG_STATE_HOME", "/state")]).directory(XDG_STATE_HOME),
            Some("/state".into())
        );
    }
}
