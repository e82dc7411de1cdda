//! Paths: which are broad, which belong to the system, which are made anew by
//! any build.

use crate::analysis::{Spread, Word};

/// Files that swallow what is written to them.
pub(super) fn is_sink(path: &str) -> bool {
    matches!(
        path,
        "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty"
    )
}

/// Whether opening it may reach a device or a host.
pub(super) fn may_be_device(word: &Word) -> bool {
    match word {
        Word::Known(path) => path.starts_with("/dev/") && !is_harmless_device(path),
        Word::Unknown { prefix, .. } => {
            prefix.is_empty() || "/dev/".starts_with(prefix.as_str()) || prefix.starts_with("/dev/")
        }
    }
}

fn is_harmless_device(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/dev/") else {
        return false;
    };
    matches!(
        name,
        "null"
            | "zero"
            | "full"
            | "tty"
            | "stdin"
            | "stdout"
            | "stderr"
            | "random"
            | "urandom"
            | "ptmx"
    ) || ["fd/", "pts/", "shm/"]
        .iter()
        .any(|dir| name.starts_with(dir))
}

/// What writing to a place would harm, if it is known to harm.
pub(super) fn harm_in_writing(word: &Word) -> Option<&'static str> {
    let written = word.written().trim_matches('"');
    let path = word.known().unwrap_or(written);
    let path = normal(path);
    if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
        return Some("opens a connection");
    }
    if is_below(&path, "/proc/self/fd") {
        return None;
    }
    if path.starts_with("/dev/") && !is_harmless_device(&path) {
        return Some("writes to a device");
    }
    if ["/proc/sys", "/sys", "/proc/sysrq-trigger"]
        .iter()
        .any(|dir| is_below(&path, dir))
    {
        return Some("changes the kernel's settings");
    }
    if SYSTEM.iter().any(|dir| is_below(&path, dir)) {
        return Some("writes to a place of the system");
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let outside = path.starts_with(['/', '~', '$']);
    if outside && STARTED.contains(&name) || path.contains("/.ssh/") {
        return Some("writes what is run or trusted at the next login");
    }
    None
}

/// Files below a home directory that a login runs or trusts.
const STARTED: &[&str] = &[
    ".bash_login",
    ".bash_logout",
    ".bash_profile",
    ".bashrc",
    ".profile",
    ".zlogin",
    ".zprofile",
    ".zshenv",
    ".zshrc",
    "authorized_keys",
];

/// Directories that belong to the system.
const SYSTEM: &[&str] = &[
    "/Applications",
    "/Library",
    "/System",
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/proc",
    "/root",
    "/sbin",
    "/srv",
    "/sys",
    "/usr",
    "/var",
];

/// Directories that hold temporary files, some of them below the system's.
const TEMPORARY: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/var/folders",
    "/dev/shm",
    "/private/tmp",
];

/// Whether a command on everything below this place would go far beyond a
/// few files. An unknown place may be any.
pub(super) fn is_broad(word: &Word) -> bool {
    match word {
        Word::Known(path) => is_broad_path(path),
        Word::Unknown {
            written,
            prefix,
            spread,
            ..
        } => {
            *spread == Spread::Any
                || prefix.is_empty()
                || prefix.starts_with("..")
                || is_broad_path(prefix.rsplit_once('/').map_or("", |(dir, _)| dir))
                || written.starts_with(['~', '$'])
        }
    }
}

/// Whether a pattern takes in a whole directory that is broad itself.
pub(super) fn is_broad_pattern(word: &Word) -> bool {
    let Word::Unknown {
        written,
        spread: Spread::Pattern,
        ..
    } = word
    else {
        return false;
    };
    let (dir, pattern) = written.rsplit_once('/').unwrap_or((".", written));
    let everything = pattern.chars().all(|c| "*.?[]!".contains(c));
    let home = matches!(dir, "~" | "$HOME" | "\"$HOME\"" | "${HOME}");
    everything && (home || dir.is_empty() || is_broad_path(dir))
}

fn is_broad_path(path: &str) -> bool {
    let path = normal(path);
    if TEMPORARY
        .iter()
        .any(|dir| path != *dir && is_below(&path, dir))
    {
        return false;
    }
    if !path.starts_with('/') {
        return matches!(path.as_str(), "" | "." | "..")
            || path.starts_with("../")
            || path.starts_with('~');
    }
    let depth = path.split('/').filter(|part| !part.is_empty()).count();
    let home = is_below(&path, "/home") || is_below(&path, "/Users");
    depth <= 1 || home && depth <= 2 || SYSTEM.iter().any(|dir| is_below(&path, dir))
}

fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path with `.` and `..` resolved as far as text can tell.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

/// Names of directories that a build or a tool makes anew.
const MADE_ANEW: &[&str] = &[
    ".cache",
    ".eggs",
    ".gradle",
    ".mypy_cache",
    ".next",
    ".nox",
    ".nuxt",
    ".nyc_output",
    ".parcel-cache",
    ".pytest_cache",
    ".ruff_cache",
    ".svelte-kit",
    ".terraform",
    ".tox",
    ".turbo",
    ".venv",
    "__pycache__",
    "_build",
    "bin",
    "build",
    "builddir",
    "cmake-build-debug",
    "cmake-build-release",
    "coverage",
    "debug",
    "dist",
    "htmlcov",
    "node_modules",
    "obj",
    "out",
    "release",
    "target",
    "temp",
    "tmp",
    "venv",
];

/// Whether a word is a plain relative path into a directory that a build
/// makes anew.
pub(super) fn is_made_anew(word: &Word) -> bool {
    let Some(path) = word.known() else {
        return false;
    };
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    is_plain_relative(path)
        && parts.any(|part| MADE_ANEW.contains(&part) || part.ends_with(".egg-info"))
}

/// Whether a path stays below the current directory, whatever is there.
pub(super) fn is_plain_relative(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let named = path.split('/').any(|part| !matches!(part, "" | "."));
    named
        && !path.starts_with(['/', '~', '-', '$'])
        && !path.contains(['*', '?', '[', '\\'])
        && parts.all(|part| part != ".." && !part.to_ascii_lowercase().starts_with(".git"))
}
