//! The command line: every word, flag and option, with its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use dam_policy::{
    ApprovalPolicy, Limit, Limits, SandboxMode, UnknownApprovalPolicy, UnknownSandboxMode,
};

use crate::commands::{
    ExecPolicy, Export, Fix, Guard, Net, Policy, Requirements, Scan, Status, ThreatModel,
    TriageWish,
};
use crate::output::Color;
use crate::{exit, variables};

const EXAMPLES: &str = "\
Examples:
  dam exec \"make the failing test pass\"    an agent does it, inside the boundary
  dam run -- npm test                      any program, inside the boundary
  dam sandbox -s read-only -- ls           try out what the boundary allows
  dam log show latest                      what happened, and what was refused
  dam doctor                               what this machine can enforce

`dam --help` also lists exit codes and environment variables.";

fn long_examples() -> String {
    let (short, _) = EXAMPLES.rsplit_once("\n\n").unwrap_or((EXAMPLES, ""));
    format!(
        "{short}\n\nExit codes:\n{}\n\nEnvironment variables:\n{}",
        exit::table(),
        variables::table()
    )
}

/// A watertight place for coding agents to work in
///
/// Cofferdam decides outside the model, enforces in the kernel, and writes
/// down what happened.
#[derive(Debug, Parser)]
#[command(
    name = "dam",
    version,
    max_term_width = 100,
    after_help = EXAMPLES,
    after_long_help = long_examples(),
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// When to use colour: auto, always or never
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        global = true
    )]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Let the agent do a task without a terminal program
    #[command(
        visible_alias = "e",
        after_help = "\
Examples:
  dam exec \"make the failing test pass\"
  git diff | dam exec -                  the prompt from standard input
  dam exec --json \"…\" | jq .            one JSON event a line"
    )]
    Exec(Exec),
    /// Run any program inside the boundary
    #[command(
        override_usage = "dam run [OPTIONS] -- COMMAND…",
        after_help = "\
Examples:
  dam run -- npm test
  dam run --add-dir ../shared -- make
  dam run -s read-only -- claude -p \"explain this project\""
    )]
    Run(Run),
    /// Try out what the boundary allows
    ///
    /// Runs a command as the agent's commands are run. Without -s, --full-auto
    /// or a `sandbox_mode` in the settings it is `read-only`.
    ///
    /// The older forms `dam sandbox linux …`, `dam sandbox landlock …` and
    /// `dam debug …` mean the same: the boundary is the one that this kernel
    /// can enforce. On macOS that is `dam sandbox macos …`, too; everywhere,
    /// `dam sandbox macos --print-policy` prints the policy that it would use.
    #[command(
        visible_alias = "debug",
        args_conflicts_with_subcommands = true,
        disable_help_subcommand = true,
        override_usage = "dam sandbox [OPTIONS] -- COMMAND…",
        after_help = "\
Examples:
  dam sandbox -- ls ~/.ssh
  dam sandbox --full-auto --log-denials -- make
  dam sandbox --learn -o make.toml -- make   what a profile for it would grant"
    )]
    Sandbox(Box<Sandbox>),
    /// List what transactions would change
    ///
    /// A transaction is begun by `dam run --transaction` or `dam sandbox
    /// --transaction`. Without an ID it is the latest one of this directory.
    #[command(after_help = "\
Examples:
  dam run --transaction -- npm update
  dam changes --diff
  dam keep package.json
  dam drop")]
    Changes(Changes),
    /// Make what a transaction would change
    ///
    /// Each file is put in its place in one step. Whoever is stopped on the way
    /// can begin again. When nothing is left, the transaction is over.
    #[command(after_help = "\
Examples:
  dam keep
  dam keep src package.json")]
    Keep(Keep),
    /// Throw away what a transaction would change
    Drop(Discard),
    /// Show and verify what happened
    #[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
    Log(Log),
    /// Show what holds a session that begins here, and what the last has seen
    #[command(after_help = "\
