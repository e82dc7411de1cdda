//! The desk of the way out: the one evaluator judges, a person is asked, and
//! the journal is written before anything goes out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use dam_config::Settings;
use dam_egress::{NetworkEvent, Protocol, Refusal, Ruling, SecretUse, Wish};
use dam_gate::{Answer, Asker, Gate, Nobody, Request, Reviewer};
use dam_journal::{Event, Journal, SessionId};
use dam_policy::{
    Containment, Decision, FlowState, Network, Origin, Posture, Rule, Source, Verdict,
};
use dam_sandbox::Killer;

use super::hosts::Hosts;
use super::{Mark, answers, lock};
use crate::error::CommandError;
use crate::settings;

/// How many answers are remembered of a session.
const MOST_ANSWERS: usize = 10_000;

/// Who decides, asks and records for the way out of one session.
pub struct Desk {
    posture: Posture,
    /// Judges; never held while somebody is asked.
    judging: Mutex<Gate>,
    /// Asks, and remembers the answers of the session.
    asking: Mutex<(Gate, Box<dyn Reviewer>)>,
    answers: Mutex<HashMap<Asked, Said>>,
    journal: Mutex<Journal>,
    hosts: Mutex<Hosts>,
    commands: Mutex<Vec<String>>,
    /// What is ended when nothing can be written down any more.
    killers: Mutex<Vec<Killer>>,
    lost: Mutex<Option<String>>,
    taken_in: Mutex<TakenIn>,
    over: Arc<AtomicBool>,
    state: PathBuf,
    session: SessionId,
}

/// What was asked: a host at a port; with a process, where the answer is for
/// that one only.
type Asked = (String, u16, Option<u32>);

#[derive(Clone)]
struct Said {
    yes: bool,
    /// For the journal.
    answer: String,
    /// For whoever is refused.
    refusal: Option<Refusal>,
    /// Whether it is an answer to the same question again.
    lasts: bool,
}

#[derive(Default)]
struct TakenIn {
    told: bool,
    host: Option<String>,
}

impl Desk {
    /// A desk that writes to the journal of a session that was begun.
    pub fn new(
        settings: &Settings,
        posture: &Posture,
        session: &SessionId,
        reviewer: Box<dyn Reviewer>,
        over: Arc<AtomicBool>,
    ) -> Result<Self, CommandError> {
        let dir = &settings.dirs.journal;
        let mut journal = Journal::join(dir, session, &settings::record(settings))?;
        let value =
            serde_json::to_value(posture.without_values()).map_err(CommandError::internal)?;
        journal.decide_under(&value)?;
        let project = settings.project.top(&settings.cwd);
        Ok(Self {
            posture: posture.clone(),
            judging: Mutex::new(Gate::new(posture.clone(), Box::new(Nobody))),
            asking: Mutex::new((Gate::new(posture.clone(), Box::new(Nobody)), reviewer)),
            answers: Mutex::default(),
            journal: Mutex::new(journal),
            hosts: Mutex::new(Hosts::read(&settings.dirs.state, Path::new(&project))),
            commands: Mutex::default(),
            killers: Mutex::default(),
            lost: Mutex::default(),
            taken_in: Mutex::default(),
            over,
            state: settings.dirs.state.clone(),
            session: session.clone(),
        })
    }

    /// The number of a command, for [`mark`].
    pub fn command(&self, id: &str) -> u32 {
        let mut commands = lock(&self.commands);
        commands.push(id.to_owned());
        u32::try_from(commands.len() - 1).unwrap_or(u32::MAX)
    }

    /// Ends this command, too, when the journal is lost.
    pub fn may_kill(&self, killer: Killer) {
        lock(&self.killers).push(killer);
    }

    /// Why nothing can be written down any more.
    pub fn lost(&self) -> Option<String> {
        lock(&self.lost).clone()
    }

    /// Nobody is asked any more.
    pub fn close(&self) {
        self.over.store(true, Ordering::Release);
        answers::forget(&self.state, &self.session);
    }

    /// What the session has seen.
    pub fn has_seen(&self, flow: &FlowState) {
        lock(&self.judging).has_seen(flow);
        if let Ok(mut asking) = self.asking.try_lock() {
            asking.0.has_seen(flow);
        }
    }

    /// The first host that something was taken in from, once.
    pub fn taken_in(&self) -> Option<String> {
        let mut taken = lock(&self.taken_in);
        if taken.told {
            return None;
        }
        taken.told = taken.host.is_some();
        taken.host.clone()
    }

