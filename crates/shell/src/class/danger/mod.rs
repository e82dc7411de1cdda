//! Commands that are known to destroy, to weaken protection or to reach far.

pub(super) mod download;
mod files;

use crate::analysis::{Analysis, Redirect, RedirectKind, Simple, Word};

use super::{before_dashes, git, operands, paths};

/// Programs that destroy or weaken whatever their arguments, and how.
const ALWAYS: &[(&[&str], &str)] = &[
    (
        &["shred", "srm", "wipe", "scrub"],
        "destroys files beyond recovery",
    ),
    (
        &[
            "blkdiscard",
            "cfdisk",
            "cryptsetup",
            "diskutil",
            "fdisk",
            "gdisk",
            "mkswap",
            "parted",
            "sfdisk",
            "sgdisk",
            "wipefs",
            "lvremove",
            "vgremove",
            "pvremove",
            "mdadm",
            "hdparm",
            "zpool",
            "debugfs",
            "tune2fs",
        ],
        "changes disks",
    ),
    (
        &["shutdown", "reboot", "poweroff", "halt", "telinit", "kexec"],
        "stops the machine",
    ),
    (&["killall5"], "stops everything"),
    (
        &[
            "visudo", "vipw", "vigr", "useradd", "userdel", "usermod", "adduser", "deluser",
            "groupadd", "groupdel", "groupmod", "chpasswd", "passwd", "gpasswd", "chsh", "pw",
        ],
        "changes accounts",
    ),
    (
        &[
            "insmod",
            "rmmod",
            "modprobe",
            "setenforce",
            "iptables",
            "ip6tables",
            "nft",
            "ufw",
            "firewall-cmd",
            "auditctl",
            "aa-teardown",
            "csrutil",
            "spctl",
            "setcap",
            "pfctl",
        ],
        "weakens protection",
    ),
    (
        &[
            "sudo", "sudoedit", "doas", "pkexec", "su", "runuser", "run0",
        ],
        "acts as another user",
    ),
    (&["at", "batch", "incrontab"], "runs something later"),
];

/// Whether a program destroys or weakens, whatever its arguments or with the
/// wrong ones: worth looking for behind a wrapper.
pub(crate) fn is_destructive(name: &str) -> bool {
    always(name).is_some()
        || name.starts_with("mkfs")
        || matches!(
            name,
            "rm" | "dd" | "chmod" | "chown" | "truncate" | "git" | "find" | "kill" | "crontab"
        )
}

fn always(name: &str) -> Option<&'static str> {
    let found = ALWAYS.iter().find(|(names, _)| names.contains(&name));
    found.map(|(_, what)| *what)
}

/// Why a command is dangerous, if it is.
pub(super) fn danger(simple: &Simple, analysis: &Analysis) -> Option<String> {
    if let Some(raised) = simple
        .through
        .iter()
        .find(|wrapper| always(&wrapper.name).is_some())
    {
        return Some(format!("`{}` acts as another user", raised.name));
    }
    simple
        .redirects
        .iter()
        .find_map(harmful_redirect)
        .or_else(|| download::runs(simple))
        .or_else(|| {
            download::downloads(simple)
                .then(|| download::does_harm(simple))
                .flatten()
        })
        .or_else(|| {
            simple
                .calls_itself
                .then(|| "a function starts itself without end".to_owned())
        })
        .or_else(|| program(simple, analysis))
}

fn harmful_redirect(redirect: &Redirect) -> Option<String> {
    let target = &redirect.target;
    match redirect.kind {
        RedirectKind::Write => {
            paths::harm_in_writing(target).map(|what| format!("`> {target}` {what}"))
        }
        RedirectKind::Read if download::is_connection(target) => {
            Some(format!("`< {target}` opens a connection"))
        }
        RedirectKind::Read | RedirectKind::Duplicate | RedirectKind::Text => None,
    }
}

