//! `dam status`: what a session that begins here now would be: the class of
//! the repository, the layers, who is asked when, what can be reached, what is
//! required, and what the last session here has seen.

use std::path::{Path, PathBuf};

use clap::Args;
use dam_config::Settings;
use dam_journal::Event;
use dam_policy::{Access, Class, Layer, Network, NetworkRules, Origin, ReviewerKind, SandboxMode};
use serde::Serialize;

use super::trust;
use crate::arguments::{Approvals, Grants};
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

/// `dam status`.
#[derive(Args, Debug)]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    approvals: Approvals,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    directory: &'a Path,
    project: Project<'a>,
    class: Option<&'a Class>,
    layers: Vec<From>,
    mode: SandboxMode,
    profile: Set<&'a str>,
    writable: Vec<&'a Path>,
    approval_policy: Set<String>,
    reviewer: ReviewerKind,
    rules: usize,
    network: Reachable<'a>,
    flow: Flow,
    boundary: Boundary,
    requirements: Option<Required<'a>>,
    journal: &'a Path,
    notices: &'a [String],
}

#[derive(Debug, Serialize)]
struct Project<'a> {
    root: &'a Path,
    trusted: bool,
    trust: &'static str,
}

/// A layer that has a say in what is in effect.
#[derive(Debug, Eq, PartialEq, Serialize)]
struct From {
    layer: Layer,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    /// How many values in effect are from there.
    values: usize,
}

#[derive(Debug, Serialize)]
struct Set<T> {
    value: T,
    origin: String,
}

/// What can be reached.
#[derive(Debug, Serialize)]
struct Reachable<'a> {
    state: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    rules: Option<&'a NetworkRules>,
}

#[derive(Debug, Serialize)]
struct Flow {
    enabled: bool,
    /// The session that the marks are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    marks: Vec<Mark>,
}

#[derive(Debug, Serialize)]
struct Mark {
    mark: String,
    what: String,
}

#[derive(Debug, Serialize)]
struct Boundary {
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<String>,
    lacks: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Required<'a> {
    file: &'a Path,
    signed: bool,
    values: Vec<Requirement>,
}

#[derive(Debug, Serialize)]
struct Requirement {
    key: String,
    value: String,
    origin: String,
}

/// Shows it.
pub fn run(
    status: &Status,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&status.grants, &status.approvals)?;
    let mut settings = settings::load(&options, variables, settings::is_interactive())?;
    settings::limit(&mut settings, &status.grants)?;
    let shown = shown(&settings)?;
    if status.json {
        output.json(&shown)?;
    } else {
        tell(&shown, output)?;
    }
    Ok(exit::OK.code)
}

fn shown(settings: &Settings) -> Result<Shown<'_>, CommandError> {
    let posture = &settings.posture;
    let profile = &posture.profile;
    let mut writable: Vec<&Path> = profile.value.files.paths(Access::Write).collect();
    writable.sort_unstable();
    Ok(Shown {
        directory: &settings.cwd,
        project: Project {
            root: settings.project.top(&settings.cwd),
            trusted: settings.project.trusted,
            trust: trust::state(&settings.project.trust),
        },
        class: posture.held.class.as_ref(),
        layers: layers(settings),
        mode: profile.value.mode(),
        profile: Set {
            value: &profile.value.name,
            origin: profile.origin.to_string(),
        },
        writable,
        approval_policy: Set {
            value: posture.approval_policy.value.to_string(),
            origin: posture.approval_policy.origin.to_string(),
        },
        reviewer: posture.reviewer,
        rules: posture.rules.prefixes.len() + posture.rules.hosts.len(),
        network: match &profile.value.network {
            Network::None => reachable("off", None),
            Network::Proxy(rules) => reachable("rules", Some(rules)),
            Network::Host => reachable("everything", None),
        },
        flow: flow(settings)?,
        boundary: boundary(settings),
        requirements: required(settings),
        journal: &settings.dirs.journal,
        notices: &settings.notices,
    })
}

const fn reachable<'a>(state: &'static str, rules: Option<&'a NetworkRules>) -> Reachable<'a> {
    Reachable { state, rules }
}

/// The layers that set something that is in effect, the weakest first.
fn layers(settings: &Settings) -> Vec<From> {
    let mut layers: Vec<From> = Vec::new();
    for (_, _, Origin { layer, file, .. }) in settings.entries() {
        let known = layers
            .iter_mut()
            .find(|known| known.layer == *layer && known.file == *file);
        match known {
            Some(known) => known.values += 1,
            None => layers.push(From {
                layer: *layer,
                file: file.clone(),
                values: 1,
            }),
        }
    }
    layers.sort_by(|one, two| (one.layer, &one.file).cmp(&(two.layer, &two.file)));
    layers
}

/// Whether the flow rule counts, and what the last session has seen.
fn flow(settings: &Settings) -> Result<Flow, CommandError> {
    let session = dam_journal::latest(&settings.dirs.journal)?;
    let mut marks = Vec::new();
    if let Some(session) = &session {
        dam_journal::read_each(&settings.dirs.journal, session, &mut |entry| {
            if let Event::FlowMarked { mark, what } = entry.event {
                marks.push(Mark { mark, what });
            }
        })?;
    }
    Ok(Flow {
        enabled: settings.posture.flow.value.enabled,
        session: session.map(|session| session.to_string()),
        marks,
    })
}

