//! One command that a person typed, from the gate through the boundary to the
//! journal: what `dam run` and `dam sandbox` share.
//!
//! No thread is started before the command is: a process with one thread puts
//! the boundary up without loading itself again.

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use dam_agent::WayOut;
use dam_config::Settings;
use dam_gate::{Answer, Asker, Gate, Nobody, Request, Reviewer, Settled};
use dam_journal::{Event, Journal, SessionId};
use dam_policy::{Action, Circumstances, Layer, Posture, ResolvedProfile};
use dam_sandbox::transaction::TransactionDirs;
use dam_sandbox::{
    Asked, Asking, Denial, Follower, Killer, Launch, LimitHit, Meanwhile, Outcome, Running,
    SandboxError, Status, Stream, Tier,
};

use crate::arguments::Grants;
use crate::error::{CommandError, Kind};
use crate::held::Held;
use crate::network::desk::Desk;
use crate::network::{self, Plan, Way};
use crate::output::Output;
use crate::reviewer::{self, Interrupting, Memory, Terminal, WhoTypedIt};
use crate::settings;
use crate::telemetry::Telling;
use crate::variables::Variables;

/// The name of the one command of such a session.
pub const COMMAND: &str = "command";

/// What a person typed, and where.
pub struct Typed {
    /// The subcommand: `run` or `sandbox`.
    pub front: &'static str,
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// What it may do.
    pub grants: Grants,
    /// Whether what it writes is held back; an empty word means anew.
    pub transaction: Option<String>,
}

/// Runs it, with the journal written before and after, and signals passed on.
pub fn run(
    typed: &Typed,
    settings: &Settings,
    variables: &Variables,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let mut telling = Telling::new(settings, variables)?;
    let result = run_telling(typed, settings, variables, &mut telling, output);
    telling.finish(output);
    result
}

fn run_telling(
    typed: &Typed,
    settings: &Settings,
    variables: &Variables,
    telling: &mut Telling,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    if typed.words.is_empty() {
        return Err(no_command(typed.front));
    }
    let mut journal = settings::journal(settings)?;
    let session = journal.session().clone();
    settings::pin(settings, output)?;
    let begun = session_started(typed.front, &settings.cwd, &settings.posture)?;
    let (settled, decision) = settle(typed, settings)?;
    if !settled.allowed {
        journal.append_together(&[begun, decision, ended("refused")])?;
        telling.begin(&session);
        return Err(refused(&settled));
    }
    let (plan, profile) = match planned(settings, variables) {
        Ok(planned) => planned,
        Err(error) => {
            journal.append_together(&[begun, decision, ended("failed")])?;
            telling.begin(&session);
            return Err(error);
        }
    };
    let tier = settings::tier(settings);
    if let Ok(tier) = &tier {
        settings::warn_of(*tier, output);
    }
    let started = command_started(typed, &settings.cwd, &profile, tier.as_ref().ok());
    let held = match &typed.transaction {
        Some(id) => Some(Held::begin(id, &session, &text(&typed.words), settings)?),
        None => None,
    };
    journal.append_together(&[begun, decision, started])?;
    if let Some(held) = &held {
        journal.append(&held.event())?;
    }
    let clock = Instant::now();
    // What is granted by an answer is real at once, which nothing is here.
    let terminal = terminal(settings).filter(|_| held.is_none());
    let asking = terminal
        .as_ref()
        .and_then(|_| settings::asking(settings, true));
    let dirs = held.as_ref().map(Held::dirs);
    let way = match plan {
        Some(plan) => Some(WayOfCommand::open(plan, settings, &session)?),
        None => None,
    };
    let result =
        tier.and_then(|tier| start(typed, settings, (profile, tier), asking, dirs, variables));
    // Not before: until here there is one thread.
    telling.begin(&session);
    let result = result.and_then(|mut running| {
        if let Some(way) = &way {
            way.serve(&mut running)?;
        }
        Ok(running)
    });
    let followed = match result {
        Ok(running) => follow(running, settings, terminal, &mut journal),
        Err(error) => Ok(Err(error)),
    };
    // Its records are written before the last one.
    if let Some(way) = &way {
        for text in way.way.finish() {
            output.note(&format!("cofferdam: {text}"));
        }
        if let Some(why) = way.way.lost() {
            return Err(CommandError::new(Kind::Journal, why));
        }
    }
    let result = followed?;
    match &result {
        Ok(outcome) => {
            let limit = outcome.limit.as_ref();
            let why = limit.map(|hit| ended_for(hit, &typed.grants, settings));
            if let Some(why) = &why {
                output.note(why);
            }
            finished(&mut journal, outcome, why, clock)?;
        }
        Err(error) => {
            if matches!(error, SandboxError::Unavailable { .. }) {
                Tier::forget(&settings.dirs.state);
            }
            let text = error.to_string();
            journal.append_together(&[Event::Error { text }, ended("failed")])?;
        }
    }
    if let Some(held) = held {
        held.tell(result.is_ok(), output)?;
    }
    Ok(result?)
}

