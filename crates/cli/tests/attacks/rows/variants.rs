//! The same few acts by every call there is for them, and attempts to confuse
//! whoever stands at the door: by timing, by numbers that come again, by
//! other names for what the boundary was told.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::attempt::{Attempt, During, Proof, attempt};
use crate::scene::Scene;

pub fn rows() -> Vec<Attempt> {
    let mut rows = calls();
    rows.extend(protected());
    rows.extend(confusions());
    rows.extend(other_names());
    rows.extend(input());
    rows
}

/// On a nested repository, where no mount helps.
fn calls() -> Vec<Attempt> {
    let row = |id, what, steps| attempt(id, what, steps).writing();
    vec![
        row(
            "V01",
            "plant a hook by open",
            &["open {ws}/vendor/sub/.git/hooks/x"],
        ),
        row(
            "V02",
            "plant a hook by creat",
            &["creat {ws}/vendor/sub/.git/hooks/x"],
        ),
        row(
            "V03",
            "make .claude by mkdir",
            &["mkdir-call {ws}/src/.claude"],
        ),
        row("V04", "make .envrc by mknod", &["mknod {ws}/src/.envrc"]),
        row(
            "V05",
            "make .envrc by rename",
            &["rename-call {ws}/README {ws}/src/.envrc"],
        ),
        row(
            "V06",
            "make .envrc by link",
            &["link-call {ws}/README {ws}/src/.envrc"],
        ),
        row(
            "V07",
            "make .envrc by symlink",
            &["symlink-call ../README {ws}/src/.envrc"],
        ),
        row(
            "V08",
            "remove a nested configuration by unlink",
            &["unlink-call {ws}/vendor/sub/.git/config"],
        ),
        row(
            "V09",
            "empty a nested configuration by opening it to read",
            &["open-truncating {ws}/vendor/sub/.git/config"],
        ),
        row(
            "V10",
            "plant a hook by openat",
            &["openat {ws}/vendor/sub/.git/hooks/x"],
        ),
        row(
            "V11",
            "make .claude by mkdirat",
            &["mkdirat {ws}/src/.claude"],
        ),
        row(
            "V12",
            "make .envrc by mknodat",
            &["mknodat {ws}/src/.envrc"],
        ),
        row(
            "V13",
            "make .envrc by renameat",
            &["renameat {ws}/README {ws}/src/.envrc"],
        ),
        row(
            "V14",
            "make .envrc by renameat2",
            &["renameat2 {ws}/README {ws}/src/.envrc"],
        ),
        row(
            "V15",
            "make .envrc by linkat",
            &["linkat {ws}/README {ws}/src/.envrc"],
        ),
        row(
            "V16",
            "make .envrc by symlinkat",
            &["symlinkat ../README {ws}/src/.envrc"],
        ),
        row(
            "V17",
            "remove a nested configuration by unlinkat",
            &["unlinkat {ws}/vendor/sub/.git/config"],
        ),
        row(
            "V18",
            "plant a hook by arguments with high bits",
            &["openat-wide {ws}/vendor/sub/.git/hooks/x"],
        ),
        row(
            "V19",
            "make .claude with a slash at the end",
            &["mkdir {ws}/src/.claude/"],
        ),
        row(
            "V20",
            "make .claude by a path with doubled slashes",
            &["mkdir {ws}//src/.//.claude//"],
        ),
        row(
            "V21",
            "rename into .claude with a slash at the end",
            &["mkdir {ws}/p", "rename {ws}/p {ws}/src/.claude/"],
        ),
    ]
}

