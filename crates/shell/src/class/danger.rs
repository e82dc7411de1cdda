//! Commands that are known to destroy, to weaken protection or to reach far.

use crate::analysis::{Analysis, Input, Redirect, RedirectKind, Simple, Word, base_name};
use crate::unwrap::{is_interpreter, is_shell, reads_program_from_input};

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

/// Whether a command brings text from elsewhere.
pub(crate) fn downloads(simple: &Simple) -> bool {
    let fetches = matches!(
        simple.name(),
        Some(
            "curl"
                | "wget"
                | "wget2"
                | "aria2c"
                | "axel"
                | "fetch"
                | "http"
                | "https"
                | "xh"
                | "lynx"
                | "links"
                | "w3m"
                | "ftp"
                | "tftp"
                | "nc"
                | "ncat"
                | "netcat"
                | "socat"
                | "telnet"
                | "GET"
                | "lwp-request"
                | "lwp-download"
                | "scp"
                | "sftp"
                | "dig"
                | "nslookup"
        )
    );
    fetches
        || simple
            .redirects
            .iter()
            .any(|redirect| is_connection(&redirect.target))
}

fn is_connection(word: &Word) -> bool {
    ["/dev/tcp/", "/dev/udp/"]
        .iter()
        .any(|dir| word.prefix().starts_with(dir))
}