fn boundary(settings: &Settings) -> Boundary {
    if !settings.posture.profile.value.confined {
        return Boundary {
            tier: None,
            lacks: Vec::new(),
            error: None,
        };
    }
    match settings::tier(settings) {
        Ok(tier) => Boundary {
            tier: Some(tier.to_string()),
            lacks: tier.lacks().iter().map(|lack| lack.without()).collect(),
            error: None,
        },
        Err(error) => Boundary {
            tier: None,
            lacks: Vec::new(),
            error: Some(error.to_string()),
        },
    }
}

fn required(settings: &Settings) -> Option<Required<'_>> {
    let entries = dam_config::requirement_entries(&settings.required.requirements);
    let values = entries.into_iter().map(|(key, value, origin)| Requirement {
        key,
        value,
        origin: origin.to_string(),
    });
    Some(Required {
        file: settings.required.file.as_deref()?,
        signed: settings.required.signed.is_some(),
        values: values.collect(),
    })
}

fn tell(shown: &Shown<'_>, output: &mut Output) -> Result<(), CommandError> {
    let mut line = |key: &str, value: &str, origin: &str| {
        let (value, origin) = (clean(value), clean(origin));
        let origin = if origin.is_empty() {
            String::new()
        } else {
            format!("  {FAINT}# {origin}{FAINT:#}")
        };
        output.data(&format!("{STRONG}{key:<13}{STRONG:#} {value}{origin}"))
    };
    line("directory", &path(shown.directory), "")?;
    line("project", &path(shown.project.root), shown.project.trust)?;
    if let Some(class) = shown.class {
        line(
            "class",
            &class.name,
            &format!("{} ({})", class.why, class.origin),
        )?;
    }
    for from in &shown.layers {
        let place = from.file.as_deref().map_or_else(String::new, path);
        line(
            "layer",
            &format!("{} ({} in effect)", from.layer, from.values),
            &place,
        )?;
    }
    let profile = &shown.profile;
    line("mode", &shown.mode.to_string(), "")?;
    line("profile", profile.value, &profile.origin)?;
    let writable: Vec<String> = shown.writable.iter().map(|place| path(place)).collect();
    line("writable", &or_nothing(&writable.join(", ")), "")?;
    let policy = &shown.approval_policy;
    line("asks", &policy.value, &policy.origin)?;
    line("reviewer", reviewer(shown.reviewer), "")?;
    line("rules", &shown.rules.to_string(), "")?;
    for (value, origin) in network(&shown.network) {
        line("network", &value, &origin)?;
    }
    let rule = if shown.flow.enabled { "on" } else { "off" };
    let session = shown.flow.session.as_ref();
    line("flow rule", rule, "")?;
    for Mark { mark, what } in &shown.flow.marks {
        let seen = session.map_or_else(String::new, |session| format!("session {session}"));
        line("last session", &format!("{mark}: {what}"), &seen)?;
    }
    line("boundary", &held_by(&shown.boundary), "")?;
    if let Some(required) = &shown.requirements {
        let signed = if required.signed {
            "signed"
        } else {
            "not signed"
        };
        line("requirements", &path(required.file), signed)?;
        for Requirement { key, value, origin } in &required.values {
            line("  requires", &format!("{key} = {value}"), origin)?;
        }
    }
    line("journal", &path(shown.journal), "")?;
    for notice in shown.notices {
        output.labelled(WARNING, "note", notice);
    }
    Ok(())
}

fn held_by(boundary: &Boundary) -> String {
    match (&boundary.tier, &boundary.error) {
        (_, Some(error)) => format!("none can be had: {error}"),
        (None, None) => "none: full access was chosen".to_owned(),
        (Some(tier), None) if boundary.lacks.is_empty() => tier.clone(),
        (Some(tier), None) => format!("{tier}: {}", boundary.lacks.join("; ")),
    }
}

const fn reviewer(kind: ReviewerKind) -> &'static str {
    match kind {
        ReviewerKind::User => "you",
        ReviewerKind::AutoReview => "the automatic reviewer, then you",
        ReviewerKind::Nobody => "nobody: a question is a no",
    }
}

/// One line for what can be reached, and one for each rule.
fn network(network: &Reachable<'_>) -> Vec<(String, String)> {
    let Some(rules) = network.rules else {
        return vec![(network.state.to_owned(), String::new())];
    };
    let mut lines = vec![(
        format!("preset {}, mode {}", rules.preset, rules.mode),
        rules.origin.to_string(),
    )];
    if let Some(ceiling) = &rules.ceiling {
        let allowed: Vec<String> = ceiling.allowed.iter().map(ToString::to_string).collect();
        let most = or_nothing(&allowed.join(", "));
        lines.push((format!("at most {most}"), ceiling.origin.to_string()));
    }
    lines.extend(rules.domains.iter().map(|rule| {
        let text = format!("{} {}", rule.permission, rule.pattern);
        (text, rule.origin.to_string())
    }));
    lines
}

fn or_nothing(text: &str) -> String {
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        text.to_owned()
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn clean(text: &str) -> String {
    dam_journal::mask(&dam_journal::clean(text)).replace('\n', "<U+000A>")
}