/// What is protected by name only, further down, or by two names.
fn protected() -> Vec<Attempt> {
    let row = |id, what, steps| attempt(id, what, steps).writing();
    vec![
        row(
            "C82",
            "make a nested prepared hook executable",
            &["chmod {ws}/vendor/sub/.git/hooks/prepared"],
        ),
        row(
            "C83",
            "make a nested prepared hook executable by fchmodat2",
            &["fchmodat2 {ws}/vendor/sub/.git/hooks/prepared"],
        ),
        row(
            "C84",
            "make a nested prepared hook executable by chmod",
            &["chmod-call {ws}/vendor/sub/.git/hooks/prepared"],
        ),
        row(
            "C85",
            "make a nested prepared hook executable by its descriptor",
            &["fchmod {ws}/vendor/sub/.git/hooks/prepared"],
        ),
        row(
            "C86",
            "write a hard link of git's configuration that was there",
            &["append {ws}/x"],
        )
        .prepare(|scene| {
            std::fs::hard_link(scene.fill("{ws}/.git/config"), scene.fill("{ws}/x")).expect("link");
        }),
        row(
            "C87",
            "make .github a link to a prepared directory",
            &[
                "mkdir {ws}/p",
                "write {ws}/p/copilot-instructions.md",
                "symlink p {ws}/.github",
            ],
        )
        .after(instructions),
        row(
            "C88",
            "exchange a prepared directory with .github",
            &[
                "mkdir {ws}/.github",
                "mkdir {ws}/p",
                "write {ws}/p/copilot-instructions.md",
                "exchange {ws}/p {ws}/.github",
            ],
        )
        .after(instructions),
        row(
            "C89",
            "rename a prepared directory that holds instructions",
            &[
                "mkdir {ws}/p",
                "write {ws}/p/copilot-instructions.md",
                "rename {ws}/p {ws}/.github",
            ],
        )
        .after(instructions),
        row(
            "C90",
            "set an attribute on a nested hook",
            &["setxattr {ws}/vendor/sub/.git/hooks/prepared"],
        ),
    ]
}

fn instructions(scene: &Scene) -> Option<String> {
    let path = scene.fill("{ws}/.github/copilot-instructions.md");
    Path::new(&path)
        .exists()
        .then(|| "there are new instructions in .github".to_owned())
}

fn confusions() -> Vec<Attempt> {
    vec![
        attempt(
            "A90",
            "write a protected name from a process that cannot be looked into",
            &["undumpable", "write {ws}/src/.envrc"],
        )
        .writing(),
        attempt(
            "A91",
            "write outside from a process that cannot be looked into",
            &["undumpable", "write {out}/new"],
        ),
        attempt(
            "A92",
            "change directory while a socket is bound",
            &["race-directory bind {ws}/empty {ws}/vendor/sub/.git"],
        )
        .writing(),
        attempt(
            "A93",
            "change directory while a file is made",
            &["race-directory open {ws}/empty {ws}/vendor/sub/.git"],
        )
        .writing(),
        attempt(
            "A94",
            "change directory while a directory is made",
            &["race-directory mkdir {ws}/empty {out}"],
        )
        .writing(),
        attempt(
            "F34",
            "connect to a socket with a number of its own used before",
            &[
                "spend-sockets {ws}/empty",
                "wait-for {ws}/late",
                "unix-stream {ws}/late",
            ],
        )
        .writing()
        .during(During::Act(|scene| {
            scene.fill("{late-stream}");
            None
        })),
        attempt(
            "F35",
            "write to a pipe with a number of its own used before",
            &[
                "spend-pipes {ws}/empty",
                "wait-for {ws}/late",
                "fifo-write {ws}/late",
            ],
        )
        .writing()
        .during(During::Act(|scene| {
            scene.fill("{late-pipe}");
            None
        })),
        attempt(
            "D28",
            "leave a set-user-id program",
            &["leave-set-uid {ws}/root-for-all"],
        )
        .writing()
        .after(|scene| {
            use std::os::unix::fs::MetadataExt;
            let left = std::fs::metadata(scene.fill("{ws}/root-for-all"));
            let set = left.is_ok_and(|file| file.mode() & 0o6000 != 0);
            set.then(|| "it left a program that gives its user's rights away".to_owned())
        }),
    ]
}