/// What the way out needs, and the profile with what the command needs for it.
fn planned(
    settings: &Settings,
    variables: &Variables,
) -> Result<(Option<Plan>, ResolvedProfile), CommandError> {
    let mut profile = settings.posture.profile.value.clone();
    let plan = network::plan(settings, variables)?;
    if let Some(plan) = &plan {
        plan.equip(&mut profile);
    }
    Ok((plan, profile))
}

/// The way out of the one command of a session.
struct WayOfCommand {
    way: Way,
    /// Stops the command while somebody is asked; known once it runs.
    killer: Arc<OnceLock<Killer>>,
}

impl WayOfCommand {
    fn open(plan: Plan, settings: &Settings, session: &SessionId) -> Result<Self, CommandError> {
        let killer = Arc::<OnceLock<Killer>>::default();
        let over = Arc::<AtomicBool>::default();
        let terminal = Terminal::open().filter(|_| settings::person_may_answer(settings));
        let reviewer: Box<dyn Reviewer> = match terminal {
            Some(terminal) => Box::new(reviewer::Meanwhile {
                terminal,
                killer: Arc::clone(&killer),
                over: Arc::clone(&over),
                memory: Memory::of(settings),
            }),
            None => Box::new(Nobody),
        };
        let desk = Desk::new(settings, &settings.posture, session, reviewer, over)?;
        let way = plan.open(desk);
        Ok(Self { way, killer })
    }

    /// Serves what comes out of the box. Where that cannot be, what runs is
    /// dropped, and so ended.
    fn serve(&self, running: &mut Running) -> Result<(), SandboxError> {
        let killer = running.killer()?;
        self.way.desk().may_kill(killer.clone());
        let _ = self.killer.set(killer);
        match running.road() {
            Some(road) => self
                .way
                .serve(COMMAND, road)
                .map_err(|why| SandboxError::NoWay { why }),
            None => Err(SandboxError::NoWay {
                why: "the boundary has no road".to_owned(),
            }),
        }
    }
}

/// The exit code that a command's end is passed on as.
pub fn exit_code(status: Status) -> u8 {
    // The kernel keeps eight bits; a signal is at most 64.
    u8::try_from(status.code()).unwrap_or(u8::MAX)
}

/// How often the boundary refused something.
pub fn count_refused(times: u64) -> String {
    match times {
        0 => "cofferdam: nothing was refused".to_owned(),
        1 => "cofferdam: 1 act was refused".to_owned(),
        times => format!("cofferdam: {times} acts were refused"),
    }
}

/// What a person is told of a limit that was reached.
fn ended_for(hit: &LimitHit, grants: &Grants, settings: &Settings) -> String {
    let set_by = settings::limit_set_by(hit.limit, grants, settings);
    format!("cofferdam: ended: {}", hit.sentence(&set_by))
}

/// The first entry of a session's journal.
pub fn session_started(front: &str, cwd: &Path, posture: &Posture) -> Result<Event, CommandError> {
    Ok(Event::SessionStarted {
        front: front.to_owned(),
        cwd: cwd.display().to_string(),
        argv: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        posture: serde_json::to_value(posture.without_values()).map_err(CommandError::internal)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: None,
        provider: None,
    })
}

/// Writes down that a person changes what counts from here on, before it is
/// changed: a session of its own.
pub fn record_change(front: &str, settings: &Settings, change: Event) -> Result<(), CommandError> {
    let begun = session_started(front, &settings.cwd, &settings.posture)?;
    settings::journal(settings)?.append_together(&[begun, change, ended("completed")])?;
    Ok(())
}

/// That nothing was given to run.
pub fn no_command(front: &str) -> CommandError {
    CommandError::user("there is no command to run").hint(format!(
        "write it after two dashes, as in `dam {front} -- npm test`"
    ))
}

/// Asks the gate; with what it said, to be written down.
fn settle(typed: &Typed, settings: &Settings) -> Result<(Settled, Event), CommandError> {
    let mut gate =
        Gate::new(settings.posture.clone(), Box::new(WhoTypedIt)).under(Circumstances::TYPED);
    let request = Request::Typed {
        argv: text(&typed.words),
        cwd: settings.cwd.clone(),
        escalation: None,
    };
    let settled = gate.settle(&request);
    let answer = settled.answer.as_ref();
    let answer = answer.map(|_| "typed by the user".to_owned());
    let decision = decision(&gate.action(&request), &settled, answer)?;
    Ok((settled, decision))
}

/// Why the command is not run.
pub fn refused(settled: &Settled) -> CommandError {
    let kind = match settled.answer {
        Some(Answer::NobodyToAsk) => Kind::ApprovalNeeded,
        _ => Kind::Denied,
    };
    CommandError::new(kind, settled.message.clone())
}

fn command_started(
    typed: &Typed,
    cwd: &Path,
    profile: &ResolvedProfile,
    tier: Option<&Tier>,
) -> Event {
    let tier = match tier {
        Some(tier) if profile.confined => tier.to_string(),
        Some(_) => "none".to_owned(),
        None => "unavailable".to_owned(),
    };
    Event::CommandStarted {
        id: COMMAND.to_owned(),
        argv: text(&typed.words),
        cwd: cwd.display().to_string(),
        profile: profile.name.clone(),
        tier,
    }
}

