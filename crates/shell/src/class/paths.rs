//! Paths: which are broad, which belong to the system, which are made anew by
//! any build.

use crate::analysis::{Analysis, Simple, Spread, Word};

use super::Danger;

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

/// What writing to a place would harm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harm {
    pub(super) danger: Danger,
    pub(super) what: &'static str,
}

/// What writing to a place would harm, if it is known to harm.
pub(super) fn harm_in_writing(word: &Word) -> Option<Harm> {
    let written = word.written().trim_matches('"');
    let path = word.known().unwrap_or(written);
    let path = normal(path);
    let harm = |danger, what| Some(Harm { danger, what });
    if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
        return harm(Danger::OpensShell, "opens a connection");
    }
    if is_below(&path, "/proc/self/fd") {
        return None;
    }
    if path.starts_with("/dev/") && !is_harmless_device(&path) {
        return harm(Danger::Disk, "writes to a device");
    }
    if ["/proc/sys", "/sys", "/proc/sysrq-trigger"]
        .iter()
        .any(|dir| is_below(&path, dir))
    {
        return harm(Danger::Machine, "changes the kernel's settings");
    }
    if is_below(&path, "/var/log") {
        return harm(Danger::WeakensSecurity, "changes records");
    }
    let outside = path.starts_with(['/', '~', '$']);
    if outside && LATER.iter().any(|dir| path.contains(dir)) || path.contains("/.ssh/") {
        return harm(Danger::StartsLater, "writes what is run or trusted later");
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if outside && name.starts_with('.') && name.ends_with("_history") {
        return harm(Danger::WeakensSecurity, "changes the record of commands");
    }
    if outside && STARTED.contains(&name) {
        return harm(
            Danger::StartsLater,
            "writes what is run or trusted at the next login",
        );
    }
    if is_below(&path, ".git/hooks") || path.contains("/.git/hooks/") {
        return harm(Danger::StartsLater, "writes what git runs later");
    }
    if SYSTEM.iter().any(|dir| is_below(&path, dir)) && !is_temporary(&path) {
        return harm(Danger::Overwrites, "writes to a place of the system");
    }
    None
}

/// Files below a home directory that a login runs or trusts.
const STARTED: &[&str] = &[
    ".bash_aliases",
    ".bash_login",
    ".bash_logout",
    ".bash_profile",
    ".bashrc",
    ".cshrc",
    ".gitconfig",
    ".inputrc",
    ".kshrc",
    ".mkshrc",
    ".login",
    ".pam_environment",
    ".profile",
    ".rhosts",
    ".shrc",
    ".tmux.conf",
    ".vimrc",
    ".xinitrc",
    ".xprofile",
    ".xsession",
    ".zlogin",
    ".zprofile",
    ".zshenv",
    ".zshrc",
    "authorized_keys",
    "config.fish",
];

