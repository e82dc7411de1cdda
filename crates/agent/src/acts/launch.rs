//! Starting a program and recording it from its start to its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use dam_gate::Asker;
use dam_journal::Event;
use dam_policy::{Action, Containment, Network, ResolvedProfile, Untrusted};
use dam_sandbox::{Asked, Denial, Outcome, SandboxError, Status};
use tokio::time::Instant;

use crate::cancel::Cancel;
use crate::error::{AgentError, Stop};
use crate::front::shown;
use crate::process::{Input, Process, Start, Waited};
use crate::session::Session;
use crate::turn::milliseconds;

/// How long a killed program may take to end.
const DEATH: Duration = Duration::from_secs(5);

/// A program to start, once it was decided that it may.
pub(super) struct Order {
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    pub env: BTreeMap<String, String>,
    pub containment: Containment,
    pub input: Input,
    /// Whether the reviewer may be asked about what it is refused.
    pub asks: bool,
}

/// A program that was started, and what the journal calls it.
pub(crate) struct Started {
    pub id: String,
    pub process: Process,
    /// What the boundary refused it so far.
    pub denials: Vec<Denial>,
}

/// How a program ended.
pub(super) struct End {
    /// Its exit code; 128 and the number for a signal.
    pub code: Option<i32>,
    /// In words.
    pub said: String,
    /// How many refusals could not be reported.
    pub unreported: u64,
}

impl Session {
    /// Records and starts a program. The inner error is for the model: there
    /// is no such program, for one.
    pub(super) async fn launch(&mut self, order: Order) -> Result<Result<Started, String>, Stop> {
        let id = self.command_id();
        let profile = self.profile(order.containment);
        let tier = if profile.confined {
            self.tier.to_string()
        } else {
            "none".to_owned()
        };
        self.journal.append(&Event::CommandStarted {
            id: id.clone(),
            argv: order.argv.clone(),
            cwd: order.cwd.to_string_lossy().into_owned(),
            profile: profile.name.clone(),
            tier,
        })?;
        let start = Start {
            argv: order.argv,
            cwd: order.cwd,
            env: order.env,
            profile,
            input: order.input,
            tier: self.tier,
            way: self.way.clone(),
            id: id.clone(),
            asking: order.asks.then(|| self.asking.clone()).flatten(),
        };
        if let Some(way) = &self.way {
            let flow = self.with_gate(|gate| gate.circumstances().flow.clone());
            way.has_seen(&flow.await?);
        }
        let begun = std::time::Instant::now();
        let started = tokio::task::spawn_blocking(move || Process::start(start))
            .await
            .map_err(|_| AgentError::Broken("starting a command"))?;
        match started {
            Ok(process) => Ok(Ok(Started {
                id,
                process,
                denials: Vec::new(),
            })),
            Err(error) => {
                self.journal.append(&Event::CommandFinished {
                    id,
                    exit: shells_code(&error),
                    signal: None,
                    duration_ms: milliseconds(begun),
                    output_bytes: 0,
                })?;
                not_started(error)
            }
        }
    }

    /// What holds a program with this containment.
    fn profile(&self, containment: Containment) -> ResolvedProfile {
        let profile = self.posture.profile.value.clone();
        match containment {
            Containment::Boxed => profile,
            Containment::Open => ResolvedProfile {
                name: ":danger-full-access".to_owned(),
                network: Network::Host,
                confined: false,
                ..profile
            },
        }
    }

    /// Waits for a program, recording what the boundary refuses it meanwhile,
    /// and having asked what may be asked about. The time that a question
    /// takes does not count.
    pub(super) async fn watch(
        &mut self,
        started: &mut Started,
        mut deadline: Instant,
        cancel: &Cancel,
    ) -> Result<Waited, Stop> {
        loop {
            let waited = started.process.wait(deadline, cancel).await;
            for waiting in started.process.take_questions() {
                let begun = Instant::now();
                if self.settle_refused(&waiting.asked).await? {
                    waiting.grant();
                }
                deadline += begun.elapsed();
            }
            for denial in started.process.take_denials() {
                self.journal.append(&Event::Denial {
                    command: Some(started.id.clone()),
                    what: denial.syscall.clone(),
                    path: Some(denial.path.to_string_lossy().into_owned()),
                    rule: denial.rule.clone(),
                    reason: denial.reason.clone(),
                    pid: Some(denial.pid),
                    process: Some(denial.process.clone()),
                })?;
                started.denials.push(denial);
            }
            self.hear_of_the_way().await?;
            if waited != Waited::Denied {
                return Ok(waited);
            }
        }
    }

