//! The machine itself: services, what starts later, records, protection.

use crate::analysis::{Simple, Word};

use super::acts::{Act, act};
use super::found::{Danger, Found};

const LATER: &str = "run it now, or show the user what to put where";
const RECORDS: &str = "leave records as they are";

pub(super) const ACTS: &[Act] = &[
    act(
        ["history", "", "-c -d -w -r -a", ""],
        Danger::WeakensSecurity,
        "changes the record of commands",
        RECORDS,
    ),
    act(
        ["fc", "", "-p -P", ""],
        Danger::WeakensSecurity,
        "changes the record of commands",
        RECORDS,
    ),
    act(
        [
            "journalctl",
            "",
            "--vacuum-time --vacuum-size --vacuum-files --rotate --flush",
            "",
        ],
        Danger::WeakensSecurity,
        "deletes records",
        RECORDS,
    ),
    act(
        ["wevtutil", "cl", "", ""],
        Danger::WeakensSecurity,
        "deletes records",
        RECORDS,
    ),
    act(
        ["logrotate", "", "-f --force", ""],
        Danger::WeakensSecurity,
        "moves records away",
        RECORDS,
    ),
    act(
        [
            "setsebool|semanage|semodule|chcon|restorecon|apparmor_parser|aa-remove-unknown",
            "",
            "",
            "",
        ],
        Danger::WeakensSecurity,
        "changes what protects the machine",
        "",
    ),
    act(
        ["defaults", "write|delete|import", "", ""],
        Danger::WeakensSecurity,
        "changes settings of the system",
        "",
    ),
    act(
        [
            "security",
            "find-generic-password|find-internet-password|dump-keychain|export|delete-keychain|unlock-keychain|add-trusted-cert",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "reads or changes the keychain",
        "",
    ),
    act(
        ["getent", "shadow|gshadow", "", ""],
        Danger::ReadsSecret,
        "shows the passwords of accounts",
        "",
    ),
    act(
        ["secret-tool", "lookup|search|clear|store", "", ""],
        Danger::ReadsSecret,
        "reads or changes the keyring",
        "",
    ),
    act(
        ["keyctl", "print|read|pipe|show|search", "", ""],
        Danger::ReadsSecret,
        "reads keys",
        "",
    ),
    act(
        ["gh|glab|hub", "auth token", "", ""],
        Danger::ReadsSecret,
        "shows a token",
        "let `gh` use the token itself: `gh api`",
    ),
    act(
        ["gh|glab", "auth status", "-t --show-token", ""],
        Danger::ReadsSecret,
        "shows a token",
        "leave out `--show-token`",
    ),
    act(
        [
            "heroku",
            "auth:token|config|config:get|pg:credentials:url",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "shows secrets",
        "",
    ),
    act(
        ["npm|pnpm|yarn", "config get|list|ls", "-l --long", ""],
        Danger::ReadsSecret,
        "may show tokens",
        "",
    ),
    act(
        [
            "npm|pnpm",
            "config|c|set set|get //*|_auth|_authToken",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "is about a token",
        "",
    ),
    act(
        ["git", "credential fill|approve|reject", "", ""],
        Danger::ReadsSecret,
        "shows a password",
        "let git use it itself",
    ),
    act(
        [
            "git",
            "credential-store|credential-cache|credential-manager|credential-osxkeychain get",
            "",
            "",
        ],
        Danger::ReadsSecret,
        "shows a password",
        "let git use it itself",
    ),
    act(
        [
            "gpg|gpg2",
            "",
            "--export-secret-keys --export-secret-subkeys",
            "",
        ],
        Danger::ReadsSecret,
        "writes secret keys out",
        "",
    ),
    act(
        [
            "gpg|gpg2",
            "",
            "--delete-secret-keys --delete-keys --delete-secret-and-public-keys",
            "",
        ],
        Danger::Deletes,
        "deletes keys",
        "",
    ),
    act(
        ["ssh-add", "", "-D -d", ""],
        Danger::WeakensSecurity,
        "forgets keys",
        "",
    ),
    act(
        ["ssh-copy-id", "", "", ""],
        Danger::OpensShell,
        "lets a key in elsewhere",
        "",
    ),
    act(
        [
            "systemd-run",
            "",
            "--on-active --on-boot --on-startup --on-unit-active --on-calendar --timer-property",
            "",
        ],
        Danger::StartsLater,
        "runs something later",
        LATER,
    ),
    act(
        ["launchctl", "load|bootstrap|submit|enable", "", ""],
        Danger::StartsLater,
        "has something run later",
        LATER,
    ),
    act(
        [
            "launchctl",
            "unload|bootout|remove|disable|kill|stop|reboot",
            "",
            "",
        ],
        Danger::Machine,
        "changes what the machine runs",
        "",
    ),
    act(
        [
            "systemctl",
            "enable|link|edit|set-property|set-environment|import-environment|set-default|add-wants",
            "",
            "",
        ],
        Danger::StartsLater,
        "has something run later",
        LATER,
    ),
    act(
        [
            "systemctl",
            "stop|disable|mask|kill|reboot|poweroff|halt|isolate|rescue|emergency|kexec|suspend|hibernate|start|restart|reload|daemon-reload|daemon-reexec|try-restart|reset-failed|revert|unmask|preset",
            "",
            "",
        ],
        Danger::Machine,
        "changes what the machine runs",
        "",
    ),
    act(
        ["service|rc-service", "* stop|start|restart|reload", "", ""],
        Danger::Machine,
        "changes what the machine runs",
        "",
    ),
    act(
        [
            "update-rc.d|chkconfig|rc-update|sysv-rc-conf|update-alternatives",
            "",
            "",
            "--list --display --query -l",
        ],
        Danger::Machine,
        "changes what the machine runs",
        "",
    ),
    act(
        [
            "pm2|supervisorctl|svc|sv|initctl|monit",
            "startup|save|kill|shutdown|stop|delete|down",
            "",
            "",
        ],
        Danger::Machine,
        "changes what the machine runs",
        "",
    ),
    act(
        ["init", "0|6|1|s|S", "", ""],
        Danger::Machine,
        "stops the machine",
        "",
    ),
    act(
        ["sysctl", "", "-w -p --write --load --system", ""],
        Danger::Machine,
        "changes the kernel's settings",
        "",
    ),
    act(
        [
            "ip",
            "link|addr|address|route|rule|netns set|add|del|delete|flush|replace|change",
            "",
            "",
        ],
        Danger::Machine,
        "changes the network",
        "",
    ),
    act(
        [
            "ifconfig|ifdown|ifup|route|nmcli|networksetup|dhclient",
            "* down|up|add|del|delete|modify|-setdnsservers",
            "",
            "",
        ],
        Danger::Machine,
        "changes the network",
        "",
    ),
    act(
        [
            "hostnamectl|timedatectl|localectl|hwclock",
            "set-hostname|set-time|set-timezone|set-locale|set-ntp|hostname",
            "",
            "",
        ],
        Danger::Machine,
        "changes the machine's settings",
        "",
    ),
    act(
        ["swapoff|swapon|fstrim|fsfreeze", "*", "", ""],
        Danger::Disk,
        "changes disks",
        "",
    ),
    act(
        ["swapoff|swapon", "", "-a --all", ""],
        Danger::Disk,
        "changes disks",
        "",
    ),
    act(
        ["umount", "", "-a --all", ""],
        Danger::Disk,
        "changes what is mounted",
        "",
    ),
    act(
        ["mount|umount", "*", "", ""],
        Danger::Disk,
        "changes what is mounted",
        "",
    ),
    act(
        [
            "ipcrm|loginctl",
            "terminate-user|kill-user|terminate-session|kill-session",
            "",
            "",
        ],
        Danger::Kills,
        "ends what others run",
        "",
    ),
    act(
        ["ipcrm", "", "-a --all", ""],
        Danger::Kills,
        "ends what others run",
        "",
    ),
    act(
        [
            "apt|apt-get|dnf|yum|zypper|apk|pacman|brew|snap|port|emerge|pkg",
            "remove|purge|autoremove|erase|del|uninstall|autopurge|deinstall|delete",
            "",
            "--dry-run -s --simulate",
        ],
        Danger::Machine,
        "removes programs of the machine",
        "leave the machine's packages to the user",
    ),
    act(
        ["pacman", "", "-R -Rs -Rns -Rsc -Rdd", ""],
        Danger::Machine,
        "removes programs of the machine",
        "leave the machine's packages to the user",
    ),
    act(
        [
            "dpkg|rpm",
            "",
            "-r -P -e --remove --purge --erase --force-all --nodeps",
            "",
        ],
        Danger::Machine,
        "removes programs of the machine",
        "leave the machine's packages to the user",
    ),
    act(
        ["ulimit|prlimit", "", "-c", ""],
        Danger::Machine,
        "changes what is kept of a crash",
        "",
    ),
    act(
        [
            "grub-install|update-grub|grub-mkconfig|bootctl|efibootmgr|dracut|update-initramfs|mkinitcpio",
            "",
            "",
            "--version",
        ],
        Danger::Machine,
        "changes how the machine starts",
        "",
    ),
    act(
        [
            "tmutil|vssadmin|timeshift|snapper|btrfs|zfs",
            "delete|destroy|disable|deletelocalsnapshots|subvolume|rollback",
            "",
            "",
        ],
        Danger::Deletes,
        "deletes or changes snapshots",
        "",
    ),
];

/// Acts that cannot be told by words in order.
pub(super) fn danger(name: &str, words: &[Word]) -> Option<Found> {
    match name {
        "crontab" => crontab(words),
        "sysctl" => words
            .iter()
            .find(|word| word.prefix().contains('='))
            .map(|_| Found::new(Danger::Machine, "`sysctl` changes the kernel's settings")),
        "kill" => kill(words),
        "pkill" | "killall" | "skill" | "xkill" | "slay" => {
            let only_asks = words.is_empty()
                || words.iter().all(|word| {
                    word.known().is_some_and(|text| {
                        matches!(text, "-l" | "-L" | "--list" | "-V" | "--version" | "--help")
                    })
                });
            (!only_asks).then(|| kills(format!("`{name}` ends processes by their name")))
        }
        "fuser" => super::has(words, &["-k", "--kill"])
            .then(|| kills("`fuser -k` ends whoever uses a file or port".to_owned())),
        "unset" | "set" => forgets_history(name, words),
        _ => None,
    }
}

fn crontab(words: &[Word]) -> Option<Found> {
    let lists = words.iter().any(|word| word.known() == Some("-l"))
        && words.iter().all(|word| {
            word.known()
                .is_some_and(|text| text != "-r" && text != "-e")
        });
    if lists {
        return None;
    }
    if super::has(words, &["-r"]) {
        return Some(
            Found::new(Danger::Deletes, "`crontab -r` deletes what runs later")
                .safer("keep a copy: `crontab -l`"),
        );
    }
    Some(Found::new(
        Danger::StartsLater,
        "`crontab` runs something later",
    ))
}

/// kill: everything, the first process, or whatever is found.
fn kill(words: &[Word]) -> Option<Found> {
    // The first dash is the signal, unless signals are named otherwise.
    let all = words
        .iter()
        .enumerate()
        .any(|(index, word)| word.known() == Some("-1") && (index > 0 || words.len() == 1));
    if all {
        return Some(kills("`kill -1` ends everything".to_owned()));
    }
    let asks = words
        .iter()
        .any(|word| matches!(word.known(), Some("-l" | "-L" | "-0")));
    let target = words.iter().find(|word| match word.known() {
        Some(text) => text == "1" || text == "0",
        None => !is_own_job(word.written()),
    });
    target
        .filter(|_| !asks)
        .map(|word| kills(format!("`kill` ends `{word}`, which may be anybody's")))
}

/// `$!`, `$pid` and `%1`: what the same script started.
fn is_own_job(written: &str) -> bool {
    let name = written.trim_matches('"').to_ascii_lowercase();
    let name = name.trim_start_matches(['$', '{']).trim_end_matches('}');
    written.contains("$!") || name.contains("pid") && !name.contains(['(', '`', ' '])
}

fn kills(because: String) -> Found {
    Found::new(Danger::Kills, because)
}

/// A variable that switches the shell's record of commands off.
pub(super) fn unsets_history(simple: &Simple) -> Option<Found> {
    let forgets = simple.assignments.iter().any(|set| {
        let value = set.value.known().unwrap_or("?");
        match set.name.as_str() {
            "HISTFILE" => matches!(value, "" | "/dev/null"),
            "HISTSIZE" | "HISTFILESIZE" => value == "0",
            _ => false,
        }
    });
    forgets.then(|| {
        let why = "it switches the record of commands off";
        Found::new(Danger::WeakensSecurity, why).safer(RECORDS)
    })
}

/// The shell's record of commands, switched off.
fn forgets_history(name: &str, words: &[Word]) -> Option<Found> {
    let forgets = words.iter().any(|word| {
        let text = word.prefix();
        match name {
            "unset" => matches!(text, "HISTFILE" | "HISTSIZE" | "HISTFILESIZE"),
            "set" => text == "history" && words.iter().any(|word| word.known() == Some("+o")),
            _ => false,
        }
    });
    forgets.then(|| {
        Found::new(
            Danger::WeakensSecurity,
            "it switches the record of commands off",
        )
        .safer(RECORDS)
    })
}