Examples:
  dam status
  dam status -s read-only --json")]
    Status(Box<Status>),
    /// Answer the hooks of other vendors' agents
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    Guard(Guard),
    /// Ask what the policy says of a command, and why
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    Policy(Policy),
    /// What may be reached over the network, and what was
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    Net(Net),
    /// Ask files of rules alone about a command
    #[command(
        subcommand,
        name = "execpolicy",
        hide = true,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    ExecPolicy(ExecPolicy),
    /// Show the settings and where they come from
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    Config(Config),
    /// Trust what a project says of itself, as it is now
    ///
    /// Shows everything in it that becomes settings, rules, programs or
    /// instructions, or what of it has changed since, and asks.
    #[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
    Trust(TrustWords),
    /// What an administrator requires, and who signed it
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true
    )]
    Requirements(Requirements),
    /// Find what is dangerous in a repository
    ///
    /// Says how each finding is known, what is safer, and what was not looked
    /// at. Without --model nothing is sent anywhere, and without --prove nothing
    /// of the repository is run.
    #[command(
        args_conflicts_with_subcommands = true,
        disable_help_subcommand = true,
        after_help = "\
Examples:
  dam scan
  dam scan --staged                      before a commit
  dam scan --diff main..HEAD --format sarif -o scan.sarif
  dam scan --require-complete --fail-on medium
  dam scan --model --model-plan          what a model would be asked"
    )]
    Scan(Box<Scan>),
    /// Make a patch for a finding
    ///
    /// The fix is tried out in private copies: a fresh scan must not find it
    /// and must find nothing new, its proof must fall silent while harmless
    /// requests are answered, and the project's tests must show what they did
    /// before. The patch is printed; nothing of the directory is changed.
    #[command(after_help = "\
Examples:
  dam fix 3f9a2c | git apply
  dam fix 3f9a2c --branch fix-search
  dam fix 3f9a2c --test-command 'make check'
  dam fix 3f9a2c --model")]
    Fix(Box<Fix>),
    /// Draft the threat model from the code, and say where it drifted
    ///
    /// It is kept in `.cofferdam/threat-model.md`. Sections between marks are
    /// written anew; what people wrote around them stays.
    ThreatModel(ThreatModel),
    /// Find out what this machine can enforce
    Doctor(Doctor),
    /// Watch an agent's whole day in the box, with nothing to sign up for
    ///
    /// A recorded model that obeys whatever it reads fixes a bug in a poisoned
    /// repository. Everything but the model is real.
    Demo(Demo),
    /// Print the completions of a shell
    Completion {
        /// The shell
        shell: Shell,
    },
}

/// What a session may do: the options that every front shares.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is allowed")]
pub struct Grants {
    /// What commands may touch
    #[arg(short, long, value_name = "MODE", value_parser = sandbox_modes())]
    pub sandbox: Option<SandboxMode>,
    /// Short for `-s workspace-write -a on-request`
    #[arg(long, conflicts_with = "sandbox")]
    pub full_auto: bool,
    /// Make another directory writable, like the working directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub add_dir: Vec<PathBuf>,
    /// Let commands commit, branch and add worktrees in the workspace's repositories
    #[arg(long)]
    pub allow_git: bool,
    /// Work in this directory instead of the current one
    #[arg(short = 'C', long = "cd", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cd: Option<PathBuf>,
    /// Limit what each command uses, as in `memory=2G` or `wall-time=10m`
    #[arg(long, value_name = "NAME=VALUE", value_parser = limit)]
    pub limit: Vec<(Limit, u64)>,
    /// Use a named profile: `NAME.config.toml` or `[profiles.NAME]`
    #[arg(short, long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Override one setting, as in `-c sandbox_mode='"read-only"'`
    #[arg(short, long = "config", value_name = "KEY=VALUE")]
    pub config: Vec<String>,
    /// Follow the rules in this file, too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub rules: Vec<PathBuf>,
}