    fn said(&self, wish: &Wish) -> Option<Said> {
        let answers = lock(&self.answers);
        let pid = wish.caller.as_ref().map(|caller| caller.pid);
        let keys = [None, pid.map(Some).unwrap_or_default()];
        keys.into_iter()
            .find_map(|pid| answers.get(&(wish.host.clone(), wish.port, pid)).cloned())
    }

    /// What the answer is for: everything, or this process.
    fn keep(&self, wish: &Wish, answer: &Answer, said: Said) {
        let pid = match answer {
            Answer::Once | Answer::Approved(_) => wish.caller.as_ref().map(|caller| caller.pid),
            _ => None,
        };
        let mut answers = lock(&self.answers);
        if answers.len() < MOST_ANSWERS {
            answers.insert((wish.host.clone(), wish.port, pid), said);
        }
    }

    fn looks_into(&self, wish: &Wish) -> bool {
        let Network::Proxy(rules) = &self.posture.profile.value.network else {
            return true;
        };
        wish.method.is_none()
            && wish.protocol != Protocol::Dns
            && rules.looks_into(&wish.host, wish.port)
    }

    fn yes(&self, wish: &Wish) -> Ruling {
        if self.looks_into(wish) {
            Ruling::Look
        } else {
            Ruling::Allowed
        }
    }

    /// The event for the journal, with the verdict that was behind it.
    fn decided(
        &self,
        id: u64,
        wish: &Wish,
        refusal: Option<&Refusal>,
    ) -> serde_json::Result<Event> {
        let verdict = lock(&self.judging).judge(&request(wish));
        let verdict = match refusal {
            Some(refusal) if refusal.code != verdict.rule.as_str() => of_the_way(refusal),
            _ => verdict,
        };
        let answer = self
            .said(wish)
            .filter(|_| verdict.decision == Decision::Ask);
        let source = match &answer {
            Some(said) if said.answer != Answer::NobodyToAsk.to_string() => Source::User,
            _ => verdict.source,
        };
        let source = serde_json::to_value(source).and_then(serde_json::from_value);
        let reaches = refusal.is_none() && wish.protocol != Protocol::Dns;
        Ok(Event::NetworkDecision {
            id: Some(id),
            new_host: reaches && lock(&self.hosts).is_new(&wish.host),
            command: self.command_of(wish),
            host: wish.host.clone(),
            port: wish.port,
            protocol: wish.protocol.to_string(),
            method: wish.method.clone(),
            path: wish.path.clone(),
            verdict: serde_json::to_value(&verdict)?,
            answer: answer.map(|said| said.answer),
            allowed: refusal.is_none(),
            source: source?,
            posture: None,
            pid: wish
                .caller
                .as_ref()
                .and_then(|caller| i32::try_from(caller.pid).ok()),
            process: wish.caller.as_ref().map(|caller| caller.command.clone()),
        })
    }

    fn command_of(&self, wish: &Wish) -> Option<String> {
        let number = wish
            .caller
            .as_ref()
            .and_then(|caller| marked(caller.source))?;
        let number = usize::try_from(number).ok()?;
        lock(&self.commands).get(number).cloned()
    }

    fn write(&self, event: NetworkEvent) -> Result<(), String> {
        let event = match event {
            NetworkEvent::Decided {
                id, wish, refusal, ..
            } => {
                if refusal.is_none() && wish.protocol != Protocol::Dns {
                    lock(&self.taken_in)
                        .host
                        .get_or_insert_with(|| wish.host.clone());
                }
                self.decided(id, &wish, refusal.as_ref())
                    .map_err(|error| error.to_string())?
            }
            NetworkEvent::Ended {
                id,
                wish,
                address,
                bytes_out,
                bytes_in,
                duration,
                failure,
            } => Event::NetworkFinished {
                id,
                host: wish.host,
                port: wish.port,
                address: address.map(|address| address.to_string()),
                bytes_out,
                bytes_in,
                duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
                error: failure.map(|refusal| refusal.code),
            },
            NetworkEvent::Secret { name, what, host } => Event::SecretUsed {
                name,
                what: what_became(what).to_owned(),
                host,
            },
        };
        let written = lock(&self.journal).append(&event);
        written.map(drop).map_err(|error| error.to_string())
    }
}

