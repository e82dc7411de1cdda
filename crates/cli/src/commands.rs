//! The subcommands, one to a file.

mod changes;
mod completion;
mod config;
mod demo;
mod difference;
mod doctor;
mod exec;
mod execpolicy;
mod fix;
mod guard;
#[cfg(target_os = "linux")]
mod learn;
mod log;
mod net;
mod policy;
mod requirements;
mod run;
mod sandbox;
mod scan;
mod status;
mod trust;

pub use exec::runtime;
pub use execpolicy::ExecPolicy;
pub use fix::Fix;
pub use guard::Guard;
pub use log::export::Export;
pub use log::triage::TriageWish;
pub use net::Net;
pub use policy::Policy;
pub use requirements::Requirements;
pub use scan::Scan;
pub use scan::threat_model::ThreatModel;
pub use status::Status;

pub use doctor::attack::attacker::{WORD as ATTACK_WORD, main as attack_main};

use crate::arguments::{Config, Task};
use crate::error::CommandError;
use crate::output::Output;
use crate::variables::Variables;

/// Does what the command line says. Returns the exit code.
pub fn run(task: Task, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    match task {
        Task::Run(run) => run::run(run, variables, output),
        Task::Sandbox(sandbox) => sandbox::run(*sandbox, variables, output),
        // Without the settings: what happened can be read also where they are
        // broken.
        Task::Log(log) => log::run(&log, variables, output),
        Task::Net(net) => net::run(net, variables, output),
        Task::Policy(policy) => policy::run(policy, variables, output),
        Task::Status(status) => status::run(&status, variables, output),
        Task::Guard(guard) => Ok(guard::run(&guard, variables, output)),
        Task::ExecPolicy(check) => execpolicy::run(&check, variables, output),
        Task::Requirements(requirements) => requirements::run(&requirements, variables, output),
        Task::Config(Config::Show(show)) => config::show(&show, variables, output),
        Task::Config(Config::Import(import)) => config::import::run(&import, variables, output),
        Task::Config(Config::Host(host)) => config::host::run(&host, variables, output),
        Task::Config(Config::Explain(explain)) => config::explain(&explain, variables, output),
        Task::Changes(changes) => changes::show(&changes, variables, output),
        Task::Keep(keep) => changes::keep(&keep, variables, output),
        Task::Drop(drop) => changes::discard(&drop, variables, output),
        Task::Completion { shell } => completion::run(shell, output),
        Task::Exec(exec) => exec::run(&exec, variables, output),
        Task::Demo(demo) => demo::run(demo, variables, output),
        Task::Scan(scan) => scan::run(&scan, variables, output),
        Task::Fix(words) => fix::run(&words, variables, output),
        Task::ThreatModel(words) => scan::threat_model::run(&words, variables, output),
        Task::Trust(words) => trust::run(&words, variables, output),
        Task::Doctor(doctor) => doctor::run(&doctor, variables, output),
    }
}