/// When somebody is asked.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is allowed")]
pub struct Approvals {
    /// When to ask before a command runs
    #[arg(short, long, value_name = "POLICY", value_parser = approval_policies())]
    pub ask_for_approval: Option<ApprovalPolicy>,
    /// No boundary and no questions; for machines that are thrown away
    #[arg(
        long,
        visible_alias = "yolo",
        conflicts_with_all = ["ask_for_approval", "full_auto", "sandbox"]
    )]
    pub dangerously_bypass_approvals_and_sandbox: bool,
}

/// `dam demo`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Demo {
    /// Leave the demonstration's directory behind
    #[arg(long)]
    pub keep: bool,
}

/// Whether what is written is held back.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is allowed")]
pub struct HoldBack {
    /// Hold back what is written, for `dam changes`, `dam keep` and `dam drop`;
    /// with an ID, go on with that transaction
    #[arg(
        long,
        value_name = "ID",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub transaction: Option<String>,
}

/// `dam changes`.
#[derive(Args, Debug)]
pub struct Changes {
    /// The transaction
    pub id: Option<String>,
    /// List the open transactions instead
    #[arg(long, conflicts_with_all = ["id", "diff"])]
    pub list: bool,
    /// Also show what changes inside of files
    #[arg(long, conflicts_with = "json")]
    pub diff: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `dam keep`.
#[derive(Args, Debug)]
pub struct Keep {
    /// The transaction, and which changes: those at or below the paths, or all
    #[arg(value_name = "ID] [PATH", value_hint = ValueHint::AnyPath)]
    pub words: Vec<OsString>,
    /// Also where the real file has changed meanwhile, and protected names
    /// that a PATH names
    #[arg(long)]
    pub force: bool,
}

/// `dam drop`.
#[derive(Args, Debug)]
pub struct Discard {
    /// The transaction, and which changes: those at or below the paths, or all
    #[arg(value_name = "ID] [PATH", value_hint = ValueHint::AnyPath)]
    pub words: Vec<OsString>,
}

/// `dam exec`.
#[derive(Args, Debug)]
pub struct Exec {
    /// The task; `-` or nothing reads it from standard input
    pub prompt: Option<String>,
    /// Print events as JSON, one a line
    #[arg(long)]
    pub json: bool,
    /// Also write the final message to a file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output_last_message: Option<PathBuf>,
    /// The model to use
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Write what the model says to a file, to be replayed later
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
    /// Take what the model says from such a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "record")]
    pub replay: Option<PathBuf>,
    /// Accepted for scripts; a folder without version control is read-only
    #[arg(long)]
    pub skip_git_repo_check: bool,
    /// What it may do.
    #[command(flatten)]
    pub grants: Grants,
    /// When it asks.
    #[command(flatten)]
    pub approvals: Approvals,
}

/// `dam run`.
#[derive(Args, Debug)]
pub struct Run {
    /// What it may do.
    #[command(flatten)]
    pub grants: Grants,
    /// When it asks.
    #[command(flatten)]
    pub approvals: Approvals,
    /// Whether it is for real.
    #[command(flatten)]
    pub hold_back: HoldBack,
    /// What to run.
    #[command(flatten)]
    pub command: Words,
}

/// `dam sandbox`.
#[derive(Args, Debug)]
pub struct Sandbox {
    /// The older forms, which name a backend.
    #[command(subcommand)]
    pub older: Option<Backend>,
    /// What is tried out.
    #[command(flatten)]
    pub trial: Trial,
}

/// Backends that older command lines name.
#[derive(Debug, Subcommand)]
pub enum Backend {
    /// The boundary of this machine
    #[command(hide = true, alias = "landlock")]
    Linux(Trial),
    /// The boundary of macOS
    #[command(hide = true, alias = "seatbelt")]
    Macos(MacTrial),
}

/// What `dam sandbox macos` tries out.
#[derive(Args, Debug)]
pub struct MacTrial {
    /// Print the policy for `sandbox-exec` instead of running anything
    #[arg(long, conflicts_with = "learn")]
    pub print_policy: bool,
    /// What is tried out.
    #[command(flatten)]
    pub trial: Trial,
}

/// What `dam sandbox` tries out.
#[derive(Args, Debug)]
pub struct Trial {
    /// List what was refused when the command has ended, reading included
    ///
    /// Opening a file takes longer meanwhile, because each is looked at.
    #[arg(long)]
    pub log_denials: bool,
    /// Propose a profile from what a trusted command does without a boundary
    #[arg(long, conflicts_with_all = ["log_denials", "transaction"])]
    pub learn: bool,
    /// What to call that profile, if not as the program
    #[arg(long, value_name = "NAME", requires = "learn")]
    pub name: Option<String>,
    /// Write that profile to a file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "learn")]
    pub output: Option<PathBuf>,
    /// What it may do.
    #[command(flatten)]
    pub grants: Grants,
    /// When to ask before a command runs
    #[arg(
        short,
        long,
        value_name = "POLICY",
        value_parser = approval_policies(),
        help_heading = "What is allowed"
    )]
    pub ask_for_approval: Option<ApprovalPolicy>,
    /// Whether it is for real.
    #[command(flatten)]
    pub hold_back: HoldBack,
    /// What to run.
    #[command(flatten)]
    pub command: Words,
}