fn start(
    typed: &Typed,
    settings: &Settings,
    (profile, tier): (ResolvedProfile, Tier),
    asking: Option<Asking>,
    transaction: Option<TransactionDirs>,
    variables: &Variables,
) -> Result<Running, SandboxError> {
    let launch = Launch {
        argv: typed.words.clone(),
        cwd: settings.cwd.clone(),
        env: variables.pairs(),
        profile,
        transaction,
        tier,
        stdin: Stream::Inherit,
        stdout: Stream::Inherit,
        stderr: Stream::Inherit,
        asking,
    };
    launch.spawn_forwarding()
}

/// Where somebody is asked about refusals: only if they chose a policy that
/// asks, so that a plain run never stops to wait.
fn terminal(settings: &Settings) -> Option<Terminal> {
    let chosen = settings.posture.approval_policy.origin.layer > Layer::Builtin;
    let may_answer = settings::person_may_answer(settings);
    (chosen && may_answer).then(Terminal::open).flatten()
}

/// Waits for the end, and writes down each refusal and each answer as it
/// happens. A command about which nothing can be written down any more is
/// ended.
fn follow(
    mut running: Running,
    settings: &Settings,
    terminal: Option<Terminal>,
    journal: &mut Journal,
) -> Result<Result<Outcome, SandboxError>, CommandError> {
    let mut attending = Attending {
        killer: running.killer()?,
        journal,
        gate: Gate::new(settings.posture.clone(), Box::new(Nobody)),
        terminal,
        lost: None,
    };
    let result = running.wait_following(&mut attending);
    match attending.lost {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

struct Attending<'a> {
    killer: Killer,
    journal: &'a mut Journal,
    gate: Gate,
    terminal: Option<Terminal>,
    /// Why nothing can be written down any more.
    lost: Option<CommandError>,
}

impl Attending<'_> {
    fn write_down(&mut self, event: Result<Event, CommandError>) -> bool {
        if self.lost.is_some() {
            return false;
        }
        let written = event.and_then(|event| Ok(self.journal.append(&event)?));
        if let Err(error) = written {
            self.lost = Some(error);
            self.killer.kill();
        }
        self.lost.is_none()
    }
}

impl Follower for Attending<'_> {
    fn denied(&mut self, refused: &Denial) {
        self.write_down(Ok(denied(refused)));
    }

    fn asked(&mut self, asked: &Asked, meanwhile: &mut Meanwhile<'_>) -> bool {
        let Some(terminal) = &self.terminal else {
            return false;
        };
        let mut reviewer = Interrupting {
            terminal,
            meanwhile,
        };
        let waiting = Asker {
            process: asked.denial.process.clone(),
            pid: asked.denial.pid,
            reads: asked.reads(),
        };
        let path = &asked.denial.path;
        let settled = self.gate.settle_refused_by(path, waiting, &mut reviewer);
        let action = Action::WriteFile { path: path.clone() };
        let answer = settled.answer.as_ref().map(ToString::to_string);
        let event = decision(&action, &settled, answer);
        self.write_down(event) && settled.allowed
    }
}

/// The journal's entry for what the gate said.
pub fn decision(
    action: &Action,
    settled: &Settled,
    answer: Option<String>,
) -> Result<Event, CommandError> {
    dam_agent::decision(action, settled, answer).map_err(CommandError::internal)
}

fn finished(
    journal: &mut Journal,
    outcome: &Outcome,
    why: Option<String>,
    begun: Instant,
) -> Result<(), CommandError> {
    if let Some(text) = why {
        journal.append(&Event::Notice { text })?;
    }
    if outcome.unreported > 0 {
        let text = format!("{} more refusals are not listed", outcome.unreported);
        journal.append(&Event::Notice { text })?;
    }
    journal.append_together(&[command_finished(outcome.status, begun), ended("completed")])?;
    Ok(())
}

/// The journal's entry for the end of the command.
pub fn command_finished(status: Status, begun: Instant) -> Event {
    let (exit, signal) = match status {
        Status::Exited(code) => (Some(code), None),
        Status::Signaled(signal) => (None, Some(signal)),
    };
    Event::CommandFinished {
        id: COMMAND.to_owned(),
        exit,
        signal,
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        // What it wrote did not pass through here.
        output_bytes: 0,
    }
}

fn denied(denial: &Denial) -> Event {
    Event::Denial {
        command: Some(COMMAND.to_owned()),
        what: denial.syscall.clone(),
        path: Some(denial.path.display().to_string()),
        rule: denial.rule.clone(),
        reason: denial.reason.clone(),
        pid: Some(denial.pid),
        process: Some(denial.process.clone()),
    }
}

/// The last entry of a session's journal.
pub fn ended(outcome: &str) -> Event {
    Event::SessionEnded {
        outcome: outcome.to_owned(),
    }
}

/// For judging and writing down; what runs are the words themselves.
pub fn text(words: &[OsString]) -> Vec<String> {
    words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}
