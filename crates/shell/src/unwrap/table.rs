//! The wrappers and how to read their options.

use crate::class::is_destructive;

use super::options::Options;
use super::shells::is_shell;
use super::starters;

/// How to read the options of a wrapper.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one oddity that some wrappers have"
)]
pub(super) struct Spec {
    /// Short options without a value.
    pub(super) flags: &'static str,
    /// Short options with a value.
    pub(super) valued: &'static str,
    /// Short options whose value, if any, is attached.
    pub(super) attached: &'static str,
    /// Long options without a value, or with one after `=`.
    pub(super) long: &'static [&'static str],
    /// Long options with a value.
    pub(super) long_valued: &'static [&'static str],
    /// How many words stand between the options and the command.
    pub(super) operands: usize,
    /// Whether variables may be set before the command.
    pub(super) assigns: bool,
    /// Whether `-5` is an option.
    pub(super) number: bool,
    /// Whether `-` alone is an option.
    pub(super) dash: bool,
    /// Whether `+x` is an option.
    pub(super) plus: bool,
    /// Options with which it starts nothing.
    pub(super) asks: &'static [&'static str],
    /// Whether what it does itself counts: it is listed beside what it starts.
    pub(super) acts: bool,
    /// Whether what it starts is in another directory.
    pub(super) moves: bool,
}

impl Spec {
    /// Whether it starts nothing.
    pub(super) fn only_asks(&self, options: &Options) -> bool {
        self.asks.iter().any(|name| options.has(name))
    }
}

/// No options at all.
pub(super) const NONE: Spec = Spec {
    flags: "",
    valued: "",
    attached: "",
    long: &[],
    long_valued: &[],
    operands: 0,
    assigns: false,
    number: false,
    dash: false,
    plus: false,
    asks: &[],
    acts: false,
    moves: false,
};

const ENV: Spec = Spec {
    flags: "i0v",
    valued: "uSCa",
    long: &[
        "ignore-environment",
        "null",
        "debug",
        "block-signal",
        "default-signal",
        "ignore-signal",
        "list-signal-handling",
    ],
    long_valued: &["unset", "split-string", "chdir", "argv0"],
    assigns: true,
    dash: true,
    ..NONE
};

const SUDO: Spec = Spec {
    flags: "AbBEeHiKklnPSsVvN",
    valued: "CghprtTUuRD",
    long: &[
        "askpass",
        "background",
        "bell",
        "preserve-env",
        "edit",
        "set-home",
        "login",
        "remove-timestamp",
        "reset-timestamp",
        "list",
        "non-interactive",
        "preserve-groups",
        "stdin",
        "shell",
        "version",
        "validate",
    ],
    long_valued: &[
        "close-from",
        "group",
        "host",
        "prompt",
        "role",
        "type",
        "command-timeout",
        "other-user",
        "user",
        "chdir",
        "chroot",
    ],
    assigns: true,
    ..NONE
};

const TIMEOUT: Spec = Spec {
    flags: "vfp",
    valued: "ks",
    long: &["foreground", "preserve-status", "verbose"],
    long_valued: &["kill-after", "signal"],
    operands: 1,
    ..NONE
};

const XARGS: Spec = Spec {
    flags: "0oprtx",
    valued: "adEILnPRSsJ",
    attached: "eil",
    long: &[
        "null",
        "interactive",
        "open-tty",
        "no-run-if-empty",
        "verbose",
        "exit",
        "eof",
        "replace",
        "max-lines",
    ],
    long_valued: &[
        "arg-file",
        "delimiter",
        "max-args",
        "max-procs",
        "max-chars",
    ],
    ..NONE
};

/// `watch`, which gives its words to a shell.
pub(super) const WATCH: Spec = Spec {
    flags: "bcdegtpxwr",
    valued: "nq",
    long: &[
        "beep",
        "color",
        "errexit",
        "chgexit",
        "no-title",
        "precise",
        "exec",
        "differences",
    ],
    long_valued: &["interval", "equexit"],
    ..NONE
};

/// Shells, up to their script.
pub(super) const SHELL: Spec = Spec {
    flags: "abcdefghijklmnpqrstuvwxyzABCDEFGHIJKLMNPQRSTUVWXYZ",
    valued: "oO",
    long: &[
        "login",
        "norc",
        "noprofile",
        "posix",
        "restricted",
        "verbose",
        "noediting",
    ],
    plus: true,
    ..NONE
};

