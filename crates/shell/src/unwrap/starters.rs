//! More wrappers and how to read their options: those that change what a
//! program runs under, and those of package managers.

use super::table::{NONE, Spec};

const UNSHARE: Spec = Spec {
    flags: "mipnUrcfTCu",
    valued: "RwSG",
    long: &[
        "mount",
        "ipc",
        "net",
        "pid",
        "user",
        "uts",
        "cgroup",
        "time",
        "fork",
        "mount-proc",
        "map-root-user",
        "map-current-user",
        "map-auto",
        "keep-caps",
        "kill-child",
    ],
    long_valued: &[
        "root",
        "wd",
        "setuid",
        "setgid",
        "propagation",
        "setgroups",
        "map-user",
        "map-group",
        "map-users",
        "map-groups",
        "monotonic",
        "boottime",
    ],
    acts: true,
    ..NONE
};

const NSENTER: Spec = Spec {
    flags: "aFZe",
    attached: "miunpUCTrw",
    valued: "tSGN",
    long: &[
        "all",
        "mount",
        "uts",
        "ipc",
        "net",
        "pid",
        "user",
        "cgroup",
        "time",
        "root",
        "wd",
        "preserve-credentials",
        "no-fork",
        "follow-context",
        "env",
        "join-cgroup",
    ],
    long_valued: &["target", "setuid", "setgid", "wdns"],
    acts: true,
    moves: true,
    ..NONE
};

const CHROOT: Spec = Spec {
    long: &["skip-chdir"],
    long_valued: &["userspec", "groups"],
    operands: 1,
    acts: true,
    moves: true,
    ..NONE
};

const STRACE: Spec = Spec {
    flags: "ACcdDfFhiknNqrtTvVwxyYzZ",
    valued: "abeEIoOpPsSuUX",
    long: &[
        "follow-forks",
        "summary-only",
        "summary",
        "instruction-pointer",
        "stack-trace",
        "quiet",
        "relative-timestamps",
        "seccomp-bpf",
        "syscall-number",
        "decode-fds",
        "output-separately",
        "no-abbrev",
        "string-limit",
    ],
    long_valued: &[
        "output", "trace", "signal", "status", "attach", "user", "env", "columns",
    ],
    acts: true,
    ..NONE
};

const LTRACE: Spec = Spec {
    flags: "bcCfhiLnrStTV",
    valued: "aADeFlosuwxp",
    long: &["demangle", "indent"],
    long_valued: &["output", "library", "align", "config"],
    acts: true,
    ..NONE
};

const SETPRIV: Spec = Spec {
    flags: "d",
    long: &[
        "clear-groups",
        "keep-groups",
        "init-groups",
        "no-new-privs",
        "nnp",
        "reset-env",
        "dump",
    ],
    long_valued: &[
        "groups",
        "inh-caps",
        "ambient-caps",
        "bounding-set",
        "ruid",
        "euid",
        "rgid",
        "egid",
        "reuid",
        "regid",
        "securebits",
        "pdeathsig",
        "selinux-label",
        "apparmor-profile",
    ],
    acts: true,
    ..NONE
};

/// What a directory, a file or a number stands in front of.
const ONE: Spec = Spec {
    operands: 1,
    acts: true,
    ..NONE
};

const FLAGS: Spec = Spec {
    flags: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    acts: true,
    ..NONE
};

const LOADER: Spec = Spec {
    long: &[
        "list",
        "verify",
        "inhibit-cache",
        "inhibit-rpath",
        "help",
        "version",
    ],
    long_valued: &[
        "library-path",
        "preload",
        "argv0",
        "audit",
        "glibc-hwcaps-prepend",
    ],
    asks: &["help", "version"],
    ..NONE
};

const ENTR: Spec = Spec {
    flags: "acdnprsxz",
    acts: true,
    ..NONE
};

const CAFFEINATE: Spec = Spec {
    flags: "dimsu",
    valued: "tw",
    acts: true,
    ..NONE
};

const CHOOM: Spec = Spec {
    valued: "np",
    long_valued: &["adjust", "pid"],
    acts: true,
    ..NONE
};

const CPULIMIT: Spec = Spec {
    flags: "bfikmqrvz",
    valued: "elpPcs",
    long_valued: &["limit", "exe", "path", "pid"],
    long: &[
        "background",
        "foreground",
        "include-children",
        "lazy",
        "kill",
        "quiet",
    ],
    acts: true,
    ..NONE
};

const NUMACTL: Spec = Spec {
    flags: "Haslb",
    valued: "iNmCpw",
    long: &["all", "localalloc", "hardware", "show", "balancing"],
    long_valued: &[
        "interleave",
        "membind",
        "cpunodebind",
        "physcpubind",
        "preferred",
        "weighted-interleave",
    ],
    acts: true,
    ..NONE
};

