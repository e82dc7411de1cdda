//! Requests: what a front wants done, before anything is known of it.

use std::path::{Path, PathBuf};

use dam_policy::{Action, CommandFacts, Escalation, Protocol};
use dam_shell::{Analysis, Simple};

use crate::{danger, paths, starts};

/// What a front wants done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// Run a command.
    Command {
        /// The words, the program first.
        argv: Vec<String>,
        /// The directory to run it in.
        cwd: PathBuf,
        /// A wish to run it outside the boundary.
        escalation: Option<Escalation>,
    },
    /// Run a command that a person typed. What its words name is not looked at:
    /// whoever types it may try what the boundary says.
    Typed {
        /// The words, the program first.
        argv: Vec<String>,
        /// The directory to run it in.
        cwd: PathBuf,
        /// A wish to run it outside the boundary.
        escalation: Option<Escalation>,
    },
    /// Read a file.
    ReadFile {
        /// Its absolute path.
        path: PathBuf,
    },
    /// Create, change or remove a file.
    WriteFile {
        /// Its absolute path.
        path: PathBuf,
    },
    /// Reach a host.
    Reach {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
        /// How, as far as that is known.
        protocol: Option<Protocol>,
        /// The method of a request.
        method: Option<String>,
        /// The path of a request, with its query.
        path: Option<String>,
        /// Whether no request on it can ever be seen.
        opaque: bool,
    },
    /// Call a tool of an MCP server.
    UseTool {
        /// The server's name in the settings.
        server: String,
        /// The tool's name.
        tool: String,
    },
    /// Search the web.
    SearchWeb {
        /// What is searched for.
        query: String,
    },
    /// Be granted more for the rest of the session.
    ExtendPermissions {
        /// What, as a phrase.
        what: String,
    },
    /// Run a skill, which brings scripts of its own.
    RunSkill {
        /// Its name.
        skill: String,
    },
}

impl Request {
    /// The wish to reach a host, whatever is asked of it.
    pub fn reach(host: impl Into<String>, port: u16) -> Self {
        Self::Reach {
            host: host.into(),
            port,
            protocol: None,
            method: None,
            path: None,
            opaque: false,
        }
    }

    /// The action for the evaluator: a command is read first. `home` is what
    /// `~` means in it.
    pub fn action(&self, home: Option<&Path>) -> Action {
        match self.clone() {
            Self::Command {
                argv,
                cwd,
                escalation,
            } => Action::Command {
                facts: facts(&argv, &cwd, home),
                argv,
                cwd,
                escalation,
            },
            Self::Typed {
                argv,
                cwd,
                escalation,
            } => Action::Command {
                facts: CommandFacts {
                    paths: Vec::new(),
                    writes: Vec::new(),
                    ..facts(&argv, &cwd, home)
                },
                argv,
                cwd,
                escalation,
            },
            Self::ReadFile { path } => Action::ReadFile { path },
            Self::WriteFile { path } => Action::WriteFile { path },
            Self::Reach {
                host,
                port,
                protocol,
                method,
                path,
                opaque,
            } => Action::Reach {
                host,
                port,
                protocol,
                method,
                path,
                opaque,
            },
            Self::UseTool { server, tool } => Action::UseTool { server, tool },
            Self::SearchWeb { query } => Action::SearchWeb { query },
            Self::ExtendPermissions { what } => Action::ExtendPermissions { what },
            Self::RunSkill { skill } => Action::RunSkill { skill },
        }
    }
}

/// What can be known of a command before it runs.
fn facts(argv: &[String], cwd: &Path, home: Option<&Path>) -> CommandFacts {
    let analysis = dam_shell::analyse(argv);
    let found = dam_shell::class_in(&analysis, &cwd.to_string_lossy());
    CommandFacts {
        class: starts::command_class(found.class),
        because: found.because,
        danger: found.danger.map(danger::kind),
        programs: programs(&analysis),
        paths: paths::named(&analysis, cwd, home),
        writes: paths::written(&analysis, cwd, home),
        starts: starts::started(&analysis),
        opaque: starts::is_opaque(&analysis),
        safer: found.safer.map(ToOwned::to_owned),
    }
}

/// The programs in order, wrappers included, each once.
fn programs(analysis: &Analysis) -> Vec<String> {
    let mut programs: Vec<String> = Vec::new();
    let started = |simple: &Simple| {
        let program = simple.program().map(ToOwned::to_owned);
        simple
            .through
            .iter()
            .map(|wrapper| wrapper.name.clone())
            .chain(program)
            .collect::<Vec<_>>()
    };
    for program in analysis.commands.iter().flat_map(started) {
        if !programs.contains(&program) {
            programs.push(program);
        }
    }
    programs
}
