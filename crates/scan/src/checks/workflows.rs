//! Workflows of GitHub's CI: who can make them run, with what rights, and what
//! of strangers gets into them.

use super::document::{Node, yaml};
use super::{Found, before, has_ending};
use crate::checks::catalogue::finding;
use crate::{Confidence, Joined, Project, Severity, SourceFile};

/// Events that run with the repository's secrets although strangers cause them.
const PRIVILEGED: &[&str] = &[
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
];

/// Values of an event that strangers write.
const UNTRUSTED: &[&str] = &[
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.pages",
    "github.event.commits",
    "github.event.head_commit.message",
    "github.event.head_commit.author",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit",
    "github.event.workflow_run.display_title",
    "github.event.workflow_run.pull_requests",
    "github.head_ref",
];

/// Ways to name a stranger's commit for a checkout.
const HEADS: &[&str] = &[
    "github.event.pull_request.head",
    "github.head_ref",
    "github.event.workflow_run.head",
    "github.event.number",
    "github.event.issue.number",
    "refs/pull/",
    "gh pr checkout",
    "fetch origin pull/",
];

fn is_workflow(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let is_yaml = has_ending(&path, &["yml", "yaml"]);
    is_yaml
        && (path.contains(".github/workflows/")
            || path.ends_with("/action.yml")
            || path == "action.yml"
            || path.ends_with("action.yaml"))
}

/// Other systems' files, of which only a change is said.
fn is_ci(path: &str) -> bool {
    let name = super::file_name(path);
    is_workflow(path)
        || matches!(
            name,
            ".gitlab-ci.yml"
                | ".travis.yml"
                | "Jenkinsfile"
                | "azure-pipelines.yml"
                | "bitbucket-pipelines.yml"
                | ".drone.yml"
        )
        || path.starts_with(".circleci/")
        || path.starts_with(".buildkite/")
}

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if is_ci(file.path) {
        found.facts.digest = Some(super::digest(file.text));
    }
    if !is_workflow(file.path) {
        return;
    }
    match yaml(file.text) {
        Ok(documents) => {
            for document in &documents {
                workflow(document, found);
            }
        }
        Err(why) => found.not_read(why.text()),
    }
}

pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    if project.base.is_none() {
        return;
    }
    for file in project.files.iter().filter(|file| is_ci(file.path)) {
        let now = file
            .facts
            .data::<super::FileFacts>()
            .unwrap_or_default()
            .digest;
        let message = match before(project, file.path) {
            None => "This file of CI is new: what it says runs with the repository's rights.",
            Some(then) if then.digest != now => {
                "This file of CI was changed: what it says runs with the repository's rights."
            }
            Some(_) => continue,
        };
        joined
            .findings
            .push(finding("workflow-changed", file.path, 0, message));
    }
}

/// What is known of a workflow while its jobs are read.
struct Workflow {
    privileged: Option<&'static str>,
    on_pull_request: bool,
}

fn workflow(document: &Node, found: &mut Found<'_>) {
    let events = events(document);
    let has = |name: &str| events.iter().any(|event| event == name);
    let about = Workflow {
        privileged: PRIVILEGED.iter().copied().find(|event| has(event)),
        on_pull_request: has("pull_request") || has("pull_request_target"),
    };
    permissions(document, &about, found);
    unsecure_commands(document, found);
    if let Some(jobs) = document.get("jobs") {
        for (_, job) in jobs.entries() {
            self::job(job, &about, found);
        }
    }
    // An action made of steps.
    if let Some(steps) = document.at(&["runs", "steps"]) {
        for step in steps.items() {
            self::step(step, &about, found);
        }
    }
}

/// The events of `on:`, which YAML 1.1 takes for `true`.
fn events(document: &Node) -> Vec<String> {
    let Some(on) = document.get("on").or_else(|| document.get("true")) else {
        return Vec::new();
    };
    let listed = on.items().iter().filter_map(Node::text);
    let named = on.entries().iter().map(|(key, _)| key.name.as_str());
    on.text()
        .into_iter()
        .chain(listed)
        .chain(named)
        .map(str::to_owned)
        .collect()
}

fn permissions(at: &Node, about: &Workflow, found: &mut Found<'_>) {
    let Some(permissions) = at.get("permissions") else {
        return;
    };
    if permissions.text() == Some("write-all") {
        found.add(
            "workflow-broad-permissions",
            permissions.line,
            "`permissions: write-all` gives every job every right over the repository.",
        );
    }
    let Some(event) = about.privileged else {
        return;
    };
    let strong = ["contents", "actions", "packages", "id-token", "deployments"];
    for (key, value) in permissions.entries() {
        if value.text() == Some("write") && strong.contains(&key.name.as_str()) {
            let message = format!(
                "`{}: write` in a workflow that strangers cause with `{event}`.",
                key.name
            );
            found
                .add("workflow-broad-permissions", key.line, message)
                .confidence = Confidence::B;
        }
    }
}

fn unsecure_commands(document: &Node, found: &mut Found<'_>) {
    for node in document.every() {
        for (key, value) in node.entries() {
            if key.name == "ACTIONS_ALLOW_UNSECURE_COMMANDS" && value.text() != Some("false") {
                found.add(
                    "workflow-unsecure-commands",
                    key.line,
                    "Any line that a step prints can set environment variables and the path.",
                );
            }
        }
    }
}

