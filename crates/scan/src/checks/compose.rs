//! Files of Docker Compose, and what they share with Kubernetes.

use super::docker::is_moving;
use super::document::{Node, yaml};
use super::{Found, file_name, has_ending};
use crate::SourceFile;

/// Capabilities that are as good as root on the host.
const STRONG: &[&str] = &[
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "DAC_READ_SEARCH",
    "DAC_OVERRIDE",
    "BPF",
    "SYS_BOOT",
    "NET_ADMIN",
];

fn is_compose(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let is_yaml = has_ending(&name, &["yml", "yaml"]);
    is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose."))
}

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if !is_compose(file.path) {
        return;
    }
    let documents = match yaml(file.text) {
        Ok(documents) => documents,
        Err(why) => return found.not_read(why.text()),
    };
    for document in &documents {
        for (_, service) in document
            .get("services")
            .map(Node::entries)
            .unwrap_or_default()
        {
            self::service(service, found);
        }
    }
}

fn service(service: &Node, found: &mut Found<'_>) {
    for (key, value) in service.entries() {
        let text = value.text().unwrap_or_default();
        match (key.name.as_str(), text) {
            ("privileged", "true") => {
                found.add(
                    "container-privileged",
                    key.line,
                    "`privileged: true` gives the container every right over the host.",
                );
            }
            ("network_mode" | "pid" | "ipc" | "userns_mode" | "uts", "host") => {
                let message = format!(
                    "`{}: host` lifts the wall between the container and its host.",
                    key.name
                );
                found.add("container-host-namespace", key.line, message);
            }
            ("cap_add", _) => capabilities(value, found),
            ("security_opt", _) => {
                for option in value.items() {
                    unconfined(option, option.text().unwrap_or_default(), found);
                }
            }
            ("image", image)
                if !image.is_empty()
                    && !image.contains('$')
                    && is_moving(image)
                    && service.get("build").is_none() =>
            {
                found.add(
                    "docker-unpinned-image",
                    key.line,
                    format!("`{image}` is another image tomorrow."),
                );
            }
            ("volumes", _) => {
                for volume in value.items() {
                    self::volume(volume, found);
                }
            }
            _ => {}
        }
    }
}

/// Capabilities in a list.
pub(super) fn capabilities(list: &Node, found: &mut Found<'_>) {
    for item in list.items() {
        let name = item.text().unwrap_or_default().to_ascii_uppercase();
        let plain = name.strip_prefix("CAP_").unwrap_or(&name);
        if STRONG.contains(&plain) {
            let message =
                format!("`{plain}` lets the container take over its host, or its network.");
            found.add("container-capability", item.line, message);
        }
    }
}

pub(super) fn unconfined(at: &Node, option: &str, found: &mut Found<'_>) {
    if option.to_ascii_lowercase().contains("unconfined") {
        found.add(
            "container-unconfined",
            at.line,
            format!("`{option}` takes away the filter between the container and the kernel."),
        );
    }
}

fn volume(volume: &Node, found: &mut Found<'_>) {
    let short = volume.text().map(|text| {
        let mut parts = text.split(':');
        let source = parts.next().unwrap_or_default();
        (source, parts.nth(1).is_some_and(|mode| mode.contains("ro")))
    });
    let long = volume
        .text_of("source")
        .map(|source| (source, volume.is_true("read_only")));
    if let Some((source, read_only)) = short.or(long) {
        host_path(source, read_only, volume.line, found);
    }
}

/// A directory of the host in a container.
pub(super) fn host_path(source: &str, read_only: bool, line: u32, found: &mut Found<'_>) {
    let engine = source.contains("docker.sock")
        || source.contains("containerd.sock")
        || source.contains("podman.sock")
        || source.contains("crio.sock");
    let trimmed = source.trim_end_matches('/');
    let system = source == "/"
        || [
            "/etc",
            "/root",
            "/proc",
            "/sys",
            "/boot",
            "/dev",
            "/usr",
            "/lib",
            "/var/run",
            "/var/lib/docker",
            "/var/lib/kubelet",
        ]
        .contains(&trimmed);
    if engine {
        found.add(
            "container-host-mount",
            line,
            format!(
                "`{source}` is the container engine: whoever can write to it is root on the host."
            ),
        );
    } else if system && !(read_only && source != "/") {
        found.add(
            "container-host-mount",
            line,
            format!("`{source}` of the host can be written in the container."),
        );
    }
}