/// What a program destroys by what it is and by its words.
fn program(simple: &Simple, analysis: &Analysis) -> Option<String> {
    let name = simple.name()?.to_ascii_lowercase();
    let words = simple.arguments();
    if let Some(what) = always(&name)
        && !only_asks(&name, words)
    {
        return Some(format!("`{name}` {what}"));
    }
    if name.starts_with("mkfs") || matches!(name.as_str(), "mke2fs" | "newfs") {
        return Some(format!("`{name}` formats a disk"));
    }
    match name.as_str() {
        "rm" | "grm" => files::rm(simple, analysis),
        "unlink" if files::is_for_each(simple) => Some(format!("`{name}` on whatever is found")),
        "git" => git::danger(words),
        "dd" => files::dd(words),
        "find" => words
            .iter()
            .any(|word| word.known() == Some("-delete"))
            .then(|| "`find -delete` deletes whatever it finds".to_owned()),
        "chmod" => files::chmod(words),
        "chown" | "chgrp" | "chattr" | "setfacl" => {
            let broad =
                has(words, &["-R", "--recursive"]) && operands(words).skip(1).any(paths::is_broad);
            broad.then(|| format!("`{name} -R` on a broad path"))
        }
        "truncate" => files::truncate(words),
        "kill" => kill(words),
        "pkill" | "killall" if has(words, &["-u", "-U", "--user", "--euid"]) => {
            Some(format!("`{name}` stops everything of a user"))
        }
        "crontab" => (!matches!(words, [only] if only.known() == Some("-l")))
            .then(|| "`crontab` runs something later".to_owned()),
        "init" => words
            .first()
            .and_then(Word::known)
            .filter(|level| matches!(*level, "0" | "6"))
            .map(|_| "`init` stops the machine".to_owned()),
        "systemctl" | "service" | "launchctl" | "rc-service" => service(&name, words),
        "sysctl" => words
            .iter()
            .find(|word| {
                word.prefix().contains('=') || matches!(word.known(), Some("-w" | "-p" | "--write"))
            })
            .map(|_| "`sysctl` changes the kernel's settings".to_owned()),
        "mount" | "umount" | "swapoff" if !words.is_empty() => {
            Some(format!("`{name}` changes what is mounted"))
        }
        "mv" | "cp" | "install" | "ln" | "tee" | "rsync" => places(&name, words),
        "nc" | "ncat" | "netcat" | "socat" => shell_to_network(&name, words),
        "docker" | "podman" | "nerdctl" => container(&name, words),
        _ => elsewhere(&name, words),
    }
}

/// Whether a program is only asked for something.
fn only_asks(name: &str, words: &[Word]) -> bool {
    let only = |fine: &[&str]| {
        !words.is_empty()
            && words
                .iter()
                .all(|word| word.known().is_some_and(|text| fine.contains(&text)))
    };
    match name {
        "fdisk" | "sfdisk" | "parted" | "gdisk" | "sgdisk" => {
            words.first().and_then(Word::known) == Some("-l")
        }
        "diskutil" => matches!(words.first().and_then(Word::known), Some("list" | "info")),
        "zpool" => matches!(words.first().and_then(Word::known), Some("list" | "status")),
        "iptables" | "ip6tables" => only(&["-L", "-S", "-n", "-v", "--list"]),
        "ufw" | "csrutil" | "spctl" => only(&["status", "verbose", "numbered", "--status"]),
        "passwd" => only(&["-S", "--status"]),
        _ => only(&["--version", "--help"]),
    }
}

/// Whether one of these options is given, alone or in a cluster.
fn has(words: &[Word], options: &[&str]) -> bool {
    before_dashes(words)
        .iter()
        .filter_map(Word::known)
        .any(|text| {
            options.iter().any(|option| {
                if option.starts_with("--") {
                    text.len() > 3 && option.starts_with(text.split('=').next().unwrap_or_default())
                } else {
                    text.starts_with('-')
                        && !text.starts_with("--")
                        && text[1..].contains(&option[1..])
                }
            })
        })
}

fn kill(words: &[Word]) -> Option<String> {
    // The first dash is the signal, unless signals are named otherwise.
    let all = words
        .iter()
        .enumerate()
        .any(|(index, word)| word.known() == Some("-1") && (index > 0 || words.len() == 1));
    all.then(|| "`kill -1` stops everything".to_owned())
}

fn service(name: &str, words: &[Word]) -> Option<String> {
    const STOPS: &[&str] = &[
        "stop",
        "disable",
        "mask",
        "kill",
        "reboot",
        "poweroff",
        "halt",
        "isolate",
        "rescue",
        "emergency",
        "kexec",
        "suspend",
        "hibernate",
        "enable",
        "link",
        "edit",
        "unload",
        "bootout",
        "bootstrap",
        "load",
        "daemon-reload",
        "set-property",
        "start",
        "restart",
    ];
    let found = words
        .iter()
        .filter_map(Word::known)
        .find(|text| STOPS.contains(text))?;
    Some(format!("`{name} {found}` changes what the machine runs"))
}

