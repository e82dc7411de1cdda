//! The whole command line reference, as a snapshot: a change to any word of
//! it is a change that somebody has to look at.

use insta::assert_snapshot;

use crate::environment;

fn help(words: &[&str]) -> String {
    let environment = environment();
    let outcome = environment.dam(words.iter().chain(&["--help"])).run();
    assert!(outcome.success(), "{}", outcome.page());
    assert_eq!(outcome.stderr, "");
    outcome.stdout
}

/// The part that is not shared by every subcommand that takes grants.
fn first_lines(words: &[&str]) -> String {
    let help = help(words);
    let own = help.split("\nWhat is allowed:").next();
    own.unwrap_or_default().to_owned()
}

#[test]
fn overview() {
    assert_snapshot!(help(&[]), @r#"
    A watertight place for coding agents to work in

    Cofferdam decides outside the model, enforces in the kernel, and writes down what happened.

    Usage: dam [OPTIONS] <COMMAND>

    Commands:
      exec          Let the agent do a task without a terminal program [alias: e]
      run           Run any program inside the boundary
      sandbox       Try out what the boundary allows [alias: debug]
      changes       List what transactions would change
      keep          Make what a transaction would change
      drop          Throw away what a transaction would change
      log           Show and verify what happened
      status        Show what holds a session that begins here, and what the last has seen
      guard         Answer the hooks of other vendors' agents
      policy        Ask what the policy says of a command, and why
      net           What may be reached over the network, and what was
      config        Show the settings and where they come from
      trust         Trust what a project says of itself, as it is now
      requirements  What an administrator requires, and who signed it
      scan          Find what is dangerous in a repository
      fix           Make a patch for a finding
      threat-model  Draft the threat model from the code, and say where it drifted
      doctor        Find out what this machine can enforce
      demo          Watch an agent's whole day in the box, with nothing to sign up for
      completion    Print the completions of a shell
      help          Print this message or the help of the given subcommand(s)

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Examples:
      dam exec "make the failing test pass"    an agent does it, inside the boundary
      dam run -- npm test                      any program, inside the boundary
      dam sandbox -s read-only -- ls           try out what the boundary allows
      dam log show latest                      what happened, and what was refused
      dam doctor                               what this machine can enforce

    Exit codes:
        0  success
        1  the task failed, an attack got out, a scan found something, or Cofferdam itself
           failed
        2  the command line is wrong, or `scan --require-complete` could not look at everything
        3  the configuration is wrong
        5  the boundary cannot be had here; nothing was run
        6  the policy denies it
        7  it needs an approval, and nobody is there to give it
        8  the journal cannot be written, read or believed
      126  `run`, `sandbox`: the command cannot be executed
      127  `run`, `sandbox`: the command does not exist
      130  interrupted from the keyboard
      141  the reader of the output went away
      Otherwise `run` and `sandbox` exit as the command does, with 128 + N where
      signal N ended it.

    Environment variables:
      COFFERDAM_HOME     one directory for settings, state and journal
      HOME               the home directory, whose credentials are guarded
      XDG_CONFIG_HOME    where `cofferdam/config.toml` is
      XDG_STATE_HOME     where the journal is
      XDG_DATA_HOME      where keyrings are, which are guarded
      TMPDIR             writable in `workspace-write`, besides `/tmp`
      HTTPS_PROXY        the proxy behind which the way out goes on; `https_proxy`, too
      HTTP_PROXY         the same, where HTTPS_PROXY is not set
      SSL_CERT_FILE      a file of certificates that the way out trusts, too
      NO_COLOR           no colour, if not empty
      CLICOLOR_FORCE     colour everywhere, if neither empty nor 0
      TERM               no colour, if `dumb`
      CLAUDE_PROJECT_DIR `guard hook`: where Claude Code was started
    "#);
}

#[test]
fn short_overview() {
    assert_snapshot!(environment().dam(["-h"]).run().stdout, @r#"
    A watertight place for coding agents to work in

    Usage: dam [OPTIONS] <COMMAND>

    Commands:
      exec          Let the agent do a task without a terminal program [alias: e]
      run           Run any program inside the boundary
      sandbox       Try out what the boundary allows [alias: debug]
      changes       List what transactions would change
      keep          Make what a transaction would change
      drop          Throw away what a transaction would change
      log           Show and verify what happened
      status        Show what holds a session that begins here, and what the last has seen
      guard         Answer the hooks of other vendors' agents
      policy        Ask what the policy says of a command, and why
      net           What may be reached over the network, and what was
      config        Show the settings and where they come from
      trust         Trust what a project says of itself, as it is now
      requirements  What an administrator requires, and who signed it
      scan          Find what is dangerous in a repository
      fix           Make a patch for a finding
      threat-model  Draft the threat model from the code, and say where it drifted
      doctor        Find out what this machine can enforce
      demo          Watch an agent's whole day in the box, with nothing to sign up for
      completion    Print the completions of a shell
      help          Print this message or the help of the given subcommand(s)

    Options:
          --color <WHEN>  When to use colour: auto, always or never
      -h, --help          Print help (see more with '--help')
      -V, --version       Print version

    Examples:
      dam exec "make the failing test pass"    an agent does it, inside the boundary
      dam run -- npm test                      any program, inside the boundary
      dam sandbox -s read-only -- ls           try out what the boundary allows
      dam log show latest                      what happened, and what was refused
      dam doctor                               what this machine can enforce

    `dam --help` also lists exit codes and environment variables.
    "#);
}

#[test]
fn help_is_a_word_too() {
    let outcome = environment().dam(["help", "log", "verify"]).run();
    assert_eq!(outcome.stdout, help(&["log", "verify"]));
}

#[test]
fn exec() {
    assert_snapshot!(help(&["exec"]), @r#"
    Let the agent do a task without a terminal program

    Usage: dam exec [OPTIONS] [PROMPT]

    Arguments:
      [PROMPT]  The task; `-` or nothing reads it from standard input

    Options:
          --color <WHEN>                When to use colour: auto, always or never
          --json                        Print events as JSON, one a line
      -o, --output-last-message <FILE>  Also write the final message to a file
      -m, --model <MODEL>               The model to use
          --record <FILE>               Write what the model says to a file, to be replayed later
          --replay <FILE>               Take what the model says from such a file
          --skip-git-repo-check         Accepted for scripts; a folder without version control is
                                        read-only
      -h, --help                        Print help

    What is allowed:
      -s, --sandbox <MODE>
              What commands may touch [possible values: read-only, workspace-write, danger-full-access]
          --full-auto
              Short for `-s workspace-write -a on-request`
          --add-dir <DIR>
              Make another directory writable, like the working directory
          --allow-git
              Let commands commit, branch and add worktrees in the workspace's repositories
      -C, --cd <DIR>
              Work in this directory instead of the current one
          --limit <NAME=VALUE>
              Limit what each command uses, as in `memory=2G` or `wall-time=10m`
      -p, --profile <NAME>
              Use a named profile: `NAME.config.toml` or `[profiles.NAME]`
      -c, --config <KEY=VALUE>
              Override one setting, as in `-c sandbox_mode='"read-only"'`
          --rules <FILE>
              Follow the rules in this file, too
      -a, --ask-for-approval <POLICY>
              When to ask before a command runs [possible values: untrusted, on-request, never]
          --dangerously-bypass-approvals-and-sandbox
              No boundary and no questions; for machines that are thrown away [alias: --yolo]

    Examples:
      dam exec "make the failing test pass"
      git diff | dam exec -                  the prompt from standard input
      dam exec --json "…" | jq .            one JSON event a line
    "#);
}

#[test]
fn run() {
    assert_snapshot!(help(&["run"]), @r#"
    Run any program inside the boundary

    Usage: dam run [OPTIONS] -- COMMAND…

    Options:
          --color <WHEN>  When to use colour: auto, always or never
      -h, --help          Print help

    What is allowed:
      -s, --sandbox <MODE>
              What commands may touch [possible values: read-only, workspace-write, danger-full-access]
          --full-auto
              Short for `-s workspace-write -a on-request`
          --add-dir <DIR>
              Make another directory writable, like the working directory
          --allow-git
              Let commands commit, branch and add worktrees in the workspace's repositories
      -C, --cd <DIR>
              Work in this directory instead of the current one
          --limit <NAME=VALUE>
              Limit what each command uses, as in `memory=2G` or `wall-time=10m`
      -p, --profile <NAME>
              Use a named profile: `NAME.config.toml` or `[profiles.NAME]`
      -c, --config <KEY=VALUE>
              Override one setting, as in `-c sandbox_mode='"read-only"'`
          --rules <FILE>
              Follow the rules in this file, too
      -a, --ask-for-approval <POLICY>
              When to ask before a command runs [possible values: untrusted, on-request, never]
          --dangerously-bypass-approvals-and-sandbox
              No boundary and no questions; for machines that are thrown away [alias: --yolo]
          --transaction[=<ID>]
              Hold back what is written, for `dam changes`, `dam keep` and `dam drop`; with an ID, go on
              with that transaction

    Arguments:
      [COMMAND]...  The program and its arguments

    Examples:
      dam run -- npm test
      dam run --add-dir ../shared -- make
      dam run -s read-only -- claude -p "explain this project"
    "#);
}

#[test]
fn sandbox() {
    assert_snapshot!(help(&["sandbox"]), @r#"
    Try out what the boundary allows

    Runs a command as the agent's commands are run. Without -s, --full-auto or a `sandbox_mode` in the
    settings it is `read-only`.

    The older forms `dam sandbox linux …`, `dam sandbox landlock …` and `dam debug …` mean the same: the
    boundary is the one that this kernel can enforce. On macOS that is `dam sandbox macos …`, too;
    everywhere, `dam sandbox macos --print-policy` prints the policy that it would use.

    Usage: dam sandbox [OPTIONS] -- COMMAND…

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

          --log-denials
              List what was refused when the command has ended, reading included
              
              Opening a file takes longer meanwhile, because each is looked at.

          --learn
              Propose a profile from what a trusted command does without a boundary

          --name <NAME>
              What to call that profile, if not as the program

      -o, --output <FILE>
              Write that profile to a file instead of standard output

      -h, --help
              Print help (see a summary with '-h')

    What is allowed:
      -s, --sandbox <MODE>
              What commands may touch
              
              [possible values: read-only, workspace-write, danger-full-access]

          --full-auto
              Short for `-s workspace-write -a on-request`

          --add-dir <DIR>
              Make another directory writable, like the working directory

          --allow-git
              Let commands commit, branch and add worktrees in the workspace's repositories

      -C, --cd <DIR>
              Work in this directory instead of the current one

          --limit <NAME=VALUE>
              Limit what each command uses, as in `memory=2G` or `wall-time=10m`

      -p, --profile <NAME>
              Use a named profile: `NAME.config.toml` or `[profiles.NAME]`

      -c, --config <KEY=VALUE>
              Override one setting, as in `-c sandbox_mode='"read-only"'`

          --rules <FILE>
              Follow the rules in this file, too

      -a, --ask-for-approval <POLICY>
              When to ask before a command runs
              
              [possible values: untrusted, on-request, never]

          --transaction[=<ID>]
              Hold back what is written, for `dam changes`, `dam keep` and `dam drop`; with an ID, go on
              with that transaction

    Arguments:
      [COMMAND]...
              The program and its arguments

    Examples:
      dam sandbox -- ls ~/.ssh
      dam sandbox --full-auto --log-denials -- make
      dam sandbox --learn -o make.toml -- make   what a profile for it would grant
    "#);
    assert_eq!(help(&["debug"]), help(&["sandbox"]));
}

#[test]
fn changes() {
    assert_snapshot!(help(&["changes"]), @r"
    List what transactions would change

    A transaction is begun by `dam run --transaction` or `dam sandbox --transaction`. Without an ID it
    is the latest one of this directory.

    Usage: dam changes [OPTIONS] [ID]

    Arguments:
      [ID]
              The transaction

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

          --list
              List the open transactions instead

          --diff
              Also show what changes inside of files

          --json
              Print JSON

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      dam run --transaction -- npm update
      dam changes --diff
      dam keep package.json
      dam drop
    ");
}

#[test]
fn keep() {
    assert_snapshot!(help(&["keep"]), @r"
    Make what a transaction would change

    Each file is put in its place in one step. Whoever is stopped on the way can begin again. When
    nothing is left, the transaction is over.

    Usage: dam keep [OPTIONS] [ID] [PATH]...

    Arguments:
      [ID] [PATH]...
              The transaction, and which changes: those at or below the paths, or all

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

          --force
              Also where the real file has changed meanwhile, and protected names that a PATH names

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      dam keep
      dam keep src package.json
    ");
}

#[test]
fn drop() {
    assert_snapshot!(help(&["drop"]), @r"
    Throw away what a transaction would change

    Usage: dam drop [OPTIONS] [ID] [PATH]...

    Arguments:
      [ID] [PATH]...  The transaction, and which changes: those at or below the paths, or all

    Options:
          --color <WHEN>  When to use colour: auto, always or never
      -h, --help          Print help
    ");
}

#[test]
fn log() {
    assert_snapshot!(help(&["log"]), @r"
    Show and verify what happened

    Usage: dam log [OPTIONS]
           dam log <COMMAND>

    Commands:
      show        Show one session
      verify      Check that no entry was changed, removed or added
      checkpoint  Print a line that stands for all journals as they are now, to be kept elsewhere
      export      Write the record for other programs, or send it to a collector
      triage      Say what stands out: secrets, denials, new hosts, changes

    Options:
          --color <WHEN>  When to use colour: auto, always or never
          --json          Print JSON
      -n, --limit <N>     How many sessions to list, the latest first [default: 20]
      -h, --help          Print help
    ");
}

#[test]
fn log_show() {
    assert_snapshot!(help(&["log", "show"]), @r"
    Show one session

    Usage: dam log show [OPTIONS] <SESSION>

    Arguments:
      <SESSION>  The session, or `latest`

    Options:
          --color <WHEN>  When to use colour: auto, always or never
          --json          Print the entries as JSON, one a line
      -h, --help          Print help
    ");
}

#[test]
fn log_export() {
    assert_snapshot!(help(&["log", "export"]), @r"
    Write the record for other programs, or send it to a collector

    Usage: dam log export [OPTIONS] [SESSION]...

    Arguments:
      [SESSION]...
              The sessions, or `latest`; without them, all

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

          --format <FORMAT>
              How it is written

              Possible values:
              - otlp:  OpenTelemetry: logs, spans and metrics
              - jsonl: The journal's own lines, with everything in them
              - cef:   Common Event Format, one line for each entry
              
              [default: jsonl]

          --since <TIME>
              Only what was written since then: a time, a date, or an age such as `2h` or `7d`

          --to <ENDPOINT|->
              Where to: `-` is standard output, anything else the address of a collector (only `otlp`);
              without it, `otlp` goes where `[otel]` says

          --protocol <PROTOCOL>
              How a collector given by `--to` is spoken to

              Possible values:
              - binary: Protocol buffers over HTTP
              - json:   JSON over HTTP
              - grpc:   gRPC
              
              [default: binary]

          --content
              Write arguments, paths, hosts, reasons and messages, too, with secrets masked; `jsonl`
              always has them

          --pending
              Send what sessions could not deliver to the collector in `[otel]`

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn log_triage() {
    assert_snapshot!(help(&["log", "triage"]), @r"
    Say what stands out: secrets, denials, new hosts, changes

    Usage: dam log triage [OPTIONS] [SESSION]...

    Arguments:
      [SESSION]...  The sessions, or `latest`; without them, all

    Options:
          --color <WHEN>   When to use colour: auto, always or never
          --json           Print JSON
          --since <TIME>   Only what was written since then: a time, a date, or an age such as `2h` or
                           `7d`
          --summarise      Let the model of the settings say in a few sentences what matters; it is sent
                           the findings
      -m, --model <MODEL>  The model that summarises
      -h, --help           Print help
    ");
}

#[test]
fn log_verify() {
    assert_snapshot!(help(&["log", "verify"]), @r"
    Check that no entry was changed, removed or added

    Usage: dam log verify [OPTIONS] [SESSION]

    Arguments:
      [SESSION]  The session, or `latest`; without it, every session

    Options:
          --checkpoint <LINE>  Check that everything is there which a line stands for that `dam log
                               checkpoint` printed
          --color <WHEN>       When to use colour: auto, always or never
          --key <HEX>          Accept signatures by this public key only, instead of your own: to check
                               a copy elsewhere
          --json               Print JSON
      -h, --help               Print help
    ");
}

#[test]
fn log_checkpoint() {
    assert_snapshot!(help(&["log", "checkpoint"]), @r"
    Print a line that stands for all journals as they are now, to be kept elsewhere

    Usage: dam log checkpoint [OPTIONS]

    Options:
          --color <WHEN>  When to use colour: auto, always or never
      -h, --help          Print help
    ");
}

#[test]
fn requirements() {
    assert_snapshot!(help(&["requirements"]), @r"
    What an administrator requires, and who signed it

    Usage: dam requirements [OPTIONS] <COMMAND>

    Commands:
      show    Show what is required on this machine
      verify  Check requirements: whether they can be read, and who signed them
      sign    Sign requirements, so that no others count where the key is pinned
      keygen  Make a pair of keys: FILE, which is secret, and FILE.pub

    Options:
          --color <WHEN>  When to use colour: auto, always or never
      -h, --help          Print help
    ");
    assert_snapshot!(help(&["requirements", "verify"]), @r"
    Check requirements: whether they can be read, and who signed them

    Usage: dam requirements verify [OPTIONS] [FILE]

    Arguments:
      [FILE]  The file; without it, what is in force on this machine

    Options:
          --color <WHEN>  When to use colour: auto, always or never
          --key <FILE>    The public key that must have signed it, instead of the pinned one
      -h, --help          Print help
    ");
    assert_snapshot!(help(&["requirements", "sign"]), @r"
    Sign requirements, so that no others count where the key is pinned

    Usage: dam requirements sign [OPTIONS] --key <FILE> <FILE>

    Arguments:
      <FILE>  The requirements

    Options:
          --color <WHEN>     When to use colour: auto, always or never
          --key <FILE>       The secret key
          --out <FILE>       Where to write what is signed; without it, to standard output
          --serial <NUMBER>  The serial number; without it, the next after that of either file
      -h, --help             Print help

    Examples:
      dam requirements keygen admin.key
      dam requirements sign requirements.toml --key admin.key --out signed.toml
      sudo install -m 644 signed.toml /etc/cofferdam/requirements.toml
      sudo install -m 644 admin.key.pub /etc/cofferdam/requirements.pub
    ");
}

#[test]
fn config_show() {
    assert_snapshot!(help(&["config", "show"]), @r#"
    Show the settings in effect

    Usage: dam config show [OPTIONS]

    Options:
          --color <WHEN>  When to use colour: auto, always or never
          --origin        Say where each value comes from
          --json          Print JSON
      -h, --help          Print help

    What is allowed:
      -s, --sandbox <MODE>
              What commands may touch [possible values: read-only, workspace-write, danger-full-access]
          --full-auto
              Short for `-s workspace-write -a on-request`
          --add-dir <DIR>
              Make another directory writable, like the working directory
          --allow-git
              Let commands commit, branch and add worktrees in the workspace's repositories
      -C, --cd <DIR>
              Work in this directory instead of the current one
          --limit <NAME=VALUE>
              Limit what each command uses, as in `memory=2G` or `wall-time=10m`
      -p, --profile <NAME>
              Use a named profile: `NAME.config.toml` or `[profiles.NAME]`
      -c, --config <KEY=VALUE>
              Override one setting, as in `-c sandbox_mode='"read-only"'`
          --rules <FILE>
              Follow the rules in this file, too
      -a, --ask-for-approval <POLICY>
              When to ask before a command runs [possible values: untrusted, on-request, never]
          --dangerously-bypass-approvals-and-sandbox
              No boundary and no questions; for machines that are thrown away [alias: --yolo]
    "#);
}

#[test]
fn config_explain() {
    assert_snapshot!(first_lines(&["config", "explain"]), @"
    Explain a setting: every layer that sets it, and which one counts

    Usage: dam config explain [OPTIONS] <KEY>

    Arguments:
      <KEY>  The key, as in `sandbox_mode` or `permissions.mine.network`

    Options:
          --color <WHEN>  When to use colour: auto, always or never
          --json          Print JSON
      -h, --help          Print help
    ");
}

#[test]
fn config_host() {
    assert_snapshot!(first_lines(&["config", "host"]), @"
    Say whether a host can be reached under the profile's network rules

    Usage: dam config host [OPTIONS] <HOST[:PORT]>

    Arguments:
      <HOST[:PORT]>  The host, at port 443 unless it names one

    Options:
          --color <WHEN>     When to use colour: auto, always or never
          --method <METHOD>  The method of a request to it
          --json             Print JSON
      -h, --help             Print help
    ");
}

#[test]
fn trust() {
    assert_snapshot!(help(&["trust"]), @"
    Trust what a project says of itself, as it is now

    Shows everything in it that becomes settings, rules, programs or instructions, or what of it has
    changed since, and asks.

    Usage: dam trust [OPTIONS]
           dam trust <COMMAND>

    Commands:
      status  Say whether the project is trusted, and what has changed since

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

          --yes
              Do not ask

          --revoke
              Take trust back

      -C, --cd <DIR>
              The project around this directory instead of the current one

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn trust_status() {
    assert_snapshot!(help(&["trust", "status"]), @"
    Say whether the project is trusted, and what has changed since

    Usage: dam trust status [OPTIONS]

    Options:
          --color <WHEN>  When to use colour: auto, always or never
          --json          Print JSON
      -C, --cd <DIR>      The project around this directory instead of the current one
      -h, --help          Print help
    ");
}

#[test]
fn config_import() {
    assert_snapshot!(help(&["config", "import"]), @"
    Write settings and rules from those of another program

    Usage: dam config import [OPTIONS] --from <PROGRAM>

    Options:
          --color <WHEN>
              When to use colour: auto, always or never

          --from <PROGRAM>
              Whose settings: those in `~/.codex` or `~/.claude`

              Possible values:
              - codex:  Codex
              - claude: Claude Code

          --dry-run
              Print what would be written

          --force
              Put the new files in the place of those that are there

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn doctor() {
    assert_snapshot!(help(&["doctor"]), @r#"
    Find out what this machine can enforce

    Usage: dam doctor [OPTIONS]

    Options:
          --attack        Try to get out of the boundary, in a place made for it
          --color <WHEN>  When to use colour: auto, always or never
          --json          Print JSON
      -h, --help          Print help

    What is allowed:
      -s, --sandbox <MODE>      What commands may touch [possible values: read-only, workspace-write,
                                danger-full-access]
          --full-auto           Short for `-s workspace-write -a on-request`
          --add-dir <DIR>       Make another directory writable, like the working directory
          --allow-git           Let commands commit, branch and add worktrees in the workspace's
                                repositories
      -C, --cd <DIR>            Work in this directory instead of the current one
          --limit <NAME=VALUE>  Limit what each command uses, as in `memory=2G` or `wall-time=10m`
      -p, --profile <NAME>      Use a named profile: `NAME.config.toml` or `[profiles.NAME]`
      -c, --config <KEY=VALUE>  Override one setting, as in `-c sandbox_mode='"read-only"'`
          --rules <FILE>        Follow the rules in this file, too
    "#);
}

#[test]
fn completion() {
    assert_snapshot!(help(&["completion"]), @r"
    Print the completions of a shell

    Usage: dam completion [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
          --color <WHEN>  When to use colour: auto, always or never
      -h, --help          Print help
    ");
}

#[test]
fn completions_know_every_subcommand() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = environment().dam(["completion", shell]).run();
        assert!(outcome.success(), "{shell}: {}", outcome.page());
        for word in [
            "exec",
            "run",
            "sandbox",
            "changes",
            "keep",
            "drop",
            "log",
            "policy",
            "doctor",
            "completion",
        ] {
            assert!(outcome.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_version_is_data() {
    let outcome = environment().dam(["--version"]).run();
    assert_eq!(
        outcome.page(),
        format!("exit 0\n-- stdout\ndam {}\n", env!("CARGO_PKG_VERSION"))
    );
}
