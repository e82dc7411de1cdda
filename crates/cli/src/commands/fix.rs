//! `dam fix`: a patch for a finding, tried out before it is shown.

mod found;
mod told;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use dam_config::Settings as Configuration;
use dam_journal::{Event, Journal};
use dam_sandbox::Tier;
use dam_scan::fix::{
    Accepted, Budget, Command, Surroundings, TestBox, Trial, advised, propose, unified,
};
use dam_scan::{BranchError, Engine, NewCommit, SourceFile, detectors};

use super::scan::place::{self, Place, scan_error};
use crate::adviser::Configured;
use crate::arguments::{Approvals, Grants};
use crate::boxed::{ended, session_started};
use crate::error::CommandError;
use crate::exit;
use crate::output::Output;
use crate::settings;
use crate::variables::{HOME, Variables};
use found::{Found, find};
use told::Told;

/// `dam fix`.
#[derive(Args, Debug)]
pub struct Fix {
    /// The finding's identifier, or how it begins
    finding: String,
    /// The directory that was scanned; without it, the current directory
    #[arg(value_hint = ValueHint::DirPath)]
    path: Option<PathBuf>,
    /// Write the patch to a file instead
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Where it goes")]
    output: Option<PathBuf>,
    /// Commit it on a new branch, which is not checked out
    #[arg(long, value_name = "NAME", help_heading = "Where it goes")]
    branch: Option<String>,
    /// Print JSON
    #[arg(long, help_heading = "Where it goes")]
    json: bool,
    /// What runs the project's tests, if that is not `pytest` or `npm test`
    #[arg(long, value_name = "COMMAND", help_heading = "What it is measured by")]
    test_command: Option<String>,
    /// The project's Python, if it is not in its .venv or in PATH
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath, help_heading = "What it is measured by")]
    python: Option<PathBuf>,
    /// How long the proofs and each run of the tests may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "What it is measured by")]
    time: u64,
    /// Ask the configured model where no right form is known
    #[arg(long, help_heading = "The model")]
    model: bool,
    /// The most tokens that the model may take and give
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "model",
        default_value = "60000",
        help_heading = "The model"
    )]
    max_tokens: u64,
}

/// Makes a patch, or says why there is none: then the exit code is that of a
/// failure.
pub fn run(words: &Fix, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let options = settings::options(&Grants::default(), &Approvals::default())?;
    let configuration = settings::load(&options, variables, true)?;
    let mut journal = settings::journal(&configuration)?;
    journal.append(&session_started(
        "fix",
        &configuration.cwd,
        &configuration.posture,
    )?)?;
    let text = "the project's application and its tests are run in the boundary, to try out a fix";
    journal.append(&Event::Notice {
        text: text.to_owned(),
    })?;
    let result = fixed(words, &configuration, variables, &mut journal, output);
    let (text, outcome) = match &result {
        Ok(told) => (told.summary(), "completed"),
        Err(error) => (error.message(), "failed"),
    };
    journal.append_together(&[Event::Notice { text }, ended(outcome)])?;
    let told = result?;
    told.write(
        words.json,
        words.output.as_deref(),
        words.branch.is_some(),
        output,
    )?;
    Ok(if told.accepted.is_some() {
        exit::OK.code
    } else {
        exit::FAILED.code
    })
}

fn fixed(
    words: &Fix,
    configuration: &Configuration,
    variables: &Variables,
    journal: &mut Journal,
    output: &mut Output,
) -> Result<Told, CommandError> {
    let place = Place::find(words.path.as_deref(), configuration, variables, output)?;
    if let Some(branch) = &words.branch {
        place.git()?.may_branch(branch).map_err(branch_error)?;
    }
    let (detectors, cache) = (detectors(), place.cache());
    let told = dam_scan::Settings {
        today: place.today.clone(),
        build: place::build(),
        ..dam_scan::Settings::default()
    };
    let engine = Engine {
        detectors: &detectors,
        settings: &told,
        cache: Some(&cache),
    };
    let proving = words.proving(&place, configuration, variables);
    let found = find(&words.finding, &place, &engine, proving.as_ref())?;
    let mut told = Told::new(&found);
    let mut trial = Trial::new(
        engine,
        &found.revision,
        &found.scan,
        &found.reported.finding,
        place.root(),
    );
    trial.proving = proving;
    trial.proved.clone_from(&found.proved);
    trial.tests = words.tests(&place, configuration, variables);
    by_syntax(&mut trial, &found, &mut told);
    if told.accepted.is_none() && words.model {
        let budget = Budget {
            attempts: 3,
            tokens: words.max_tokens,
            patience: Duration::from_mins(5),
        };
        let mut adviser = Configured::new(configuration, "model = \"…\"", variables, journal)?;
        let mut tell = |line: &str| output.note(line);
        told.take_advice(advised(&mut adviser, &mut trial, budget, &mut tell));
    }
    if let Some(accepted) = &told.accepted {
        unchanged(&found, accepted)?;
        told.patch = patch(accepted);
        if let Some(branch) = &words.branch {
            told.commit = Some(commit(branch, &place, &found, accepted)?);
            told.branch = Some(branch.clone());
        }
    }
    Ok(told)
}

