//! The way out of the boundary: from settings to a proxy that runs, and from
//! what arrives on a road to the proxy.
//!
//! What can fail is done before the command is started. The proxy itself comes
//! after it: until there is a boundary, there is one thread.

pub mod answers;
mod bundle;
pub mod desk;
mod hosts;
mod secrets;
mod variables;

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use dam_agent::WayOut;
use dam_config::Settings;
use dam_egress::{Authority, Caller, Egress, EgressError, Limits, Resolver, Totals, UpstreamProxy};
use dam_policy::{FlowState, Network, NetworkLimits, NetworkRules, ResolvedProfile};
use dam_sandbox::{Arrival, PROXY_ADDRESS, Road};

use crate::error::{CommandError, Kind};
use crate::variables::{HTTP_PROXY, HTTPS_PROXY, SSL_CERT_FILE, Variable, Variables};
use bundle::Bundle;
use desk::Desk;
use secrets::Carried;

/// Everything that the way needs, looked up: what is missing stops the start.
pub struct Plan {
    way: dam_egress::Way,
    carried: Vec<Carried>,
    bundle: Option<Bundle>,
    socks5: bool,
}

/// The plan for a session, if its profile has a network.
pub fn plan(settings: &Settings, variables: &Variables) -> Result<Option<Plan>, CommandError> {
    let profile = &settings.posture.profile.value;
    let Network::Proxy(rules) = &profile.network else {
        return Ok(None);
    };
    let mut way = dam_egress::Way::new((**rules).clone());
    way.proxy = PROXY_ADDRESS.into();
    way.socks5 = rules.socks5;
    way.resolver = Resolver::system()?;
    way.limits = limits(&rules.limits);
    if rules.upstream_proxy {
        way.upstream = upstream(variables)?;
    }
    let trusted = variables.directory(SSL_CERT_FILE);
    let trusted = trusted.map(|path| {
        fs::read(&path).map_err(|error| {
            let text = format!(
                "cannot read {}, which SSL_CERT_FILE names: {error}",
                path.display()
            );
            CommandError::new(Kind::Boundary, text)
        })
    });
    let trusted = trusted.transpose()?;
    if let Some(pem) = &trusted {
        way.trust(pem)?;
    }
    let carried = secrets::look_up(settings, variables)?;
    way.secrets = carried.iter().map(|one| one.secret.clone()).collect();
    let mut bundle = None;
    if sees_inside(rules) || !carried.is_empty() {
        let authority = Authority::new()?;
        bundle = Some(Bundle::write(authority.pem(), trusted.as_deref())?);
        way.authority = Some(authority);
    }
    Ok(Some(Plan {
        socks5: way.socks5,
        way,
        carried,
        bundle,
    }))
}

impl Plan {
    /// Gives commands what they need to find the way: variables, and the
    /// certificates to trust.
    pub fn equip(&self, profile: &mut ResolvedProfile) {
        let bundle = self.bundle.as_ref().map(Bundle::path);
        let mut set = variables::of(PROXY_ADDRESS, self.socks5, bundle);
        for Carried {
            env,
            format,
            secret,
        } in &self.carried
        {
            set.insert(env.clone(), format.replace("{}", secret.placeholder()));
        }
        let environment = &mut profile.environment;
        if !environment.include_only.is_empty() {
            environment.include_only.extend(set.keys().cloned());
        }
        environment.set.extend(set);
        if let Some(path) = bundle {
            let files = std::mem::take(&mut profile.files);
            profile.files = files.with_readable(path, "the certificates of this session");
        }
    }

    /// The way, not yet begun.
    pub fn open(self, desk: Desk) -> Way {
        Way {
            desk: Arc::new(desk),
            planned: Mutex::new(Some(self.way)),
            running: Mutex::default(),
            threads: Mutex::default(),
            _bundle: self.bundle,
        }
    }
}

/// The way out of the boxes of one session.
pub struct Way {
    desk: Arc<Desk>,
    planned: Mutex<Option<dam_egress::Way>>,
    running: Mutex<Option<Arc<Egress>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// There as long as commands may read it.
    _bundle: Option<Bundle>,
}