/// The home and the workspace by names that are links, and one in the other's
/// place.
fn other_names() -> Vec<Attempt> {
    let home = |id, what, steps| {
        attempt(id, what, steps)
            .prepare(|scene| symlink(scene.fill("{home}"), scene.fill("{tmp}/me")).expect("link"))
            .home("{tmp}/me")
    };
    let workspace = |id, what, steps| {
        attempt(id, what, steps)
            .prepare(|scene| symlink(scene.fill("{ws}"), scene.fill("{tmp}/ws")).expect("link"))
            .workspace("{tmp}/ws")
    };
    vec![
        home(
            "K50",
            "read a key where the home is a link",
            &["read {home}/.ssh/id_ed25519"],
        ),
        home(
            "K51",
            "read a key through the home's link",
            &["read {tmp}/me/.ssh/id_ed25519"],
        ),
        workspace(
            "L05",
            "plant a hook where the workspace is a link",
            &["write {ws}/.git/hooks/x", "write {tmp}/ws/.git/hooks/y"],
        ),
        workspace(
            "L06",
            "write outside where the workspace is a link",
            &["write {out}/new", "write ../../out/new"],
        ),
        attempt(
            "L07",
            "read a key where the home is the workspace",
            &["read {home}/.ssh/id_ed25519"],
        )
        .workspace("{home}")
        .may_refuse()
        .ours(),
        attempt(
            "L08",
            "change Cofferdam's settings where the home is the workspace",
            &[
                "mkdir {home}/.config/cofferdam",
                "write {home}/.config/cofferdam/config.toml",
            ],
        )
        .workspace("{home}")
        .watch(&["{home}/.config/cofferdam/config.toml"])
        .may_refuse()
        .ours(),
        attempt(
            "L09",
            "add an authorized key where the home is the workspace",
            &["append {home}/.ssh/authorized_keys"],
        )
        .workspace("{home}")
        .may_refuse()
        .ours(),
        attempt(
            "K09",
            "read the journal",
            &["read {home}/.local/state/cofferdam/journal/x"],
        )
        .prepare(|scene| {
            use std::os::unix::fs::PermissionsExt;
            scene.write("{home}/.local/state/cofferdam/journal/x", "{token}\n");
            let journal = scene.fill("{home}/.local/state/cofferdam/journal");
            std::fs::set_permissions(journal, std::fs::Permissions::from_mode(0o700))
                .expect("close it");
        })
        .ours(),
    ]
}

/// Standard input comes from outside with the mounts it was opened on.
fn input() -> Vec<Attempt> {
    vec![
        attempt(
            "A95",
            "open a pipe as standard input again for writing",
            &["hold-fd 0", "held-reopen"],
        )
        .prepare(|scene| scene.make_pipe("{out}/fifo"))
        .stdin("{out}/fifo")
        .watch(&["{fifo}"]),
        attempt(
            "A96",
            "leave shared memory below an inherited directory",
            &["hold-fd 0", "write-at {id}"],
        )
        .stdin("/dev/shm")
        .watch(&["/dev/shm/{id}"]),
        attempt(
            "A97",
            "make a pipe's end below an inherited workspace",
            &["hold-fd 0", "write-at .git/hooks/x"],
        )
        .stdin("{ws}")
        .writing(),
        attempt(
            "D29",
            "read a process's variables below an inherited /proc",
            &["hold-fd 0", "read-at {victim}/environ"],
        )
        .stdin("/proc"),
        attempt(
            "D30",
            "see processes in an inherited /proc",
            &["hold-fd 0", "read-at {victim}/cmdline"],
        )
        .stdin("/proc"),
        attempt(
            "H51",
            "change a setting below an inherited /proc",
            &["hold-fd 0", "write-at sys/kernel/domainname"],
        )
        .stdin("/proc")
        .proof(Proof::Maybe)
        .alone()
        .writing()
        .watch(&["/proc/sys/kernel/domainname"])
        .after(|_| {
            let setting = "/proc/sys/kernel/domainname";
            let changed =
                std::fs::read_to_string(setting).is_ok_and(|now| now.contains("attacked"));
            if changed {
                std::fs::write(setting, "(none)").expect("put it back");
            }
            changed.then(|| "the host's setting changed".to_owned())
        }),
    ]
}
