//! Namespaces and mounts: another view, in which the rules might not hold.

use crate::attempt::{Attempt, Outside, Proof, attempt};

pub fn rows() -> Vec<Attempt> {
    let mut rows = views();
    rows.extend(calls());
    rows
}

fn views() -> Vec<Attempt> {
    vec![
        attempt(
            "G01",
            "mount a directory outside writable again",
            &["remount {out}", "write {out}/new"],
        )
        .outside(Outside::Masked),
        attempt(
            "G02",
            "clear a mount's read-only attribute",
            &["mount-setattr {out}", "write {out}/new"],
        )
        .outside(Outside::Masked),
        attempt(
            "G03",
            "unmount what keeps a directory read-only",
            &["umount {out}", "write {out}/new"],
        )
        .outside(Outside::Masked),
        attempt(
            "G04",
            "copy a mount without its attributes",
            &[
                "open-tree {out}",
                "write-at new",
                "umount {out}",
                "write {out}/new",
            ],
        )
        .outside(Outside::Masked),
        attempt(
            "G05",
            "make the root writable again",
            &["remount /", "write {out}/new"],
        ),
        attempt(
            "G06",
            "write outside in a user namespace",
            &["unshare-user", "remount /", "write {out}/new"],
        ),
        attempt(
            "G07",
            "lay a directory outside over the workspace",
            &[
                "unshare-user",
                "bind-mount {out} {ws}/empty",
                "write {ws}/empty/new",
            ],
        )
        .writing(),
        attempt(
            "G08",
            "get out of a changed root",
            &["chroot-break {ws}/empty", "write {out}/new"],
        )
        .proof(Proof::Root),
        attempt(
            "G09",
            "lay the hooks over an innocent directory",
            &[
                "unshare-user",
                "bind-mount {ws}/.git/hooks {ws}/empty",
                "write {ws}/empty/pre-commit",
            ],
        )
        .writing(),
        attempt(
            "G10",
            "make git's directory the root directory",
            &[
                "unshare-user",
                "chroot {ws}/.git",
                "write /hooks/pre-commit",
            ],
        )
        .writing(),
        attempt(
            "G11",
            "pivot into git's directory",
            &[
                "unshare-user",
                "pivot-root {ws}/.git",
                "write /hooks/pre-commit",
            ],
        )
        .writing()
        .proof(Proof::Maybe),
        attempt(
            "G12",
            "make the workspace a root without its name",
            &["unshare-user", "chroot {ws}", "write /.envrc"],
        )
        .writing(),
        attempt(
            "G13",
            "enter the network of another process",
            &["setns /proc/{victim}/ns/net", "tcp 127.0.0.1 {tcp}"],
        ),
        attempt(
            "G14",
            "enter the mounts of another process",
            &["setns /proc/{victim}/ns/mnt", "write {out}/new"],
        ),
        attempt(
            "G15",
            "enter all of another process by a descriptor",
            &["setns-pidfd {victim}", "write {out}/new"],
        ),
        attempt(
            "G16",
            "enter the network of the first process",
            &["setns /proc/1/ns/net", "tcp 127.0.0.1 {tcp}"],
        ),
        attempt(
            "G17",
            "mount a fresh /proc and read a process",
            &[
                "unshare-user",
                "mount-proc {ws}/empty",
                "read {ws}/empty/{victim}/environ",
                "read /proc/{victim}/environ",
            ],
        )
        .proof(Proof::Maybe),
    ]
}

/// The calls themselves: as they are a large part of what kernels got wrong.
fn calls() -> Vec<Attempt> {
    vec![
        attempt("G20", "make a user namespace", &["unshare 10000000"]),
        attempt("G21", "make a user namespace by clone3", &["clone3-user"]),
        attempt("G22", "make a mount namespace", &["unshare 20000"]).proof(Proof::Root),
        attempt("G23", "make a network namespace", &["unshare 40000000"]).proof(Proof::Root),
        attempt(
            "G24",
            "mount a file system in a user namespace",
            &["unshare-user", "mount-tmpfs {ws}/empty"],
        ),
        attempt(
            "G25",
            "open a file system by name",
            &["unshare-user", "fsopen tmpfs"],
        ),
        attempt(
            "G26",
            "copy a tree of mounts",
            &["unshare-user", "open-tree-recursive {ws}"],
        ),
        attempt("G27", "change the root directory", &["chroot {ws}"]).proof(Proof::Root),
    ]
    .into_iter()
    .map(|row| row.writing().reached())
    .collect()
}