    /// What came in over the network is text of strangers, whichever program
    /// took it in.
    async fn hear_of_the_way(&mut self) -> Result<(), Stop> {
        let Some(way) = self.way.clone() else {
            return Ok(());
        };
        if let Some(why) = way.lost() {
            return Err(AgentError::Boundary(SandboxError::NoWay { why }).into());
        }
        let Some(host) = way.taken_in() else {
            return Ok(());
        };
        let taken = self.with_gate(move |gate| gate.took_in(Untrusted::Network, &host));
        if let Some(mark) = taken.await? {
            self.journal.append(&Event::FlowMarked {
                mark: mark.mark.to_owned(),
                what: mark.what,
            })?;
        }
        Ok(())
    }

    /// Has the reviewer asked about something that the boundary would refuse,
    /// and records the answer.
    async fn settle_refused(&mut self, asked: &Asked) -> Result<bool, Stop> {
        let path = asked.denial.path.clone();
        let action = Action::WriteFile { path: path.clone() };
        let waiting = Asker {
            process: shown(&asked.denial.process),
            pid: asked.denial.pid,
            reads: asked.reads(),
        };
        let settled = self
            .with_gate(move |gate| gate.settle_refused(&path, waiting))
            .await?;
        self.record(&action, &settled)?;
        Ok(settled.allowed)
    }

    /// Kills a program and waits until it is gone.
    pub(super) async fn kill(&mut self, started: &mut Started) -> Result<(), Stop> {
        started.process.kill();
        let deadline = Instant::now() + DEATH;
        self.watch(started, deadline, &Cancel::new())
            .await
            .map(drop)
    }

    /// Records the end of a program.
    pub(super) fn conclude(&mut self, started: &Started) -> Result<End, Stop> {
        let ended = started.process.take_end();
        let status = match &ended {
            Some(Ok(Outcome { status, .. })) => Some(*status),
            Some(Err(_)) | None => None,
        };
        self.journal.append(&Event::CommandFinished {
            id: started.id.clone(),
            exit: match status {
                Some(Status::Exited(code)) => Some(code),
                _ => None,
            },
            signal: match status {
                Some(Status::Signaled(signal)) => Some(signal),
                _ => None,
            },
            duration_ms: milliseconds(started.process.started.into_std()),
            output_bytes: started.process.all_output().1,
        })?;
        let unreported = match &ended {
            Some(Ok(outcome)) => outcome.unreported,
            _ => 0,
        };
        let limit = match &ended {
            Some(Ok(outcome)) => outcome.limit,
            _ => None,
        };
        let said = match (status, ended) {
            _ if let Some(hit) = limit => {
                let text = format!("ended: {hit}");
                self.journal.append(&Event::Notice { text: text.clone() })?;
                text
            }
            (Some(Status::Exited(code)), _) => format!("exit code {code}"),
            (Some(Status::Signaled(signal)), _) => format!("ended by signal {signal}"),
            (None, Some(Err(error))) => {
                let text = shown(&error.to_string());
                self.journal.append(&Event::Error { text: text.clone() })?;
                text
            }
            (None, _) => "killed, and its end was not awaited".to_owned(),
        };
        Ok(End {
            code: status.map(Status::code),
            said,
            unreported,
        })
    }
}

/// A boundary that cannot be had ends the session; what is wrong with the
/// command itself is for the model to know.
fn not_started(error: SandboxError) -> Result<Result<Started, String>, Stop> {
    match error {
        SandboxError::NoCommand
        | SandboxError::NotFound(_)
        | SandboxError::NotExecutable { .. }
        | SandboxError::StreamIsDirectory(_)
        | SandboxError::StreamLeadsOut(_)
        | SandboxError::Directory { .. } => Ok(Err(shown(&error.to_string()))),
        SandboxError::Unavailable { .. }
        | SandboxError::NotHeldBack
        | SandboxError::Policy(_)
        | SandboxError::NoTier { .. }
        | SandboxError::Leaks { .. }
        | SandboxError::Lacks { .. }
        | SandboxError::NoProxy { .. }
        | SandboxError::NoWay { .. }
        | SandboxError::Lost
        | SandboxError::System { .. } => Err(AgentError::Boundary(error).into()),
    }
}

/// The exit code that shells give for it.
const fn shells_code(error: &SandboxError) -> Option<i32> {
    match error {
        SandboxError::NotFound(_) => Some(127),
        SandboxError::NotExecutable { .. } => Some(126),
        _ => None,
    }
}
