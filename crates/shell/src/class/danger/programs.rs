//! Programs that are dangerous whatever their arguments, unless they are only
//! asked for something.

use crate::analysis::Word;

use super::found::{Danger, Found};

/// One row: programs that do the same, what that is, and a safer way if it is
/// not the usual one.
#[derive(Clone, Copy)]
struct Row {
    names: &'static [&'static str],
    danger: Danger,
    what: &'static str,
    safer: Option<&'static str>,
}

const fn row(names: &'static [&'static str], danger: Danger, what: &'static str) -> Row {
    Row {
        names,
        danger,
        what,
        safer: None,
    }
}

const fn safer(row: Row, way: &'static str) -> Row {
    Row {
        safer: Some(way),
        ..row
    }
}

const ROWS: &[Row] = &[
    safer(
        row(
            &["shred", "srm", "wipe", "scrub"],
            Danger::Deletes,
            "destroys files beyond recovery",
        ),
        "delete the file with `rm`, so that a backup can still bring it back",
    ),
    row(
        &[
            "blkdiscard",
            "cfdisk",
            "cryptsetup",
            "debugfs",
            "diskutil",
            "fdisk",
            "gdisk",
            "hdparm",
            "losetup",
            "lvremove",
            "mdadm",
            "mkswap",
            "parted",
            "pvremove",
            "sfdisk",
            "sgdisk",
            "tune2fs",
            "vgremove",
            "wipefs",
            "zpool",
        ],
        Danger::Disk,
        "changes disks",
    ),
    row(
        &["mke2fs", "newfs", "newfs_apfs", "newfs_hfs"],
        Danger::Disk,
        "formats a disk",
    ),
    row(
        &["halt", "kexec", "poweroff", "reboot", "shutdown", "telinit"],
        Danger::Machine,
        "stops the machine",
    ),
    row(
        &["insmod", "kldload", "kldunload", "modprobe", "rmmod"],
        Danger::Machine,
        "changes the kernel",
    ),
    row(&["killall5"], Danger::Kills, "stops everything"),
    row(
        &[
            "adduser", "chfn", "chpasswd", "chsh", "deluser", "gpasswd", "groupadd", "groupdel",
            "groupmod", "newusers", "passwd", "pw", "useradd", "userdel", "usermod", "vigr",
            "vipw", "visudo",
        ],
        Danger::Accounts,
        "changes accounts",
    ),
    row(
        &[
            "aa-complain",
            "aa-disable",
            "aa-teardown",
            "arptables",
            "auditctl",
            "csrutil",
            "ebtables",
            "firewall-cmd",
            "ip6tables",
            "ip6tables-restore",
            "iptables",
            "iptables-restore",
            "nft",
            "pfctl",
            "setenforce",
            "spctl",
            "ufw",
        ],
        Danger::WeakensSecurity,
        "changes what protects the machine",
    ),
    row(
        &["setcap"],
        Danger::Permissions,
        "lets a program do what only root may",
    ),
    row(
        &[
            "doas", "pkexec", "run0", "runuser", "su", "sudo", "sudoedit", "sudo-rs",
        ],
        Danger::OtherUser,
        "acts as another user",
    ),
    row(
        &["at", "batch", "incrontab"],
        Danger::StartsLater,
        "runs something later",
    ),
    row(
        &["unshadow", "john", "hashcat", "mimipenguin", "laZagne"],
        Danger::ReadsSecret,
        "recovers passwords",
    ),
    row(
        &[
            "msfvenom",
            "msfconsole",
            "pwncat",
            "chisel",
            "ngrok",
            "bore",
            "cloudflared",
            "devtunnel",
            "localtunnel",
            "lt",
            "frpc",
            "tmate",
            "sshuttle",
        ],
        Danger::OpensShell,
        "opens a way in from outside",
    ),
    row(
        &["gcore", "procdump"],
        Danger::ReadsSecret,
        "writes the memory of a process to a file",
    ),
    row(
        &["tcpdump", "tshark", "ettercap", "bettercap", "arpspoof"],
        Danger::ReadsSecret,
        "listens to the network",
    ),
];

/// Whether a program is in the table.
pub(super) fn is_listed(name: &str) -> bool {
    name.starts_with("mkfs") || find(name).is_some()
}

/// Whether a program acts as another user, whatever it starts.
pub(super) fn changes_user(name: &str) -> bool {
    find(name).is_some_and(|row| row.danger == Danger::OtherUser)
}

/// Why a program is dangerous by its name.
pub(super) fn danger(name: &str, words: &[Word]) -> Option<Found> {
    if name.starts_with("mkfs") && !only_asks(name, words) {
        return Some(Found::new(Danger::Disk, format!("`{name}` formats a disk")));
    }
    let row = find(name).filter(|_| !only_asks(name, words))?;
    let found = Found::new(row.danger, format!("`{name}` {}", row.what));
    Some(match row.safer {
        Some(way) => found.safer(way),
        None => found,
    })
}

fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.names.contains(&name))
}

/// Whether a program is only asked for something.
fn only_asks(name: &str, words: &[Word]) -> bool {
    let only = |fine: &[&str]| {
        !words.is_empty()
            && words
                .iter()
                .all(|word| word.known().is_some_and(|text| fine.contains(&text)))
    };
    let first = words.first().and_then(Word::known);
    if only(&["--version", "--help", "-V", "-h"]) && !matches!(name, "shutdown" | "halt") {
        return true;
    }
    match name {
        "fdisk" | "sfdisk" | "parted" | "gdisk" | "sgdisk" => first == Some("-l"),
        "diskutil" => matches!(first, Some("list" | "info")),
        "zpool" => matches!(first, Some("list" | "status")),
        "losetup" => words.is_empty() || only(&["-a", "-l", "--all", "--list"]),
        "mdadm" => only(&["--detail", "--examine", "--scan", "-D", "-E"]),
        "hdparm" => first == Some("-I"),
        "iptables" | "ip6tables" => only(&["-L", "-S", "-n", "-v", "--list", "-t", "nat"]),
        "nft" => first == Some("list"),
        "ufw" | "csrutil" | "spctl" => only(&["status", "verbose", "numbered", "--status"]),
        "firewall-cmd" => only(&["--state", "--list-all"]),
        "auditctl" => only(&["-l", "-s"]),
        "passwd" => only(&["-S", "--status"]),
        "modprobe" => only(&["-n", "--dry-run", "-l"]),
        _ => false,
    }
}