impl dam_egress::Desk for Desk {
    fn judge(&self, wish: &Wish) -> Ruling {
        let verdict = lock(&self.judging).judge(&request(wish));
        match verdict.decision {
            Decision::Allow => self.yes(wish),
            Decision::Deny => Ruling::Denied(refusal(&verdict, verdict.hint.clone())),
            Decision::Ask => match self.said(wish) {
                Some(Said { yes: true, .. }) => self.yes(wish),
                Some(Said {
                    refusal: Some(refusal),
                    lasts: true,
                    ..
                }) => Ruling::Denied(refusal),
                _ => Ruling::Ask,
            },
        }
    }

    fn ask(&self, wish: &Wish) -> Ruling {
        if answers::has(&self.state, &self.session, &wish.host, wish.port) {
            let said = Said {
                yes: true,
                answer: "session: `dam net allow`".to_owned(),
                refusal: None,
                lasts: true,
            };
            self.keep(wish, &Answer::Session, said);
            return self.judge(wish);
        }
        let caller = wish.caller.as_ref();
        let asker = Asker {
            process: caller.map_or_else(|| "a process".to_owned(), |caller| caller.command.clone()),
            pid: caller.map_or(0, |caller| i32::try_from(caller.pid).unwrap_or_default()),
            reads: false,
        };
        let settled = {
            let mut asking = lock(&self.asking);
            let (gate, reviewer) = &mut *asking;
            gate.settle_reach(&request(wish), asker, &mut **reviewer)
        };
        let Some(answer) = &settled.answer else {
            // It was no question any more.
            return self.judge(wish);
        };
        let refused = (!settled.allowed).then(|| {
            let hint = match answer {
                Answer::NobodyToAsk => Some(how_to_allow(wish)),
                _ => Some("the user was asked and said no: do it another way".to_owned()),
            };
            refusal(&settled.verdict, hint)
        });
        let said = Said {
            yes: settled.allowed,
            answer: answer.to_string(),
            refusal: refused.clone(),
            lasts: *answer != Answer::NobodyToAsk,
        };
        self.keep(wish, answer, said);
        match refused {
            None => self.yes(wish),
            Some(refusal) => Ruling::Denied(refusal),
        }
    }

    fn record(&self, event: NetworkEvent) -> Result<(), String> {
        self.write(event).inspect_err(|text| {
            lock(&self.lost).get_or_insert_with(|| text.clone());
            lock(&self.killers).iter().for_each(Killer::kill);
        })
    }
}

/// Marks a connection of a command, in the place of an address that means
/// nothing outside.
pub fn mark(command: u32, connection: u64) -> Mark {
    let bits = (u128::from(command) << 64) | u128::from(connection);
    SocketAddr::new(Ipv6Addr::from_bits(bits).into(), 0)
}

fn marked(address: Mark) -> Option<u32> {
    match address.ip() {
        IpAddr::V6(ip) => u32::try_from(ip.to_bits() >> 64).ok(),
        IpAddr::V4(_) => None,
    }
}

/// The wish as the gate knows it.
fn request(wish: &Wish) -> Request {
    let protocol = match wish.protocol {
        Protocol::Http => Some(dam_policy::Protocol::Http),
        Protocol::Https | Protocol::Connect => Some(dam_policy::Protocol::Https),
        Protocol::Socks5 | Protocol::Tcp => Some(dam_policy::Protocol::Socks5Tcp),
        Protocol::Dns => None,
    };
    Request::Reach {
        host: wish.host.clone(),
        port: wish.port,
        protocol,
        method: wish.method.clone(),
        path: wish.path.clone(),
        opaque: wish.protocol == Protocol::Tcp,
    }
}

fn refusal(verdict: &Verdict, hint: Option<String>) -> Refusal {
    Refusal {
        code: verdict.rule.as_str().to_owned(),
        reason: verdict.reason.clone(),
        hint,
    }
}

fn how_to_allow(wish: &Wish) -> String {
    let host = if wish.port == 443 {
        wish.host.clone()
    } else {
        format!("{}:{}", wish.host, wish.port)
    };
    format!("nobody was there to ask; a person can say `dam net allow {host} --for project`")
}

/// What the way refuses by itself, as a verdict.
fn of_the_way(refusal: &Refusal) -> Verdict {
    Verdict {
        decision: Decision::Deny,
        containment: Containment::Boxed,
        reason: refusal.reason.clone(),
        rule: Rule::read(format!("egress.{}", refusal.code)),
        origin: Origin::BUILTIN,
        source: Source::BuiltIn,
        hint: refusal.hint.clone(),
    }
}

const fn what_became(what: SecretUse) -> &'static str {
    match what {
        SecretUse::Inserted => "inserted",
        SecretUse::Misdirected => "misdirected",
        SecretUse::Masked => "masked",
        SecretUse::Unused => "unused",
    }
}