fn job(job: &Node, about: &Workflow, found: &mut Found<'_>) {
    permissions(job, about, found);
    if let Some(secrets) = job
        .get("secrets")
        .filter(|secrets| secrets.text() == Some("inherit"))
    {
        found.add(
            "workflow-secrets-inherit",
            secrets.line,
            "`secrets: inherit` hands every secret of the repository to the called workflow.",
        );
    }
    if let Some(uses) = job.get("uses") {
        action(uses, found);
    }
    runner(job, about, found);
    for step in job.get("steps").map(Node::items).unwrap_or_default() {
        self::step(step, about, found);
    }
}

fn runner(job: &Node, about: &Workflow, found: &mut Found<'_>) {
    let Some(runs_on) = job.get("runs-on") else {
        return;
    };
    let own = runs_on
        .every()
        .into_iter()
        .find(|node| node.text() == Some("self-hosted"));
    if let Some(node) = own.filter(|_| about.on_pull_request) {
        let message =
            "Pull requests run on a self-hosted runner: what they leave on it, the next job meets.";
        found.add("workflow-self-hosted", node.line, message);
    }
}

fn step(step: &Node, about: &Workflow, found: &mut Found<'_>) {
    if let Some(uses) = step.get("uses") {
        action(uses, found);
        checkout(step, uses, about, found);
        // Scripts that are handed to actions run just so.
        if let Some(script) = step.at(&["with", "script"]) {
            injected(script, about, found);
        }
    }
    if let Some(run) = step.get("run") {
        injected(run, about, found);
        let text = run.text().unwrap_or_default();
        let head = HEADS
            .iter()
            .find(|head| text.contains(**head) && text.contains("checkout"));
        if let (Some(event), Some(_)) = (about.privileged.filter(|event| is_change(event)), head) {
            let message = format!(
                "`{event}` runs with the repository's secrets, and this step checks out the change that caused it."
            );
            found.add("workflow-untrusted-checkout", run.line, message);
        }
    }
}

/// Whether an event brings a change that could be checked out.
fn is_change(event: &str) -> bool {
    matches!(
        event,
        "pull_request_target" | "workflow_run" | "issue_comment"
    )
}

fn action(uses: &Node, found: &mut Found<'_>) {
    let Some(name) = uses.text() else {
        return;
    };
    // Local ones are part of the change; images have checks of their own.
    if name.starts_with("./") || name.starts_with("docker://") || name.contains("${{") {
        return;
    }
    let reference = name.split_once('@').map_or("", |(_, reference)| reference);
    let is_digest = reference.len() >= 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest {
        return;
    }
    let message = format!(
        "`{name}` is whatever its owner puts under that name next time; it runs with the job's rights."
    );
    let finding = found.add("workflow-unpinned-action", uses.line, message);
    // Those of the platform itself are as trusted as the runner.
    if name.starts_with("actions/") || name.starts_with("github/") {
        finding.severity = Severity::Low;
        finding.confidence = Confidence::C;
    }
}

fn checkout(step: &Node, uses: &Node, about: &Workflow, found: &mut Found<'_>) {
    let is_checkout = uses
        .text()
        .is_some_and(|name| name.starts_with("actions/checkout@"));
    let Some(event) = about
        .privileged
        .filter(|event| is_checkout && is_change(event))
    else {
        return;
    };
    let named = ["ref", "repository"]
        .into_iter()
        .filter_map(|name| step.at(&["with", name]));
    for reference in named {
        let text = reference.text().unwrap_or_default();
        if HEADS.iter().any(|head| text.contains(head)) {
            let message = format!(
                "`{event}` runs with the repository's secrets and a token that can write, and `{text}` is the change of whoever caused it. Whatever the job builds or runs from it has both."
            );
            found.add("workflow-untrusted-checkout", reference.line, message);
            return;
        }
    }
}

/// Expressions of untrusted values in a script.
fn injected(script: &Node, about: &Workflow, found: &mut Found<'_>) {
    let text = script.text().unwrap_or_default();
    let mut rest = text;
    let mut offset = 0;
    while let Some(at) = rest.find("${{") {
        let from = at + 3;
        let Some(end) = rest[from..].find("}}") else {
            return;
        };
        let expression = rest[from..from + end].trim();
        if let Some(value) = untrusted(expression) {
            let above = text[..offset + at].matches('\n').count();
            // A block begins on the line after its sign.
            let line = script.line + u32::try_from(above).unwrap_or(0);
            let message = format!(
                "`${{{{ {expression} }}}}` is put into the script before the shell reads it: whoever writes `{value}` writes the script."
            );
            let finding = found.add("workflow-expression-injection", line, message);
            if about.privileged.is_some() {
                finding.severity = Severity::Critical;
            }
        }
        offset += from + end + 2;
        rest = &text[offset..];
    }
}

/// The untrusted value that an expression puts in as it is.
fn untrusted(expression: &str) -> Option<&'static str> {
    let calls = ["contains(", "startsWith(", "endsWith(", "hashFiles("];
    let compares = expression.contains("==") || expression.contains("!=");
    if compares || calls.iter().any(|call| expression.starts_with(call)) {
        return None;
    }
    UNTRUSTED
        .iter()
        .copied()
        .find(|value| expression.contains(value))
}
