//! `dam guard`: answers the hooks of other vendors' agents.
//!
//! Both vendors go ahead after most failures of a hook: what ends with any
//! code but 2, says nothing, or comes too late. So whatever fails here ends
//! with 2 and a sentence.

use std::io::{Read, stdin};
use std::process::exit;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use dam_config::{Options, Settings};
use dam_gate::{Gate, Nobody, Reviewer};
use dam_guard::{Agent, Call, Judged, LeftToAgent, Memory, Remembered, answer, judge};
use dam_journal::{Event, Journal, SessionId};
use dam_policy::{Circumstances, Decision, FlowState};

use crate::arguments::{Approvals, Grants};
use crate::boxed;
use crate::error::{CommandError, Kind};
use crate::exit as codes;
use crate::output::Output;
use crate::settings;
use crate::variables::{CLAUDE_PROJECT_DIR, Variables};

/// What no call of a tool comes near.
const MOST_INPUT: u64 = 16 * 1024 * 1024;
/// As long as an answer may take: less than any vendor waits.
const PATIENCE: Duration = Duration::from_secs(20);
/// As many entries as the journal writes in one step.
const TOGETHER: usize = 3;

/// `dam guard`.
#[derive(Debug, Subcommand)]
pub enum Guard {
    /// Judge the call of a tool that a hook is given on standard input
    ///
    /// Prints the answer as the agent's vendor documents it. A call is judged
    /// as `dam policy check --open` judges it, because nothing of ours holds
    /// that agent, and it is written down in a journal of that agent's session.
    #[command(after_help = "\
Examples:
  dam guard hook --agent claude-code < call.json
  dam guard hook --agent codex -s read-only < call.json

In ~/.claude/settings.json, for every tool:
  {\"hooks\": {\"PreToolUse\": [{\"matcher\": \"*\", \"hooks\": [{\"type\": \"command\",
    \"command\": \"dam guard hook --agent claude-code\", \"onFailure\": \"block\"}]}]}}

In ~/.codex/config.toml, to be trusted there with /hooks:
  [[hooks.PreToolUse]]
  hooks = [{ type = \"command\", command = \"dam guard hook --agent codex\" }]

Exits with 0, or with 2 and a sentence where a call cannot be judged: both
agents take that for a no.")]
    Hook(Box<Hook>),
}

/// `dam guard hook`.
#[derive(Args, Debug)]
pub struct Hook {
    /// Whose hook it is: claude-code or codex
    #[arg(long, value_name = "AGENT")]
    agent: Agent,
    /// Say `allow` of what is allowed, so that the agent does not ask about it
    /// either; without, it goes on as if there were no hook
    #[arg(long)]
    approve: bool,
    /// What it would be allowed.
    #[command(flatten)]
    grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    approvals: Approvals,
}

/// Answers a hook. Returns the exit code.
pub fn run(guard: &Guard, variables: &Variables, output: &mut Output) -> u8 {
    let Guard::Hook(hook) = guard;
    never_silent();
    let answered = hook.run(variables, output);
    let code = answered.unwrap_or_else(|error| {
        output.error(&error);
        codes::USAGE
    });
    code.code
}

/// A crash, and an answer that would come too late, are a no as well.
fn never_silent() {
    std::panic::set_hook(Box::new(|panic| {
        crate::output::last_words(&format!("error: the guard failed: {panic}"));
        exit(codes::USAGE.code.into());
    }));
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        crate::output::last_words("error: the guard took too long");
        exit(codes::USAGE.code.into());
    });
}

impl Hook {
    fn run(&self, variables: &Variables, output: &mut Output) -> Result<codes::Exit, CommandError> {
        let begun = Instant::now();
        let options = self.options(variables)?;
        let call =
            Call::read(self.agent, &input()?, &options.cd).map_err(|error| unreadable(&error))?;
        match &call.event {
            dam_guard::Event::PreToolUse => {}
            dam_guard::Event::SessionEnd => {
                self.end(&call, &options, variables)?;
                return Ok(codes::OK);
            }
            dam_guard::Event::Other(event) => {
                // Nothing is at stake there: a no would stop what need not be.
                let event = dam_journal::clean(event);
                output.note(&format!(
                    "`dam guard hook` answers PreToolUse, and was run for {event}"
                ));
                return Ok(codes::FAILED);
            }
        }
        if call.requests.is_empty() {
            return Ok(codes::OK);
        }
        let mut settings = settings::load(&options, variables, true)?;
        settings::limit(&mut settings, &self.grants)?;
        let judged = self.judged(&call, &settings, begun)?;
        if let Some(answer) = answer(self.agent, &judged, self.approve) {
            output.data(&answer)?;
        }
        output.flush()?;
        Ok(codes::OK)
    }

    /// What the command line asks for. An agent's project is where it was
    /// started, wherever its commands have led it since.
    fn options(&self, variables: &Variables) -> Result<Options, CommandError> {
        let mut options = settings::options(&self.grants, &self.approvals)?;
        let started = match self.agent {
            Agent::ClaudeCode => variables.directory(CLAUDE_PROJECT_DIR),
            Agent::Codex => None,
        };
        if let (None, Some(started)) = (&self.grants.cd, started) {
            options.cd = started;
        }
        Ok(options)
    }

