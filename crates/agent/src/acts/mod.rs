//! What the agent does when the model asks for it. Each act goes the same way:
//! the gate decides, the journal knows, the boundary holds, the model is told.

mod command;
mod edit;
mod launch;
mod plan;
mod report;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use dam_gate::{Gate, Request, Settled};
use dam_policy::Action;

use crate::decision::{decision, marks};
use crate::error::{AgentError, Stop};
use crate::events::Decided;
use crate::front::{Front, shown};
use crate::session::Session;
use crate::tools::{Call, CallError};

pub(crate) use command::{Opened, shell_path};

impl Session {
    /// Does what a call asks for and gives the answer for the model.
    pub(crate) async fn act(
        &mut self,
        call: Result<Call, CallError>,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        match call {
            Ok(Call::Exec(call)) => self.exec_command(call, front).await,
            Ok(Call::Shell(call)) => self.shell(call, front).await,
            Ok(Call::Stdin(call)) => self.write_stdin(call, front).await,
            Ok(Call::Patch(patch)) => {
                let base = self.cwd.clone();
                self.apply_patch(&patch, &base, front).await
            }
            Ok(Call::Plan(call)) => Ok(self.update_plan(&call, front)),
            Err(error) => Ok(format!("Error: {}", shown(&error.to_string()))),
        }
    }

    /// Has an action judged, asks if need be, and records the decision. When
    /// this returns, the action may go ahead if it is allowed.
    async fn settle(&mut self, request: Request) -> Result<Settled, Stop> {
        let action = request.action(self.posture.profile.value.home.as_deref());
        let settled = self.with_gate(move |gate| gate.settle(&request)).await?;
        self.record(&action, &settled)?;
        Ok(settled)
    }

    /// Does something with the gate that may wait for a person.
    async fn with_gate<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Gate) -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let gate = Arc::clone(&self.gate);
        tokio::task::spawn_blocking(move || {
            work(&mut gate.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .map_err(broken)
    }

    /// Writes a decision down, with what led to it and what follows from it.
    fn record(&mut self, action: &Action, settled: &Settled) -> Result<(), Stop> {
        for event in self.reviews.take_events() {
            self.journal.append(&event)?;
        }
        let answer = settled.answer.as_ref().map(ToString::to_string);
        let mut events = vec![decision(action, settled, answer).map_err(broken)?];
        events.extend(marks(settled));
        self.journal.append_together(&events)?;
        if self.reviews.take_trip() {
            return Err(Stop::Refused);
        }
        Ok(())
    }

    /// The directory that a call names, or why it cannot be.
    fn directory(&self, named: Option<&str>) -> Result<PathBuf, String> {
        let Some(named) = named.filter(|named| !named.is_empty()) else {
            return Ok(self.cwd.clone());
        };
        directory_from(&self.cwd, named)
    }
}

fn directory_from(base: &Path, named: &str) -> Result<PathBuf, String> {
    let problem = match base.join(named).canonicalize() {
        Ok(found) if found.is_dir() => return Ok(found),
        Ok(_) => "it is not a directory".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "Error: cannot work in `{}`: {problem}",
        shown(named)
    ))
}

fn broken<E>(_: E) -> Stop {
    Stop::Agent(AgentError::Broken("the gate"))
}

fn decided(settled: &Settled) -> Decided {
    let containment = match settled.containment {
        dam_policy::Containment::Boxed => "boxed",
        dam_policy::Containment::Open => "open",
    };
    Decided {
        allowed: settled.allowed,
        verdict: settled.verdict.decision.to_string(),
        rule: settled.verdict.rule.to_string(),
        reason: shown(&settled.verdict.reason),
        containment: containment.to_owned(),
    }
}

fn refused(settled: &Settled) -> String {
    format!("Not done: {}", shown(&settled.message))
}