impl Way {
    /// Who decides and records.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Ends it. What it came to is recorded by then; what a person should know
    /// is given back.
    pub fn finish(&self) -> Vec<String> {
        let Some(totals) = self.end() else {
            return Vec::new();
        };
        let mut told = Vec::new();
        for name in &totals.unused_secrets {
            let text = format!(
                "the secret `{name}` was not used: no request to its hosts held its placeholder"
            );
            told.push(text);
        }
        match totals.refused + totals.names_refused {
            0 => {}
            1 => told.push("1 wish for the network was refused; `dam net log` lists it".to_owned()),
            times => told.push(format!(
                "{times} wishes for the network were refused; `dam net log` lists them"
            )),
        }
        told
    }

    fn end(&self) -> Option<Totals> {
        self.desk.close();
        let egress = lock(&self.running).take()?;
        let totals = egress.finish();
        drop(egress);
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
        Some(totals)
    }

    /// The proxy, started if need be.
    fn egress(&self) -> Result<Arc<Egress>, EgressError> {
        let mut running = lock(&self.running);
        if let Some(egress) = &*running {
            return Ok(Arc::clone(egress));
        }
        let planned = lock(&self.planned).take().ok_or(EgressError::Closed)?;
        let desk: Arc<dyn dam_egress::Desk> = Arc::<Desk>::clone(&self.desk);
        let egress = Arc::new(Egress::start(planned, desk)?);
        *running = Some(Arc::clone(&egress));
        Ok(egress)
    }
}

impl WayOut for Way {
    fn serve(&self, command: &str, road: Road) -> Result<(), String> {
        let egress = self.egress().map_err(|error| error.to_string())?;
        let command = self.desk.command(command);
        let thread = std::thread::Builder::new()
            .name("road".to_owned())
            .spawn(move || attend(&road, &egress, command))
            .map_err(|error| format!("a thread cannot be started: {error}"))?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    fn has_seen(&self, flow: &FlowState) {
        self.desk.has_seen(flow);
    }

    fn taken_in(&self) -> Option<String> {
        self.desk.taken_in()
    }

    fn lost(&self) -> Option<String> {
        self.desk.lost()
    }
}

/// Hands on what comes out of a box until it ends. What cannot be handed on is
/// dropped, and so refused.
fn attend(road: &Road, egress: &Egress, command: u32) {
    let mut number = 0;
    while let Ok(Some(arrival)) = road.next() {
        let handed = match arrival {
            Arrival::Resolver(socket) => egress.resolver(socket),
            Arrival::Connection {
                socket,
                destination,
                caller,
            } => {
                number += 1;
                let caller = Caller {
                    source: desk::mark(command, number),
                    destination,
                    pid: caller.pid,
                    command: caller.command,
                };
                egress.take(socket, destination, Some(caller))
            }
        };
        if matches!(handed, Err(EgressError::Closed)) {
            return;
        }
    }
}

/// Whether something has to be looked into anywhere.
const fn sees_inside(rules: &NetworkRules) -> bool {
    let limited = matches!(rules.mode, dam_policy::NetworkMode::Limited);
    limited || rules.methods.is_some() || !rules.requests.is_empty()
}

fn limits(set: &NetworkLimits) -> Limits {
    let usual = Limits::default();
    Limits {
        bytes_out: set.sent,
        bytes_out_host: set.sent_to_host,
        upload: set.upload,
        requests_per_minute: set
            .requests_per_minute
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        idle: set.idle_time.map_or(usual.idle, Duration::from_secs),
        total: set.total_time.map(Duration::from_secs),
        ..usual
    }
}

/// The proxy that this machine has to use itself, by its variables.
fn upstream(variables: &Variables) -> Result<Option<UpstreamProxy>, CommandError> {
    let named = |variable: Variable| {
        let lower = variable.name.to_ascii_lowercase();
        let url = variables.named(&lower).or_else(|| variables.text(variable));
        url.map(str::to_owned)
    };
    let url = named(HTTPS_PROXY).or_else(|| named(HTTP_PROXY));
    Ok(url.map(|url| UpstreamProxy::parse(&url)).transpose()?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is whole when the lock is let go.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address that only marks a connection.
type Mark = SocketAddr;
