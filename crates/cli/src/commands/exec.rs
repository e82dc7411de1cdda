//! `dam exec`: the agent does a task without a terminal program.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dam_agent::{AgentError, AgentEvent, Session, SessionOptions, TurnOutcome, WayOut};
use dam_config::Settings;
use dam_gate::{Nobody, Reviewer};
use dam_journal::Event;
use dam_model::{Model, Recorded, Recorder, Responses};
use dam_policy::ReviewerKind;

use super::trust::settings_after_asking;
use crate::adviser;
use crate::arguments::Exec;
use crate::boxed::session_started;
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::network;
use crate::network::desk::Desk;
use crate::output::{Output, WARNING};
use crate::provider;
use crate::reviewer::{AtTerminal, Memory};
use crate::settings;
use crate::telemetry::Telling;
use crate::transcript::Transcript;
use crate::variables::{self, Variables};

/// Lets the agent do the task.
pub fn run(exec: &Exec, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let prompt = prompt(exec.prompt.as_deref())?;
    let mut options = settings::options(&exec.grants, &exec.approvals)?;
    options.model.clone_from(&exec.model);
    let interactive = settings::is_interactive();
    let mut settings = settings_after_asking(&options, variables, interactive, output)?;
    settings::limit(&mut settings, &exec.grants)?;
    settings::check_models(&settings)?;
    settings::pin(&settings, output)?;
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    let (model, model_name) = model(exec, &settings, variables)?;
    let mut telling = Telling::new(&settings, variables)?;
    let mut journal = settings::journal(&settings)?;
    let id = journal.session().clone();
    let mut begun = session_started("exec", &settings.cwd, &settings.posture)?;
    if let Event::SessionStarted {
        model: recorded,
        provider,
        ..
    } = &mut begun
    {
        *recorded = Some(model_name.clone());
        *provider = Some(model.name().to_owned());
    }
    journal.append(&begun)?;
    let tier = settings::tier(&settings)?;
    settings::warn_of(tier, output);
    let asking = settings::asking(&settings, false)
        .filter(|_| interactive || settings.posture.reviewer == ReviewerKind::AutoReview);
    let is_there = interactive && settings::person_may_answer(&settings);
    let reviewer = reviewer(&settings, is_there);
    let plan = network::plan(&settings, variables)?;
    let posture = settings.posture.clone();
    if let Some(plan) = &plan {
        plan.equip(&mut settings.posture.profile.value);
    }
    let way = match plan {
        Some(plan) => {
            let reviewer = self::reviewer(&settings, is_there);
            let over = Arc::<AtomicBool>::default();
            let desk = Desk::new(&settings, &posture, &id, reviewer, over)?;
            Some(Arc::new(plan.open(desk)))
        }
        None => None,
    };
    let session = Session::new(SessionOptions {
        way: way.clone().map(|way| way as Arc<dyn WayOut>),
        cwd: settings.cwd.clone(),
        project_root: settings.project.root.clone(),
        trusted: settings.project.trusted,
        instructions_dir: Some(settings.dirs.config.clone()),
        posture: settings.posture,
        model,
        model_name,
        journal,
        reviewer,
        asking,
        tier,
        env: variables.pairs(),
    })?;
    let mut follower = Follower::new(exec.json, output);
    let canceller = session.canceller();
    let mut sink = |event: &AgentEvent| {
        if follower.take(event).is_err() {
            canceller.cancel();
        }
    };
    let runtime = runtime()?;
    telling.begin(&id);
    let mut told = Vec::new();
    let ending = async {
        told = way.map(|way| way.finish()).unwrap_or_default();
    };
    let result = runtime.block_on(whole_session(session, &prompt, &mut sink, ending));
    // A question that nobody will answer any more is not waited for.
    runtime.shutdown_background();
    let shown = follower.finish(&result);
    for text in told {
        output.labelled(WARNING, "note", &text);
    }
    telling.finish(output);
    shown?;
    match result? {
        TurnOutcome::Completed { last_message, .. } => {
            if let (Some(path), Some(message)) = (&exec.output_last_message, last_message) {
                write_message(path, &message)?;
            }
            Ok(exit::OK.code)
        }
        TurnOutcome::Failed { message } => Err(CommandError::new(Kind::Failed, message)),
        TurnOutcome::Interrupted => Err(CommandError::new(Kind::Interrupted, "interrupted")),
    }
}