/// Why a command is dangerous, if it is.
pub(super) fn danger(simple: &Simple, analysis: &Analysis) -> Option<String> {
    if let Some(raised) = simple.through.iter().find(|name| always(name).is_some()) {
        return Some(format!("`{raised}` acts as another user"));
    }
    simple
        .redirects
        .iter()
        .find_map(harmful_redirect)
        .or_else(|| runs_download(simple))
        .or_else(|| {
            downloads(simple)
                .then(|| harmful_download(simple))
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
        RedirectKind::Read if is_connection(target) => {
            Some(format!("`< {target}` opens a connection"))
        }
        RedirectKind::Read | RedirectKind::Duplicate | RedirectKind::Text => None,
    }
}

/// A download into a place where it does harm.
fn harmful_download(simple: &Simple) -> Option<String> {
    let name = simple.name()?;
    download_targets(simple).into_iter().find_map(|target| {
        let what = paths::harm_in_writing(&Word::Known(target.to_owned()))?;
        Some(format!("`{name}` to `{target}` {what}"))
    })
}

/// A shell or interpreter that is given a download.
fn runs_download(simple: &Simple) -> Option<String> {
    let name = simple.name()?;
    let runs = is_shell(name) || is_interpreter(name);
    let given = matches!(simple.input, Input::Pipe { downloaded: true })
        || matches!(&simple.input, Input::File(file) if file.is_downloaded());
    let by_input = given && reads_program_from_input(simple);
    let by_word = (runs || matches!(name, "eval" | "source" | "."))
        && simple.arguments().iter().any(Word::is_downloaded);
    (by_input || by_word).then(|| format!("`{name}` runs a download"))
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
        "rm" | "grm" => rm(simple, analysis),
        "unlink" if is_for_each(simple) => Some(format!("`{name}` on whatever is found")),
        "git" => git::danger(words),
        "dd" => dd(words),
        "find" => words
            .iter()
            .any(|word| word.known() == Some("-delete"))
            .then(|| "`find -delete` deletes whatever it finds".to_owned()),
        "chmod" => chmod(words),
        "chown" | "chgrp" | "chattr" | "setfacl" => {
            let broad =
                has(words, &["-R", "--recursive"]) && operands(words).skip(1).any(paths::is_broad);
            broad.then(|| format!("`{name} -R` on a broad path"))
        }
        "truncate" => truncate(words),
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

/// Whether it is started for each of some unknown files.
fn is_for_each(simple: &Simple) -> bool {
    simple.through.iter().any(|wrapper| {
        matches!(
            wrapper.as_str(),
            "find" | "fd" | "xargs" | "gxargs" | "parallel"
        )
    })
}

fn rm(simple: &Simple, analysis: &Analysis) -> Option<String> {
    let words = simple.arguments();
    if has(words, &["--no-preserve-root"]) {
        return Some("`rm --no-preserve-root` deletes everything".to_owned());
    }
    if is_for_each(simple) {
        return Some("`rm` on whatever is found".to_owned());
    }
    let recursive = has(words, &["-r", "-R", "--recursive"]);
    let force = has(words, &["-f", "--force"]);
    let unknown_options = before_dashes(words)
        .iter()
        .any(|word| word.known().is_none() && word.may_be_option());
    let operands: Vec<&Word> = operands(words).collect();
    if operands.is_empty() {
        return None;
    }
    if let Some(word) = operands.iter().find(|word| paths::is_broad_pattern(word)) {
        return Some(format!("`rm` deletes `{word}`"));
    }
    let deep = recursive || force && unknown_options;
    if !deep {
        return operands
            .iter()
            .find(|word| word.known().is_some() && paths::is_broad(word))
            .map(|word| format!("`rm` deletes `{word}`"));
    }
    let moved = leaves_directory(analysis);
    let harmless = |word: &Word| {
        if force {
            paths::is_made_anew(word) && !moved
        } else {
            !paths::is_broad(word) && (!moved || word.prefix().starts_with('/'))
        }
    };
    operands
        .iter()
        .find(|word| !harmless(word))
        .map(|word| format!("`rm {}` deletes `{word}`", if force { "-rf" } else { "-r" }))
}

/// Whether something goes to a directory that is not below the first one:
/// then a relative path may be anywhere.
fn leaves_directory(analysis: &Analysis) -> bool {
    analysis.commands.iter().any(|simple| {
        matches!(simple.name(), Some("cd" | "pushd" | "popd" | "chdir"))
            && !simple
                .arguments()
                .last()
                .and_then(Word::known)
                .is_some_and(paths::is_plain_relative)
    })
}

fn dd(words: &[Word]) -> Option<String> {
    words
        .iter()
        .find(|word| match word.known() {
            Some(text) => text
                .strip_prefix("of=")
                .is_some_and(|file| !paths::is_sink(file)),
            None => word.prefix().is_empty() || word.prefix().starts_with("of="),
        })
        .map(|word| format!("`dd` overwrites `{word}`"))
}

fn chmod(words: &[Word]) -> Option<String> {
    let mut operands = operands(words);
    let mode = operands.next()?;
    let text = mode.known().unwrap_or_default();
    let recursive = has(words, &["-R", "--recursive"]);
    let numeric = text.chars().all(|c| c.is_ascii_digit());
    let to_all = if numeric {
        matches!(text.chars().last(), Some('2' | '3' | '6' | '7'))
    } else {
        text.split(',').any(|part| {
            let who = part.split(['+', '=', '-']).next().unwrap_or_default();
            part.contains(['+', '=']) && part.contains('w') && (who.contains(['o', 'a']))
        })
    };
    let setuid = if numeric {
        text.len() == 4 && matches!(text.chars().next(), Some('2'..='7'))
    } else {
        text.contains(['+', '=']) && text.contains('s')
    };
    let broad = operands.find(|word| paths::is_broad(word));
    if setuid {
        return Some(format!("`chmod {mode}` lets a program act as another user"));
    }
    if recursive && to_all {
        return Some(format!("`chmod -R {mode}` lets everybody write"));
    }
    let word = broad?;
    let known_place = word.known().is_some_and(|path| path.starts_with('/'));
    (recursive || to_all && known_place).then(|| format!("`chmod` on the broad path `{word}`"))
}

fn truncate(words: &[Word]) -> Option<String> {
    let empties = words
        .iter()
        .any(|word| matches!(word.known(), Some("0" | "-s0" | "--size=0")));
    let files: Vec<&Word> = operands(words)
        .filter(|word| word.known() != Some("0"))
        .collect();
    let many = files.len() > 1
        || files
            .iter()
            .any(|word| word.known().is_none() || paths::is_broad(word));
    (empties && many).then(|| "`truncate` empties more than one file".to_owned())
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

/// What only several commands together make dangerous: a download that is
/// written to a file and then run.
pub(super) fn together(analysis: &Analysis) -> Option<String> {
    let mut files: Vec<&str> = Vec::new();
    for simple in &analysis.commands {
        let program = simple.program().unwrap_or_default();
        let run = std::iter::once(program).chain(script_operand(simple));
        for path in run {
            if files.iter().any(|file| same_file(file, path)) {
                return Some(format!("`{}` is downloaded and run", base_name(path)));
            }
        }
        if downloads(simple) {
            files.extend(download_targets(simple));
        }
    }
    None
}

fn script_operand(simple: &Simple) -> Option<&str> {
    let name = simple.name()?;
    let runs = is_shell(name) || is_interpreter(name) || matches!(name, "source" | ".");
    operands(simple.arguments())
        .next()
        .filter(|_| runs)
        .and_then(Word::known)
}

fn same_file(one: &str, other: &str) -> bool {
    let plain = |path: &str| path.trim_start_matches("./").to_owned();
    !one.is_empty() && plain(one) == plain(other)
}

fn download_targets(simple: &Simple) -> Vec<&str> {
    let words = simple.arguments();
    let mut targets: Vec<&str> = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.kind == RedirectKind::Write)
        .filter_map(|redirect| redirect.target.known())
        .collect();
    let given = |options: &[&str]| {
        words.iter().position(|word| {
            word.known().is_some_and(|text| {
                options.contains(&text)
                    || (text.starts_with('-')
                        && !text.starts_with("--")
                        && text.ends_with(['o', 'O'])
                        && options.contains(&"-o"))
            })
        })
    };
    let named = given(&["-o", "-O", "--output", "--output-document"]);
    targets.extend(named.and_then(|at| words.get(at + 1)).and_then(Word::known));
    // Without a name the file is called like the last part of the address.
    targets.extend(
        words
            .iter()
            .filter_map(Word::known)
            .filter(|text| text.contains("://"))
            .map(base_name),
    );
    targets.retain(|target| !paths::is_sink(target));
    targets
}
