//! Every check: its identifier, what it is, how bad, how known, what is safer.

use crate::{Confidence, Finding, Severity};
use Confidence::{A, B, C};
use Severity::{Critical, High, Low, Medium};

/// A named check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its identifier, which never changes.
    pub id: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Numbers of the Common Weakness Enumeration.
    pub cwe: &'static [u16],
    /// How bad it is as a rule.
    pub severity: Severity,
    /// How it is known as a rule.
    pub confidence: Confidence,
    /// What to write instead.
    pub safer: &'static str,
}

#[rustfmt::skip]
/// Every check, by subject.
pub const CHECKS: &[Check] = &[
    // Workflows of CI.
    check("workflow-untrusted-checkout", "A privileged workflow checks out a stranger's change", &[829, 94], Critical, A,
        "Use `pull_request`, which has no secrets; or never run what a change brings in a job that has them."),
    check("workflow-expression-injection", "Text of strangers is put into a script", &[94, 78], High, A,
        "Hand the value to the step in `env:` and use the shell's variable in quotes."),
    check("workflow-unpinned-action", "An action that somebody else can exchange", &[829, 494], Medium, B,
        "Name the action by the full digest of a commit, with the version in a comment."),
    check("workflow-broad-permissions", "A workflow may write everything", &[250, 732], Medium, A,
        "Begin with `permissions: {}` or `contents: read`, and give each job what it needs."),
    check("workflow-secrets-inherit", "Every secret is handed to another workflow", &[522, 250], Medium, A,
        "Name the secrets that the workflow needs."),
    check("workflow-self-hosted", "Changes of strangers run on a machine of your own", &[829, 250], Medium, B,
        "Run pull requests on machines that are thrown away, or only after somebody has looked."),
    check("workflow-unsecure-commands", "Output of a step can set its environment", &[94], High, A,
        "Leave ACTIONS_ALLOW_UNSECURE_COMMANDS out; write to $GITHUB_ENV."),
    check("workflow-changed", "What CI runs was changed", &[829], Low, A,
        "Have somebody read it who may decide what CI does."),
    // Containers.
    check("docker-root-user", "The container runs as root", &[250], Medium, B,
        "End with `USER` and a name that is not root."),
    check("docker-unpinned-image", "An image that changes under its name", &[829], Low, B,
        "Name the version, better the digest: `image:1.2.3@sha256:…`."),
    check("docker-piped-download", "What is downloaded runs unseen", &[494, 829], Medium, A,
        "Download to a file, compare its digest, then run it; or take it from a package."),
    check("docker-remote-add", "`ADD` of an address, without a digest", &[494], Medium, A,
        "Use `ADD --checksum=sha256:…`, or COPY what is in the repository."),
    check("docker-unverified-packages", "Packages are installed without checking who made them", &[345, 494], Medium, A,
        "Leave the switch out, and add the key of the source."),
    check("docker-ssh-port", "The container offers SSH", &[1327], Low, B,
        "Use `docker exec`; a container needs no SSH."),
    check("container-privileged", "A container with all rights over its host", &[250], High, A,
        "Leave `privileged` out and add the one capability that is needed."),
    check("container-host-namespace", "A container shares a namespace of its host", &[653, 250], High, A,
        "Publish the ports that are needed; leave the host's network, processes and memory alone."),
    check("container-host-mount", "A container can write what belongs to its host", &[668, 250], High, A,
        "Mount a volume; never the container engine's socket or directories of the system."),
    check("container-capability", "A container with a capability that is as good as root", &[250], High, A,
        "Drop `ALL`, and add only what the program needs."),
    check("container-unconfined", "A container without its filter", &[693], High, A,
        "Leave the default profiles of seccomp and AppArmor on."),
    check("container-privilege-escalation", "A process may gain rights", &[250], Medium, A,
        "Set `allowPrivilegeEscalation: false`."),
    check("container-runs-as-root", "A container is told to run as root", &[250], Medium, A,
        "Set `runAsNonRoot: true` and a user."),
    check("kubernetes-wildcard-role", "A role that may do everything", &[250, 732], High, A,
        "Name the resources and verbs."),
    check("kubernetes-anonymous-binding", "Rights for everybody, or all rights", &[306, 732], High, A,
        "Bind a service account of its own to a role with what it needs."),
    // Terraform.
    check("terraform-open-ingress", "Reachable from the whole internet", &[284, 668], High, A,
        "Name the networks that need it."),
    check("terraform-public-bucket", "A bucket that everybody can read", &[284, 732], High, A,
        "Keep it private, and block public access."),
    check("terraform-public-database", "A database on the internet", &[284], High, A,
        "Set `publicly_accessible = false`."),
    check("terraform-no-encryption", "Storage that is not encrypted", &[311], Medium, A,
        "Switch the encryption on."),
    check("terraform-wildcard-policy", "A policy that allows everything", &[250, 732], High, A,
        "Name the actions and the resources."),
    check("terraform-metadata-v1", "Instance metadata without a token", &[918], Medium, A,
        "Set `http_tokens = \"required\"`."),
    // Text and names.
    check("invisible-unicode", "Characters that nobody sees", &[1007, 506], High, A,
        "Remove them; where one is needed in text, write it as an escape."),
    check("confusable-identifier", "A name with letters of two scripts that look alike", &[1007], Medium, B,
        "Write the name in one script."),
    check("hostile-file-name", "A file name that a program may take for something else", &[78, 116], High, A,
        "Rename the file."),
    check("hostile-branch-name", "A branch name that a script may run", &[78, 116], High, A,
        "Rename the branch, and put names of branches into quotes in scripts."),
    check("hostile-commit-message", "A commit message with hidden characters or commands for CI", &[1007, 150], Medium, A,
        "Write the message again."),
    // What runs by itself.
    check("lifecycle-script", "A script that runs when the package is installed", &[506, 829], Low, A,
        "Do without it, or have somebody read it; install with `--ignore-scripts`."),
    check("build-hook", "Code that runs when the project is built, opened or imported", &[506, 829], Medium, B,
        "Do without it, or have somebody read it."),
    check("package-manager-setting", "A setting that weakens what packages are taken", &[829, 345], Medium, A,
        "Leave the setting out, and name each source for the packages that need it."),
    check("agent-settings-added", "Settings that a coding agent or an editor follows", &[829, 94], Medium, A,
        "Have somebody read it who may decide what agents do here."),
    check("agent-settings-dangerous", "Settings that let a coding agent act unasked", &[250, 829], High, A,
        "Leave it out of the repository: each user decides for themselves."),
    check("agent-instruction-injection", "Text that speaks to a coding agent behind its user's back", &[94, 1427], Medium, C,
        "Remove it."),
    // Calls.
    check("outbound-without-timeout", "A call that may wait for ever", &[400, 1088], Low, B,
        "Give it a time limit."),
    check("tls-verification-off", "The other side is not verified", &[295], High, A,
        "Leave the verification on; add the certificate of your own authority where there is one."),
    check("outbound-new-host", "A host that the project did not name before", &[829, 200], Low, B,
        "Have somebody confirm that data may go there."),
    check("error-detail-leak", "Details of an error go to the client", &[209], Medium, B,
        "Log the error, and answer with a number that finds it."),
    check("debug-enabled", "Debugging is switched on in code", &[489, 215], Medium, B,
        "Read the switch from the environment, off by default."),
    check("template-unescaped", "A template puts a value into a page as it is", &[79], Medium, C,
        "Let the template escape it; clean markup that people may write with a library for that."),
    // Packages.
    check("phantom-import", "A package that is imported and nowhere declared", &[829, 1357], Medium, B,
        "Declare it, if it is the one that you mean; if it does not exist, remove the import."),
    check("unlocked-package", "A package that is declared and not locked", &[1357, 494], Medium, A,
        "Write the lock file anew, and commit both."),
    check("lookalike-package", "A package whose name looks like another's", &[1357, 829], High, B,
        "Look whose package it is; write the name of the one that you mean."),
    check("package-source", "A package from outside of the registry", &[829, 494], Medium, A,
        "Take it from the registry, or name the full digest of a commit."),
    check("package-without-integrity", "A package without a digest in the lock file", &[353, 494], Medium, A,
        "Write the lock file anew with the package manager."),
    check("known-vulnerability", "A version with a known vulnerability", &[1395, 937], High, A,
        "Take a version without it."),
    check("licence-changed", "The licence was changed", &[], Medium, A,
        "Have somebody confirm it who may decide that."),
    check("dependency-licence", "A new package whose licence asks for something", &[], Low, A,
        "Have somebody confirm that the licence fits the project's."),
    // Tests.
    check("missing-refusal-test", "What must be refused is not tested", &[1164], Low, C,
        "Write a test for each case that must be refused."),
];

const fn check(
    id: &'static str,
    title: &'static str,
    cwe: &'static [u16],
    severity: Severity,
    confidence: Confidence,
    safer: &'static str,
) -> Check {
    Check {
        id,
        title,
        cwe,
        severity,
        confidence,
        safer,
    }
}

/// A finding of a check. `line` is 0 where it is about the file as a whole.
pub(super) fn finding(
    id: &'static str,
    path: &str,
    line: u32,
    message: impl Into<String>,
) -> Finding {
    let check = CHECKS.iter().find(|check| check.id == id);
    debug_assert!(check.is_some(), "{id} is in the catalogue");
    let found = Finding {
        rule: id.into(),
        message: message.into(),
        path: path.to_owned(),
        line,
        end_line: line,
        ..Finding::default()
    };
    match check {
        None => found,
        Some(check) => Finding {
            cwe: check.cwe.to_vec(),
            title: check.title.to_owned(),
            severity: check.severity,
            confidence: check.confidence,
            safer: check.safer.to_owned(),
            ..found
        },
    }
}