/// One turn and the session's end, which is recorded however the turn ended.
pub async fn whole_session(
    mut session: Session,
    prompt: &str,
    sink: &mut dyn FnMut(&AgentEvent),
    ending: impl Future<Output = ()>,
) -> Result<TurnOutcome, AgentError> {
    let canceller = session.canceller();
    let turn = async {
        let result = session.run_turn(prompt, sink).await;
        (result, session)
    };
    tokio::pin!(turn);
    let mut asked_to_stop = false;
    let (result, session) = loop {
        tokio::select! {
            done = &mut turn => break done,
            // Where signals cannot be heard, they end the program as ever.
            Ok(()) = tokio::signal::ctrl_c() => {
                // Asked twice, it ends at once; the journal shows that too.
                if std::mem::replace(&mut asked_to_stop, true) {
                    return Ok(TurnOutcome::Interrupted);
                }
                canceller.cancel();
            }
        }
    };
    if let Err(AgentError::Journal(_)) = result {
        return result;
    }
    let mut journal = session.close().await?;
    // What others have to write comes before the last entry.
    ending.await;
    let outcome = match &result {
        Ok(TurnOutcome::Completed { .. }) => "completed",
        Ok(TurnOutcome::Interrupted) => "interrupted",
        Ok(TurnOutcome::Failed { .. }) | Err(_) => "failed",
    };
    journal.append(&Event::SessionEnded {
        outcome: outcome.to_owned(),
    })?;
    result
}

fn reviewer(settings: &Settings, interactive: bool) -> Box<dyn Reviewer> {
    if interactive {
        Box::new(AtTerminal {
            memory: Memory::of(settings),
        })
    } else {
        Box::new(Nobody)
    }
}

fn write_message(path: &Path, message: &str) -> Result<(), CommandError> {
    std::fs::write(path, message).map_err(|error| {
        CommandError::user(format!(
            "cannot write the message to {}: {error}",
            path.display()
        ))
    })
}

/// The task, from the command line or from standard input.
fn prompt(argument: Option<&str>) -> Result<String, CommandError> {
    let text = match argument {
        Some(text) if text != "-" => text.to_owned(),
        _ if argument.is_none() && std::io::stdin().is_terminal() => {
            return Err(CommandError::user("there is no task")
                .hint("give it as an argument, or through standard input"));
        }
        _ => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| {
                    CommandError::user(format!("cannot read the task from standard input: {error}"))
                })?;
            text
        }
    };
    if text.trim().is_empty() {
        return Err(CommandError::user("the task is empty"));
    }
    Ok(text)
}

/// Who answers: the settings' provider, or a recording.
fn model(
    exec: &Exec,
    settings: &Settings,
    variables: &Variables,
) -> Result<(Arc<dyn Model>, String), CommandError> {
    let markers = markers(variables, &settings.cwd);
    if let Some(path) = &exec.replay {
        let recorded = Recorded::open(path, &markers)?;
        let name = recorded.model().to_owned();
        return Ok((Arc::new(recorded), name));
    }
    let name = adviser::name(settings, "-m MODEL")?;
    let live = Responses::new(provider::provider(&settings.provider.value, variables)?)?;
    Ok(match &exec.record {
        Some(path) => (
            Arc::new(Recorder::create(path, live, &name, markers)?),
            name,
        ),
        None => (Arc::new(live), name),
    })
}

/// What differs between machines, so that a recording made on one can be
/// replayed on another.
fn markers(variables: &Variables, cwd: &Path) -> dam_model::Variables {
    let plain = |text: &str| {
        !text.is_empty() && !text.contains(['"', '\\']) && !text.contains(char::is_control)
    };
    let home = variables.text(variables::HOME).map(str::to_owned);
    [("cwd", cwd.to_str().map(str::to_owned)), ("home", home)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .filter(|(_, value)| plain(value))
        .collect()
}

/// One thread does it: the work is waiting.
pub fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CommandError::new(
                Kind::Internal,
                format!("cannot start the event loop: {error}"),
            )
        })
}

/// Whoever followed the events has gone: nothing more should be done for them.
struct NobodyListens;

/// What is made of the events while they come.
struct Follower<'a> {
    output: &'a mut Output,
    /// For people; none where events are printed as JSON.
    transcript: Option<Transcript>,
    /// Why events can no longer be printed.
    broken: Option<CommandError>,
}

impl<'a> Follower<'a> {
    fn new(json: bool, output: &'a mut Output) -> Self {
        Self {
            output,
            transcript: (!json).then(Transcript::default),
            broken: None,
        }
    }

    /// Shows an event. An error means that nobody listens any more.
    fn take(&mut self, event: &AgentEvent) -> Result<(), NobodyListens> {
        match &mut self.transcript {
            Some(transcript) => transcript.show(event, self.output),
            None if self.broken.is_none() => {
                let line = event.to_json();
                self.broken = line.and_then(|line| self.output.data(&line).err());
            }
            None => {}
        }
        match self.broken {
            Some(_) => Err(NobodyListens),
            None => Ok(()),
        }
    }

    fn finish(self, result: &Result<TurnOutcome, AgentError>) -> Result<(), CommandError> {
        if let Some(transcript) = self.transcript {
            let completed = matches!(result, Ok(TurnOutcome::Completed { .. }));
            transcript.finish(completed, self.output)?;
        }
        match self.broken {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