/// How to read the options of the wrapper `name`, if it is one.
pub(super) fn spec(name: &str) -> Option<&'static Spec> {
    const PLAIN: Spec = NONE;
    const DOAS: Spec = Spec {
        flags: "Lns",
        valued: "Cua",
        ..NONE
    };
    const PKEXEC: Spec = Spec {
        long: &["disable-internal-agent", "keep-cwd"],
        long_valued: &["user"],
        ..NONE
    };
    const NICE: Spec = Spec {
        valued: "n",
        long_valued: &["adjustment"],
        number: true,
        ..NONE
    };
    const IONICE: Spec = Spec {
        flags: "t",
        valued: "cnpPu",
        long: &["ignore"],
        long_valued: &["class", "classdata", "pid", "pgid", "uid"],
        asks: &["p", "P", "u", "pid", "pgid", "uid"],
        ..NONE
    };
    const COMMAND: Spec = Spec {
        flags: "pvV",
        asks: &["v", "V"],
        ..NONE
    };
    const EXEC: Spec = Spec {
        flags: "cl",
        valued: "a",
        ..NONE
    };
    const TIME: Spec = Spec {
        flags: "aplvVq",
        valued: "fo",
        long: &["append", "portability", "verbose", "quiet"],
        long_valued: &["format", "output"],
        ..NONE
    };
    const STDBUF: Spec = Spec {
        valued: "ioe",
        long_valued: &["input", "output", "error"],
        ..NONE
    };
    const SETSID: Spec = Spec {
        flags: "cfw",
        long: &["ctty", "fork", "wait"],
        ..NONE
    };
    const CHRT: Spec = Spec {
        flags: "bfiorvRa",
        valued: "TPD",
        long: &[
            "batch",
            "fifo",
            "idle",
            "other",
            "rr",
            "verbose",
            "reset-on-fork",
        ],
        operands: 1,
        ..NONE
    };
    const TASKSET: Spec = Spec {
        flags: "ac",
        long: &["all-tasks", "cpu-list"],
        operands: 1,
        ..NONE
    };
    const REPEAT: Spec = Spec {
        operands: 1,
        ..NONE
    };
    Some(match name {
        "env" => &ENV,
        "sudo" => &SUDO,
        "doas" => &DOAS,
        "pkexec" => &PKEXEC,
        "timeout" | "gtimeout" => &TIMEOUT,
        "nice" => &NICE,
        "ionice" => &IONICE,
        "nohup" | "builtin" | "noglob" | "nocorrect" | "-" => &PLAIN,
        "command" => &COMMAND,
        "exec" => &EXEC,
        "time" => &TIME,
        "stdbuf" => &STDBUF,
        "setsid" => &SETSID,
        "chrt" => &CHRT,
        "taskset" => &TASKSET,
        "repeat" => &REPEAT,
        "xargs" | "gxargs" => &XARGS,
        _ => return starters::spec(name),
    })
}

/// Programs that start others, in ways that are not read in depth.
const CARRIERS: &[&str] = &[
    "arch",
    "at",
    "batch",
    "bwrap",
    "capsh",
    "cgexec",
    "coproc",
    "chpst",
    "csh",
    "daemonize",
    "elvish",
    "expect",
    "firejail",
    "fish",
    "logsave",
    "mosh",
    "newgrp",
    "nu",
    "perf",
    "pexec",
    "proot",
    "pwsh",
    "rc",
    "rsh",
    "run-parts",
    "run0",
    "screen",
    "setlock",
    "sshpass",
    "start-stop-daemon",
    "systemd-inhibit",
    "systemd-run",
    "tcsh",
    "tmux",
    "trickle",
    "valgrind",
    "xonsh",
    "xvfb-run",
];

/// Programs that start others only with this first word.
const CARRYING: &[(&str, &[&str])] = &[
    ("lxc", &["exec"]),
    ("machinectl", &["shell"]),
    ("flatpak", &["run"]),
    ("vagrant", &["ssh"]),
    ("adb", &["shell"]),
    ("ip", &["netns"]),
    ("gcloud", &["compute"]),
    ("nix", &["run", "shell", "develop"]),
];

/// Whether a program starts others in ways that are not read.
pub(super) fn is_carrier(name: &str, first: Option<&str>) -> bool {
    CARRIERS.contains(&name)
        || CARRYING.iter().any(|(program, words)| {
            *program == name && first.is_some_and(|first| words.contains(&first))
        })
}

/// Whether a word looks like a program worth a second look.
pub(super) fn is_notable(word: &str) -> bool {
    let name = crate::analysis::base_name(word);
    spec(name).is_some() || is_shell(name) || is_destructive(name)
}

/// The programs worth a second look that a pattern may stand for.
pub(super) fn matching(pattern: &str) -> Vec<String> {
    let (dir, last) = pattern
        .rsplit_once('/')
        .map_or(("", pattern), |(dir, last)| (dir, last));
    let dirs: &[&str] = if dir.is_empty() {
        &[""]
    } else {
        &["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"]
    };
    let reaches = dirs
        .iter()
        .any(|known| crate::pattern::matches_path(dir, known));
    let globs = crate::pattern::parse_escaped(last);
    let fits = |name: &&&str| {
        let chars: Vec<char> = name.chars().collect();
        crate::pattern::matches(&globs, &chars)
    };
    // A pattern without a slash takes what is in the directory.
    NOTABLE
        .iter()
        .filter(|_| reaches)
        .filter(fits)
        .map(|name| (*name).to_owned())
        .collect()
}

/// Programs whose name a pattern may hide.
const NOTABLE: &[&str] = &[
    "awk", "base64", "bash", "busybox", "cat", "chmod", "chown", "cp", "crontab", "curl", "dash",
    "dd", "env", "find", "git", "halt", "head", "kill", "killall", "less", "ln", "mkfs", "more",
    "mount", "mv", "nc", "netcat", "node", "perl", "php", "pkill", "poweroff", "python", "python3",
    "reboot", "rm", "rmdir", "rsync", "ruby", "scp", "sed", "sh", "shred", "shutdown", "ssh", "su",
    "sudo", "tail", "tar", "tee", "telnet", "truncate", "umount", "unlink", "vim", "wget", "xargs",
    "zsh",
];
