//! Calls of tools. What a model writes may be anything: what cannot be
//! understood is told to the model, never guessed. Fields that are not known
//! are let pass, because models of different ages have different ones.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A call that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    Exec(ExecCommand),
    Shell(Shell),
    Stdin(WriteStdin),
    Patch(String),
    Plan(UpdatePlan),
}

/// A call that was not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum CallError {
    #[error(
        "there is no tool `{0}`; there are `exec_command`, `write_stdin`, `apply_patch` and \
         `update_plan`"
    )]
    Unknown(String),
    #[error("the arguments of `{tool}` cannot be used: {problem}")]
    Arguments { tool: &'static str, problem: String },
}

/// Run a script in a shell.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct ExecCommand {
    pub cmd: String,
    pub workdir: Option<String>,
    pub shell: Option<String>,
    pub tty: bool,
    pub yield_time_ms: Option<u64>,
    pub max_output_tokens: Option<usize>,
    pub sandbox_permissions: SandboxPermissions,
    pub justification: Option<String>,
}

/// Run words, as older models ask for it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Shell {
    pub command: Vec<String>,
    pub workdir: Option<String>,
    #[serde(alias = "timeout")]
    pub timeout_ms: Option<u64>,
    pub max_output_tokens: Option<usize>,
    pub sandbox_permissions: SandboxPermissions,
    pub with_escalated_permissions: bool,
    pub justification: Option<String>,
}

/// Whether a command is to run where the profile holds it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SandboxPermissions {
    #[default]
    UseDefault,
    RequireEscalated,
}

/// Write to a command that runs, or only look at it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct WriteStdin {
    pub session_id: u32,
    #[serde(default)]
    pub chars: String,
    #[serde(default)]
    pub yield_time_ms: Option<u64>,
    #[serde(default)]
    pub max_output_tokens: Option<usize>,
}

/// Show the plan.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct UpdatePlan {
    #[serde(default)]
    pub explanation: Option<String>,
    pub plan: Vec<Step>,
}

/// One step of it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Step {
    pub step: String,
    pub status: StepStatus,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepStatus {
    Pending,
    InProgress,
    Completed,
}

#[derive(Deserialize)]
struct ApplyPatch {
    #[serde(alias = "patch")]
    input: String,
}

/// Understands the call of a function.
pub(crate) fn read(name: &str, arguments: &str) -> Result<Call, CallError> {
    match name {
        "exec_command" => {
            let call: ExecCommand = parse("exec_command", arguments)?;
            if call.cmd.trim().is_empty() {
                return Err(problem("exec_command", &"`cmd` is missing or empty"));
            }
            Ok(Call::Exec(call))
        }
        "shell" | "local_shell" | "container.exec" => {
            let call: Shell = parse("shell", arguments)?;
            if call.command.is_empty() {
                return Err(problem("shell", &"`command` is missing or empty"));
            }
            Ok(Call::Shell(call))
        }
        "write_stdin" => parse("write_stdin", arguments).map(Call::Stdin),
        "apply_patch" => {
            parse::<ApplyPatch>("apply_patch", arguments).map(|call| Call::Patch(call.input))
        }
        "update_plan" => parse("update_plan", arguments).map(Call::Plan),
        other => Err(CallError::Unknown(other.to_owned())),
    }
}

/// Understands the call of a tool that takes text.
pub(crate) fn read_custom(name: &str, input: &str) -> Result<Call, CallError> {
    match name {
        "apply_patch" => Ok(Call::Patch(input.to_owned())),
        other => Err(CallError::Unknown(other.to_owned())),
    }
}

fn parse<T: DeserializeOwned>(tool: &'static str, arguments: &str) -> Result<T, CallError> {
    serde_json::from_str(arguments).map_err(|error| problem(tool, &error))
}

fn problem(tool: &'static str, problem: &dyn ToString) -> CallError {
    CallError::Arguments {
        tool,
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn calls_of_every_age_are_understood() {
        let call = read(
            "exec_command",
            r#"{"cmd":"ls","login":true,"prefix_rule":["ls"]}"#,
        );
        let wanted = ExecCommand {
            cmd: "ls".to_owned(),
            ..ExecCommand::default()
        };
        assert_eq!(call, Ok(Call::Exec(wanted)));
        let call = read("shell", r#"{"command":["ls"],"timeout":5}"#);
        let wanted = Shell {
            command: vec!["ls".to_owned()],
            timeout_ms: Some(5),
            ..Shell::default()
        };
        assert_eq!(call, Ok(Call::Shell(wanted)));
        let patch = Ok(Call::Patch("x".to_owned()));
        assert_eq!(read("apply_patch", r#"{"input":"x"}"#), patch);
        assert_eq!(read_custom("apply_patch", "x"), patch);
    }

    #[test]
    fn what_is_not_understood_is_explained() {
        let refused = [
            read("exec_command", "{}"),
            read("exec_command", "not json"),
            read(
                "exec_command",
                r#"{"cmd":"ls","sandbox_permissions":"root"}"#,
            ),
            read("shell", r#"{"command":[]}"#),
            read("write_stdin", r#"{"chars":"x"}"#),
            read("update_plan", r#"{"plan":[{"step":"a","status":"maybe"}]}"#),
            read("rm", "{}"),
            read_custom("exec_command", "ls"),
        ]
        .map(|call| call.unwrap_err().to_string());
        insta::assert_snapshot!(refused.join("\n"), @r"
        the arguments of `exec_command` cannot be used: `cmd` is missing or empty
        the arguments of `exec_command` cannot be used: expected ident at line 1 column 2
        the arguments of `exec_command` cannot be used: unknown variant `root`, expected `use_default` or `require_escalated` at line 1 column 40
        the arguments of `shell` cannot be used: `command` is missing or empty
        the arguments of `write_stdin` cannot be used: missing field `session_id` at line 1 column 13
        the arguments of `update_plan` cannot be used: unknown variant `maybe`, expected one of `pending`, `in_progress`, `completed` at line 1 column 37
        there is no tool `rm`; there are `exec_command`, `write_stdin`, `apply_patch` and `update_plan`
        there is no tool `exec_command`; there are `exec_command`, `write_stdin`, `apply_patch` and `update_plan`
        ");
    }

    proptest! {
        #[test]
        fn reading_never_panics(name in "exec_command|shell|write_stdin|apply_patch|update_plan|x", arguments in ".{0,40}") {
            let _ = read(&name, &arguments);
        }
    }
}
