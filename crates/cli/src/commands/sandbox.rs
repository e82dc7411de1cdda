//! `dam sandbox`: tries out what the boundary allows.

use dam_config::Options;
use dam_policy::{Layer, Origin, SandboxMode};
use dam_sandbox::{Denial, seatbelt};

use crate::arguments::{Approvals, Backend, Sandbox, Trial};
use crate::boxed::{self, Typed};
#[cfg(target_os = "linux")]
use crate::commands::learn;
use crate::error::CommandError;
use crate::exit;
use crate::output::{Output, WARNING};
use crate::settings;
use crate::variables::Variables;

/// Runs the command; its exit code is ours.
pub fn run(
    sandbox: Sandbox,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let trial = match sandbox.older {
        None => sandbox.trial,
        Some(Backend::Linux(trial)) => trial,
        Some(Backend::Macos(mac)) if mac.print_policy => {
            return print_policy(&mac.trial, variables, output);
        }
        Some(Backend::Macos(mac)) if cfg!(target_os = "macos") => mac.trial,
        Some(Backend::Macos(_)) => {
            return Err(
                CommandError::user("`macos` names the boundary of macOS; this is Linux")
                    .hint("`dam sandbox -- COMMAND` uses the boundary of this machine")
                    .hint("`dam sandbox macos --print-policy` prints what a Mac would be given"),
            );
        }
    };
    if trial.learn {
        #[cfg(target_os = "linux")]
        return learn::run(trial, variables, output);
        #[cfg(not(target_os = "linux"))]
        return Err(CommandError::user(
            "`--learn` watches with means that only Linux has",
        ));
    }
    try_out(trial, variables, output)
}

fn try_out(trial: Trial, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let approvals = Approvals {
        ask_for_approval: trial.ask_for_approval,
        ..Approvals::default()
    };
    let options = settings::options(&trial.grants, &approvals)?;
    let mut settings = load(options, variables)?;
    settings::limit(&mut settings, &trial.grants)?;
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    if trial.log_denials {
        let files = &mut settings.posture.profile.value.files;
        *files = std::mem::take(files).telling_of_refusals();
    }
    let typed = Typed {
        front: "sandbox",
        words: trial.command.words,
        grants: trial.grants,
        transaction: trial.hold_back.transaction,
    };
    let outcome = boxed::run(&typed, &settings, variables, output)?;
    if trial.log_denials {
        list(&outcome.denials, outcome.unreported, output);
    }
    Ok(boxed::exit_code(outcome.status))
}

/// Prints the policy that a Mac would be given, and what it would not hold.
fn print_policy(
    trial: &Trial,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    if !trial.command.words.is_empty() {
        return Err(CommandError::user(
            "`--print-policy` runs nothing, so it takes no command",
        ));
    }
    let options = settings::options(&trial.grants, &Approvals::default())?;
    let mut settings = load(options, variables)?;
    settings::limit(&mut settings, &trial.grants)?;
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    let policy = seatbelt::policy(&settings.posture.profile.value)
        .map_err(|error| CommandError::user(error.to_string()))?;
    // On a Mac they are among the notices.
    for gap in policy.gaps.iter().filter(|_| !cfg!(target_os = "macos")) {
        output.labelled(WARNING, "note", gap);
    }
    // To the letter, since it may be kept and used: paths hold no control
    // characters, or they would have been refused.
    output.bytes(policy.text.as_bytes())?;
    Ok(exit::OK.code)
}

/// What nobody set is `read-only` here, also in a folder where a session
/// would start in `workspace-write`: trying out starts from the least.
fn load(mut options: Options, variables: &Variables) -> Result<dam_config::Settings, CommandError> {
    let settings = settings::load(&options, variables, true)?;
    if settings.posture.profile.origin.layer > Layer::Builtin {
        return Ok(settings);
    }
    options.sandbox_mode = Some(SandboxMode::ReadOnly);
    let mut settings = settings::load(&options, variables, true)?;
    settings.posture.profile.origin = Origin::BUILTIN;
    Ok(settings)
}

fn list(denials: &[Denial], unreported: u64, output: &mut Output) {
    output.note(&boxed::count_refused(denials.len() as u64 + unreported));
    for denial in denials {
        let line = |text: &str| dam_journal::clean(text).replace('\n', "<U+000A>");
        output.note(&format!("  {}", line(&denial.sentence())));
        output.note(&line(&format!(
            "    {} by `{}` (process {}), rule {}",
            denial.syscall, denial.process, denial.pid, denial.rule
        )));
    }
    if unreported > 0 {
        output.note(&format!("  and {unreported} more"));
    }
}
