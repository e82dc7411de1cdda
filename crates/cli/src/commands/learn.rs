//! `dam sandbox --learn`: watches a trusted command without a boundary, and
//! proposes the smallest profile that would have let it work.

mod proposal;
mod roots;

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Instant;

use dam_config::{Options, Settings};
use dam_gate::{Gate, Request};
use dam_journal::Event;
use dam_policy::{Escalation, Layer, SandboxMode};
use dam_sandbox::{Launch, Lesson, Stream};

use crate::arguments::{Approvals, Trial};
use crate::boxed::{self, exit_code};
use crate::error::CommandError;
use crate::output::{Output, WARNING};
use crate::reviewer::WhoTypedIt;
use crate::settings;
use crate::variables::Variables;
use proposal::{Learned, Proposal};

/// Runs the command; its exit code is ours. The profile goes to standard
/// output, and what the command writes there to standard error; with a file
/// for the profile, the command's streams are left alone.
pub fn run(trial: Trial, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let name = name(trial.name.as_deref(), &trial.command.words)?;
    let approvals = Approvals {
        ask_for_approval: trial.ask_for_approval,
        ..Approvals::default()
    };
    let options = settings::options(&trial.grants, &approvals)?;
    let settings = load(options, variables)?;
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    settings::check_leaving(&settings)?;
    let words = trial.command.words;
    let lesson = watch(&words, &settings, variables, trial.output.is_none())?;
    let profile = &settings.posture.profile.value;
    let pairs = variables.pairs();
    let kept = profile.environment.apply(pairs.clone());
    let lost = pairs.keys().filter(|name| !kept.contains_key(*name));
    let proposal = Proposal::of(&Learned {
        name: &name,
        command: &boxed::text(&words).join(" "),
        cwd: &settings.cwd,
        profile,
        search: pairs.get("PATH").map_or("", String::as_str),
        lost: lost.cloned().collect(),
        lesson: &lesson,
    });
    match &trial.output {
        None => output.data(proposal.to_string().trim_end())?,
        Some(path) => write(path, &proposal.to_string())?,
    }
    Ok(exit_code(lesson.status))
}

/// What nobody set is `workspace-write` here: that is what is extended.
fn load(mut options: Options, variables: &Variables) -> Result<Settings, CommandError> {
    let settings = settings::load(&options, variables, true)?;
    let settings = if settings.posture.profile.origin.layer > Layer::Builtin {
        settings
    } else {
        options.sandbox_mode = Some(SandboxMode::WorkspaceWrite);
        settings::load(&options, variables, true)?
    };
    if settings.posture.profile.value.confined {
        return Ok(settings);
    }
    Err(
        CommandError::user("`danger-full-access` grants everything: nothing is left to learn")
            .hint("`-s read-only` or `-s workspace-write` is what the profile would extend"),
    )
}

/// What the profile is to be called: a word that needs no quotes.
fn name(wanted: Option<&str>, words: &[OsString]) -> Result<String, CommandError> {
    let program = words.first().ok_or_else(|| boxed::no_command("sandbox"))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let Some(wanted) = wanted else {
        let program = Path::new(program).file_name().unwrap_or_default();
        let program = program.to_string_lossy();
        return Ok(program.replace(|c| !plain(c), "-"));
    };
    if wanted.is_empty() || !wanted.chars().all(plain) {
        return Err(
            CommandError::user(format!("`{wanted}` cannot be the name of a profile"))
                .hint("use letters, digits, `-` and `_`"),
        );
    }
    Ok(wanted.to_owned())
}

/// Runs the command outside the boundary, which is for the gate to allow and
/// for the journal to know, like any other.
fn watch(
    words: &[OsString],
    settings: &Settings,
    variables: &Variables,
    aside: bool,
) -> Result<Lesson, CommandError> {
    let mut journal = settings::journal(settings)?;
    let begun = boxed::session_started("sandbox", &settings.cwd, &settings.posture)?;
    let mut gate = Gate::new(settings.posture.clone(), Box::new(WhoTypedIt));
    let request = Request::Typed {
        argv: boxed::text(words),
        cwd: settings.cwd.clone(),
        escalation: Some(Escalation {
            justification: "it is trusted, and watched to learn what a profile needs".to_owned(),
        }),
    };
    let settled = gate.settle(&request);
    let answer = settled.answer.as_ref();
    let answer = answer.map(|_| "typed by the user".to_owned());
    let decision = boxed::decision(&gate.action(&request), &settled, answer)?;
    if !settled.allowed {
        journal.append_together(&[begun, decision, boxed::ended("refused")])?;
        return Err(boxed::refused(&settled));
    }
    let started = Event::CommandStarted {
        id: boxed::COMMAND.to_owned(),
        argv: boxed::text(words),
        cwd: settings.cwd.display().to_string(),
        profile: ":danger-full-access".to_owned(),
        tier: "none".to_owned(),
    };
    journal.append_together(&[begun, decision, started])?;
    let clock = Instant::now();
    match launch(words, settings, variables, aside)?.watch() {
        Ok(lesson) => {
            let end = boxed::command_finished(lesson.status, clock);
            journal.append_together(&[end, boxed::ended("completed")])?;
            Ok(lesson)
        }
        Err(error) => {
            let text = error.to_string();
            journal.append_together(&[Event::Error { text }, boxed::ended("failed")])?;
            Err(error.into())
        }
    }
}

fn launch(
    words: &[OsString],
    settings: &Settings,
    variables: &Variables,
    aside: bool,
) -> Result<Launch, CommandError> {
    let stdout = if aside {
        let errors = std::io::stderr();
        let copy = errors.as_fd().try_clone_to_owned();
        Stream::Given(copy.map_err(CommandError::internal)?)
    } else {
        Stream::Inherit
    };
    Ok(Launch {
        tier: dam_sandbox::Tier::Full,
        argv: words.to_vec(),
        cwd: settings.cwd.clone(),
        env: variables.pairs(),
        profile: settings.posture.profile.value.clone(),
        transaction: None,
        stdin: Stream::Inherit,
        stdout,
        stderr: Stream::Inherit,
        asking: None,
    })
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    std::fs::write(path, text).map_err(|error| {
        CommandError::user(format!(
            "cannot write the profile to {}: {error}",
            path.display()
        ))
    })
}