/// A command to run.
#[derive(Args, Debug)]
pub struct Words {
    /// The program and its arguments
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        value_hint = ValueHint::CommandWithArguments,
        help_heading = "Arguments"
    )]
    pub words: Vec<OsString>,
}

/// `dam log`.
#[derive(Args, Debug)]
pub struct Log {
    /// What to do with the journal.
    #[command(subcommand)]
    pub task: Option<LogTask>,
    /// How the sessions are listed.
    #[command(flatten)]
    pub list: LogList,
}

/// How sessions are listed.
#[derive(Args, Debug)]
pub struct LogList {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// How many sessions to list, the latest first
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

/// What can be done with the journal.
#[derive(Debug, Subcommand)]
pub enum LogTask {
    /// Show one session
    Show {
        /// The session, or `latest`
        session: String,
        /// Print the entries as JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Check that no entry was changed, removed or added
    Verify {
        /// The session, or `latest`; without it, every session
        #[arg(conflicts_with = "checkpoint")]
        session: Option<String>,
        /// Check that everything is there which a line stands for that `dam log checkpoint` printed
        #[arg(long, value_name = "LINE")]
        checkpoint: Option<String>,
        /// Accept signatures by this public key only, instead of your own: to check a copy elsewhere
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a line that stands for all journals as they are now, to be kept elsewhere
    Checkpoint,
    /// Write the record for other programs, or send it to a collector
    Export(Export),
    /// Say what stands out: secrets, denials, new hosts, changes
    Triage(TriageWish),
}

/// `dam config`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Show the settings in effect
    Show(ConfigShow),
    /// Explain a setting: every layer that sets it, and which one counts
    Explain(ConfigExplain),
    /// Say whether a host can be reached under the profile's network rules
    Host(ConfigHost),
    /// Write settings and rules from those of another program
    Import(ConfigImport),
}

/// `dam config show`.
#[derive(Args, Debug)]
pub struct ConfigShow {
    /// Say where each value comes from
    #[arg(long)]
    pub origin: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
}

/// `dam config explain`.
#[derive(Args, Debug)]
pub struct ConfigExplain {
    /// The key, as in `sandbox_mode` or `permissions.mine.network`
    pub key: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
}

/// `dam config import`.
#[derive(Args, Debug)]
pub struct ConfigImport {
    /// Whose settings: those in `~/.codex` or `~/.claude`
    #[arg(long, value_enum, value_name = "PROGRAM")]
    pub from: ImportFrom,
    /// Print what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Put the new files in the place of those that are there
    #[arg(long, conflicts_with = "dry_run")]
    pub force: bool,
}

/// Programs whose settings can be read.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum ImportFrom {
    /// Codex.
    Codex,
    /// Claude Code.
    Claude,
}

/// `dam config host`.
#[derive(Args, Debug)]
pub struct ConfigHost {
    /// The host, at port 443 unless it names one
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
    /// The method of a request to it
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
}

/// `dam trust`.
#[derive(Args, Debug)]
pub struct TrustWords {
    /// What to do besides.
    #[command(subcommand)]
    pub task: Option<TrustTask>,
    /// Do not ask
    #[arg(long, conflicts_with = "revoke")]
    pub yes: bool,
    /// Take trust back
    #[arg(long)]
    pub revoke: bool,
    /// Of which project.
    #[command(flatten)]
    pub of: TrustOf,
}

/// Which project is meant.
#[derive(Args, Debug)]
pub struct TrustOf {
    /// The project around this directory instead of the current one
    #[arg(short = 'C', long = "cd", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cd: Option<PathBuf>,
}

/// What can be done with trust besides giving and taking it.
#[derive(Debug, Subcommand)]
pub enum TrustTask {
    /// Say whether the project is trusted, and what has changed since
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Of which project.
        #[command(flatten)]
        of: TrustOf,
    },
}

