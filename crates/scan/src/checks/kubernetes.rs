//! Manifests of Kubernetes.

use super::Found;
use super::compose::{capabilities, host_path};
use super::docker::is_moving;
use super::document::{Node, yaml};
use crate::{Language, SourceFile};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let is_manifest = file.language == Language::Yaml
        && file.text.contains("apiVersion:")
        && file.text.contains("kind:");
    // Templates are no YAML before they are filled in.
    if !is_manifest {
        return;
    }
    if file.text.contains("{{") && file.path.contains("templates/") {
        return found.not_read("it is a template of Helm, which is not filled in here");
    }
    let documents = match yaml(file.text) {
        Ok(documents) => documents,
        Err(why) => return found.not_read(why.text()),
    };
    for document in &documents {
        match document.text_of("kind").unwrap_or_default() {
            "Role" | "ClusterRole" => role(document, found),
            "RoleBinding" | "ClusterRoleBinding" => binding(document, found),
            "" => {}
            _ => {
                for node in document.every() {
                    pod(node, found);
                }
            }
        }
    }
}

/// What a pod, or a container in it, says.
fn pod(node: &Node, found: &mut Found<'_>) {
    for (key, value) in node.entries() {
        let yes = value.text() == Some("true");
        match key.name.as_str() {
            "hostNetwork" | "hostPID" | "hostIPC" if yes => {
                let message = format!(
                    "`{}` lifts the wall between the pod and its node.",
                    key.name
                );
                found.add("container-host-namespace", key.line, message);
            }
            "privileged" if yes => {
                found.add(
                    "container-privileged",
                    key.line,
                    "`privileged: true` gives the container every right over its node.",
                );
            }
            "allowPrivilegeEscalation" if yes => {
                found.add(
                    "container-privilege-escalation",
                    key.line,
                    "Programs that belong to root may make the process root.",
                );
            }
            "runAsUser" if value.text() == Some("0") => {
                found.add(
                    "container-runs-as-root",
                    key.line,
                    "`runAsUser: 0` is root.",
                );
            }
            "runAsNonRoot" if value.text() == Some("false") => {
                found.add(
                    "container-runs-as-root",
                    key.line,
                    "`runAsNonRoot: false` lets the image decide, and most are root.",
                );
            }
            "capabilities" => {
                if let Some(added) = value.get("add") {
                    capabilities(added, found);
                }
            }
            "hostPath" => {
                let path = value.text_of("path").unwrap_or_default();
                host_path(path, false, key.line, found);
            }
            "seccompProfile" | "appArmorProfile" if value.text_of("type") == Some("Unconfined") => {
                found.add(
                    "container-unconfined",
                    key.line,
                    "`Unconfined` takes away the filter between the container and the kernel.",
                );
            }
            "containers" | "initContainers" => images(value, found),
            _ => {}
        }
    }
}

fn images(containers: &Node, found: &mut Found<'_>) {
    for container in containers.items() {
        if let Some(image) = container.get("image") {
            let name = image.text().unwrap_or_default();
            if !name.is_empty() && !name.contains('$') && is_moving(name) {
                found.add(
                    "docker-unpinned-image",
                    image.line,
                    format!("`{name}` is another image tomorrow."),
                );
            }
        }
    }
}

fn role(document: &Node, found: &mut Found<'_>) {
    for rule in document.get("rules").map(Node::items).unwrap_or_default() {
        let all = |name: &str| {
            rule.get(name)
                .is_some_and(|list| list.items().iter().any(|item| item.text() == Some("*")))
        };
        if all("verbs") && all("resources") {
            found.add(
                "kubernetes-wildcard-role",
                rule.line,
                "`*` on `*`: whoever has this role owns the cluster or the namespace.",
            );
        }
    }
}

fn binding(document: &Node, found: &mut Found<'_>) {
    let role = document
        .at(&["roleRef", "name"])
        .and_then(Node::text)
        .unwrap_or_default();
    for subject in document
        .get("subjects")
        .map(Node::items)
        .unwrap_or_default()
    {
        let name = subject.text_of("name").unwrap_or_default();
        if matches!(name, "system:anonymous" | "system:unauthenticated") {
            found.add(
                "kubernetes-anonymous-binding",
                subject.line,
                format!("`{name}` is everybody who reaches the cluster; they get `{role}`."),
            );
        } else if role == "cluster-admin" && name == "default" {
            found.add(
                "kubernetes-anonymous-binding",
                subject.line,
                "Every pod without an account of its own becomes `cluster-admin`.",
            );
        }
    }
}
