//! Shells for others, and ways out of what would hold a command.

use crate::analysis::{Input, Simple, Word};

use super::found::{Danger, Found};

/// A program that joins a connection and a shell, or listens for one.
pub(super) fn to_network(name: &str, simple: &Simple) -> Option<Found> {
    let words = simple.arguments();
    let joins = |word: &Word| {
        let text = word.prefix().to_ascii_lowercase();
        if name == "socat" {
            return ["exec:", "system:", "shell:"]
                .iter()
                .any(|way| text.contains(way));
        }
        matches!(text.as_str(), "--exec" | "--sh-exec" | "--lua-exec")
            || (text.starts_with('-') && !text.starts_with("--") && text.contains(['e', 'c']))
    };
    if words.iter().any(joins) {
        return Some(Found::new(
            Danger::OpensShell,
            format!("`{name}` gives a program to the network"),
        ));
    }
    // A pipe that nothing in the script feeds back is how shells are joined.
    let by_pipe = matches!(&simple.input, Input::File(file) if file.prefix().contains("fifo") || file.prefix().contains("pipe"));
    by_pipe.then(|| {
        Found::new(
            Danger::OpensShell,
            format!("`{name}` is joined with a pipe"),
        )
    })
}

pub(super) fn container(name: &str, words: &[Word]) -> Option<Found> {
    let open = words.iter().find(|word| {
        let text = word.prefix();
        let text = ["--volume=", "-v", "--mount="]
            .iter()
            .find_map(|option| text.strip_prefix(option))
            .unwrap_or(text);
        text.starts_with("--privileged")
            || text.starts_with("/:")
            || [
                "/etc:", "/root:", "/home:", "/var:", "/usr:", "/proc:", "/sys:", "/dev:", "~:",
                "$HOME:",
            ]
            .iter()
            .any(|dir| text.starts_with(dir))
            || word.written().trim_matches('"').starts_with("$HOME:")
            || text.contains("docker.sock")
            || text.contains("source=/,")
            || text.contains("src=/,")
            || matches!(
                text,
                "--pid=host"
                    | "--ipc=host"
                    | "--userns=host"
                    | "--cap-add=ALL"
                    | "--cap-add=SYS_ADMIN"
                    | "--security-opt=seccomp=unconfined"
                    | "seccomp=unconfined"
                    | "apparmor=unconfined"
            )
    });
    let pair = words.windows(2).any(|pair| {
        matches!(
            (pair[0].known(), pair[1].known()),
            (Some("--pid" | "--ipc" | "--userns" | "--uts"), Some("host"))
                | (
                    Some("--cap-add"),
                    Some("ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE")
                )
        )
    });
    if pair {
        return Some(Found::new(
            Danger::Escapes,
            format!("`{name}` with the machine's own namespaces reaches the whole machine"),
        ));
    }
    let open = open?;
    Some(Found::new(
        Danger::Escapes,
        format!("`{name}` with `{open}` reaches the whole machine"),
    ))
}

/// Programs that enter other namespaces or another root.
pub(super) fn leaves(name: &str, words: &[Word]) -> Option<Found> {
    (!words.is_empty()
        && !words
            .iter()
            .all(|word| matches!(word.known(), Some("--help" | "--version" | "-V" | "-h"))))
    .then(|| {
        Found::new(
            Danger::Escapes,
            format!("`{name}` changes what a program sees of the machine"),
        )
    })
}