/// Programs that write to their last operand.
fn places(name: &str, words: &[Word]) -> Option<String> {
    let operands: Vec<&Word> = operands(words).collect();
    let written: Vec<&Word> = match name {
        "tee" => operands.clone(),
        _ => operands
            .last()
            .copied()
            .filter(|_| operands.len() > 1)
            .into_iter()
            .collect(),
    };
    if let Some((word, what)) = written
        .iter()
        .find_map(|word| paths::harm_in_writing(word).map(|what| (word, what)))
    {
        return Some(format!("`{name}` to `{word}` {what}"));
    }
    if name != "mv" {
        return None;
    }
    let (last, sources) = operands.split_last()?;
    if last.known() == Some("/dev/null") {
        return Some("`mv` to `/dev/null` destroys it".to_owned());
    }
    let broad = |word: &&&Word| {
        word.known().is_some() && paths::is_broad(word)
            || paths::is_broad_pattern(word) && word.prefix().starts_with('/')
    };
    sources
        .iter()
        .find(broad)
        .map(|word| format!("`mv` moves `{word}` away"))
}

/// A program that joins a connection and a shell.
fn shell_to_network(name: &str, words: &[Word]) -> Option<String> {
    let joins = |word: &Word| {
        let text = word.prefix().to_ascii_lowercase();
        if name == "socat" {
            return text.contains("exec:") || text.contains("system:");
        }
        matches!(text.as_str(), "--exec" | "--sh-exec" | "--lua-exec")
            || (text.starts_with('-') && !text.starts_with("--") && text.contains(['e', 'c']))
    };
    words
        .iter()
        .any(joins)
        .then(|| format!("`{name}` gives a program to the network"))
}

fn container(name: &str, words: &[Word]) -> Option<String> {
    let open = words.iter().find(|word| {
        let text = word.prefix();
        let text = ["--volume=", "-v", "--mount="]
            .iter()
            .find_map(|option| text.strip_prefix(option))
            .unwrap_or(text);
        text == "--privileged"
            || text.starts_with("/:")
            || text.contains("docker.sock")
            || text.contains("source=/,")
            || matches!(text, "--pid=host" | "--cap-add=ALL" | "--cap-add=SYS_ADMIN")
    })?;
    Some(format!("`{name}` with `{open}` reaches the whole machine"))
}

/// What is done to things elsewhere that cannot be taken back.
fn elsewhere(name: &str, words: &[Word]) -> Option<String> {
    const PAIRS: &[(&str, &str, Option<&str>)] = &[
        ("npm", "publish", None),
        ("npm", "unpublish", None),
        ("pnpm", "publish", None),
        ("yarn", "publish", None),
        ("cargo", "publish", None),
        ("cargo", "yank", None),
        ("twine", "upload", None),
        ("gem", "push", None),
        ("poetry", "publish", None),
        ("terraform", "destroy", None),
        ("tofu", "destroy", None),
        ("pulumi", "destroy", None),
        ("kubectl", "delete", None),
        ("kubectl", "drain", None),
        ("helm", "uninstall", None),
        ("gh", "repo", Some("delete")),
        ("gh", "release", Some("delete")),
        ("gh", "secret", Some("delete")),
        ("aws", "s3", Some("rm")),
        ("aws", "s3", Some("rb")),
        ("gsutil", "rm", None),
        ("redis-cli", "flushall", None),
        ("redis-cli", "flushdb", None),
        ("docker", "system", Some("prune")),
        ("docker", "volume", Some("rm")),
    ];
    if matches!(name, "dropdb" | "dropuser") {
        return Some(format!("`{name}` destroys data"));
    }
    let mut plain = words
        .iter()
        .filter_map(Word::known)
        .filter(|text| !text.starts_with('-'));
    let first = plain.next()?.to_ascii_lowercase();
    let second = plain.next();
    PAIRS
        .iter()
        .find(|(program, one, two)| {
            *program == name && *one == first && (two.is_none() || *two == second)
        })
        .map(|_| format!("`{name} {first}` cannot be taken back"))
}