/// `dam doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    /// Try to get out of the boundary, in a place made for it
    #[arg(long)]
    pub attack: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What the boundary is to allow.
    #[command(flatten)]
    pub grants: Grants,
}

fn sandbox_modes() -> impl TypedValueParser<Value = SandboxMode> {
    PossibleValuesParser::new(["read-only", "workspace-write", "danger-full-access"]).try_map(
        |name| {
            name.parse::<SandboxMode>()
                .map_err(|e: UnknownSandboxMode| e)
        },
    )
}

/// A limit and its value.
fn limit(text: &str) -> Result<(Limit, u64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write a name and a value, as in `memory=2G`")?;
    let mut limits = Limits::default();
    limits.set(name, value).map_err(|error| error.to_string())?;
    let set = Limit::named(name).and_then(|limit| Some((limit, limits.get(limit)?)));
    set.ok_or_else(|| format!("`{name}` is not a limit"))
}

fn approval_policies() -> impl TypedValueParser<Value = ApprovalPolicy> {
    let names = ["untrusted", "on-request", "never"].map(PossibleValue::new);
    let older = PossibleValue::new("on-failure").hide(true);
    PossibleValuesParser::new(names.into_iter().chain([older])).try_map(|name| {
        name.parse::<ApprovalPolicy>()
            .map_err(|e: UnknownApprovalPolicy| e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    fn sandbox(words: &[&str]) -> Sandbox {
        let line = ["dam"].iter().chain(words);
        match Arguments::try_parse_from(line).expect("a sound line").task {
            Task::Sandbox(sandbox) => *sandbox,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn older_forms_of_sandbox_are_understood() {
        for line in [
            &["sandbox", "linux", "--full-auto", "--", "ls", "-l"][..],
            &["sandbox", "landlock", "--full-auto", "ls", "-l"],
            &["debug", "linux", "--full-auto", "--", "ls", "-l"],
        ] {
            let Some(Backend::Linux(trial)) = sandbox(line).older else {
                panic!("{line:?}");
            };
            assert!(trial.grants.full_auto);
            assert_eq!(trial.command.words, ["ls", "-l"]);
        }
        for name in ["macos", "seatbelt"] {
            let older = sandbox(&["sandbox", name, "--print-policy", "-s", "read-only"]).older;
            let Some(Backend::Macos(mac)) = older else {
                panic!("{name}");
            };
            assert!(mac.print_policy && mac.trial.grants.sandbox.is_some());
        }
        for line in [
            &["sandbox", "--", "linux"][..],
            &["sandbox", "-s", "read-only", "linux"],
        ] {
            let parsed = sandbox(line);
            assert!(parsed.older.is_none());
            assert_eq!(parsed.trial.command.words, ["linux"]);
        }
    }
}
