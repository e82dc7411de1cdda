//! What a project did that no application has to: it tried to reach somebody
//! while it was loaded, to write or read outside of itself, to get at other
//! processes or at what is said of it. The box held it; the report says it.

use serde::{Deserialize, Serialize};

use super::judge::short;
use super::payloads::WORD;
use super::protocol::{Place, Seen};
use crate::{Confidence, Finding, Proof, Severity};

/// The rule of such findings.
const RULE: &str = "hostile-act";
/// Embedded malicious code.
const CWE: u16 = 506;
/// More processes than an application needs.
const PROCESSES: u32 = 64;
/// The most acts that are told.
const MOST: usize = 50;

/// What was tried.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActKind {
    /// To speak for its worker.
    Channel,
    /// To read credentials.
    Credentials,
    /// To get at another process.
    Process,
    /// To write outside of itself.
    Write,
    /// To use up more than it was given.
    Limit,
    /// To reach somebody while it was loaded.
    Network,
}

impl ActKind {
    const fn what(self) -> &'static str {
        match self {
            Self::Channel => "tried to speak for the program that examines it",
            Self::Credentials => "tried to read credentials",
            Self::Process => "tried to get at another process",
            Self::Write => "tried to write outside of its directory",
            Self::Limit => "used up what it was given",
            Self::Network => "tried to reach somebody outside while it was loaded",
        }
    }

    const fn severity(self) -> Severity {
        match self {
            Self::Channel | Self::Credentials | Self::Process => Severity::High,
            Self::Write | Self::Limit | Self::Network => Severity::Medium,
        }
    }
}

/// One act.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Act {
    /// What was tried.
    pub kind: ActKind,
    /// On what, in a few words, fit to be shown.
    pub text: String,
    /// Whether the boundary or the watcher has seen it, rather than the
    /// project's process said it.
    pub watched: bool,
    /// Where in the project, where that is known.
    pub place: Option<Place>,
}

/// What a worker says that its project tried.
#[derive(Debug, Deserialize)]
struct Told {
    kind: ActKind,
    text: String,
    #[serde(default)]
    place: Option<Place>,
}

impl Act {
    pub(super) fn seen(kind: ActKind, text: &str) -> Self {
        Self {
            kind,
            text: short(text),
            watched: true,
            place: None,
        }
    }

    /// What a worker says, if it can be understood.
    pub(super) fn told(line: &str) -> Option<Self> {
        let told: Told = serde_json::from_str(line).ok()?;
        Some(Self {
            kind: told.kind,
            text: short(&told.text),
            watched: false,
            place: told.place.filter(Place::is_plain),
        })
    }

    /// What the boundary refused, if no application has to do it. Where input
    /// is tried, it may be the input that leads outside.
    pub(super) fn refused(denial: &dam_sandbox::Denial, loading: bool) -> Option<Self> {
        let path = denial.path.to_string_lossy();
        let kind = match (&*denial.syscall, denial.reads) {
            ("connect", _) if loading => ActKind::Network,
            ("connect", _) => return None,
            _ if path.contains(WORD) => return None,
            _ if denial.path.starts_with("/proc") => ActKind::Process,
            (_, true) if is_credential(&path) => ActKind::Credentials,
            (_, true) => return None,
            (_, false) => ActKind::Write,
        };
        Some(Self::seen(kind, &denial.sentence()))
    }
}

/// Whether a file holds what lets somebody in.
fn is_credential(path: &str) -> bool {
    const PLACES: &[&str] = &[
        "/.ssh/",
        "/.gnupg/",
        "/.aws/",
        "/.kube/",
        "/.netrc",
        "/.git-credentials",
        "/.docker/config.json",
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/ssh/",
        "/etc/ssl/private",
        "/etc/sudoers",
    ];
    PLACES.iter().any(|place| path.contains(place))
}

/// What the watcher has seen between two requests.
pub(super) fn of_seen(seen: &Seen) -> Vec<Act> {
    let mut acts = Vec::new();
    if seen.noise > 0 {
        acts.push(Act::seen(
            ActKind::Channel,
            "something was written where only the worker writes its answers",
        ));
    }
    if seen.processes > PROCESSES {
        acts.push(Act::seen(
            ActKind::Limit,
            "it ran more processes at one time than an application needs",
        ));
    }
    acts
}

/// Adds acts, each once, up to a bound.
pub(super) fn add(all: &mut Vec<Act>, new: impl IntoIterator<Item = Act>) {
    for act in new {
        if all.len() < MOST && !all.contains(&act) {
            all.push(act);
        }
    }
}

/// A finding for each sort of act.
pub(super) fn findings(acts: &[Act]) -> Vec<Finding> {
    let mut kinds: Vec<ActKind> = acts.iter().map(|act| act.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| finding(kind, acts)).collect()
}

fn finding(kind: ActKind, acts: &[Act]) -> Finding {
    let of_kind: Vec<&Act> = acts.iter().filter(|act| act.kind == kind).collect();
    let texts: Vec<&str> = of_kind.iter().map(|act| act.text.as_str()).collect();
    let watched = of_kind.iter().any(|act| act.watched);
    let seen_by = if watched {
        "seen from outside the project's process"
    } else {
        "seen in the project's process"
    };
    let more = match texts.len().saturating_sub(4) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let place = of_kind.iter().find_map(|act| act.place.clone());
    let Place(path, line, symbol) =
        place.unwrap_or_else(|| Place(".".to_owned(), 0, String::new()));
    Finding {
        rule: RULE.into(),
        cwe: vec![CWE],
        title: format!("The project {}", kind.what()),
        message: format!(
            "While it was run in the boundary, the project {}: {}{more} ({seen_by}). Nothing came of it there.",
            kind.what(),
            texts[..texts.len().min(4)].join("; ")
        ),
        path,
        line,
        end_line: line,
        symbol: Some(symbol).filter(|name| !name.is_empty()),
        mark: serde_json::to_string(&kind).unwrap_or_default(),
        severity: kind.severity(),
        confidence: if watched { Confidence::A } else { Confidence::B },
        safer: "find out why before you run the project anywhere else".to_owned(),
        proof: Proof::NotAttempted {
            why: "it was seen while the project was run, not by input".to_owned(),
        },
        ..Finding::default()
    }
    .shown()
}