    /// Judges the call and writes it down, before anything is answered.
    fn judged(
        &self,
        call: &Call,
        settings: &Settings,
        begun: Instant,
    ) -> Result<Judged, CommandError> {
        let memory = Memory::open(&settings.dirs.state, self.agent, &call.session)
            .map_err(CommandError::internal)?;
        let remembered = memory.read().map_err(CommandError::internal)?;
        let flow = remembered.as_ref().map(|known| known.flow.clone());
        let mut gate = self.gate(settings, flow.unwrap_or_default());
        let judged = judge(&mut gate, self.agent, call);
        let (mut journal, first) = self.journal(remembered.as_ref(), settings)?;
        if first.is_none() {
            let posture = serde_json::to_value(settings.posture.without_values());
            journal.decide_under(&posture.map_err(CommandError::internal)?)?;
        }
        let mut events: Vec<Event> = first.into_iter().collect();
        events.extend(self.events(call, &judged, begun)?);
        for some in events.chunks(TOGETHER) {
            journal.append_together(some)?;
        }
        let now = Remembered {
            flow: gate.circumstances().flow.clone(),
            ..Remembered::new(journal.session())
        };
        if remembered.as_ref() != Some(&now) {
            memory.write(&now).map_err(CommandError::internal)?;
        }
        Ok(judged)
    }

    fn gate(&self, settings: &Settings, flow: FlowState) -> Gate {
        let asks = self.agent.can_ask() && settings::person_may_answer(settings);
        let reviewer: Box<dyn Reviewer> = if asks {
            Box::new(LeftToAgent)
        } else {
            Box::new(Nobody)
        };
        let gate = Gate::new(settings.posture.clone(), reviewer).under(Circumstances {
            flow,
            ..Circumstances::OPEN
        });
        if settings.project.trusted {
            gate
        } else {
            gate.in_untrusted(settings.project.top(&settings.cwd).to_owned())
        }
    }

    /// The journal of the agent's session; of a new one with its first entry.
    fn journal(
        &self,
        remembered: Option<&Remembered>,
        settings: &Settings,
    ) -> Result<(Journal, Option<Event>), CommandError> {
        let known = remembered.and_then(|known| known.session.parse::<SessionId>().ok());
        let dir = &settings.dirs.journal;
        // What was removed, or has ended, is not gone on with.
        let joined = known.map(|known| Journal::join(dir, &known, &settings::record(settings)));
        if let Some(Ok(journal)) = joined {
            return Ok((journal, None));
        }
        let begun = boxed::session_started(self.agent.name(), &settings.cwd, &settings.posture)?;
        Ok((settings::journal(settings)?, Some(begun)))
    }

    /// What is written down of a call: the run of the hook with what it
    /// decided in between.
    fn events(
        &self,
        call: &Call,
        judged: &Judged,
        begun: Instant,
    ) -> Result<Vec<Event>, CommandError> {
        let id = call.id.clone().unwrap_or_else(|| call.tool.clone());
        let mut events = vec![Event::HookStarted {
            id: id.clone(),
            event: "pre_tool_use".to_owned(),
            argv: vec![self.agent.name().to_owned(), call.tool.clone()],
            file: None,
        }];
        for (action, settled) in &judged.settled {
            let left =
                settled.verdict.decision == Decision::Ask && judged.decision != Decision::Deny;
            let answer = match &settled.answer {
                Some(_) if left => Some(format!("left to {}", self.agent.title())),
                Some(dam_gate::Answer::NobodyToAsk) => Some("nobody to ask".to_owned()),
                _ => None,
            };
            let mut decided = boxed::decision(action, settled, answer)?;
            if let Event::Decision { call: named, .. } = &mut decided {
                named.clone_from(&call.id);
            }
            events.push(decided);
            events.extend(settled.marks.iter().map(dam_agent::flow_marked));
        }
        events.push(Event::HookFinished {
            id,
            outcome: match judged.decision {
                Decision::Allow => "allowed",
                Decision::Ask => "asked",
                Decision::Deny => "blocked",
            }
            .to_owned(),
            said: (!judged.message.is_empty()).then(|| judged.message.clone()),
            exit: Some(0),
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        Ok(events)
    }

    /// Ends the journal of a session that is over.
    fn end(
        &self,
        call: &Call,
        options: &Options,
        variables: &Variables,
    ) -> Result<(), CommandError> {
        let settings = settings::load(options, variables, true)?;
        let memory = Memory::open(&settings.dirs.state, self.agent, &call.session)
            .map_err(CommandError::internal)?;
        if let Some(known) = memory.read().map_err(CommandError::internal)? {
            let (mut journal, first) = self.journal(Some(&known), &settings)?;
            let events: Vec<Event> = first
                .into_iter()
                .chain([boxed::ended("completed")])
                .collect();
            journal.append_together(&events)?;
        }
        memory.forget().map_err(CommandError::internal)
    }
}

/// All of standard input, if that is no more than a call may be.
fn input() -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    let read = stdin().lock().take(MOST_INPUT + 1).read_to_end(&mut text);
    read.map_err(|error| {
        CommandError::new(
            Kind::Internal,
            format!("cannot read what the hook was given: {error}"),
        )
    })?;
    if text.len() as u64 > MOST_INPUT {
        return Err(CommandError::user("what the hook was given is too long"));
    }
    Ok(text)
}

fn unreadable(error: &dam_guard::BadCall) -> CommandError {
    CommandError::user(dam_journal::clean(&error.to_string()))
        .hint("`--agent` names whose hook it is; this version may not know the agent's")
}