impl Fix {
    /// How the application is run for proofs, where the boundary can hold it.
    fn proving(
        &self,
        place: &Place,
        configuration: &Configuration,
        variables: &Variables,
    ) -> Option<dam_scan::prove::Proving> {
        let path = variables.named("PATH").unwrap_or("/usr/bin:/bin");
        let own = variables
            .named("VIRTUAL_ENV")
            .map(|dir| Path::new(dir).join("bin"));
        let search = std::env::split_paths(path).filter(|dir| dir.is_absolute());
        Some(dam_scan::prove::Proving {
            project: place.root().to_path_buf(),
            tier: Tier::choose(&configuration.dirs.state).ok()?,
            home: variables.directory(HOME),
            search: own.into_iter().chain(search).collect(),
            interpreter: self
                .python
                .as_ref()
                .map(|program| configuration.cwd.join(program)),
            time: Duration::from_secs(self.time),
            only: None,
        })
    }

    /// How the tests are run, or why they are not.
    fn tests(
        &self,
        place: &Place,
        configuration: &Configuration,
        variables: &Variables,
    ) -> Result<(Command, TestBox), String> {
        let given = self.test_command.clone().map(Command::Given);
        let command = given
            .or_else(|| Command::recognise(place.root()))
            .ok_or("no tests were seen; `--test-command` names what runs them")?;
        let tier = Tier::choose(&configuration.dirs.state).map_err(|error| error.to_string())?;
        let held = TestBox {
            tier,
            home: variables.directory(HOME),
            path: variables
                .named("PATH")
                .unwrap_or("/usr/bin:/bin")
                .to_owned(),
            python: self
                .python
                .as_ref()
                .map(|program| configuration.cwd.join(program)),
            time: Duration::from_secs(self.time),
        };
        Ok((command, held))
    }
}

/// Tries what the fixers propose, the best first.
fn by_syntax(trial: &mut Trial<'_>, found: &Found, told: &mut Told) {
    let path = &found.reported.finding.path;
    let text = match trial.text(path) {
        Ok(text) => text,
        Err(why) => return told.none = Some(why),
    };
    let file = SourceFile::of_text(path, &text);
    let mut around = Surroundings::default();
    for entry in &found.revision.entries {
        if let Some(text) = found
            .revision
            .text_of(&entry.path)
            .filter(|_| is_program(&entry.path))
        {
            around.read(&SourceFile::of_text(&entry.path, &text));
        }
    }
    let proposals = match propose(&found.reported.finding, &file, &around) {
        Ok(proposals) => proposals,
        Err(why) => return told.none = Some(why.to_string()),
    };
    for proposal in &proposals {
        let tried = trial
            .change(proposal)
            .and_then(|changes| trial.accept(changes, &proposal.what, &proposal.risks));
        match tried {
            Ok(accepted) => return told.accepted = Some(accepted),
            Err(why) => told.refused.push((proposal.what.clone(), why)),
        }
    }
}

fn is_program(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    matches!(ending, "py" | "js" | "cjs" | "mjs" | "ts" | "jsx" | "tsx")
}

/// That the files are still what the fix was tried on.
fn unchanged(found: &Found, accepted: &Accepted) -> Result<(), CommandError> {
    for (path, change) in &accepted.changes {
        if found.revision.text_of(path).as_deref() != Some(change.before.as_str()) {
            let text = format!("`{path}` has changed meanwhile: the fix is for what it was");
            return Err(CommandError::user(text).hint("begin again"));
        }
    }
    Ok(())
}

fn patch(accepted: &Accepted) -> String {
    let changes = accepted.changes.iter();
    changes
        .map(|(path, change)| unified(path, &change.before, &change.after))
        .collect()
}

/// Commits it on a new branch.
fn commit(
    branch: &str,
    place: &Place,
    found: &Found,
    accepted: &Accepted,
) -> Result<String, CommandError> {
    let git = place.git()?;
    let below = git
        .top()
        .and_then(|top| place.root().strip_prefix(top).ok());
    let below =
        below.ok_or_else(|| CommandError::user("the directory is not in a working tree"))?;
    let mut files = BTreeMap::new();
    for (path, change) in &accepted.changes {
        let path = below.join(path).to_string_lossy().into_owned();
        files.insert(path, (change.before.as_str(), change.after.as_str()));
    }
    let finding = &found.reported.finding;
    let mut message = format!(
        "Fix {} in {}\n\n{}.\n",
        finding.rule, finding.path, accepted.what
    );
    for risk in &accepted.risks {
        message.push_str("\nRisk: ");
        message.push_str(risk);
        message.push_str(".\n");
    }
    let commit = NewCommit {
        branch,
        files,
        message: &message,
    };
    git.branch_with(&commit).map_err(branch_error)
}

fn branch_error(error: BranchError) -> CommandError {
    match error {
        BranchError::Git(error) => scan_error(error),
        other => CommandError::user(other),
    }
}
