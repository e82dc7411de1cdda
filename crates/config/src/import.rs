//! Reads the settings of other programs, and writes ours: what means the same
//! is kept, what means something else is said, what is left out has a reason.
//!
//! Whatever comes out is read by our own reader first, statement by statement,
//! so that what is written is accepted. Secrets are not copied.

mod claude;
mod codex;

use std::path::{Path, PathBuf};

use dam_policy::Layer;

use crate::rules::{Day, read_text};
use crate::settings::{HIDDEN, shown};
use crate::source::Source;
use crate::walk::{Reading, leaves};

pub use claude::claude;
pub use codex::codex;

/// What was made of another program's settings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Imported {
    /// The text of a `config.toml`; empty, if there is nothing for it.
    pub config: String,
    /// The text of a `.rules` file; empty, if there is nothing for it.
    pub rules: String,
    /// What means something else here.
    pub differs: Vec<String>,
    /// What was left out, and why.
    pub left_out: Vec<(String, String)>,
}

/// Said once, where a rule was taken over that allows.
const ALLOW: &str = "a rule that allows runs the command without a question, and inside the boundary: leaving it is `unsandboxed` here, which was not assumed";

/// Why what may be a secret is left out.
const SECRET: &str = "it may hold a secret, which is not copied";

/// Said once, where a project is trusted.
const TRUSTED: &str = "`trust_level = \"trusted\"` is for the first sight here: after that, the project counts as long as it is what was trusted";

impl Imported {
    fn leave(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.push((what.into(), why.into()));
    }

    fn differs(&mut self, text: &str) {
        if !self.differs.iter().any(|said| said == text) {
            self.differs.push(text.to_owned());
        }
    }

    /// Adds a rule, if it is one.
    fn rule(&mut self, what: &str, text: &str) {
        match read_text(Path::new("imported.rules"), text, Day::today()) {
            Ok(_) => {
                self.rules.push_str(text);
                if !text.ends_with('\n') {
                    self.rules.push('\n');
                }
            }
            Err(error) => self.leave(what, reason(&error)),
        }
    }
}

/// Why our reader does not take a text as the user's settings; `None` if it
/// does.
fn refused(text: &str, home: Option<&Path>) -> Option<String> {
    let source = Source {
        layer: Layer::User,
        file: Some(PathBuf::from("import")),
        text: text.to_owned(),
    };
    let reading = Reading {
        source: &source,
        home,
        base: None,
    };
    match leaves(&reading) {
        Err(error) => Some(reason(&error)),
        Ok(found) => {
            let is_secret = |text: &str| text.contains(HIDDEN);
            let mut shown = found.iter().map(|(path, leaf)| shown(path, &leaf.value));
            shown
                .any(|text| is_secret(&text))
                .then(|| SECRET.to_owned())
        }
    }
}

/// What is wrong, without the place, which is in no file that a person has.
fn reason(error: &crate::ConfigError) -> String {
    match error {
        crate::ConfigError::Place { problem, .. } => problem.clone(),
        other => other.to_string(),
    }
}
