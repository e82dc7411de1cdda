//! What the user brings along for a scan: rules for secrets.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use dam_scan::{Detector, Secrets, detectors_with};

use crate::error::CommandError;

/// What is compared with.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is compared with")]
pub struct Given {
    /// Rules for secrets in gitleaks' form, besides our own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub gitleaks_rules: Option<PathBuf>,
    /// A `.gitleaksignore` of secrets that are known
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub gitleaks_ignore: Option<PathBuf>,
}

impl Given {
    /// Every detector, told of this.
    pub fn detectors(&self) -> Result<Vec<Box<dyn Detector>>, CommandError> {
        let mut secrets = Secrets::default();
        if let Some(path) = &self.gitleaks_rules {
            let bad = |why: String| CommandError::user(format!("`{}`: {why}", path.display()));
            secrets = secrets
                .with_rules(&read(path)?)
                .map_err(|why| bad(why.to_string()))?;
        }
        if let Some(path) = &self.gitleaks_ignore {
            secrets = secrets.without(&read(path)?);
        }
        Ok(detectors_with(secrets))
    }
}

fn read(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path)
        .map_err(|error| CommandError::user(format!("cannot read `{}`: {error}", path.display())))
}