/// Parts of paths below which the system looks for what to run.
const LATER: &[&str] = &[
    "/LaunchAgents/",
    "/LaunchDaemons/",
    "/autostart/",
    "/cron.d/",
    "/cron.daily/",
    "/cron.hourly/",
    "/cron.weekly/",
    "/cron.monthly/",
    "/etc/crontab",
    "/etc/ld.so.preload",
    "/etc/profile",
    "/etc/rc.local",
    "/etc/init.d/",
    "/etc/pam.d/",
    "/etc/sudoers",
    "/fish/conf.d/",
    "/spool/cron",
    "/systemd/system/",
    "/systemd/user/",
    "/udev/rules.d/",
    "/etc/update-motd.d/",
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
    if is_temporary(&path) {
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
pub(super) fn normal(path: &str) -> String {
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

/// Those of them that nobody calls anything else by.
const UNMISTAKABLE: &[&str] = &[
    ".mypy_cache",
    ".next",
    ".nox",
    ".nuxt",
    ".nyc_output",
    ".parcel-cache",
    ".pytest_cache",
    ".ruff_cache",
    ".svelte-kit",
    ".tox",
    ".turbo",
    ".venv",
    "__pycache__",
    "coverage",
    "dist",
    "htmlcov",
    "node_modules",
    "target",
    "venv",
];

/// Whether a name is one that a build or a tool makes anew.
pub(super) fn is_made_anew_name(name: &str) -> bool {
    MADE_ANEW.contains(&name) || name.len() > 9 && name.ends_with(".egg-info")
}

/// Whether a path leads into what git keeps for itself.
pub(super) fn is_git_internal(path: &str) -> bool {
    path.split('/')
        .any(|part| part.eq_ignore_ascii_case(".git"))
}

/// Below a directory of temporary files, not one itself.
fn is_temporary(path: &str) -> bool {
    TEMPORARY
        .iter()
        .any(|dir| path != *dir && is_below(path, dir))
}

/// Where the relative paths of a command start.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The directory, where it is known.
    directory: Option<String>,
    /// Whether it may be another one than that at the start.
    moved: bool,
}

impl Place {
    /// The first directory of a script, whichever that is.
    pub(super) const fn nowhere() -> Self {
        Self {
            directory: None,
            moved: false,
        }
    }

    /// A directory, or the first one of a script if it is not known.
    pub(super) fn at(directory: Option<&str>) -> Self {
        Self {
            directory: directory.map(normal),
            moved: directory.is_some_and(is_no_workspace),
        }
    }

    /// The place of a command in a script that starts in `directory`.
    pub(super) fn of(simple: &Simple, analysis: &Analysis, directory: Option<&str>) -> Self {
        // Where the reader says nothing of directories, every `cd` counts.
        let went = analysis
            .commands
            .iter()
            .take_while(|other| !std::ptr::eq(*other, simple))
            .filter(|other| matches!(other.name(), Some("cd" | "pushd" | "popd" | "chdir")))
            .filter(|_| simple.directory.as_deref() == Some(""));
        let start = went.fold(Self::at(directory), |place, other| {
            place.gone(other.arguments().last().and_then(Word::known))
        });
        start.gone(simple.directory.as_deref())
    }

    fn gone(self, to: Option<&str>) -> Self {
        let start = self;
        match to {
            Some("" | ".") => start,
            Some(to) if to.starts_with('/') => start.gone_to(normal(to)),
            Some(to) if is_plain_relative(to) => Self {
                directory: start.directory.map(|dir| normal(&format!("{dir}/{to}"))),
                ..start
            },
            _ => Self {
                moved: true,
                ..start
            },
        }
    }

    /// Somewhere else: below or above where it starts, or to a place that
    /// may be anybody's.
    fn gone_to(self, to: String) -> Self {
        let moved = is_no_workspace(&to)
            || !is_temporary(&to)
                && self
                    .directory
                    .as_ref()
                    .is_some_and(|dir| !is_below(&to, dir) && !is_below(dir, &to));
        Self {
            directory: Some(to),
            moved,
        }
    }

    /// Whether the directory is known.
    pub(super) const fn is_known(&self) -> bool {
        self.directory.is_some()
    }

    /// The path below the directory, if it is there for certain.
    pub(super) fn below(&self, path: &str) -> Option<String> {
        if path.starts_with('/') {
            let dir = self
                .directory
                .as_deref()
                .filter(|dir| !is_no_workspace(dir))?;
            let path = normal(path);
            let rest = path.strip_prefix(dir)?.strip_prefix('/')?;
            return Some(rest.to_owned());
        }
        let path = normal(path);
        let stays = !self.moved
            && !path.is_empty()
            && path != ".."
            && !path.starts_with("../")
            && !path.starts_with(['~', '$', '-']);
        stays.then_some(path)
    }

    /// Whether a path is below a directory of temporary files.
    pub(super) fn is_temporary(&self, path: &str) -> bool {
        let path = path.trim_matches('"');
        let below_variable = ["$TMPDIR/", "${TMPDIR}/", "${TMPDIR:-/tmp}/"]
            .iter()
            .any(|dir| path.starts_with(dir));
        if below_variable {
            return !path.contains("..");
        }
        let path = match &self.directory {
            Some(dir) if !path.starts_with(['/', '~', '$']) => normal(&format!("{dir}/{path}")),
            _ => normal(path),
        };
        is_temporary(&path)
    }

    /// Whether a path is one that a build makes anew.
    pub(super) fn makes_anew(&self, path: &str) -> bool {
        let path = normal(path);
        if path.starts_with(['~', '$']) || path.starts_with("..") {
            return false;
        }
        let names: &[&str] = if self.moved || self.below(&path).is_none() {
            UNMISTAKABLE
        } else {
            MADE_ANEW
        };
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let deep = !path.starts_with('/') || path.matches('/').count() > 1;
        deep && !is_git_internal(&path)
            && parts.any(|part| names.contains(&part) || part.ends_with(".egg-info"))
    }
}

/// Directories in which nobody keeps one project alone.
fn is_no_workspace(path: &str) -> bool {
    let path = normal(path);
    let depth = path.split('/').filter(|part| !part.is_empty()).count();
    let home = is_below(&path, "/home") || is_below(&path, "/Users");
    let kept = ["/opt", "/root", "/srv", "/var"];
    depth == 0
        || home && depth <= 2
        || path == "/root"
        || SYSTEM.iter().any(|dir| {
            is_below(&path, dir) && (!kept.contains(dir) || depth <= 1) && !is_temporary(&path)
        })
        || TEMPORARY.contains(&path.as_str())
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
