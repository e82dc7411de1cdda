//! `dam scan --prove`: runs the scanned project in the boundary to show what
//! was found.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use dam_config::Settings as Configuration;
use dam_sandbox::Tier;
use dam_scan::prove::{Place, Proved, Proving, Shown, isolate, prove, settle};
use dam_scan::{Finding, Gap, GapKind, Scan as Found};

use crate::error::CommandError;
use crate::exit;
use crate::output::Output;
use crate::variables::{HOME, Variables};

/// The options of proofs.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Proofs")]
pub struct Proofs {
    /// Run the project's application in the boundary and try what was found
    #[arg(long, conflicts_with_all = ["staged", "diff", "commit"])]
    pub prove: bool,
    /// Only show the proof with this identifier again
    #[arg(long, value_name = "ID", requires = "prove")]
    pub again: Option<String>,
    /// The project's Python, if it is not in its .venv or in PATH
    #[arg(long, value_name = "PROGRAM", requires = "prove", value_hint = ValueHint::ExecutablePath)]
    pub python: Option<PathBuf>,
    /// How long the proofs may take, in seconds
    #[arg(long, value_name = "SECONDS", requires = "prove", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub prove_time: u64,
}

impl Proofs {
    /// What the journal is told before anything is run.
    pub fn notice(&self) -> Option<String> {
        self.prove.then(|| {
            "the scanned project's application is run in the boundary, to prove what is found"
                .to_owned()
        })
    }

    /// Runs the project and gives every finding its verdict.
    pub fn add(
        &self,
        found: &mut Found,
        root: &Path,
        configuration: &Configuration,
        variables: &Variables,
    ) {
        let proved = self.run(root, configuration, variables, &found.findings);
        settle(&mut found.findings, &proved, root);
        let gap = |why: &String| Gap {
            detector: Some("prove".to_owned()),
            ..Gap::of_all(GapKind::NotChecked, format!("proofs: {why}"))
        };
        found.coverage.gaps.extend(proved.missing.iter().map(gap));
        found.coverage.gaps.sort();
        found.coverage.gaps.dedup();
        found.coverage.detectors.insert("prove".to_owned(), 1);
    }

    /// Shows one proof again: the exit code is that of a scan.
    pub fn show_again(
        &self,
        root: &Path,
        configuration: &Configuration,
        variables: &Variables,
        output: &mut Output,
    ) -> Result<u8, CommandError> {
        let proved = self.run(root, configuration, variables, &[]);
        for why in &proved.missing {
            output.note(why);
        }
        for shown in &proved.shown {
            output.bytes(page(shown).as_bytes())?;
        }
        Ok(match (proved.shown.is_empty(), proved.tried.is_empty()) {
            (false, _) => exit::FAILED.code,
            (true, false) => {
                output.note("it did not happen");
                exit::OK.code
            }
            (true, true) => exit::USAGE.code,
        })
    }

    fn run(
        &self,
        root: &Path,
        configuration: &Configuration,
        variables: &Variables,
        findings: &[Finding],
    ) -> Proved {
        let tier = match Tier::choose(&configuration.dirs.state) {
            Ok(tier) => tier,
            Err(error) => {
                return Proved {
                    missing: vec![format!("the boundary cannot hold it: {error}")],
                    ..Proved::default()
                };
            }
        };
        let path = variables.named("PATH").unwrap_or("/usr/bin:/bin");
        let own = variables
            .named("VIRTUAL_ENV")
            .map(|dir| Path::new(dir).join("bin"));
        let search = std::env::split_paths(path).filter(|dir| dir.is_absolute());
        let proving = Proving {
            project: root.to_path_buf(),
            tier,
            home: variables.directory(HOME),
            search: own.into_iter().chain(search).collect(),
            interpreter: (self.python.as_ref()).map(|program| configuration.cwd.join(program)),
            time: Duration::from_secs(self.prove_time),
            only: self.again.clone(),
        };
        let mut proved = prove(&proving);
        isolate(&proving, findings, &mut proved);
        proved
    }
}

/// One proof, for people. Its texts were cleaned when they came.
fn page(shown: &Shown) -> String {
    let mut lines = vec![
        format!(
            "{} {} {} `{}`",
            shown.class.name(),
            shown.route,
            shown.channel,
            shown.name
        ),
        format!("  sent:    {:?}", shown.payload),
        format!("  seen:    {}", shown.evidence),
        format!("  control: {}", shown.control),
    ];
    let place = |place: &Place| format!("  at:      {}:{} {}", place.0, place.1, place.2);
    lines.extend(shown.places.iter().map(place));
    lines.join("\n") + "\n"
}
