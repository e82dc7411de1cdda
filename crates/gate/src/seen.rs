//! What a session has seen: told by fronts, and taken from what they are
//! allowed to do.

use std::path::{Path, PathBuf};

use dam_policy::{Action, CommandFacts, DangerKind, FlowState, Posture, Untrusted, Way};

use crate::show;

/// That the session has seen one half of what the flow rule goes by. To be
/// written down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowMark {
    /// `private_read` or `untrusted_taken_in`.
    pub mark: &'static str,
    /// What it was.
    pub what: String,
}

/// What an action that goes ahead lets the session see.
pub(crate) fn marks(
    posture: &Posture,
    untrusted_project: Option<&Path>,
    action: &Action,
    seen: &mut FlowState,
) -> Vec<FlowMark> {
    let mut marks = Vec::new();
    if !posture.flow.value.enabled {
        return marks;
    }
    marks.extend(mark_private(posture, action, seen));
    if let Some((source, what)) = untrusted(untrusted_project, action) {
        marks.extend(taken_in(seen, source, &what));
    }
    marks
}

/// What is private in what an action reads.
pub(crate) fn mark_private(
    posture: &Posture,
    action: &Action,
    seen: &mut FlowState,
) -> Option<FlowMark> {
    let what = private(posture, action)?;
    seen.read_private(what.clone()).then_some(FlowMark {
        mark: "private_read",
        what,
    })
}

/// Text of strangers was taken in.
pub(crate) fn taken_in(seen: &mut FlowState, source: Untrusted, what: &str) -> Option<FlowMark> {
    let what = show::short(what, 200);
    seen.take_in(source, &what).then(|| FlowMark {
        mark: "untrusted_taken_in",
        what: format!("{}: {what}", source.phrase()),
    })
}

/// The private thing that an action reads, if it does.
fn private(posture: &Posture, action: &Action) -> Option<String> {
    let profile = &posture.profile.value;
    let rule = &posture.flow.value;
    let is_private = |path: &Path| {
        // Where a boundary does not hide it, a credential store can be read.
        rule.is_private(path) || is_store(profile.home.as_deref(), path)
    };
    let shown = |path: &Path| show::short(&path.to_string_lossy(), 200);
    match action {
        Action::ReadFile { path } if is_private(path) => Some(shown(path)),
        Action::Command { facts, cwd, .. } => {
            // What runs in a private directory may read it unsaid.
            let mut read = facts.paths.iter().map(PathBuf::as_path);
            let found = read.find(|path| is_private(path));
            let around = || rule.private.iter().any(|private| cwd.starts_with(private));
            match found {
                Some(path) => Some(shown(path)),
                None if around() => Some(shown(cwd)),
                None if reads_secret(facts) => Some(show::short(&facts.because, 200)),
                None => None,
            }
        }
        _ => None,
    }
}

/// What is a secret wherever it lies: a key file in the workspace, say.
fn reads_secret(facts: &CommandFacts) -> bool {
    matches!(
        facts.danger,
        Some(DangerKind::ReadsSecret | DangerKind::ShowsEnvironment | DangerKind::SendsOut)
    )
}

fn is_store(home: Option<&Path>, path: &Path) -> bool {
    let Some(home) = home else { return false };
    let Ok(below) = path.strip_prefix(home) else {
        return false;
    };
    let mut stores = dam_policy::CREDENTIAL_STORES.iter();
    stores.any(|store| below.starts_with(store.path))
}

/// What an action takes in that strangers wrote.
fn untrusted(project: Option<&Path>, action: &Action) -> Option<(Untrusted, String)> {
    let inside = |path: &Path| project.is_some_and(|project| path.starts_with(project));
    match action {
        Action::Command { facts, cwd, .. } => {
            let outward = facts.outward();
            // What only publishes answers little; it is counted all the same.
            let found = outward.iter().max_by_key(|out| out.way == Way::Reaches);
            match found {
                Some(out) => Some((Untrusted::Network, out.program.to_owned())),
                None if inside(cwd) => Some((Untrusted::Project, cwd.display().to_string())),
                None => None,
            }
        }
        Action::ReadFile { path } if inside(path) => {
            Some((Untrusted::Project, path.display().to_string()))
        }
        Action::Reach { host, .. } => Some((Untrusted::Network, host.clone())),
        Action::UseTool { server, tool } => Some((Untrusted::Tool, format!("{server}/{tool}"))),
        Action::SearchWeb { query } => Some((Untrusted::Web, query.clone())),
        _ => None,
    }
}