const PRLIMIT: Spec = Spec {
    flags: "cdefilmnqrstuvxy",
    long: &[
        "core",
        "data",
        "nice",
        "fsize",
        "sigpending",
        "memlock",
        "rss",
        "nofile",
        "msgqueue",
        "rtprio",
        "stack",
        "cpu",
        "nproc",
        "as",
        "locks",
        "rttime",
        "noheadings",
        "raw",
        "verbose",
    ],
    valued: "po",
    long_valued: &["pid", "output"],
    asks: &["p", "pid"],
    acts: true,
    ..NONE
};

const PROXY: Spec = Spec {
    flags: "qadi",
    valued: "fup",
    acts: true,
    ..NONE
};

const RLWRAP: Spec = Spec {
    flags: "acinNorRuUvWX",
    valued: "bBCDefFgHlmMOpPqsStwyz",
    acts: true,
    ..NONE
};

const SETARCH: Spec = Spec {
    flags: "BFILRSTXZv3",
    long: &[
        "32bit",
        "fdpic-funcptrs",
        "short-inode",
        "addr-compat-layout",
        "addr-no-randomize",
        "whole-seconds",
        "sticky-timeouts",
        "read-implies-exec",
        "mmap-page-zero",
        "3gb",
        "4gb",
        "uname-2.6",
        "verbose",
        "show",
    ],
    operands: 0,
    acts: true,
    ..NONE
};

const RUNCON: Spec = Spec {
    flags: "c",
    valued: "turl",
    long: &["compute"],
    long_valued: &["type", "user", "role", "range"],
    operands: 1,
    acts: true,
    ..NONE
};

const NPX: Spec = Spec {
    flags: "yq",
    valued: "pw",
    long: &[
        "yes",
        "no",
        "no-install",
        "quiet",
        "ignore-existing",
        "bun",
        "prefer-offline",
    ],
    long_valued: &[
        "package",
        "workspace",
        "cache",
        "userconfig",
        "node-arg",
        "shell",
    ],
    acts: true,
    ..NONE
};

const PLAIN: Spec = Spec { acts: true, ..NONE };

/// How to read the options of the wrapper `name`, if it is one of these.
pub(super) fn spec(name: &str) -> Option<&'static Spec> {
    Some(match name {
        "unshare" => &UNSHARE,
        "nsenter" => &NSENTER,
        "chroot" => &CHROOT,
        "strace" => &STRACE,
        "ltrace" => &LTRACE,
        "setpriv" => &SETPRIV,
        "faketime" | "direnv-exec" => &ONE,
        "fakeroot" | "catchsegv" | "unbuffer" | "dbus-run-session" => &FLAGS,
        "torify" | "torsocks" | "tsocks" | "proxychains" | "proxychains4" => &PROXY,
        "entr" => &ENTR,
        "caffeinate" => &CAFFEINATE,
        "choom" => &CHOOM,
        "cpulimit" => &CPULIMIT,
        "numactl" => &NUMACTL,
        "prlimit" => &PRLIMIT,
        "rlwrap" => &RLWRAP,
        "linux32" | "linux64" | "i386" | "x86_64" | "setarch" => &SETARCH,
        "runcon" => &RUNCON,
        "npx" | "bunx" | "pnpx" => &NPX,
        "softlimit" => &PLAIN,
        name if name.starts_with("ld-linux") || name.starts_with("ld-musl") => &LOADER,
        _ => return None,
    })
}

/// Programs that start another after these words: `uv run pytest`.
const RUNNERS: &[(&str, &[&str])] = &[
    ("bundle", &["exec"]),
    ("conda", &["run"]),
    ("hatch", &["run"]),
    ("mise", &["exec", "x"]),
    ("npm", &["exec", "x"]),
    ("op", &["run"]),
    ("doppler", &["run"]),
    ("pipenv", &["run"]),
    ("pnpm", &["exec", "dlx"]),
    ("poetry", &["run"]),
    ("pyenv", &["exec"]),
    ("rbenv", &["exec"]),
    ("rye", &["run"]),
    ("uv", &["run"]),
    ("yarn", &["exec", "dlx"]),
];

/// Where the command of a runner starts, if it starts one.
pub(super) fn runner(name: &str, words: &[crate::analysis::Word]) -> Option<usize> {
    let (_, verbs) = RUNNERS.iter().find(|(program, _)| *program == name)?;
    let verb = words.get(1)?.known().filter(|word| verbs.contains(word))?;
    let mut at = 2;
    while let Some(text) = words.get(at).and_then(crate::analysis::Word::known) {
        if text == "--" {
            return Some(at + 1);
        }
        if !text.starts_with('-') {
            break;
        }
        // Options with values are not told apart: what follows is looked at.
        let valued = matches!(
            text,
            "-p" | "--package"
                | "--with"
                | "--python"
                | "--extra"
                | "--group"
                | "-n"
                | "--name"
                | "--project"
                | "--directory"
                | "--env-file"
                | "-w"
        );
        at += if valued { 2 } else { 1 };
    }
    (verb != "-" && at < words.len()).then_some(at)
}
